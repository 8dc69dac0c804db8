"""What the README says is true: its commands, its example of a loss, its numbers."""

import json
import re

import pytest
from project import ROOT, copy_project, jobs_of, snakemake

from skinkd.readme import results_block

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
    assert jobs_of(run.stdout)["train_teacher"] >= 1


def test_the_two_commands_are_targets_of_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"^make (\w+)", "\n".join(blocks("bash")), flags=re.MULTILINE)
    assert named == ["report", "test"]
    for target in named:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def test_the_example_of_a_loss_trains(tmp_path):
    project = copy_project(tmp_path)
    (loss,) = blocks("python")
    (project / "workflow/lib/skinkd/losses/my_loss.py").write_text(loss, encoding="utf-8")
    paper = project / "config/papers/ssd_kd.yaml"
    (arm,) = blocks("yaml")
    before, after = paper.read_text(encoding="utf-8").split("\nprotocols:")
    paper.write_text(f"{before}\n{arm}\nprotocols:{after}", encoding="utf-8")
    config = project / "config/config.yaml"
    text = config.read_text(encoding="utf-8").replace("mobilenet_v2, blkd]", "mobilenet_v2, blkd, my_arm]")
    config.write_text(text, encoding="utf-8")
    (command,) = [c for c in COMMANDS if "my_arm" in " ".join(c)]
    target = command[-1]
    run = snakemake(project, target)
    assert run.returncode == 0, run.stdout[-4000:]
    score = json.loads((project / target).read_text(encoding="utf-8"))
    assert score["arm"] == "my_arm"
    assert score["differences"]


def test_the_numbers_are_those_of_the_committed_results():
    results = json.loads((ROOT / "results/ham10000/results.json").read_text(encoding="utf-8"))
    assert results_block(results) in README


def test_every_file_that_is_linked_exists():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
