"""Faults of whole runs: two at once, locks that are left, dates, what was deleted, what failed."""

import json
import os
import shutil
import signal
import time

import pytest

from faults.fault import FAILED, fault
from faults.scene import Scene
from faults.surroundings import signal_once
from skinkd.claims import Claim

RESULTS = "results/report/results.json"


def with_everything(scene: Scene) -> Scene:
    """A scene with a finished run, which Snakemake knows."""
    scene.take(*(path.name for path in scene.finished.iterdir() if path.name != "logs"))
    touched = scene.snakemake(RESULTS, flags=("--touch", "--forceall"))
    assert touched.status == 0, touched.said
    return scene


@fault(48, "a second run in the same folder", FAILED, "is in use by pid ", "wait for that run, or end it")
def second_run(scene):
    first = Claim(scene.results / "unfinished/run")
    first.take()
    # As Snakemake leaves them while it runs.
    kill = signal_once("*", scene.folder / ".snakemake/locks", signal.SIGKILL)
    with pytest.raises(ChildProcessError):
        scene.snakemake("results/ingest/demo/images.npy", inside=kill)
    try:
        return scene.snakemake("results/ingest/demo/images.npy")
    finally:
        first.release()


@fault(48, "the lock of a run that was killed", FAILED, "snakemake --unlock")
def stale_lock(scene):
    kill = signal_once("*", scene.folder / ".snakemake/locks", signal.SIGKILL)
    with pytest.raises(ChildProcessError):
        scene.snakemake("results/ingest/demo/images.npy", inside=kill)
    return scene.snakemake("results/ingest/demo/images.npy")


@fault(51, "DVC without its remote", 0, waits_for="nothing of this project is stored by DVC yet")
def dvc(scene):
    raise NotImplementedError


@fault(52, "files that are younger than what was made of them", 0, "Nothing to be done")
def other_dates(scene):
    with_everything(scene)
    later = time.time() + 3600
    for place in ("archive/demo/images.zip", "ingest/demo/images.npy", "split/dsnet/leak_free/fold0.csv"):
        path = scene.spoil(place, lambda content: content)
        os.utime(path, (later, later))
    return scene.snakemake(RESULTS, flags=("-n",))


@fault(54, "records of Snakemake that were deleted", 0, "Nothing to be done")
def deleted_records(scene):
    with_everything(scene)
    shutil.rmtree(scene.folder / ".snakemake")
    return scene.snakemake(RESULTS, flags=("-n",))


@fault(55, "markup in a name", 0, "a_b &amp; &lt;b&gt;", "a\\_b \\& \\textless{}b")
def markup(scene):
    with_everything(scene)
    name = "a_b & <b>"

    def change(content):
        results = json.loads(content)
        return json.dumps(results).replace("DSNet alone", name).encode()

    scene.spoil("report/results.json", change)
    _, job = scene.graph.by_output["results/report/report.html"]
    for figure in job.input.figures:
        path = scene.folder / figure
        path.parent.mkdir(exist_ok=True)
        path.write_text("<svg/>", encoding="utf-8")
    ended = scene.run("report/report.html")
    assert ended.status == 0, ended.said
    pages = [scene.results / "report/report.html", *(scene.results / "report/tables").glob("*.tex")]
    return ended._replace(said=ended.said + "".join(page.read_text(encoding="utf-8") for page in pages))
