"""Commands without network and without root, where the machine can run them so."""

import subprocess
import sys
from functools import cache

# A user namespace of our own: nobody, without a capability, who owns what we own; and a network of its own.
NOBODY_OFFLINE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--net", "--")
PROBE = """
import errno, os, socket, sys
found = socket.socket().connect_ex(("192.0.2.1", 80))
sys.exit(os.geteuid() == 0 or found != errno.ENETUNREACH)
"""


@cache
def nobody_offline() -> tuple[str, ...]:
    """Words to put before a command; none where this machine cannot make such a place."""
    try:
        command = [*NOBODY_OFFLINE, sys.executable, "-c", PROBE]
        return NOBODY_OFFLINE if subprocess.run(command, check=False).returncode == 0 else ()
    except FileNotFoundError:
        return ()
