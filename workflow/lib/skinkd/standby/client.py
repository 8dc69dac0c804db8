"""Run a Python script in a copy of the standby process; by itself where there is none.

python -I -S client.py SCRIPT [ARGUMENT...]

It is started for every job, so it imports next to nothing.
"""

import os
import sys


def main(arguments: list[str]) -> int:
    """The script's exit status. Does not return where the script runs in this process."""
    address = os.environ.get("SKINKD_STANDBY", "off")
    connection = None
    # Snakemake calls this for `-m snakemake` and `-c` too.
    if address != "off" and arguments and not arguments[0].startswith("-"):
        connection = _connected(address)
    if connection is None:
        os.execv(sys.executable, [sys.executable, *arguments])
    return _handed_over(connection, arguments)


def _connected(address: str):
    """A connection to the server; None where it is gone."""
    import socket

    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(address)
    except OSError:
        return None
    return connection


def _handed_over(connection, arguments: list[str]) -> int:
    """Send the job with this process's streams, wait for its end."""
    import json
    import socket

    job = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
    message = json.dumps(job).encode()
    socket.send_fds(connection, [len(message).to_bytes(4, "big")], [0, 1, 2])
    connection.sendall(message)
    answer = connection.recv(1)
    if not answer:
        sys.stderr.write("the standby process ended before the job did\n")
        return 1
    return answer[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
