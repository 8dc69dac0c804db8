"""A job in a copy of the standby process is what a fresh interpreter would run, and ends with its client."""

import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager

import pytest
from project import ROOT

from skinkd.standby import VARIABLE, interpreter, start
from skinkd.standby.client import STARTED
from skinkd.standby.server import GRACE_S, PRELOADED
from skinkd.standby.server import STARTED as SERVERS_STARTED

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the standby process needs Linux")
SERVER = str(ROOT / "workflow" / "lib" / "skinkd" / "standby" / "server.py")

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # as the Snakefile sets them
# Starts a server as the Snakefile does, says its address, and lives until its input closes.
PARENT = f"""
import os, sys
sys.path.insert(0, {str(ROOT / "workflow" / "lib")!r})
from skinkd import standby
standby.start()
print(os.environ["{VARIABLE}"], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def environment():
    """An environment in which a server stands by."""
    given = {key: value for key, value in os.environ.items() if key != VARIABLE} | ONE_THREAD
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=given
    )
    address = parent.stdout.readline().strip()
    yield given | {VARIABLE: address}
    parent.communicate()
    assert waited_for(lambda: not os.path.exists(os.path.dirname(address))), "the server outlived its graph"


# A server that preloads other modules, or none, so that it stands by at once; it ends when LIFELINE closes.
BARE = f"""
import socket, sys
sys.path.insert(0, {str(ROOT / "workflow" / "lib")!r})
from skinkd.standby import server
server.PRELOADED = tuple(sys.argv[3:])
server.preload()
server.Server(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])).serve()
"""


@contextmanager
def standing_by(folder, *preloaded):
    """A bare server, an environment in which it stands by, and what ends it as Snakemake's end does."""
    address = str(folder / "standby")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(128)
    reading, writing = os.pipe()
    descriptors = listener.fileno(), reading
    server = subprocess.Popen(
        [sys.executable, "-c", BARE, *map(str, descriptors), *preloaded],
        pass_fds=descriptors,
        start_new_session=True,
        cwd=folder,
    )
    listener.close()
    os.close(reading)
    lifeline = os.fdopen(writing, "wb")
    try:
        yield server, os.environ | {VARIABLE: address}, lifeline.close
    finally:
        lifeline.close()
        server.wait(timeout=60)


@pytest.fixture
def bare(tmp_path):
    with standing_by(tmp_path) as served:
        yield served


def waited_for(condition, seconds=60):
    """Whether a condition comes true in time."""
    ends_s = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends_s:
        time.sleep(0.02)
    return condition()


def written(folder, text):
    """A script in a folder with a space and an umlaut."""
    path = folder / "ein Ordner für alle" / "script.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def command(path, *arguments):
    """The words of Snakemake's command for a script."""
    return f"{interpreter()} '{path}' {' '.join(arguments)}"


def run(path, environment, *arguments, **options):
    """The script's finished process."""
    options = {"capture_output": True, "text": True, "env": environment} | options
    return subprocess.run(command(path, *arguments), shell=True, check=False, **options)


TELLS = """
    import json, os, sys
    told = {
        "arguments": sys.argv, "folder": os.getcwd(), "name": __name__, "file": __file__, "path": sys.path[0],
        "input": sys.stdin.read(), "mark": os.environ.get("A_MARK"), "flags": sys.flags.isolated,
        "torch": "torch" in sys.modules, "own": [m for m in sys.modules if m.startswith("skinkd")],
    }
    print("to the error stream", file=sys.stderr)
    print(json.dumps(told))
    sys.exit(7)
"""


def test_a_job_sees_what_a_fresh_interpreter_would_show_it(tmp_path, environment):
    path = written(tmp_path, TELLS)
    options = {"input": "some input", "cwd": tmp_path}
    marked = environment | {"A_MARK": "ä"}
    copied = run(path, marked, "one", "two", **options)
    alone = run(path, marked | {VARIABLE: "off"}, "one", "two", **options)
    assert copied.returncode == alone.returncode == 7, copied.stderr
    assert copied.stderr == alone.stderr == "to the error stream\n"
    told, expected = (eval(each.stdout, {"true": True, "false": False}) for each in (copied, alone))
    assert (told.pop("torch"), expected.pop("torch")) == (True, False), "it did not run in a copy"
    assert told == expected
    assert told["own"] == [], "a job must import the project's code as it is now"


@pytest.mark.parametrize(
    ("ending", "code", "message"),
    [
        ("pass", 0, ""),
        ("raise ValueError('it broke')", 1, "ValueError: it broke"),
        ("raise SystemExit('a message')", 1, "a message"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, ""),
    ],
)
def test_a_jobs_end_is_its_clients(tmp_path, environment, ending, code, message):
    done = run(written(tmp_path, ending), environment)
    assert done.returncode == code and message in done.stderr


def test_jobs_run_beside_each_other(tmp_path, environment):
    # Each waits for a file that the other writes.
    path = written(
        tmp_path,
        """
        import sys, time
        from pathlib import Path
        here = Path(__file__).parent
        (here / sys.argv[1]).touch()
        while not (here / sys.argv[2]).exists(): time.sleep(0.01)
        """,
    )
    both = [subprocess.Popen(command(path, *names), shell=True, env=environment) for names in ("ab", "ba")]
    assert [each.wait(timeout=60) for each in both] == [0, 0]


