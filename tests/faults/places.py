"""Faults of the places that results lie in: their disks, their owners, their names."""

from faults.archives import IMAGES, PACKED, with_archive
from faults.configs import laid_over
from faults.fault import AGAIN, FAILED, INPUT, fault
from faults.fetching import drawn_zip
from faults.scene import CONFIGS, Scene, without_standby
from faults.surroundings import NEW_MOUNTS, skip_where_not_allowed, small_disk, without_rights
from faults.training import ALONE, trained, with_data

# What a training writes before its network; Snakemake deletes it when the job has failed.
BEFORE = ("histories/", "predictions/")


def full(scene: Scene, place: str, size_kb: int, target: str, **params):
    """How a job ends where a folder of the results lies on a disk of its own that is too small."""
    skip_where_not_allowed(NEW_MOUNTS, "disks")
    return scene.run(target, inside=lambda: small_disk(scene.results / place, size_kb), **params)


@fault(
    6,
    "a disk too small for the packed pictures",
    INPUT,
    "free, the packed images need",
    "Fix: free some space",
)
def disk_for_array(scene):
    return full(with_archive(scene), "ingest/isic_2019", 100, PACKED)


@fault(6, "a disk too small for the study", FAILED, "ERROR disk: ", "Fix: ")
def disk_for_study(scene):
    skip_where_not_allowed(NEW_MOUNTS, "disks")
    return scene.snakemake("report", inside=lambda: small_disk(scene.results, 100))


@fault(6, "a disk that is full in the middle of a download", AGAIN, "ERROR disk: ", "Fix: free some space")
def disk_for_download(scene):
    source = f"file://{drawn_zip(scene)}"
    return full(scene, "archive/isic_2019", 100, IMAGES, sources=[source])


@fault(
    6,
    "a disk that is full at a checkpoint",
    AGAIN,
    "ERROR disk: ",
    "Fix: free some space",
)
def disk_for_checkpoint(scene):
    return full(with_data(scene), "unfinished/networks", 100, f"networks/{ALONE}.safetensors")


@fault(
    47, "results that may only be read", FAILED, "ERROR folder: ", "cannot be written: ", "Fix: give yourself"
)
def results_of_root(scene):
    scene.results.chmod(0o500)
    try:
        return scene.snakemake("report", inside=without_rights)
    finally:
        scene.results.chmod(0o700)


@fault(
    47,
    "a folder of the results that may only be read",
    INPUT,
    "ERROR permission: ",
    "belongs to ",
    "Fix: ",
    leaves=BEFORE,
)
def networks_of_root(scene):
    folder = (with_data(scene).results / f"networks/{ALONE}").parent
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    try:
        return trained(scene, inside=without_rights)
    finally:
        folder.chmod(0o700)


@fault(46, "a line's end in the name of the results", FAILED, "results: ", "ERROR config: ")
def newline_in_name(scene):
    return laid_over(scene, 'results: "my\\nresults"')


@fault(46, "a leading dash in the name of the results", 0, "1 of 1 steps (100%) done")
def dash_in_name(scene):
    (scene.folder / "mine.yaml").write_text("results: -results\n", encoding="utf-8")
    drawn, config = "-results/archive/demo/images.zip", (*CONFIGS, "mine.yaml")
    ended = scene.snakemake(drawn, config=config, inside=without_standby)
    assert (scene.folder / drawn).exists()
    return ended


@fault(46, "a name of 300 letters", FAILED, "results: a name in it takes more than 255 bytes", "Fix: ")
def long_name(scene):
    return laid_over(scene, f"results: {'r' * 300}")
