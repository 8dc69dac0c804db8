"""Faults of whole runs: two at once, locks that are left, dates, what was deleted, what failed."""

import json
import os
import signal
import time
from copy import deepcopy

import pytest

from faults.fault import FAILED, INPUT, fault
from faults.scene import Scene, without_standby
from faults.surroundings import signal_once
from faults.training import TAUGHT, TEACHER, trained
from skinkd.claims import Claim

DRAWN = "results/archive/demo/images.zip"
# What a run of the graph makes of it.
MADE = ("archive/demo/", "costs/draw_archive/")
RESULTS, PARTIAL = "results/report/results.json", "results/report-partial/results.json"


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
        scene.snakemake(DRAWN, inside=kill)
    try:
        return scene.snakemake(DRAWN)
    finally:
        first.release()


@fault(48, "the lock of a run that was killed", 0, "was killed and left this folder locked", leaves=MADE)
def stale_lock(scene):
    kill = signal_once("unfinished/run.lock", scene.results, signal.SIGKILL)
    with pytest.raises(ChildProcessError):
        scene.snakemake(DRAWN, inside=kill)
    return scene.snakemake(DRAWN, inside=without_standby)


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


@fault(
    53,
    "an arm that failed",
    0,
    "failed: ERROR targets: ",
    leaves=("report-partial/",),
)
def failed_arm(scene):
    scene.take(*(path.name for path in scene.finished.iterdir() if path.name != "logs"))
    for path in [*scene.results.rglob("dsnet_t10*"), *scene.results.rglob("dsnet_t10/*")]:
        if path.is_file():
            path.unlink()
    scene.spoil(f"targets/{TEACHER}.safetensors", lambda content: content[: len(content) // 2])
    assert trained(scene, TAUGHT).status == INPUT
    ended = scene.snakemake(PARTIAL, inside=without_standby)
    assert ended.status == 0, ended.said
    return ended._replace(said=ended.said + (scene.folder / PARTIAL).read_text(encoding="utf-8"))


@fault(
    54,
    "another config, and Snakemake's records deleted",
    INPUT,
    "ERROR chain: ",
    "it was made by another config: ",
)
def deleted_records(scene):
    scene.take(*(path.name for path in scene.finished.iterdir() if path.name not in ("logs", "report")))
    scene.take("report/pictures")
    _, job = scene.graph.by_output[RESULTS]
    config = deepcopy(job.params.config)
    config["changes"]["smoke"]["dsnet"]["training"]["optimizer"] = {"learning_rate": 0.01}
    return scene.run(RESULTS.removeprefix("results/"), config=config)


@fault(55, "markup in a name", 0, "a_b &amp; &lt;b&gt;", "a\\_b \\& \\textless{}b")
def markup(scene):
    scene.take("report", "ingest/demo")
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