def alive(pid):
    """Whether a process runs; one that waits to be buried does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_job_ends_with_its_client(tmp_path, environment):
    path = written(
        tmp_path,
        "import os, time; print(os.getpid(), flush=True); time.sleep(600)",
    )
    client = subprocess.Popen(
        f"exec {command(path)}", shell=True, env=environment, stdout=subprocess.PIPE, text=True
    )
    pid = int(client.stdout.readline())
    assert alive(pid) and pid != client.pid
    client.send_signal(signal.SIGKILL)
    assert waited_for(lambda: not alive(pid))
    assert run(written(tmp_path, "print('next')"), environment).stdout == "next\n", "the server must go on"


def test_all_jobs_end_with_snakemake(tmp_path):
    """Even where it is killed: an orphan would go on writing into the next run's files."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    address = parent.stdout.readline().strip()
    path = written(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    client = subprocess.Popen(
        f"exec {command(path)}",
        shell=True,
        env=os.environ | {VARIABLE: address},
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(client.stdout.readline())
    parent.kill()
    parent.communicate()
    assert waited_for(lambda: not alive(pid) and not os.path.exists(os.path.dirname(address)))
    assert client.wait(timeout=60) != 0


# Names itself and its pool's processes once they are at work; each of them leaves a file if it is cut off.
POOL = """
    import os, sys, time
    from concurrent.futures import ProcessPoolExecutor
    from contextlib import contextmanager
    from pathlib import Path
    HERE = Path(__file__).parent

    @contextmanager
    def partial():
        path = HERE / f"{os.getpid()}.partial"
        path.touch()
        try:
            yield
        finally:
            path.unlink()

    def work(number):
        with partial():
            while number == 0 and len(names := list(HERE.glob("*.partial"))) < 3: time.sleep(0.01)
            time.sleep(0.1)
            if number == 0: print(os.getppid(), *(path.stem for path in names), flush=True)
            time.sleep(600)

    with partial(), ProcessPoolExecutor(2) as pool:
        for _ in pool.map(work, range(20)): pass
"""


def at_work(path, environment):
    """A client, and the process numbers that its job named, the job's own first."""
    client = subprocess.Popen(
        f"exec {command(path)}", shell=True, env=environment, stdout=subprocess.PIPE, text=True
    )
    return client, [int(word) for word in client.stdout.readline().split()]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, 137), (signal.SIGTERM, 143)])
def test_a_job_that_dies_by_a_signal_takes_its_pool_along(tmp_path, bare, number, code):
    client, pids = at_work(written(tmp_path, POOL), bare[1])
    os.kill(pids[0], number)
    assert client.wait(timeout=30) == code
    assert waited_for(lambda: not any(map(alive, pids)), 10)


