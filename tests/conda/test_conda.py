"""The documented `--use-conda`: jobs run in what their environment file holds.

The channels of conda are out of reach of the machines that run the tests. A stand-in builds the prefixes from
the same pins: that a channel has these packages, it does not show.
"""

import os
import shutil
from pathlib import Path

import pytest
from project import ROOT, copy_project, snakemake

UV = shutil.which("uv") or ROOT / ".tools/bin/uv"
TARGET = "results/scores/dsnet/leak_free/dsnet.json"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The project after one arm was scored by `--use-conda`, what was said, and what conda was asked."""
    if not Path(UV).exists():
        pytest.skip("there is no uv; make sets one up in .tools")
    stand_in, project = (
        tmp_path_factory.mktemp("conda"),
        copy_project(tmp_path_factory.mktemp("conda project")),
    )
    told = {"CONDA_STAND_IN": str(stand_in), "UV": str(UV)}
    told["PATH"] = f"{Path(__file__).parent / 'bin'}:{os.environ['PATH']}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in told.items():
            patch.setenv(name, value)
        ended = snakemake(project, TARGET, "--use-conda")
    return project, ended, (stand_in / "calls.txt").read_text(encoding="utf-8")


def prefixes(project):
    """Each prefix that was built, by the name of its environment file."""
    files = {path.read_text(encoding="utf-8"): path.stem for path in (ROOT / "envs").glob("*.yaml")}
    built = (project / ".snakemake/conda").glob("*.yaml")
    return {files[path.read_text(encoding="utf-8")]: path.with_suffix("") for path in built}


def test_an_arm_is_scored_in_its_environments(run):
    project, ended, asked = run
    assert ended.returncode == 0, ended.stdout
    assert (project / TARGET).exists()
    assert asked.count("env create") == 2
    assert set(prefixes(project)) == {"report", "torch"}
    for prefix in prefixes(project).values():
        assert f"Activating conda environment: {prefix.relative_to(project)}" in ended.stdout


def test_no_finished_job_runs_again_without_conda(run):
    """Where the packages lie is no reason: a study may move from a laptop to a cluster."""
    project = run[0]
    again = snakemake(project, "-n", TARGET)
    assert "Nothing to be done" in again.stdout, again.stdout
