"""Losses that were seen before, and whether those that are seen now are the same."""

import json
import math
import os
from pathlib import Path

import torch

FOLDER = Path(__file__).parent / "golden"
# Elsewhere sums are added up in another order: 0.001 was the most seen with kernels without vectors.
TOLERANCE = 5e-3
WRITE = "SKINKD_WRITE_GOLDEN"


def assert_golden(name: str, found: dict[str, list[float]], tolerance: float = TOLERANCE) -> None:
    """The losses found are those of `golden/<name>.json`: bit by bit on the machine that wrote it.

    Args:
        found: losses by what was trained.
        tolerance: by how much, relatively, a loss may differ on another processor or with another torch.
    """
    path = FOLDER / f"{name}.json"
    if os.environ.get(WRITE):
        FOLDER.mkdir(exist_ok=True)
        path.write_text(json.dumps({"made_by": made_by(), "losses": found}, indent=1) + "\n", "utf-8")
        raise AssertionError(f"{path} is written; now run without {WRITE}")
    golden = json.loads(path.read_text("utf-8"))
    compare(found, golden["losses"], 0.0 if golden["made_by"] == made_by() else tolerance)


def compare(found: dict, expected: dict, tolerance: float) -> None:
    """Two tables of losses are the same, up to a relative tolerance."""
    assert found.keys() == expected.keys()
    for name, losses in expected.items():
        assert len(found[name]) == len(losses) > 1, name
        for step, pair in enumerate(zip(found[name], losses, strict=True), 1):
            assert all(map(math.isfinite, pair)), (name, step, pair)
            assert math.isclose(*pair, rel_tol=tolerance), (name, step, pair, tolerance)


def made_by() -> dict[str, str]:
    """What decides the last bits of a sum: libraries choose their kernels by the processor and its caches."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    known = ("model name", "cpu family", "model", "stepping", "cache size")
    entries = [line.split("\t")[0] + line.partition(":")[2] for line in lines]
    first = [next((entry for entry in entries if entry.startswith(f"{key} ")), key) for key in known]
    kernels = torch.backends.cpu.get_cpu_capability()
    return {"torch": str(torch.__version__), "cpu": ", ".join(first), "kernels": kernels}
