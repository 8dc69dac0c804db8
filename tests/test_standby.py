"""A job in a copy of the standby process is what a fresh interpreter would run, and ends with its client."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from project import ROOT

from skinkd.standby import VARIABLE, interpreter, start
from skinkd.standby.server import PRELOADED

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
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


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
