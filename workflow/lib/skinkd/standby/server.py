"""Import what jobs import, then run each job that a client hands over in a copy of this process.

python server.py ADDRESS LISTENER LIFELINE

LISTENER is a listening socket's descriptor, LIFELINE a pipe's whose other end closes with Snakemake.
"""

import ctypes
import gc
import json
import multiprocessing
import os
import runpy
import selectors
import shutil
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module

# Third-party only: a job imports the project's own modules by itself, so that it runs the code that is there.
PRELOADED = (
    *("snakemake.script", "snakemake.logging", "snakemake.iocontainers"),
    *(
        "numpy",
        "pandas",
        "PIL.Image",
        "PIL.ImageOps",
        "torch",
        "safetensors.torch",
        "tqdm",
        "pydantic.dataclasses",
    ),
    *("sklearn.metrics", "torchvision.models", "matplotlib.figure", "jinja2", "concurrent.futures.process"),
)
PATIENCE_S = 10
PR_SET_PDEATHSIG = 1
COPIES = multiprocessing.get_context("fork")


def preload() -> None:
    """Import what jobs import, as far as this environment has it."""
    for name in PRELOADED:
        with suppress(ImportError):
            import_module(name)
    # What is there now stays: the copies need not look through it, and share its memory.
    gc.freeze()


class Server:
    """Jobs that run in copies of this process.

    Args:
        listener: where clients call.
        lifeline: descriptor of a pipe that closes when there will be no more clients.
    """

    def __init__(self, listener: socket.socket, lifeline: int):
        self.listener, self.lifeline = listener, lifeline
        self.jobs: dict[multiprocessing.Process, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.selector.register(lifeline, selectors.EVENT_READ)

    def serve(self) -> None:
        """Return once the lifeline closed; every job has been told to end by then."""
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    for job in self.jobs:
                        job.terminate()
                    return
                key.data()

    def _accept(self) -> None:
        """Start a client's job."""
        client, _ = self.listener.accept()
        client.settimeout(PATIENCE_S)
        try:
            about, streams = receive(client)
        except (OSError, ValueError):  # It was killed half way.
            client.close()
            return
        job = COPIES.Process(target=self._run, kwargs=about | {"streams": streams})
        job.start()
        for stream in streams:
            os.close(stream)
        self.jobs[job] = client
        self.selector.register(job.sentinel, selectors.EVENT_READ, lambda: self._dismiss(job))
        # A client says nothing more: what can be read is that it is gone.
        self.selector.register(client, selectors.EVENT_READ, lambda: self._stop(job))

    def _dismiss(self, job) -> None:
        """Give a client its job's status as a shell would, 128 + n for signal n."""
        job.join()
        self.selector.unregister(job.sentinel)
        client, code = self.jobs.pop(job), job.exitcode
        with suppress(KeyError):
            self.selector.unregister(client)
        with suppress(OSError):
            client.sendall(bytes([code if code >= 0 else 128 - code]))
        client.close()

    def _stop(self, job) -> None:
        """End a job whose client is gone."""
        with suppress(KeyError):
            self.selector.unregister(self.jobs.get(job))
        job.terminate()

    def _run(self, **about) -> None:
        """In a copy: let go of what is the server's, end when it ends, run the job."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        self.selector.close()
        for end in (self.listener, *self.jobs.values()):
            end.close()
        os.close(self.lifeline)
        run(**about)


def receive(client: socket.socket) -> tuple[dict, list[int]]:
    """A client's job, and descriptors of its three streams.

    Raises:
        OSError: it said nothing in time.
        ValueError: it ended before all was said.
    """
    header, streams, _, _ = socket.recv_fds(client, 4, 3)
    message, length = b"", int.from_bytes(header, "big")
    while len(message) < length:
        more = client.recv(length - len(message))
        if not more:
            raise ValueError("the client is gone")
        message += more
    return json.loads(message), streams


def run(arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    """Run a script as a fresh interpreter would."""
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    preload()
    Server(socket.socket(fileno=int(sys.argv[2])), int(sys.argv[3])).serve()
    shutil.rmtree(os.path.dirname(sys.argv[1]), ignore_errors=True)
