"""What the README says is true: its commands, its example of a loss, its numbers."""

import gzip
import json
import re

import pytest
from project import ROOT, copy_project, jobs_of, snakemake

from skinkd import forecast
from skinkd.bench.coverage import verdict
from skinkd.config import SUPPLIED, read_config
from skinkd.readme import results_block
from skinkd.records import read_record
from skinkd.signatures import CACHED, ONLINE
from skinkd.study import BASE, open_study

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


COMMANDS = [
    line.split("#")[0].split()
    for block in blocks("bash")
    for line in block.splitlines()
    if line.startswith("snakemake")
]


@pytest.mark.parametrize("command", [c for c in COMMANDS if "my_arm" not in " ".join(c)], ids=" ".join)
def test_every_command_is_accepted(command, tmp_path):
    run = snakemake(copy_project(tmp_path), *command[1:], "-n", config=None)
    assert run.returncode == 0, run.stdout
    assert jobs_of(run.stdout)["train"] >= 1


def test_the_commands_of_make_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"^make (\w+)", "\n".join(blocks("bash")), flags=re.MULTILINE)
    assert named == ["report", "test", "version", "restore", "restore"]
    for target in named:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def test_every_path_is_a_target(tmp_path):
    (paths,) = blocks("text")
    targets = [line.split()[0] for line in paths.splitlines()]
    run = snakemake(copy_project(tmp_path), *targets, "-n", config=None)
    assert run.returncode == 0, run.stdout
    assert all(f"{target}" in run.stdout for target in targets)


def rows(header: str) -> list[list[str]]:
    """The cells of the table with that header, by row."""
    _, table = README.split(f"{header}\n|---", 1)
    lines = table.split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_papers_have_the_arms_and_protocols_that_are_named():
    study = open_study(read_config(BASE, ROOT / "config/full.yaml"))
    expected = {
        f"`{paper}`": [str(len(study.paper(paper, "as_published").arms)), ", ".join(study.protocols(paper))]
        for paper in study.config.papers
    }
    assert {cells[1]: cells[2:] for cells in rows("| Paper | File | Arms | Protocols |")} == expected


def test_a_loss_can_ask_for_what_is_named():
    names = re.findall(r"`(\w+)`", " ".join(cells[0] for cells in rows("| Argument | What it is | Shape |")))
    assert sorted(names) == sorted(CACHED | ONLINE)
    assert all(f"`{name}`" in README for name in (*SUPPLIED, "adapter"))


def test_the_example_of_a_loss_trains(tmp_path):
    """One file and one entry; the report asks for it by itself."""
    project = copy_project(tmp_path)
    (loss,) = blocks("python")
    (project / "workflow/lib/skinkd/losses/my_loss.py").write_text(loss, encoding="utf-8")
    paper = project / "config/papers/ssd_kd.yaml"
    (arm,) = blocks("yaml")
    before, after = paper.read_text(encoding="utf-8").split("\nprotocols:")
    paper.write_text(f"{before}\n{arm}\nprotocols:{after}", encoding="utf-8")
    (command,) = [c for c in COMMANDS if "my_arm" in " ".join(c)]
    target = command[-1]
    run = snakemake(project, "-n", "report", config=None)
    assert target in run.stdout
    run = snakemake(project, target)
    assert run.returncode == 0, run.stdout[-4000:]
    score = json.loads((project / target).read_text(encoding="utf-8"))
    assert score["arm"] == "my_arm"
    assert score["differences"]


def test_the_grid_has_its_place():
    """Its lines are written by a command: none is typed."""
    before, rest = README.split(forecast.BEGIN)
    assert forecast.END in rest
    assert "config/full.yaml" in before.splitlines()[-2]


def test_the_numbers_are_those_of_the_committed_results():
    results = json.loads(gzip.decompress((ROOT / "results/ham10000/results.json.gz").read_bytes()))
    assert results_block(results) in README


def test_what_is_said_of_coverage_is_what_was_counted():
    assert verdict(read_record(ROOT / "results/coverage.json")) in README.splitlines()


def test_every_file_that_is_linked_exists():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
