"""Run a Python script in a copy of the standby process; by itself where there is none.

python -I -S client.py SCRIPT [ARGUMENT...]

It is started for every job, so it imports next to nothing.
"""

import os
import sys

STARTED = b"S"  # what a copy says before it runs the script


def main(arguments: list[str]) -> int:
    """The script's exit status. Does not return where the script runs in this process."""
    address = os.environ.get("SKINKD_STANDBY", "off")
    status = None
    # Snakemake calls this for `-m snakemake` and `-c` too.
    if address != "off" and arguments and not arguments[0].startswith("-"):
        status = _handed_over(address, arguments)
    if status is None:
        os.execv(sys.executable, [sys.executable, *arguments])
    return status


def _handed_over(address: str, arguments: list[str]) -> int | None:
    """The exit status of a job that a server started; None where none did."""
    import socket

    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(address)
            _send(connection, arguments)
            started = connection.recv(1) == STARTED
        except OSError:  # The server is gone.
            return None
        return _status(connection) if started else None


def _send(connection, arguments: list[str]) -> None:
    """Send the job with this process's streams."""
    import json
    import socket

    job = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}
    message = json.dumps(job).encode()
    socket.send_fds(connection, [len(message).to_bytes(4, "big")], [0, 1, 2])
    connection.sendall(message)


def _status(connection) -> int:
    """Wait for the end of a job that started. It must not run again, even if nobody says how it ended."""
    try:
        answer = connection.recv(3)
    except OSError:
        answer = b""
    if not answer:
        sys.stderr.write("the standby process ended before the job did\n")
        return 1
    return int(answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
