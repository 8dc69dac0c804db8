"""A process that has imported what jobs import, and stands by to run each of them in a copy of itself.

Importing torch and its kin takes seconds; many a job takes less. Snakemake still starts one process a job,
`client`, which hands the job to the standby process, `server`. That one forks, and the copy runs the script
with the client's streams, folder and environment. Nothing else changes: one job, one process, one target.

The server ends with Snakemake, however that ends, a job with its client, and a job's pool of processes with
the job. A job that no server could start runs in the client.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

VARIABLE = "SKINKD_STANDBY"  # the server's address; `off` starts none
FOLDER = Path(__file__).parent
PYTHON = sys.executable  # as it was before the Snakefile put `interpreter()` there


def interpreter() -> str:
    """The words by which Snakemake is to call Python, quoted for a shell, as folders may have spaces."""
    return shlex.join([PYTHON, "-I", "-S", str(FOLDER / "client.py")])


def escaped(path: str = PYTHON) -> str:
    """Python's path for a shell on another machine, where nothing stands by.

    Without quotes: Snakemake 9.27 cuts the folder out of it as it stands, and passes that on.
    """
    return re.sub(r"""([\s"'`$\\&;()<>|*?#~!\[\]{}])""", r"\\\1", path)


def start() -> None:
    """Start the server of this run of the graph; jobs find it by the environment.

    Only Linux: elsewhere the libraries do not survive a fork.
    """
    if sys.platform != "linux" or os.environ.get(VARIABLE) == "off":
        return
    # A folder that nobody else may enter: who reaches the socket runs programs in our name.
    address = f"{tempfile.mkdtemp(prefix='skinkd-')}/standby"
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(address)
    except OSError:  # The path of the temporary folder is too long for a socket: every job imports by itself.
        os.rmdir(os.path.dirname(address))
        return
    listener.listen(128)
    # The writing end closes with this process, and tells the server to end.
    lifeline, _ = os.pipe()
    descriptors = listener.fileno(), lifeline
    subprocess.Popen(
        [PYTHON, str(FOLDER / "server.py"), address, *map(str, descriptors)],
        pass_fds=descriptors,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    os.close(lifeline)
    listener.close()
    os.environ[VARIABLE] = address
