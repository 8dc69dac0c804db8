"""Versions of a study, with real git and real DVC: a clone fetches what it needs and makes what is new."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT, SMOKE, jobs_of, runs_of, snakemake

from skinkd.config import read_config
from skinkd.grid import cells
from skinkd.study import BASE, open_study
from skinkd.versioning import lineage

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("dvc") is None or shutil.which("git") is None,
    reason="git or DVC is not installed: make test sets up DVC",
)
STUDY = open_study(read_config(BASE, SMOKE))
OF_REPORT = {"draw": 1, "render": 1, "report": 1}
NETWORK = "results/networks/dsnet/leak_free/dsnet/fold0-seed0.safetensors"
README = (ROOT / "README.md").read_text(encoding="utf-8").split("## Keep results, fetch results\n")[1]
COMMANDS = [line.split("#")[0].strip() for line in README.split("```bash\n")[1].split("```")[0].splitlines()]
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "MAKE"))},
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "CONFIG": "tests/config/smoke.yaml",
    **{f"GIT_{who}_{what}": "a@b.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def call(project, *command, status=0):
    """What a command says in a project."""
    run = subprocess.run(
        command,
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=ENVIRONMENT,
    )
    assert run.returncode == status, run.stdout[-4000:]
    return run.stdout


def shell(project, command, status=0):
    """What a command of the README says in a project, but for the set-up of `.venv`."""
    return call(project, "sh", "-c", command.replace("make ", "make -o .venv/ready "), status=status)


def restore(project, arm="", status=0):
    return shell(project, f"make restore {f'ARM={arm}' if arm else ''}", status=status)


def dvc(project, *arguments, status=0):
    return call(project, sys.executable, "-m", "dvc", *arguments, status=status)


def commit(project, message):
    call(project, "git", "add", "--all")
    call(project, "git", "commit", "--quiet", "--message", message)


def jobs(project, target):
    """What a dry run would do: jobs by rule, and the networks that it would train."""
    run = snakemake(project, "-n", target)
    assert run.returncode == 0, run.stdout[-4000:]
    return jobs_of(run.stdout), runs_of(run.stdout, "train", "networks")


@pytest.fixture(scope="module")
def origin(smoke_run, tmp_path_factory):
    """A repository whose last commit is a version of the finished smoke study, and its remote beside it."""
    project = tmp_path_factory.mktemp("origin ü") / "project"
    shutil.copytree(smoke_run[1], project, symlinks=True)
    for part in (".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore", "Makefile"):
        (project / part).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / part, project / part)
    call(project, "git", "init", "--quiet", "--initial-branch", "main")
    (project / ".gitignore").write_text(
        f"{(ROOT / '.gitignore').read_text(encoding='utf-8')}/.venv\n/run.txt\n"
    )
    commit(project, "Code")
    version, keep = COMMANDS[:2]
    (project / "said.txt").write_text(shell(project, version), encoding="utf-8")
    shell(project, keep)
    return project


@pytest.fixture
def clone(origin, tmp_path_factory):
    """A fresh clone beside the remote."""

    def of(name):
        project = origin.with_name(name)
        call(origin.parent, "git", "clone", "--quiet", str(origin), name)
        (project / ".venv").symlink_to(sys.prefix)
        return project

    return of


def test_a_version_is_recorded_pushed_and_small_in_git(origin):
    said = (origin / "said.txt").read_text(encoding="utf-8")
    assert f"pushed to DVC remote 'store' at {origin.with_name('skinkd-store')}" in said
    committed = call(origin, "git", "ls-files", "results").split()
    assert {"results/networks.dvc", "results/report/results.json.dvc", "results/lineage.json"} <= {*committed}
    assert not [path for path in committed if path.endswith((".safetensors", ".npy", ".zip", "results.json"))]
    assert call(origin, "git", "status", "--short") == "?? said.txt\n"
    assert jobs(origin, "report") == ({}, [])


def test_the_other_commands_of_the_readme_work_in_a_clone(clone):
    project = clone("readme")
    said = {command: shell(project, command) for command in COMMANDS[2:]}
    restored, arm, compared = said
    assert "were fetched, 0 were here" in said[restored]
    assert "0 files were fetched" in said[arm]
    assert "results/metrics/dsnet/leak_free/dsnet.json" in said[compared]


def test_whatever_the_graph_makes_is_recorded_but_for_what_is_drawn_from_the_results(origin):
    targets = set(lineage.read(origin / "results"))
    made = [
        path for path in (origin / "results").rglob("*") if path.is_file() and not path.name.startswith(".")
    ]
    names = {path.relative_to(origin).as_posix() for path in made}
    drawn = r"results/(logs/|unfinished/|metrics/|report/(figures|tables|report\.)|[^/]*$)"
    noted = r".*(\.dvc|/bad_images\.csv)$"
    expected = {name for name in names if not re.match(f"{drawn}|{noted}", name)}
    assert len(expected) > 100
    assert {
        name for name in expected if not any(t == name or name.startswith(f"{t}/") for t in targets)
    } == set()


def test_after_a_restore_the_report_trains_nothing_and_an_ablation_one_student(origin, clone):
    project = clone("all")
    assert "were fetched, 0 were here" in restore(project)
    assert jobs(project, "report") == (OF_REPORT, [])
    assert jobs(project, "results/scores/ssd_kd/as_published/blkd.json") == (
        {"train": 1, "score": 1},
        ["ssd_kd/as_published/blkd/fold2-seed0"],
    )
    # Code of another content, though older than all that was fetched an hour ago: by that date, not by ours.
    loss = project / "workflow/lib/skinkd/losses/softened_divergence.py"
    text = loss.read_text(encoding="utf-8")
    loss.write_text(f"{text}# edited\n", encoding="utf-8")
    os.utime(loss, (10**9, 10**9))
    using = {
        cell for cell in cells(STUDY) if "softened_divergence" in {t.name for t in STUDY.arm(*cell).loss}
    }
    found, trained = jobs(project, "report")
    assert {tuple(run.split("/")[:3]) for run in trained} == using != set()
    assert found["train"] == len(trained)
    assert {"ingest", "split", "cache_targets", "train_projection"} & found.keys() == set()
    loss.write_text(text, encoding="utf-8")
    assert jobs(project, "report") == (OF_REPORT, [])


def test_one_arm_is_restored_alone_and_trained_and_the_version_keeps_what_was_never_pulled(origin, clone):
    project = clone("one")
    before = lineage.read(project / "results")
    restore(project, "dsnet/as_published/dsnet_t10")
    fetched = {path.relative_to(project).as_posix() for path in (project / "results/networks").rglob("*.*")}
    assert fetched == {
        f"results/networks/dsnet/as_published/{arm}/fold0-seed0.safetensors"
        for arm in ("dsnet_t10", "resnet50")
    }
    assert not (project / "results/archive").exists()
    score = "results/scores/dsnet/as_published/dsnet_t10.json"
    assert jobs(project, score) == ({}, [])
    (project / "one.yaml").write_text(
        "changes: {smoke: {dsnet: {arms: {dsnet_t10: {training: {epochs: 1}}}}}}", encoding="utf-8"
    )
    both = (SMOKE, "one.yaml")
    run = snakemake(project, score, config=both)
    assert run.returncode == 0, run.stdout[-4000:]
    assert jobs_of(run.stdout) == {"train": 1, "score": 1}
    assert runs_of(run.stdout, "train", "networks") == ["dsnet/as_published/dsnet_t10/fold0-seed0"]
    run = snakemake(project, "version", config=both)
    assert run.returncode == 0, run.stdout[-4000:]
    assert jobs_of(run.stdout) == {"version": 1}
    after = lineage.read(project / "results")
    changed = {path for path in after if after[path]["digest"] != before[path]["digest"]}
    assert after.keys() == before.keys()
    assert {path.split("/")[1] for path in changed} <= {
        "networks",
        "histories",
        "predictions",
        "scores",
        "costs",
    }
    assert all("dsnet/as_published/dsnet_t10" in path for path in changed)
    call(project, "git", "add", "results", "one.yaml")
    call(project, "git", "commit", "--quiet", "--message", "One arm anew")
    check_comparisons(project)
    # Whoever clones that has all of both versions.
    call(origin.parent, "git", "clone", "--quiet", str(project), "third")
    third = origin.with_name("third")
    (third / ".venv").symlink_to(sys.prefix)
    restore(third)
    assert {path for path in after if not (third / path).exists()} == set()
    assert (third / score).read_bytes() == (project / score).read_bytes()


def check_comparisons(project):
    """What DVC says of the last two commits."""
    place = "results/metrics/dsnet/as_published/dsnet_t10.json"
    shown = json.loads(dvc(project, "metrics", "show", "--json"))[""]["data"]
    assert len(shown) == len(STUDY.cells())
    assert shown[place]["data"] == json.loads((project / place).read_text(encoding="utf-8"))
    assert set(json.loads(dvc(project, "metrics", "diff", "--json", "HEAD~1", "HEAD"))) == {place}
    params = json.loads(dvc(project, "params", "diff", "--json", "HEAD~1", "HEAD"))["results/params.json"]
    epochs = params["papers.dsnet.as_published.arms.dsnet_t10.training.epochs"]
    assert (epochs["old"], epochs["new"]) == (2, 1)
    assert {key.split(".arms.")[1] for key in params} == {"dsnet_t10.training.epochs"}
    dvc(project, "plots", "diff", "HEAD~1", "HEAD", "--out", "plots")
    page = (project / "plots/index.html").read_text(encoding="utf-8")
    assert "dsnet/as_published/dsnet_t10" in page


def test_files_that_dvc_alone_put_here_are_never_taken_as_current(clone):
    project = clone("pulled")
    dvc(project, "pull", NETWORK)
    run = snakemake(project, "-n", "report")
    assert run.returncode != 0
    assert f"ERROR restore: {NETWORK}: neither made here nor put here by make restore" in run.stdout
    restore(project, "dsnet/leak_free/dsnet")
    assert jobs(project, "results/scores/dsnet/leak_free/dsnet.json") == ({}, [])


def test_a_restore_says_which_files_were_made_by_other_code(clone):
    project = clone("stale")
    network = project / "workflow/lib/skinkd/networks/dsnet.py"
    network.write_text(f"{network.read_text(encoding='utf-8')}# edited\n", encoding="utf-8")
    os.utime(network, (10**9, 10**9))
    said = restore(project, "dsnet/leak_free/dsnet")
    assert "of the restored files were made by other code" in said
    assert jobs(project, NETWORK) == ({"train": 1}, ["dsnet/leak_free/dsnet/fold0-seed0"])


def set_remote(project, key, value):
    """A setting of this clone alone."""
    dvc(project, "remote", "modify", "--local", "store", key, value)


def test_a_damaged_remote_is_refused_even_where_dvc_would_not_look(origin, clone):
    project = clone("damaged")
    store = origin.with_name("damaged store")
    shutil.copytree(origin.with_name("skinkd-store"), store)
    size = (origin / NETWORK).stat().st_size
    (damaged,) = [path for path in store.rglob("*") if path.is_file() and path.stat().st_size == size]
    damaged.chmod(0o644)
    damaged.write_bytes(b"\0" + damaged.read_bytes()[1:])
    set_remote(project, "url", "../damaged store")
    set_remote(project, "verify", "false")
    said = restore(project, "dsnet/leak_free/dsnet", status=2)
    assert (
        f"ERROR restore: DVC remote 'store' at {store} lacks files of this commit, or holds them damaged"
        in said
    )
    assert not (project / NETWORK).exists()
    set_remote(project, "url", "../skinkd-store")
    restore(project, "dsnet/leak_free/dsnet")
    assert (project / NETWORK).read_bytes() == (origin / NETWORK).read_bytes()
    assert jobs(project, NETWORK) == ({}, [])


def test_an_unreachable_remote_is_named_and_what_was_put_in_place_by_hand_is_not_recorded(clone):
    project = clone("unreachable")
    for place in ("ssh://127.0.0.1:1/store", "/nowhere/at all"):
        set_remote(project, "url", place)
        said = restore(project, "dsnet/as_published/dsnet_t10", status=2)
        assert f"ERROR restore: DVC remote 'store' at {place} is unreachable; nothing was fetched." in said
        assert "dvc remote modify --local store url PLACE; then make restore again" in said
        assert not (project / NETWORK).exists()
    set_remote(project, "url", "../skinkd-store")
    restore(project, "dsnet/as_published/dsnet_t10")
    set_remote(project, "url", "/nowhere/at all")
    run = snakemake(project, "version")
    assert run.returncode != 0
    assert (
        "ERROR version: DVC remote 'store' at /nowhere/at all is unreachable; models stay local."
        in run.stdout
    )
    # A network that somebody put in place, with the date of the old one.
    teacher = project / "results/networks/dsnet/as_published/resnet50/fold0-seed0.safetensors"
    times = teacher.stat()
    shutil.copyfile(project / "results/ingest/demo/images.csv", teacher)
    os.utime(teacher, ns=(times.st_atime_ns, times.st_mtime_ns))
    run = snakemake(project, "version")
    assert run.returncode != 0
    assert (
        f"from another {teacher.relative_to(project)} than lies here, and no job has made that since"
        in run.stdout
    )


def test_without_git_it_says_what_to_do(smoke_run, tmp_path):
    project = tmp_path / "no repository"
    shutil.copytree(smoke_run[1], project, symlinks=True)
    run = snakemake(project, "version")
    assert run.returncode != 0
    assert f"ERROR version: {project} is not in a git repository." in run.stdout
    assert "Fix: clone the project, or here: git init && git add --all" in run.stdout


def test_work_that_is_recorded_nowhere_is_never_written_over(clone):
    project = clone("work")
    scores = project / "results/scores/dsnet/leak_free/dsnet.json"
    scores.parent.mkdir(parents=True)
    scores.write_text("mine", encoding="utf-8")
    said = restore(project, "dsnet/leak_free/dsnet", status=2)
    assert "ERROR restore: Files here differ from this commit's and are recorded nowhere" in said
    assert scores.read_text(encoding="utf-8") == "mine"
