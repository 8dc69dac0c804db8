"""Faults of training: its device, its numbers, its teachers, its interruptions."""

import os
import signal
from copy import deepcopy

import torch
from torch.nn import functional

from faults.archives import members_of, write_members
from faults.fault import AGAIN, INPUT, fault
from faults.pictures import converted
from faults.scene import Scene
from faults.surroundings import signal_once

RUN = "dsnet/leak_free/%s/fold0-seed0"
TEACHER, ALONE, TAUGHT = (RUN % arm for arm in ("resnet50", "dsnet", "dsnet_t10"))


def with_data(scene: Scene, *more: str) -> Scene:
    """A scene with what a training needs, and more."""
    scene.take("ingest/demo", "split", "validated", *more)
    return scene


def told(scene: Scene, place: str, **changes) -> dict:
    """What the job of a run is told of it, with another recipe."""
    _, job = scene.graph.by_output[f"results/networks/{place}.safetensors"]
    about = deepcopy(job.params.run)
    return about | {"training": about["training"] | changes}


def trained(scene: Scene, place: str = ALONE, **options):
    """How the job ends that trains a network."""
    return scene.run(f"networks/{place}.safetensors", **options)


def stopped(scene: Scene, number: signal.Signals, **changes):
    """How a training of six epochs ends that gets a signal when it has been saved for the first time."""
    inside = signal_once("networks/**/*.pt", scene.results / "unfinished", number)
    return trained(scene, run=told(scene, ALONE, epochs=6, **changes), inside=inside)


@fault(39, "a GPU is asked for where there is none", INPUT, "cuda", "Fix: ")
def no_gpu(scene):
    _, job = scene.graph.by_output[f"results/networks/{ALONE}.safetensors"]
    return trained(
        with_data(scene),
        device=job.params.device | {"name": "cuda"},
        inside=lambda: os.environ.update(CUDA_VISIBLE_DEVICES="-1"),
    )


def without_room() -> None:
    """Have every convolution that learns fail as on a GPU whose memory is full."""
    convolve = functional.conv2d

    def full(*given, **named):
        if torch.is_grad_enabled():
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return convolve(*given, **named)

    functional.conv2d = full


@fault(
    40,
    "a GPU without room for a batch",
    INPUT,
    "with batch_size 64 at 32 px has no room on the GPU",
    "lower batch_size",
)
def out_of_memory(scene):
    return trained(with_data(scene), inside=without_room)


@fault(
    35,
    "a batch larger than the training part",
    INPUT,
    "batch_size",
    "64 images",
)
def large_batch(scene):
    return trained(with_data(scene), run=told(scene, ALONE, batch_size=65))


@fault(41, "a training that leaves the finite numbers", INPUT, "not finite")
def not_finite(scene):
    recipe = told(scene, TEACHER)
    recipe["training"]["optimizer"] |= {"learning_rate": 1e20}
    return trained(with_data(scene), TEACHER, run=recipe)


@fault(43, "targets of a teacher that was trained anew", INPUT, "does not belong to this run: teacher was ")
def retrained_teacher(scene):
    with_data(scene, "targets")
    again = trained(scene, TEACHER, run=told(scene, TEACHER) | {"seed_offset": 1})
    assert again.status == 0, again.said
    return trained(scene, TAUGHT)


@fault(43, "targets of other pictures", INPUT, "does not belong to this run: pictures was ")
def other_pictures(scene):
    scene.take("archive/demo", "validated", "targets", f"networks/{TEACHER}.safetensors")
    path = scene.results / "archive/demo/images.zip"
    members = members_of(path)
    path.unlink()
    first = next(iter(members))
    write_members(path, members | {first: converted("L", "JPEG")(members[first])})
    for target in ("ingest/demo/images.npy", "split/dsnet/leak_free/fold0.csv"):
        made = scene.run(target)
        assert made.status == 0, made.said
    return trained(scene, TAUGHT)


@fault(49, "a training that is asked to stop", AGAIN, "run again, it goes on from there")
def asked_to_stop(scene):
    return stopped(with_data(scene), signal.SIGTERM)


@fault(49, "a training that was killed", 0, "resuming ")
def killed(scene):
    assert stopped(with_data(scene), signal.SIGKILL).status == -signal.SIGKILL
    assert not list((scene.results / "networks").rglob("*.safetensors"))
    return trained(scene, run=told(scene, ALONE, epochs=6))


@fault(50, "a checkpoint of another config", 0, "belongs to another config", "changed ")
def other_config(scene):
    assert stopped(with_data(scene), signal.SIGTERM).status == AGAIN
    return trained(scene, run=told(scene, ALONE, epochs=3))
