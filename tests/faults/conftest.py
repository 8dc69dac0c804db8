"""One run in which nothing is wrong, and for each fault a folder that has what it needs of it."""

import os

import pytest
from project import copy_project

from faults import table
from faults.registry import ALL
from faults.scene import Graph, Scene, contents

NEEDED = (
    "results/report/report.html",
    "results/ingest/isic_2019/images.npy",
    "results/ingest/kaggle_nine/images.npy",
    "results/weights/resnet50_imagenet/resnet50-0676ba61.pth",
)

# `make faults` sets it.
WRITES = bool(os.environ.get("SKINKD_WRITES_FAULTS"))
ELSEWHERE = ("isic_2019", "kaggle_nine", "imagenet")
DRAWN = ("draw", "render")


@pytest.fixture(scope="session")
def graph(tmp_path_factory):
    """The jobs of the study."""
    return Graph(copy_project(tmp_path_factory.mktemp("faults")), *NEEDED)


@pytest.fixture(scope="session")
def finished(graph, tmp_path_factory):
    """Results of the study but for its pages; nothing may write into them."""
    scene = Scene(tmp_path_factory.mktemp("finished"), graph)
    for _, told in graph.jobs:
        if told.rule not in DRAWN and not any(word in path for path in told.output for word in ELSEWHERE):
            ended = scene.run(told.output[0].removeprefix("results/"))
            assert ended.status == 0, ended.said
            assert ended.changed == (), ended.changed
    before = contents(scene.results)
    yield scene.results
    assert contents(scene.results) == before


@pytest.fixture(scope="session")
def observed():
    """Lines of the table of faults, by fault; written where the environment asks for it."""
    rows = {}
    yield rows
    if WRITES:
        table.write([rows.get(fault) or table.committed_row(fault) for fault in ALL])


@pytest.fixture
def scene(graph, finished, tmp_path):
    """A project without results."""
    return Scene(tmp_path, graph, finished)
