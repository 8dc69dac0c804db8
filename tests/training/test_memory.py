"""A GPU that is full: fewer students step together, and one that does not fit alone says what to change."""

import pytest
import torch
from jobs_examples import run_projection, run_train, told_to_train
from safetensors.torch import load_file
from test_companions import snakemakes
from training_examples import RUN, assert_equal_bits

from skinkd import out_of_memory, student_runs
from skinkd.companions import TrainingJob, pools_of, write_companions
from skinkd.errors import InputError
from skinkd.interruptions import Interrupted
from skinkd.not_finite import Diverged
from skinkd.out_of_memory import Crowded
from skinkd.training_jobs import do

SAID = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.19 GiB"
ARMS = {name: RUN | {"arm": name, "teaches": False} for name in ("first", "second", "third")}


class FullGpu:
    """Networks of one process, the last of which has no room from its third batch on, as torch says it."""

    def __init__(self, monkeypatch, room_for: int):
        self.room_for, self.networks = room_for, []
        self.build = student_runs.build_network
        monkeypatch.setattr(student_runs, "build_network", self.built)

    def built(self, *told):
        network = self.build(*told)
        self.networks.append(network)
        batches = []

        def step(module, pictures):
            batches.append(module.training)
            if len(self.networks) > self.room_for and network is self.networks[-1] and sum(batches) > 2:
                raise torch.OutOfMemoryError(SAID)

        network.register_forward_pre_hook(step)
        return network


def jobs_in(data, folder):
    """Three jobs that can step together, and what tells their pools."""
    jobs = [TrainingJob(**told_to_train(data, folder, run=run, name=name)) for name, run in ARMS.items()]
    write_companions(map(snakemakes, jobs), folder / "pools", students_together=3, at_once=1)
    return jobs


def test_students_that_have_no_room_together_go_on_as_fewer(packed, tmp_path, monkeypatch, capsys):
    """With the bits of those that always had room; their checkpoints stay, and the job may run again."""
    data = packed(3, images=96)
    expected = load_file(run_train(data, tmp_path, run=ARMS["first"], name="alone"))
    jobs = jobs_in(data, tmp_path)
    with monkeypatch.context() as patch:
        FullGpu(patch, room_for=2)
        with pytest.raises(Crowded, match=r"3 students together have no room on the GPU \(CUDA out"):
            do(jobs[0], pools_of(jobs[0], tmp_path / "pools"))
    assert not (tmp_path / "first.safetensors").exists()
    assert (tmp_path / "unfinished" / "first.pt").exists()
    assert not list((tmp_path / "unfinished").glob("*.lock"))
    assert pools_of(jobs[1], tmp_path / "pools")[0].most == 1
    capsys.readouterr()
    do(jobs[0], pools_of(jobs[0], tmp_path / "pools"))
    said = capsys.readouterr().out
    assert "resuming from epoch 1, batch 5 (0 batches lost)" in said
    assert "stepping together" not in said
    assert_equal_bits(load_file(tmp_path / "first.safetensors"), expected)


def test_another_run_of_the_graph_tries_all_together_again(packed, tmp_path):
    jobs = jobs_in(packed(3), tmp_path)
    pools_of(jobs[0], tmp_path / "pools")[0].limit(1)
    assert pools_of(jobs[0], tmp_path / "pools")[0].most == 1
    jobs = jobs_in(packed(3), tmp_path)
    assert pools_of(jobs[0], tmp_path / "pools")[0].most == 3


def test_a_student_that_does_not_fit_alone_says_what_to_change(packed, tmp_path, monkeypatch):
    """It would fail for ever: that is the user's to mend, and no batch is made smaller for him."""
    FullGpu(monkeypatch, room_for=0)
    with pytest.raises(InputError) as failure:
        run_train(packed(3), tmp_path, run=RUN)
    said = str(failure.value)
    assert said.startswith(
        "ERROR memory: dsnet of a_paper/leak_free/teacher with batch_size 8 at 32 px has no room on the GPU "
        "(CUDA out of memory). "
    )
    for way in ("lower batch_size under changes", "device.students_together", "device.jobs_per_gpu to 1"):
        assert way in said


def test_a_gpu_that_others_fill_may_be_free_later(packed, tmp_path, monkeypatch):
    FullGpu(monkeypatch, room_for=0)
    monkeypatch.setattr(out_of_memory.torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(out_of_memory.torch.cuda, "mem_get_info", lambda: (10 * 2**30, 80 * 2**30))
    monkeypatch.setattr(out_of_memory.torch.cuda, "memory_reserved", lambda: 30 * 2**30)
    with pytest.raises(Interrupted, match="of which others hold 50%"):
        run_train(packed(3), tmp_path, run=RUN)


def test_a_head_says_the_same_of_memory_and_of_numbers(packed, tmp_path, monkeypatch):
    data = packed(3)
    resnet = {"name": "resnet", "parameters": {"depth": 10}}
    teacher = run_train(data, tmp_path, run=RUN | {"network": resnet}, name="teacher")

    def full(projections):
        raise torch.OutOfMemoryError(SAID)

    monkeypatch.setattr("skinkd.projections.contrastive", full)
    with pytest.raises(InputError, match="a self-supervision head of a_paper/leak_free/teacher with"):
        run_projection(data, tmp_path, teacher)
    monkeypatch.setattr("skinkd.projections.contrastive", lambda projections: projections.sum() * torch.nan)
    with pytest.raises(Diverged, match=r"epoch 1, batch 1, at learning rate 0\.1: contrastive nan; "):
        run_projection(data, tmp_path, teacher)
    assert (tmp_path / "unfinished" / "projection.not-finite.csv").exists()