def test_what_is_left_of_a_pool_ends_with_a_job_that_ended_well(tmp_path, bare):
    text = """
    import os, time
    pid = os.fork()
    if not pid: time.sleep(600)
    print(pid, flush=True)
    """
    done = run(written(tmp_path, text), bare[1], timeout=30, capture_output=False, stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert waited_for(lambda: not alive(int(done.stdout)), 10)


@pytest.mark.parametrize("gone", ["client", "snakemake", "server"])
def test_a_job_that_is_told_to_end_cleans_up_with_its_pool(tmp_path, gone):
    with standing_by(tmp_path) as (server, environment, end):
        path = written(tmp_path, POOL)
        client, pids = at_work(path, environment)
        {"client": client.kill, "snakemake": end, "server": server.kill}[gone]()
        assert waited_for(lambda: not any(map(alive, pids)), 30)
        assert [each.name for each in path.parent.iterdir()] == [path.name]
        assert client.wait(timeout=30) == {"client": -signal.SIGKILL, "snakemake": 143, "server": 1}[gone]


def test_jobs_that_do_not_end_are_killed(tmp_path, bare):
    deaf, slow = tmp_path / "deaf.py", tmp_path / "slow.py"
    deaf.write_text(
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(os.getpid(), flush=True); time.sleep(600)"
    )
    slow.write_text(
        "import os, time\ntry: print(os.getpid(), flush=True); time.sleep(600)\nfinally: time.sleep(600)"
    )
    (client, (deaf_pid,)), (waiting, (slow_pid,)) = at_work(deaf, bare[1]), at_work(slow, bare[1])
    client.kill()
    os.kill(slow_pid, signal.SIGTERM)
    assert waiting.wait(timeout=GRACE_S + 30) == 128 + signal.SIGALRM
    assert waited_for(lambda: not alive(deaf_pid))


def test_without_room_for_a_job_its_client_runs_it_and_the_others_go_on(tmp_path, bare):
    server, environment, _ = bare
    waits = written(tmp_path, "import sys; print(1, flush=True); sys.exit(len(sys.stdin.readline()))")
    says = tmp_path / "says.py"
    says.write_text("import os; print(os.getppid())")
    options = {"shell": True, "env": environment, "text": True}
    job = subprocess.Popen(f"exec {command(waits)}", stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    assert job.stdout.readline() == "1\n"
    in_copies = []
    highest = max(int(name) for name in os.listdir(f"/proc/{server.pid}/fd"))
    # Each limit lets another step of taking a job fail, the first none. A file that was open for a moment
    # only may have had the highest number.
    for limit in range(highest + 12, 4, -1):
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (limit, 4096))
        done = run(says, environment, timeout=30, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        in_copies.append(int(done.stdout) == server.pid)
        if in_copies.count(False) == 12:
            break
    assert in_copies[0] and not in_copies[-1]
    job.communicate("abc\n", timeout=30)
    assert job.returncode == 4, "the job at work lost its result"


def test_a_library_that_cannot_be_imported_is_the_jobs_matter(tmp_path):
    (tmp_path / "mismatched.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    path = written(tmp_path, "import os; print(os.getppid())")
    with standing_by(tmp_path, "mismatched", "absent") as (server, environment, _):
        assert int(run(path, environment, timeout=30).stdout) == server.pid


def hear(connection, n_bytes):
    """Read a client's job as a server would, as far as so many bytes."""
    header, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    for descriptor in descriptors:
        os.close(descriptor)
    left = min(n_bytes, int.from_bytes(header, "big"))
    while left:
        left -= len(connection.recv(left))


@pytest.mark.parametrize(
    ("heard", "word", "code", "output"),
    [
        (None, b"", 0, "ran\n"),
        (1, b"", 0, "ran\n"),
        (10_000_000, b"", 0, "ran\n"),
        (10_000_000, b"1", 0, "ran\n"),
        (10_000_000, STARTED, 1, ""),
        (10_000_000, STARTED + b"7", 7, ""),
    ],
)
def test_a_job_runs_once_where_the_server_breaks_off(tmp_path, heard, word, code, output):
    assert STARTED == SERVERS_STARTED
    path, address = written(tmp_path, "print('ran')"), str(tmp_path / "standby")
    environment = os.environ | {VARIABLE: address, "LARGE": "x" * 100_000}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        client = subprocess.Popen(
            command(path), shell=True, env=environment, stdout=subprocess.PIPE, text=True
        )
        connection, _ = listener.accept()
        with connection:
            if heard:
                hear(connection, heard)
            connection.sendall(word)
    assert client.communicate(timeout=30)[0] == output and client.returncode == code


def test_clients_that_wait_when_snakemake_ends_run_nothing(tmp_path):
    """A server that still imports has a queue; its clients must not run their jobs for nobody."""
    (tmp_path / "slow.py").write_text(
        "import os, time\nopen('began', 'w')\nwhile not os.path.exists('go_on'): time.sleep(0.01)"
    )
    path = written(tmp_path, "print('ran')")
    with standing_by(tmp_path, "slow") as (server, environment, end):
        assert waited_for((tmp_path / "began").exists)
        clients = [
            subprocess.Popen(command(path), shell=True, env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        time.sleep(0.5)
        end()
        (tmp_path / "go_on").touch()
        answers = [(client.communicate(timeout=30)[0], client.returncode) for client in clients]
        assert server.wait(timeout=30) == 0
    assert answers == [("", 143)] * 2


def test_without_a_server_the_client_is_the_interpreter(tmp_path):
    for address in ("off", str(tmp_path / "nobody")):
        environment = os.environ | {VARIABLE: address}
        assert run(written(tmp_path, "print(1)"), environment).stdout == "1\n"
        version = subprocess.run(
            f"{interpreter()} -c 'print(2)'",
            shell=True,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert version.stdout == "2\n"


def test_it_can_be_switched_off(monkeypatch):
    monkeypatch.setenv(VARIABLE, "off")
    start()
    assert os.environ[VARIABLE] == "off"


def test_the_server_has_one_thread_and_what_training_imports(tmp_path, environment):
    """A fork keeps only the thread that forks: what others hold locked would stay so for ever."""
    path = written(
        tmp_path,
        f"""
        import sys
        sys.path.insert(0, {str(ROOT / "workflow" / "lib")!r})
        import os
        print(open(f"/proc/{{os.getppid()}}/status").read().split("Threads:")[1].split()[0])
        before = {{name.split(".")[0] for name in sys.modules}} | set(sys.stdlib_module_names)
        import skinkd.runs, skinkd.scores, skinkd.predicting, skinkd.checkpoints
        from skinkd.networks import build_network
        for name, parameters in (("mobilenet_v2", {{}}), ("resnet", {{"depth": 10}})):
            build_network(name, 2, 48, parameters)
        print(sorted({{name.split(".")[0] for name in sys.modules}} - before - {{"skinkd"}}))
        """,
    )
    done = run(path, environment)
    assert done.stdout.splitlines() == ["1", "[]"], done.stderr


def test_everything_preloaded_exists():
    import importlib.util

    assert [name for name in PRELOADED if importlib.util.find_spec(name) is None] == []
