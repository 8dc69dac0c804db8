"""A disk that fills up while something is saved: it is named, and what was saved before is whole."""

import errno
import os
import resource
import subprocess
from contextlib import contextmanager

import pytest
import torch
from jobs_examples import run_train
from safetensors.torch import load_file
from training_examples import ALONE, RUN, assert_equal_bits, network_of, quiet, trainer_of

from skinkd import unfinished
from skinkd.checkpoints import read_description, save_network
from skinkd.full_disk import bytes_of, room_for
from skinkd.unfinished import resume, save_checkpoint

DISK_BYTES = 16 * 2**20


class LimitedFiles:
    """No file may grow beyond 100 kB: every user can have that."""

    def __init__(self, folder):
        self.folder, self.before = folder, resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, (10**5, self.before[1]))

    def free(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


class SmallDisk:
    """A disk of its own, of which another file takes all that is left."""

    def __init__(self, folder):
        self.folder = folder / "disk"
        self.folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(self.folder)]
        if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
            pytest.skip("this user may not mount a disk of memory")
        self.other = self.folder / "other"

    def fill(self):
        left = os.statvfs(self.folder)
        with open(self.other, "wb") as file:
            file.write(bytes(left.f_bavail * left.f_frsize - 10**5))

    def free(self):
        self.other.unlink(missing_ok=True)


@contextmanager
def made(kind, folder):
    disk = kind(folder)
    try:
        yield disk
    finally:
        disk.free()
        if kind is SmallDisk:
            subprocess.run(["umount", str(disk.folder)], check=True)


@pytest.fixture(params=[LimitedFiles, SmallDisk])
def disk(request, tmp_path):
    with made(request.param, tmp_path) as disk:
        yield disk


def test_a_checkpoint_without_room_leaves_the_one_before_it(disk, packed, tmp_path, monkeypatch, capsys):
    """The folder, the need and what is free are named; with room again the run goes on to the same bits."""
    data, place = packed(3), disk.folder / "run"
    expected = load_file(run_train(data, tmp_path, name="expected"))
    saved = []

    def save(*told):
        if saved:
            disk.fill()
        save_checkpoint(*told)
        saved.append(told)

    with monkeypatch.context() as patch, pytest.raises(OSError) as failure:
        patch.setattr(unfinished, "save_checkpoint", save)
        run_train(data, place)
    disk.free()
    assert failure.value.errno == errno.ENOSPC
    assert failure.value.filename == str(place / "unfinished")
    assert "a checkpoint needs about 1," in failure.value.strerror
    assert failure.value.strerror.endswith(" are free")
    assert not (place / "network.safetensors").exists()
    capsys.readouterr()
    resumed = run_train(data, place)
    assert "resuming from epoch 2, batch 1" in capsys.readouterr().out
    assert_equal_bits(load_file(resumed), expected)
    assert not [path for path in place.rglob("*partial") if path.is_file()]


def test_a_network_without_room_leaves_the_one_before_it(disk, packed):
    path, network = disk.folder / "network.safetensors", network_of(packed(3))
    save_network(path, network, {"classes": ["before"]})
    disk.fill()
    with pytest.raises(OSError, match="a trained network needs about") as failure:
        save_network(path, network, {"classes": ["after"]})
    disk.free()
    assert failure.value.errno == errno.ENOSPC
    assert read_description(path)["classes"] == ["before"]
    assert [file.name for file in disk.folder.glob(".*partial")] == []


def test_what_fails_for_another_reason_says_that(tmp_path):
    with pytest.raises(RuntimeError, match="no tensor"), room_for("a file", tmp_path, 10**6):
        raise RuntimeError("no tensor")
    assert list(tmp_path.iterdir()) == []


def test_the_need_is_that_of_all_tensors(packed, tmp_path):
    trainer = trainer_of(packed(3), run={"loss": ALONE}, epochs=1)
    trainer.run(say=quiet, after_epoch=lambda trainer: save_checkpoint(tmp_path / "run.pt", trainer, "run"))
    state = torch.load(tmp_path / "run.pt", weights_only=True)
    size = (tmp_path / "run.pt").stat().st_size
    assert 0.9 * size < bytes_of(state) <= size
    resume(tmp_path / "run.pt", trainer_of(packed(3), run=RUN, epochs=1), "run", say=quiet)
