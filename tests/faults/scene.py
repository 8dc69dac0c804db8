"""A project in which one thing is made wrong, the jobs of its graph, and what each of them leaves behind."""

import os
import pickle
import re
import runpy
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import chdir
from copy import deepcopy
from pathlib import Path

from project import PARTS, ROOT
from snakemake import cli
from snakemake.iocontainers import InputFiles, Params, Wildcards

from faults.fault import Ended
from skinkd.atomic import digest_of

CONFIGS = ("tests/config/smoke.yaml", str(Path(__file__).with_name("study.yaml")))
UNCAUGHT = 1
SCRIPTS = ROOT / "workflow/scripts"


class Graph:
    """The jobs of the study of these tests, by what they write.

    Args:
        project: a copy of the project.
        targets: files that the graph is to lead to.
    """

    def __init__(self, project: Path, *targets: str):
        path = project.parent / "jobs.pickle"
        command = [sys.executable, Path(__file__).with_name("graph.py"), path, *CONFIGS, "--", *targets]
        subprocess.run(command, cwd=project, check=True)
        self.project = project
        self.jobs = pickle.loads(path.read_bytes())
        self.by_output = {output: job for job in self.jobs for output in job[1].output}


class Scene:
    """A folder with a project's code and whatever results a fault needs.

    Args:
        graph: its jobs.
        finished: the results of a run in which nothing was wrong.
    """

    def __init__(self, folder: Path, graph: Graph, finished: Path | None = None):
        self.folder, self.graph, self.finished = folder, graph, finished
        self.results = folder / "results"
        for part in PARTS:
            if not (folder / part).parent.is_symlink() and not (folder / part).exists():
                (folder / part).parent.mkdir(parents=True, exist_ok=True)
                (folder / part).symlink_to(graph.project / part)
        self.results.mkdir(exist_ok=True)

    def take(self, *places: str) -> None:
        """Have files or folders of the finished results here, too; linked, so never write into one."""
        for place in places:
            source, target = self.finished / place, self.results / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, copy_function=os.link, dirs_exist_ok=True)
            elif source.exists():
                os.link(source, target)

    def spoil(self, place: str, change: Callable[[bytes], bytes]) -> Path:
        """Put other bytes in the place of a file's own."""
        path = self.results / place
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(change(content))
        return path

    def run(
        self, target: str, *, inside: Callable | None = None, inputs=None, wildcards=None, **params
    ) -> Ended:
        """Run the script of the job that writes `target`, as Snakemake does.

        Args:
            target: below `results`.
            inside: called first, in a process of its own in which the job then runs.
            inputs, wildcards, params: of the job, where they are others than the Snakefile's.
        """
        script, told = self.graph.by_output[f"results/{target}"]
        told = deepcopy(told)
        told.input = InputFiles(fromdict=dict(told.input.items()) | (inputs or {}))
        told.wildcards = Wildcards(fromdict=dict(told.wildcards.items()) | (wildcards or {}))
        told._safely_store_params(Params(fromdict=dict(told.params.items()) | params))
        before, log = contents(self.results), Path(told.log[0])
        with chdir(self.folder):
            status, uncaught = self._run(script, told, inside)
            said = "".join(
                path.read_text(encoding="utf-8") for path in (log, Path("past-the-log.txt")) if path.exists()
            )
            written = {path for path in told.output if status == 0}
            missing = [path for path in written if not Path(path).exists()]
        assert not missing, f"the job ended well without {missing}"
        after = contents(self.results)
        return Ended(status, said + uncaught, changed(before, after, written))

    @staticmethod
    def _run(script: str, told, inside: Callable | None) -> tuple[int, str]:
        if inside is None:
            return run_script(script, told)
        try:
            return in_child(lambda: (speak_to("past-the-log.txt"), inside(), run_script(script, told))[2])
        except ChildProcessError as death:
            return death.errno, ""

    def snakemake(self, *targets: str, flags=(), config=CONFIGS, inside: Callable | None = None) -> Ended:
        """Run Snakemake itself, on one core.

        Args:
            targets, flags: as on its command line.
            config: files, each laid over those before.
            inside: called first, in the process that Snakemake then runs in.
        """
        before = contents(self.results)
        command = ["--cores", "1", "--nocolor", *flags, "--configfile", *map(str, config), "--", *targets]
        status = in_child(lambda: (inside and inside(), run_snakemake(self.folder, command))[1])
        said = (self.folder / "said.txt").read_text(encoding="utf-8")
        return Ended(status, said, changed(before, contents(self.results)))


def run_snakemake(folder: Path, command: list[str]) -> int:
    """Snakemake's exit status in this process, which ends with it; what it prints goes to `said.txt`."""
    os.chdir(folder)
    speak_to("said.txt")
    try:
        cli.main(command)
    except SystemExit as end:
        return end.code or 0
    return 0


def without_standby() -> None:
    """Have each job run in its own process."""
    os.environ["SKINKD_STANDBY"] = "off"


def speak_to(path) -> None:
    """Have whatever this process prints in a file."""
    with open(path, "w", encoding="utf-8") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = [
        os.fdopen(number, "w", buffering=1) for number in (1, 2)
    ]


def run_script(script: str, told) -> tuple[int, str]:
    """The exit status of a script into which Snakemake injects `told`, and what it did not catch."""
    try:
        runpy.run_path(str(SCRIPTS / script), {"snakemake": told}, run_name="__main__")
    except SystemExit as end:
        return end.code, ""
    except Exception:
        return UNCAUGHT, traceback.format_exc()
    return 0, ""


def contents(folder: Path) -> dict[str, str]:
    """The digest of each file below a folder, but for what is said beside a result."""
    files = {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file()}
    beside = re.compile(r"logs/|.*/bad_images\.csv$|.*\.digest$")
    return {name: digest_of(file) for name, file in files.items() if not beside.match(name)}


def changed(before: dict, after: dict, written=frozenset()) -> tuple[str, ...]:
    """Names of files that are not what they were, but for those that were to be written."""
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    folders = tuple(f"{path}/" for path in written)
    return tuple(
        sorted(n for n in names if f"results/{n}" not in written and not f"results/{n}".startswith(folders))
    )


def in_child(function: Callable):
    """What a function gives in a process of its own, whose surroundings it may change.

    Raises:
        ChildProcessError: the process was killed; `errno` is its negative signal.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = pickle.dumps(function())
        except BaseException:
            answer = pickle.dumps(RuntimeError(traceback.format_exc()))
        with open(writing, "wb") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read()
    if not answer:
        raise ChildProcessError(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), "the job was killed")
    os.waitpid(child, 0)
    answer = pickle.loads(answer)
    if isinstance(answer, Exception):
        raise answer
    return answer
