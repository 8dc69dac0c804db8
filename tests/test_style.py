"""Formatters and linters are clean, and nothing that must not be in git is in it."""

import subprocess
import sys

import pytest
from project import ROOT, jobs_of, snakemake

SNAKEFILES = ["Snakefile", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("workflow/rules/*.smk"))]


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "workflow", "tests"],
        ["ruff", "format", "--check", "workflow", "tests"],
        ["snakefmt", "--check", *SNAKEFILES],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_formatters_and_linters_are_clean(command):
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, text=True, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_snakemake_lint_is_clean():
    run = snakemake(ROOT, "--lint", config=None)
    assert run.returncode == 0, run.stdout
    assert "Congratulations" in run.stdout


@pytest.mark.parametrize("config", sorted(path.name for path in ROOT.glob("config/*.yaml")))
def test_every_config_passes_a_dry_run(config, request):
    if config == "full.yaml":
        run = request.getfixturevalue("full_plan")
    else:
        run = snakemake(ROOT, "-n", "-q", "rules", "--nolock", "report", config=f"config/{config}")
    assert run.returncode == 0, run.stdout
    assert "render" in jobs_of(run.stdout) or "Nothing to be done" in run.stdout


def test_the_lock_has_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = [line for line in lock.splitlines() if "==" in line]
    assert len(pins) > 50
    assert lock.count("--hash=sha256:") >= len(pins)
    assert "://" not in lock
    options = {line.split("=")[0].strip() for line in lock.splitlines() if line.strip().startswith("-")}
    assert options == {"--hash"}
