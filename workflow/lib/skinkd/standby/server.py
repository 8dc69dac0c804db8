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
import select
import selectors
import shutil
import signal
import socket
import sys
import time
from contextlib import contextmanager, suppress
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
GRACE_S = 5  # for the `finally` blocks of a job that was told to end
AGAIN_S = 0.5  # how often the workers of its pool are told
STARTED = b"S"  # as in client.py
PR_SET_PDEATHSIG = 1
COPIES = multiprocessing.get_context("fork")


def preload() -> None:
    """Import what jobs import, as far as this environment has it.

    What cannot be imported is for the job to report: libraries that do not fit each other raise more than
    ImportError.
    """
    for name in PRELOADED:
        with suppress(Exception):
            import_module(name)
    # What is there now stays: the copies need not look through it, and share its memory.
    gc.freeze()


class Server:
    """Jobs that run in copies of this process.

    A client whose connection closes before its job started runs the job by itself.

    Args:
        listener: where clients call.
        lifeline: descriptor of a pipe that closes when there will be no more clients.
    """

    def __init__(self, listener: socket.socket, lifeline: int):
        self.listener, self.lifeline, self.ending = listener, lifeline, False
        self.jobs: dict[multiprocessing.Process, socket.socket] = {}
        self.overdue_s: dict[multiprocessing.Process, float] = {}  # when those told to end will be killed
        self.deaths = watch_children()
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.selector.register(lifeline, selectors.EVENT_READ, self._end)
        self.selector.register(self.deaths[0], selectors.EVENT_READ, self._dismiss_ended)

    def serve(self) -> None:
        """Return once the lifeline closed and every job has ended."""
        while self.jobs or not self.ending:
            ready = [key for key, _ in self.selector.select(self._wait_s())]
            # The lifeline first: who called before it closed must not start a job after.
            for key in sorted(ready, key=lambda key: key.fileobj != self.lifeline):
                key.data()
            self._kill_overdue()
        self._turn_away()

    def _accept(self) -> None:
        """Start a client's job."""
        try:
            client, _ = self.listener.accept()
        except OSError:  # No descriptor is left: jobs at work go on, and who waits here shall wait no longer.
            self.selector.unregister(self.listener)
            self.listener.close()
            return
        client.settimeout(PATIENCE_S)
        try:
            with received(client) as (about, streams):
                self._start(client, about | {"streams": streams})
        except (OSError, ValueError):  # The client was killed half way, or there is no room for its job.
            client.close()

    def _start(self, client: socket.socket, about: dict) -> None:
        """Run a job in a copy. All that can fail comes before the copy is there.

        Raises:
            OSError: no memory, process or descriptor is left.
        """
        if self.ending:  # The client would run the job by itself, though nobody waits for its result.
            tell(client, STARTED, 128 + signal.SIGTERM)
            return
        job = COPIES.Process(target=self._run, kwargs=about | {"client": client})
        # A client says nothing more: what can be read is that it is gone.
        self.selector.register(client, selectors.EVENT_READ, lambda: self._stop(job))
        try:
            job.start()
        except OSError:
            self.selector.unregister(client)
            raise
        self.jobs[job] = client

    def _dismiss_ended(self) -> None:
        """Dismiss the clients whose jobs have ended."""
        os.read(self.deaths[0], 4096)
        for job in [job for job in self.jobs if job.exitcode is not None]:
            self._dismiss(job)

    def _dismiss(self, job) -> None:
        """Give a client its job's status as a shell would, 128 + n for signal n."""
        # A job that was killed leaves the workers of its pool. Their group keeps its number while one lives.
        with suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)
        client, code = self.jobs.pop(job), job.exitcode
        self.overdue_s.pop(job, None)
        with suppress(KeyError):
            self.selector.unregister(client)
        tell(client, b"", code if code >= 0 else 128 - code)
        job.close()

    def _stop(self, job) -> None:
        """Tell a job to end, as its client is gone."""
        if job not in self.jobs:  # It ended in the same moment.
            return
        with suppress(KeyError):
            self.selector.unregister(self.jobs[job])
        job.terminate()
        self.overdue_s.setdefault(job, time.monotonic() + GRACE_S)

    def _end(self) -> None:
        """Tell every job to end, as Snakemake is gone."""
        self.ending = True
        self.selector.unregister(self.lifeline)
        for job in self.jobs:
            self._stop(job)

    def _wait_s(self) -> float | None:
        """How long nothing will be overdue; None for ever."""
        return max(0.0, min(self.overdue_s.values()) - time.monotonic()) if self.overdue_s else None

    def _kill_overdue(self) -> None:
        """Kill the jobs that were told to end and did not."""
        for job in [job for job, moment_s in self.overdue_s.items() if moment_s <= time.monotonic()]:
            del self.overdue_s[job]
            job.kill()

    def _turn_away(self) -> None:
        """Answer the clients that came too late."""
        while self.listener.fileno() >= 0 and select.select([self.listener], [], [], 0)[0]:
            self._accept()

    def _run(self, client: socket.socket, **about) -> None:
        """In a copy: let go of what is the server's, end when it ends, run the job."""
        self._let_go()
        become_a_job()
        if (
            os.getppid() != multiprocessing.parent_process().pid
        ):  # The server ended before it could be noticed.
            return
        # Said here, not by the server, which may end between a fork and its word: no job must run twice.
        try:
            client.sendall(STARTED)
        except OSError:  # The client is gone.
            return
        # The client waits for the server's word or end, which this copy, or its pool, must not hold back.
        client.close()
        run(**about)

    def _let_go(self) -> None:
        """In a copy: close what belongs to the server, hear no more of its children."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.selector.close()
        for end in (self.listener, *self.jobs.values()):
            end.close()
        for descriptor in (self.lifeline, *self.deaths):
            os.close(descriptor)


def watch_children() -> tuple[int, int]:
    """A pipe that can be read once a child has ended.

    Not the sentinel of `multiprocessing`: a job's pool inherits it, and it says nothing while a worker lives.
    """
    pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(pipe[1], warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return pipe


def become_a_job() -> None:
    """In a copy: lead a group of processes; end, with all of it, when told to or when the server ends."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, _end_group)
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, _end_worker))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_group(*_) -> None:
    """End a job so that its `finally` blocks run; its pool too, as they may wait for it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Not only the server tells a job to end, and a client waits for it.
    signal.alarm(GRACE_S)
    os.killpg(0, signal.SIGTERM)
    sys.exit(128 + signal.SIGTERM)


def _end_worker(*_) -> None:
    """End a process that a job forked, so that its `finally` blocks run."""
    # The pool tells it too, as soon as another worker is gone; that must not cut its cleaning up short.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # A worker takes the exit for its task's result, and goes on with the next one: it is told again.
    signal.signal(signal.SIGALRM, _end_worker)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
    sys.exit(128 + signal.SIGTERM)


def tell(client: socket.socket, word: bytes, status: int) -> None:
    """Say a job's exit status, after a word."""
    with suppress(OSError), client:
        client.sendall(word + b"%d" % status)


@contextmanager
def received(client: socket.socket):
    """A client's job, and descriptors of its three streams, which are closed at the end.

    Raises:
        OSError: it said nothing in time.
        ValueError: it ended before all was said, or there was no room for its streams.
    """
    header, streams, _, _ = socket.recv_fds(client, 4, 3)
    try:
        message = _read(client, int.from_bytes(header, "big"))
        if len(streams) < 3:
            raise ValueError("no descriptor is left")
        yield json.loads(message), streams
    finally:
        for stream in streams:
            os.close(stream)


def _read(client: socket.socket, length: int) -> bytes:
    message = b""
    while len(message) < length:
        more = client.recv(length - len(message))
        if not more:
            raise ValueError("the client is gone")
        message += more
    return message


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
