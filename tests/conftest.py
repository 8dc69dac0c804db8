"""One thread, and small packed pictures that a network can learn from."""

import fcntl
import json
import os
import shutil
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import torch
from axe import Axe
from chromium import chromium, why_no_chromium
from npm import install, why_no_npm
from project import copy_project, snakemake

from skinkd.atomic import digest_of
from skinkd.intact import sealed

torch.set_num_threads(1)

# A process is given one file after the other. These take longest, most of it in waiting: at the end one
# process would wait alone.
FIRST = ("test_slurm.py", "test_workflow.py", "test_versioning.py", "test_conda.py", "test_kills.py")

PARTS = ("train", "train", "validation", "test")


class Packed(NamedTuple):
    """What ingest and split leave behind, on disk and in memory."""

    path_to_array: Path
    path_to_split: Path
    path_to_summary: Path
    array: np.ndarray
    split: pd.DataFrame
    classes: tuple[str, ...]


@pytest.fixture(scope="session")
def packed(tmp_path_factory):
    """Pictures of noise, tinted by class: `packed(classes, images=48, size_px=32, seed=0)`."""

    @cache
    def make(classes: int, images: int = 48, size_px: int = 32, seed: int = 0) -> Packed:
        folder = tmp_path_factory.mktemp("packed")
        names = tuple(f"C{index}" for index in range(classes))
        generator = np.random.default_rng(seed)
        labels = np.arange(images) % classes
        tints = np.random.default_rng(0).uniform(40, 215, (classes, 1, 1, 3))
        noise = generator.normal(0, 20, (images, size_px, size_px, 3))
        array = np.clip(tints[labels] + noise, 0, 255).astype(np.uint8)
        table = pd.DataFrame(
            {
                "image": [f"I{seed}_{index:04d}" for index in range(images)],
                "row": np.arange(images),
                "group": [f"G{index:04d}" for index in range(images)],
                "lesion": [f"L{index:04d}" for index in range(images)],
                "label": [names[label] for label in labels],
                "part": [PARTS[index // classes % len(PARTS)] for index in range(images)],
            }
        )
        paths = folder / "images.npy", folder / "fold0.csv", folder / "fold0.json"
        np.save(paths[0], array)
        table.to_csv(paths[1], index=False)
        digests = {"images_sha256": digest_of(paths[0]), "split_sha256": digest_of(paths[1])}
        summary = sealed({"classes": names, **digests, "table_sha256": "of a table that is not there"})
        paths[2].write_text(json.dumps(summary), encoding="utf-8")
        return Packed(*paths, array, table, names)

    return make


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory):
    """A project whose report is made, and its copy in which nobody works; all processes share them.

    Only tests/test_workflow.py works in the project itself.
    """
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "smoke run"
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        copy = folder / "copy"
        if not copy.exists():
            project = copy_project(folder)
            run = snakemake(project, "report")
            assert run.returncode == 0, run.stdout[-6000:]
            (project / "run.txt").write_text(run.stdout, encoding="utf-8")
            shutil.copytree(project, folder / "half a copy", symlinks=True)
            (folder / "half a copy").rename(copy)
    return next(folder.glob("skin*")), copy


@pytest.fixture(scope="session")
def full_plan(tmp_path_factory):
    """What a dry run of the whole grid says and its exit status; all processes share one."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "full plan"
    folder.mkdir(exist_ok=True)
    plan = folder / "plan.json"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not plan.exists():
            run = snakemake(copy_project(folder), "-n", "report", config="config/full.yaml")
            plan.write_text(json.dumps({"returncode": run.returncode, "stdout": run.stdout}))
    return SimpleNamespace(**json.loads(plan.read_text()))


@pytest.fixture(scope="session")
def browser():
    """A real browser, or a skipped test where there is none."""
    if reason := why_no_chromium():
        pytest.skip(reason)
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """What axe-core says of a page, or a skipped test where there is no npm."""
    if reason := why_no_npm():
        pytest.skip(reason)
    modules = install(Path(__file__).parent / "browser", tmp_path_factory.mktemp("axe"))
    return Axe(modules / "axe-core/axe.min.js")


def pytest_collection_modifyitems(items):
    """The slowest files first."""
    place = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(FIRST)))


def pytest_terminal_summary(terminalreporter):
    """Say how many kills were resumed, of those that the tests counted."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    counted = [dict(report.user_properties) for report in reports if report.when == "call"]
    kills, equal = (sum(each.get(name, 0) for each in counted) for name in ("kills", "resumed to equality"))
    if kills:
        terminalreporter.write_line(f"{equal} of {kills} kills resumed to equality")
