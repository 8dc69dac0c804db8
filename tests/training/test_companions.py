"""Jobs that train each other's students: equal results, nothing stale, nothing lost, nobody in the way."""

import fcntl
import json
import multiprocessing
import os
import time
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from jobs_examples import run_projection, run_train, told_to_train
from safetensors.torch import load_file
from training_examples import IMITATING, RUN, SGD, Killed, assert_equal_bits

from skinkd.checkpoints import read_description
from skinkd.claims import Claim
from skinkd.companions import Pool, TrainingJob, pools_of, told_to, write_companions, write_companions_of
from skinkd.deliveries import deliver, path_to_delivery, take
from skinkd.errors import InputError
from skinkd.predictions import read_predictions
from skinkd.student_runs import Materials, open_run
from skinkd.training_jobs import do
from skinkd.unfinished import save_checkpoint

RESNET = {"name": "resnet", "parameters": {"depth": 10}}
DROPPING = {"name": "resnet", "parameters": {"depth": 10, "head": "dropout_batch_norm"}}
STUDENT = RUN | {"network": RESNET, "teaches": False}
RELATION = [{"name": "cross_entropy", "weight": 1.0}, {"name": "distance_relation", "weight": 1.0}]
FITNET = [RELATION[0], {"name": "fitnet", "weight": 1.0, "adapter": "linear"}]
# Arms of one teacher: by its relations, by its maps with an adapter, and with dropout.
ARMS = {
    "relation": STUDENT | {"arm": "relation", "loss": RELATION},
    "fitnet": STUDENT | {"arm": "fitnet", "loss": FITNET},
    "dropout": STUDENT | {"arm": "dropout", "loss": RELATION, "network": DROPPING},
}
COST = ("macs", "parameters", "best_epoch", "diverged_epoch", "prediction_images", "precision", "split")


@pytest.fixture(scope="module")
def data(packed):
    return packed(3)


@pytest.fixture(scope="module")
def teacher(data, tmp_path_factory):
    """A trained teacher."""
    return run_train(data, tmp_path_factory.mktemp("teacher"), run=RUN | {"network": RESNET}, name="teacher")


@pytest.fixture(scope="module")
def alone(data, teacher, tmp_path_factory):
    """Each arm trained by a job of its own, by name."""
    folder = tmp_path_factory.mktemp("alone")
    for name, run in ARMS.items():
        run_train(data, folder, run=run, teachers=[teacher], name=name)
    return folder


def jobs_of(data, folder, teacher, arms=ARMS, **changes):
    """The jobs of arms, by name."""
    told = {"teachers": [teacher]} | changes
    return {
        name: TrainingJob(**told_to_train(data, folder, run=run, name=name, **told))
        for name, run in arms.items()
    }


def pool(jobs, most=4, at_once=1):
    return Pool(list(jobs.values()), most, at_once)


def assert_same_results(folder, alone, name):
    """The weights and the history to the bit; the predictions; and what the network says of itself."""
    assert_equal_bits(load_file(folder / f"{name}.safetensors"), load_file(alone / f"{name}.safetensors"))
    for suffix in (".csv", "-predictions.csv"):
        assert (folder / f"{name}{suffix}").read_bytes() == (alone / f"{name}{suffix}").read_bytes()
    found, expected = (read_description(place / f"{name}.safetensors") for place in (folder, alone))
    assert found.keys() == expected.keys()
    assert {key: found[key] for key in COST} == {key: expected[key] for key in COST}


def left_over(folder):
    """Files of unfinished runs."""
    return sorted(
        str(path.relative_to(folder)) for path in (folder / "unfinished").rglob("*") if path.is_file()
    )


@pytest.mark.parametrize("order", [("relation", "fitnet", "dropout"), ("dropout", "relation", "fitnet")])
def test_the_first_job_trains_all_and_the_others_find_their_results(
    order, data, teacher, alone, tmp_path, capsys
):
    """Whoever is first. Each job leaves its own outputs, and those alone."""
    jobs = jobs_of(data, tmp_path, teacher)
    for name in order:
        do(jobs[name], [pool(jobs)])
        said = capsys.readouterr().out
        assert ("stepping together" in said) == (name == order[0])
        assert "epoch 2 of 2: train loss" in said
        assert {path.stem for path in tmp_path.glob("*.safetensors")} == set(order[: order.index(name) + 1])
        assert_same_results(tmp_path, alone, name)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("most", "at_once", "expected"), [(4, 1, 3), (2, 1, 2), (4, 2, 2), (1, 1, 1), (4, 5, 1)]
)
def test_a_job_takes_its_share(most, at_once, expected, data, teacher, tmp_path, capsys):
    """No more than it may, and so that jobs that run at the same time all have something to do."""
    jobs = jobs_of(data, tmp_path, teacher)
    do(jobs["relation"], [pool(jobs, most, at_once)])
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("stepping together: ")]
    together = said[0].removeprefix("stepping together: ").split(", ") if said else ["relation"]
    assert len(together) == expected
    assert len(list((tmp_path / "unfinished").glob("*.delivery"))) == expected - 1


def test_what_is_delivered_is_not_trained_again(data, teacher, tmp_path, monkeypatch):
    jobs = jobs_of(data, tmp_path, teacher)
    do(jobs["relation"], [pool(jobs)])
    # Left by a job that was killed after it had delivered.
    Path(jobs["fitnet"].path_to_checkpoint).write_text("of the last epoch", encoding="utf-8")
    monkeypatch.setattr("skinkd.training_jobs.open_run", lambda *given: pytest.fail("it trains again"))
    do(jobs["fitnet"], [pool(jobs)])
    assert (tmp_path / "fitnet.safetensors").exists()
    assert not [path for path in left_over(tmp_path) if "fitnet" in path]


def said_elsewhere(job, path):
    """What a job prints in a process of its own: where it was, no threads are left for others to fork."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            with path.open("w", encoding="utf-8") as file, redirect_stdout(file):
                do(job)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(process, 0)[1] == 0
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("change", ["code", "recipe", "precision", "threads"])
def test_nothing_stale_is_taken(change, data, teacher, tmp_path):
    """Not after an edit of the code, of the config, of the device: the job trains by itself."""
    code = tmp_path / "loss.py"
    code.write_text("before", encoding="utf-8")
    jobs = jobs_of(data, tmp_path, teacher, code=[code])
    do(jobs["relation"], [pool(jobs)])
    job = jobs["fitnet"]
    if change == "code":
        code.write_text("after", encoding="utf-8")
    elif change == "recipe":
        job = replace(job, run=job.run | {"training": job.run["training"] | {"epochs": 1}})
    else:
        other = {"precision": "bfloat16", "threads": 2}[change]
        job = replace(job, device=job.device | {change: other})
    said = said_elsewhere(job, tmp_path / "said.txt")
    assert "belongs to another config, other data or other code; starting over" in said
    assert "epoch 1 of" in said
    assert not path_to_delivery(job.place).exists()


def test_a_delivery_is_taken_after_a_kill_between_its_files(data, teacher, alone, tmp_path, monkeypatch):
    jobs, copied = jobs_of(data, tmp_path, teacher), []

    def copyfile(source, target):
        if copied:
            raise Killed
        copied.append(Path(target).write_bytes(Path(source).read_bytes()))

    do(jobs["relation"], [pool(jobs)])
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("skinkd.deliveries.shutil.copyfile", copyfile)
        do(jobs["fitnet"], [pool(jobs)])
    forget_outputs(jobs["fitnet"])
    monkeypatch.setattr("skinkd.training_jobs.open_run", lambda *given: pytest.fail("it trains again"))
    do(jobs["fitnet"], [pool(jobs)])
    assert_same_results(tmp_path, alone, "fitnet")


def forget_outputs(job):
    """As Snakemake does before a job, and with what a failed one leaves."""
    for path in job.outputs.values():
        Path(path).unlink(missing_ok=True)


def test_a_job_that_was_killed_while_it_removed_a_delivery_runs_again(
    data, teacher, alone, tmp_path, monkeypatch
):
    jobs = jobs_of(data, tmp_path, teacher)
    do(jobs["relation"], [pool(jobs)])

    def remove_a_little(folder, **_):
        for path in Path(folder).glob("fingerprint"):
            path.unlink()
            raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("skinkd.deliveries.shutil.rmtree", remove_a_little)
        do(jobs["fitnet"], [pool(jobs)])
    forget_outputs(jobs["fitnet"])
    do(jobs["fitnet"], [pool(jobs)])
    assert_same_results(tmp_path, alone, "fitnet")
    assert not [path for path in left_over(tmp_path) if "fitnet" in path]


@pytest.mark.parametrize("missing", ["fingerprint", "said.txt", "network.safetensors", "history.csv"])
def test_a_delivery_that_is_not_whole_is_none(missing, data, teacher, alone, tmp_path, capsys):
    """It does not count as finished either."""
    jobs = jobs_of(data, tmp_path, teacher)
    do(jobs["relation"], [pool(jobs)])
    for name in ("fitnet", "dropout"):
        (path_to_delivery(jobs[name].place) / missing).unlink()
    capsys.readouterr()
    do(jobs["fitnet"], [pool(jobs)])
    said = capsys.readouterr().out
    assert "fitnet.delivery is not whole; starting over" in said
    assert "stepping together: fitnet, dropout" in said
    do(jobs["dropout"], [pool(jobs)])
    for name in ARMS:
        assert_same_results(tmp_path, alone, name)
    assert left_over(tmp_path) == []


def kill(*_):
    raise Killed


def test_a_killed_group_leaves_a_checkpoint_of_each_student(
    data, teacher, alone, tmp_path, monkeypatch, capsys
):
    """Each of them resumes it, by its own job or by another's."""
    jobs, saved = jobs_of(data, tmp_path, teacher), []

    def save(path, trainer, fingerprint):
        save_checkpoint(path, trainer, fingerprint)
        saved.append(path)
        if len(saved) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("skinkd.unfinished.save_checkpoint", save)
        do(jobs["relation"], [pool(jobs)])
    assert len(set(saved)) == 3
    assert not list(tmp_path.glob("*.safetensors"))
    capsys.readouterr()
    do(jobs["dropout"])
    do(jobs["relation"], [pool(jobs)])
    do(jobs["fitnet"], [pool(jobs)])
    assert capsys.readouterr().out.count("resuming from epoch 2, batch 1") == 4  # One of them in two logs.
    for name in ARMS:
        assert_same_results(tmp_path, alone, name)


def longer(run):
    """The same run for more epochs."""
    return run | {"training": run["training"] | {"epochs": 4}}


def test_a_job_that_is_killed_while_its_companions_train_keeps_its_training(
    data, teacher, alone, tmp_path, monkeypatch, capsys
):
    """Snakemake throws the outputs of such a job away."""
    jobs, saved = jobs_of(data, tmp_path, teacher, ARMS | {"fitnet": longer(ARMS["fitnet"])}), []

    def save(path, trainer, fingerprint):
        save_checkpoint(path, trainer, fingerprint)
        saved.append(path)
        if saved.count(jobs["fitnet"].path_to_checkpoint) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("skinkd.unfinished.save_checkpoint", save)
        do(jobs["relation"], [pool(jobs)])
    assert (tmp_path / "relation.safetensors").exists()
    forget_outputs(jobs["relation"])
    capsys.readouterr()
    do(jobs["relation"])
    said = capsys.readouterr().out
    assert "resuming after its last epoch, 2" in said
    assert "train loss" not in said
    assert_same_results(tmp_path, alone, "relation")
    assert not [path for path in left_over(tmp_path) if "relation" in path]


def test_a_job_that_is_killed_while_it_delivers_keeps_the_companions_training(
    data, teacher, alone, tmp_path, monkeypatch, capsys
):
    jobs = jobs_of(data, tmp_path, teacher)

    def deliver_and_be_killed(place, fingerprint, said, outputs, write):
        write({name: tmp_path / "partial" / Path(path).name for name, path in outputs.items()})
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("skinkd.training_jobs.deliver", deliver_and_be_killed)
        do(jobs["relation"], [pool(jobs)])
    [killed] = (tmp_path / "partial").glob("*.safetensors")
    capsys.readouterr()
    do(jobs[killed.stem])
    said = capsys.readouterr().out
    assert "resuming after its last epoch, 2" in said
    assert "train loss" not in said
    assert_same_results(tmp_path, alone, killed.stem)


def test_another_number_of_threads_refuses_a_checkpoint(data, teacher, tmp_path, monkeypatch):
    """Threads change sums in their last digits."""
    job = jobs_of(data, tmp_path, teacher)["relation"]

    def save(*told):
        save_checkpoint(*told)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("skinkd.unfinished.save_checkpoint", save)
        do(job)
    said = said_elsewhere(replace(job, device=job.device | {"threads": 2}), tmp_path / "said.txt")
    assert "belongs to another config, other data or other code (fingerprint " in said
    assert "): changed device.threads 1 → 2\n" in said
    assert "\nstarting over\n" in said


WILD = RUN["training"] | {"optimizer": SGD | {"learning_rate": 1e20}}


def test_a_student_that_diverges_is_a_result_of_its_own(data, teacher, alone, tmp_path):
    arms = ARMS | {"wild": ARMS["fitnet"] | {"arm": "wild", "training": WILD}}
    jobs = jobs_of(data, tmp_path, teacher, arms)
    for name in ("relation", "wild", "dropout"):
        do(jobs[name], [pool(jobs)])
    assert read_description(tmp_path / "wild.safetensors")["diverged_epoch"] == 1
    assert pd.read_csv(tmp_path / "wild.csv").empty
    for name in ("relation", "dropout"):
        assert_same_results(tmp_path, alone, name)


def test_a_failure_is_left_to_the_job_that_it_belongs_to(data, teacher, alone, tmp_path, capsys):
    """A network that others would learn from, and one that cannot be built: whoever meets them goes on."""
    arms = ARMS | {
        "wild": ARMS["fitnet"] | {"arm": "wild", "training": WILD, "teaches": True},
        "broken": ARMS["fitnet"] | {"arm": "broken", "loss": [{"name": "no_such_loss", "weight": 1.0}]},
    }
    jobs = jobs_of(data, tmp_path, teacher, arms)
    do(jobs["relation"], [pool(jobs, most=9)])
    said = capsys.readouterr().out
    assert "wild is left to its own job: ERROR training: the loss is not finite in epoch 1" in said
    assert "broken is left to its own job" in said
    with pytest.raises(InputError, match="not finite in epoch 1"):
        do(jobs["wild"], [pool(jobs)])
    with pytest.raises(Exception, match="no_such_loss"):
        do(jobs["broken"], [pool(jobs)])
    for name in ("fitnet", "dropout"):
        do(jobs[name], [pool(jobs)])
        assert_same_results(tmp_path, alone, name)


def test_a_job_that_fails_still_delivers_what_it_trained_for_others(data, teacher, tmp_path, capsys):
    """It says so at once, as its companions may train for hours."""
    arms = ARMS | {"wild": ARMS["fitnet"] | {"arm": "wild", "training": WILD, "teaches": True}}
    jobs = jobs_of(data, tmp_path, teacher, arms)
    with pytest.raises(InputError, match="not finite in epoch 1"):
        do(jobs["wild"], [pool(jobs)])
    assert sorted(path.name for path in tmp_path.glob("unfinished/*.delivery")) == [
        f"{name}.delivery" for name in sorted(ARMS)
    ]
    assert not (tmp_path / "wild.safetensors").exists()
    said = capsys.readouterr().out
    assert said.index("not finite in epoch 1") < said.index("fitnet: epoch 2 of 2")


def test_inputs_that_may_not_be_made_yet_keep_a_companion_out(data, teacher, tmp_path):
    """A student without a teacher cannot train one with: only the other way round."""
    plain = STUDENT | {"arm": "plain", "loss": RUN["loss"]}
    jobs = jobs_of(data, tmp_path, teacher)
    jobs |= jobs_of(data, tmp_path, teacher, {"plain": plain}, teachers=[])
    assert pool(jobs).ready_for(jobs["plain"], nothing_is_delivered) == []
    ready = [job.run["arm"] for job in pool(jobs).ready_for(jobs["fitnet"], nothing_is_delivered)]
    assert ready == ["relation", "dropout", "plain"]


def nothing_is_delivered(_):
    return False


def repeated(jobs, folder):
    """The pools of a run of the graph that repeats all jobs; their outputs are an hour old."""
    for path in [path for job in jobs.values() for path in job.outputs.values()]:
        os.utime(path, times=(time.time() - 3600,) * 2)
    write_companions(map(snakemakes, jobs.values()), folder, students_together=4, at_once=1)
    return pools_of(next(iter(jobs.values())), folder)


def test_jobs_that_are_repeated_step_together_though_their_old_outputs_are_there(
    data, teacher, alone, tmp_path, capsys
):
    """Snakemake removes them one job after the other, as each starts."""
    jobs = jobs_of(data, tmp_path, teacher)
    for name in ARMS:
        do(jobs[name], [pool(jobs)])
    pools = repeated(jobs, tmp_path / "pools")
    forget_outputs(jobs["relation"])
    capsys.readouterr()
    do(jobs["relation"], pools)
    assert "stepping together: relation, fitnet, dropout" in capsys.readouterr().out
    # What was made since then is not made again.
    forget_outputs(jobs["fitnet"])
    do(jobs["fitnet"], pools)
    assert "train loss" in (said := capsys.readouterr().out)
    assert "stepping together" not in said
    assert [job.run["arm"] for job in pools[0].unfinished(nothing_is_delivered)] == ["dropout"]
    assert_same_results(tmp_path, alone, "fitnet")


def test_an_old_delivery_of_another_code_is_made_again(data, teacher, tmp_path, capsys):
    code = tmp_path / "loss.py"
    code.write_text("before", encoding="utf-8")
    jobs = jobs_of(data, tmp_path, teacher, code=[code])
    do(jobs["relation"], [pool(jobs)])
    code.write_text("after", encoding="utf-8")
    forget_outputs(jobs["relation"])
    capsys.readouterr()
    do(jobs["relation"], [pool(jobs)])
    assert "stepping together: relation, fitnet, dropout" in capsys.readouterr().out
    do(jobs["fitnet"], [pool(jobs)])
    assert "starting over" not in capsys.readouterr().out


def test_a_run_without_its_cost_is_trained_already(data, teacher, tmp_path, capsys):
    """The cost is written when its claim is free again: nobody shall train it in between."""
    jobs = {
        name: replace(job, outputs=job.outputs | {"cost": str(tmp_path / f"{name}.json")})
        for name, job in jobs_of(data, tmp_path, teacher).items()
    }
    do(jobs["fitnet"], [pool(jobs, most=1)])
    capsys.readouterr()
    do(jobs["relation"], [pool(jobs)])
    assert "stepping together: relation, dropout\n" in capsys.readouterr().out


def test_a_job_that_trained_by_itself_leaves_no_delivery(data, teacher, tmp_path, monkeypatch):
    """Made meanwhile by a job that took it for unfinished: a repetition would take it and train nothing."""
    jobs = jobs_of(data, tmp_path, teacher)
    job = jobs["relation"]

    def save(path, trainer, fingerprint):
        write = lambda paths: written(paths, "made meanwhile")  # noqa: E731
        deliver(job.place, fingerprint, [], job.outputs, write)

    monkeypatch.setattr("skinkd.unfinished.save_checkpoint", save)
    do(job)
    assert not path_to_delivery(job.place).exists()


def test_code_that_is_edited_while_a_job_runs_keeps_a_companion_out(
    data, teacher, tmp_path, monkeypatch, capsys
):
    """This process has imported it as it was, or in part; the companion's own job runs it as it is."""
    code = {name: tmp_path / f"{name}.py" for name in ARMS}
    jobs = {}
    for name, path in code.items():
        path.write_text("before", encoding="utf-8")
        jobs |= jobs_of(data, tmp_path, teacher, {name: ARMS[name]}, code=[path])

    def open_and_edit(*told):
        code["fitnet"].write_text("after", encoding="utf-8")
        return open_run(*told)

    with monkeypatch.context() as patch:
        patch.setattr("skinkd.training_jobs.open_run", open_and_edit)
        do(jobs["relation"], [pool(jobs)])
    said = capsys.readouterr().out
    assert "fitnet is left to its own job: " in said
    assert "edited" in said
    assert "stepping together: relation, dropout\n" in said
    do(jobs["fitnet"], [pool(jobs)])
    assert "starting over" not in capsys.readouterr().out


def test_a_job_whose_own_code_is_edited_before_it_is_opened_fails(data, teacher, tmp_path, monkeypatch):
    """It may have waited for hours: what it imports now does not belong to what it imported then."""
    code = tmp_path / "loss.py"
    code.write_text("before", encoding="utf-8")
    job = jobs_of(data, tmp_path, teacher, code=[code])["relation"]

    def open_edited(*told):
        code.write_text("after", encoding="utf-8")
        return open_run(*told)

    monkeypatch.setattr("skinkd.training_jobs.open_run", open_edited)
    with pytest.raises(InputError, match=r"loss\.py was edited"):
        do(job)
    assert not (tmp_path / "relation.safetensors").exists()


def test_who_waits_tries_a_companion_once(data, teacher, alone, tmp_path, monkeypatch, capsys):
    """One that fails leaves nothing behind, and its claim is free again."""
    wild = ARMS["fitnet"] | {"arm": "wild", "training": WILD, "teaches": True}
    broken = ARMS["fitnet"] | {"arm": "broken", "loss": [{"name": "no_such_loss", "weight": 1.0}]}
    jobs = jobs_of(data, tmp_path, teacher, ARMS | {"wild": wild, "broken": broken})
    held, waits, opened = Claim(jobs["relation"].place), Claim.take, []
    assert held.take()

    def count(job, *told):
        opened.append(job.run["arm"])
        if len(opened) > 9:
            pytest.fail(f"{job.run['arm']} is opened again and again")
        return open_run(job, *told)

    def take_and_let_go(self, wait=False):
        if wait:
            time.sleep(0.05)
            held.release()
        return waits(self, wait)

    monkeypatch.setattr("skinkd.training_jobs.open_run", count)
    monkeypatch.setattr(Claim, "take", take_and_let_go)
    do(jobs["relation"], [pool(jobs)])
    assert sorted(opened) == ["broken", "dropout", "fitnet", "relation", "wild"]
    assert_same_results(tmp_path, alone, "relation")


def test_the_time_that_a_job_waits_is_known(data, teacher, alone, tmp_path, monkeypatch):
    """It is not what the job cost; training others meanwhile is no waiting."""
    jobs, clock, lock = jobs_of(data, tmp_path, teacher), [0.0], fcntl.flock
    held = Claim(jobs["relation"].place)
    assert held.take()

    def lock_in_seven_seconds(file, how):
        if not how & fcntl.LOCK_NB and clock[0] == 0.0:
            held.release()
            clock[0] += 7.0
        return lock(file, how)

    monkeypatch.setattr("skinkd.claims.fcntl.flock", lock_in_seven_seconds)
    monkeypatch.setattr("skinkd.claims.monotonic", lambda: clock[0])
    assert do(jobs["relation"], [pool(jobs)]) == 7.0
    assert do(jobs["fitnet"], [pool(jobs)]) == 0.0


def test_a_job_whose_student_is_being_trained_trains_others_and_then_waits(data, teacher, alone, tmp_path):
    """Another process has the claim on `relation`; it delivers when this one has nothing else to do."""
    jobs = jobs_of(data, tmp_path, teacher)
    context = multiprocessing.get_context("fork")
    claimed, go_on = context.Event(), context.Event()

    def other_process():
        claim = Claim(jobs["relation"].place)
        claim.take()
        claimed.set()
        go_on.wait(60)
        outputs = {name: path for name, path in jobs["relation"].outputs.items()}
        write = lambda paths: [copy(alone, name, path) for name, path in paths.items()]  # noqa: E731
        deliver(jobs["relation"].place, fingerprint, ["trained elsewhere"], outputs, write)
        claim.release()

    fingerprint = Materials([jobs["relation"]]).fingerprint_of(jobs["relation"])
    process = context.Process(target=other_process)
    process.start()
    assert claimed.wait(60)
    waits = Claim.take

    def take_and_let_go_on(self, wait=False):
        if wait:
            assert len(list(tmp_path.glob("unfinished/*.delivery"))) == 2, "it waits, but could train"
            go_on.set()
        return waits(self, wait)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Claim, "take", take_and_let_go_on)
        do(jobs["relation"], [pool(jobs)])
    process.join(60)
    assert process.exitcode == 0
    for name in ("fitnet", "dropout"):
        do(jobs[name], [pool(jobs)])
    for name in ARMS:
        assert_same_results(tmp_path, alone, name)


def copy(alone, name, path):
    """An output of the arm `relation` as its job alone wrote it."""
    suffix = {"network": ".safetensors", "history": ".csv", "predictions": "-predictions.csv"}[name]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes((alone / f"relation{suffix}").read_bytes())


def test_who_waits_trains_students_of_another_pool(data, teacher, alone, tmp_path):
    """Until then, another process holds the claims of the job's own pool."""
    jobs = jobs_of(data, tmp_path, teacher)
    held, waits = Claim(jobs["relation"].place), Claim.take
    assert held.take()

    def take_and_let_go(self, wait=False):
        if wait:
            assert sorted(path.stem for path in tmp_path.glob("unfinished/*.delivery")) == [
                "dropout",
                "fitnet",
            ]
            held.release()
        return waits(self, wait)

    others = {name: jobs[name] for name in ("fitnet", "dropout")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Claim, "take", take_and_let_go)
        do(jobs["relation"], [pool({"relation": jobs["relation"]}), pool(others)])
    assert_same_results(tmp_path, alone, "relation")


def test_a_claim_is_one_processs_own_and_ends_with_it(tmp_path):
    """Killed without a word, it leaves nothing that would keep others out."""
    place, context = tmp_path / "runs" / "run", multiprocessing.get_context("fork")
    held = context.Event()

    def hold():
        Claim(place).take()
        held.set()
        os.kill(os.getpid(), 19)  # Stopped, as it waits to be killed.

    process = context.Process(target=hold)
    process.start()
    assert held.wait(60)
    mine = Claim(place)
    assert not mine.take()
    process.kill()
    process.join(60)
    assert mine.take(wait=True)
    assert not Claim(place).take()
    mine.release()
    assert not list(place.parent.iterdir())
    again = Claim(place)
    assert again.take()
    again.release()


def test_a_claim_on_a_file_that_its_holder_removed_is_none(tmp_path):
    """Whoever waited on the old file holds nothing: the path leads to another by now."""
    first, second = Claim(tmp_path / "run"), Claim(tmp_path / "run")
    assert first.take()
    old = os.open(first.path, os.O_RDWR)
    first.release()
    assert second.take()
    assert not first._is_there(old)
    os.close(old)
    assert not first.take()
    second.release()


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):
    def without_locks(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("skinkd.claims.fcntl.flock", without_locks)
    with pytest.raises(InputError, match=r"run\.lock cannot be locked \(No locks available\)"):
        Claim(tmp_path / "run").take()


def test_a_job_that_cannot_be_opened_gives_up_its_claims_on_others(data, teacher, tmp_path):
    broken = ARMS["fitnet"] | {"arm": "broken", "loss": [{"name": "no_such_loss", "weight": 1.0}]}
    jobs = jobs_of(data, tmp_path, teacher, ARMS | {"broken": broken})
    with pytest.raises(Exception, match="no_such_loss"):
        do(jobs["broken"], [pool(jobs)])
    assert left_over(tmp_path) == []


def test_a_delivery_is_whole_or_not_there(tmp_path):
    """A writer that fails leaves an older delivery as it was."""
    place, outputs = tmp_path / "run", {"network": tmp_path / "out.bin"}
    deliver(place, "old", ["line"], outputs, lambda paths: written(paths, "old"))
    with pytest.raises(Killed):
        deliver(place, "new", [], outputs, lambda paths: written(paths, "new") or kill())
    said = []
    assert take(place, "old", outputs, said.append)
    assert (said, outputs["network"].read_text(encoding="utf-8")) == (["line"], "old")
    assert not path_to_delivery(place).exists()


def written(paths, text):
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def snakemakes(job, **inputs):
    """A job as Snakemake has it."""
    paths = job.paths | {"code": job.paths_to_code} | inputs
    return SimpleNamespace(
        input=SimpleNamespace(**paths | {"initial": paths["initial"] or []}),
        output=job.outputs,
        log=[job.path_to_log],
        params=SimpleNamespace(run=job.run, device=job.device, checkpoint=job.path_to_checkpoint),
    )


def test_a_job_of_the_graph_tells_the_same_as_the_script_is_told(data, teacher, tmp_path):
    job = jobs_of(data, tmp_path, teacher, initial=teacher)["fitnet"]
    assert told_to(snakemakes(job)) == job
    assert TrainingJob(**json.loads(json.dumps(asdict(job)))) == job


def written_pools(jobs, folder, **how):
    """The arms of each pool that is written, and of each job's own pool."""
    told = {"students_together": "auto", "at_once": 1} | how
    write_companions(map(snakemakes, jobs), folder, **told)
    pools = [pools_of(job, folder) for job in jobs]
    return [sorted(job.run["arm"] for job in found[0].jobs) if found else None for found in pools]


@pytest.fixture
def various(data, teacher, tmp_path):
    """Jobs of all kinds of teaching, and with another seed, another batch size, and another order."""
    online = jobs_of(data, tmp_path, teacher)
    sized = STUDENT | {"arm": "sized", "training": RUN["training"] | {"batch_size": 4}, "loss": RELATION}
    other = jobs_of(
        data, tmp_path, teacher, {"sized": sized, "seeded": ARMS["fitnet"] | {"seed": 1, "arm": "seeded"}}
    )
    projecting = jobs_of(
        data, tmp_path, teacher, {"sskd": STUDENT | {"arm": "sskd", "loss": IMITATING}}, projections=["head"]
    )
    plain = jobs_of(data, tmp_path, teacher, {"plain": STUDENT | {"arm": "plain"}}, teachers=[])
    cached = jobs_of(
        data,
        tmp_path,
        teacher,
        {f"cached{n}": STUDENT | {"arm": f"cached{n}"} for n in (1, 2)},
        targets=["targets"],
    )
    return list((online | other | projecting | plain | cached).values())


def test_by_itself_only_students_of_one_online_teacher_step_together(various, tmp_path):
    online = ["dropout", "fitnet", "relation"]
    assert written_pools(various, tmp_path / "pools") == [online] * 3 + [None] * 6
    [pool] = pools_of(various[0], tmp_path / "pools")
    assert (pool.most, pool.at_once) == (4, 1)


def test_a_number_lets_all_step_together_that_show_the_same_pictures(various, tmp_path):
    same = ["cached1", "cached2", "dropout", "fitnet", "plain", "relation", "sskd"]
    found = written_pools(various, tmp_path / "pools", students_together=3, at_once=2)
    assert found == [same] * 3 + [None] * 2 + [same] * 4
    [pool] = pools_of(various[0], tmp_path / "pools")
    assert (pool.most, pool.at_once) == (3, 2)


def test_one_at_a_time_leaves_no_pool_and_forgets_those_of_an_earlier_run(various, tmp_path):
    written_pools(various, tmp_path / "pools")
    assert written_pools(various, tmp_path / "pools", students_together=1) == [None] * 9
    assert not (tmp_path / "pools").exists()


@pytest.mark.parametrize(
    ("cores", "threads", "gpus", "gpu", "expected"),
    [
        (2, 1, None, 0, 2),
        (8, 4, None, 0, 2),
        (1, 4, None, 0, 1),
        (8, 1, 1, 1, 1),
        (8, 1, 3, 1, 3),
        (2, 1, 3, 0, 2),
    ],
)
def test_as_many_jobs_run_at_once_as_there_are_cores_or_gpus(
    cores, threads, gpus, gpu, expected, various, tmp_path
):
    workflow = workflow_of(various, cores, gpus)
    device = SimpleNamespace(threads=threads, students_together="auto")
    write_companions_of(workflow, tmp_path / "pools", device, gpu)
    [pool] = pools_of(various[0], tmp_path / "pools")
    assert pool.at_once == expected


def test_on_a_cluster_nobody_waits_for_companions(various, tmp_path):
    device = SimpleNamespace(threads=1, students_together="auto")
    write_companions_of(workflow_of(various, 2, None), tmp_path / "pools", device, 0)
    assert pools_of(various[0], tmp_path / "pools")
    write_companions_of(workflow_of(various, None, None, local_exec=False), tmp_path / "pools", device, 0)
    assert not pools_of(various[0], tmp_path / "pools")


def workflow_of(jobs, cores, gpus, local_exec=True):
    """Snakemake's workflow, with jobs of another rule among those of training."""
    known = [snakemakes(job) for job in jobs]
    for job, rule in [*((job, "train") for job in known), (SimpleNamespace(), "score")]:
        job.rule = SimpleNamespace(name=rule)
        known = known if job in known else [*known, job]
    return SimpleNamespace(
        local_exec=local_exec,
        cores=cores,
        dag=SimpleNamespace(needrun_jobs=lambda: iter(known)),
        global_resources={} if gpus is None else {"gpu": SimpleNamespace(value=gpus)},
    )


def test_students_with_turned_pictures_step_together(data, teacher, tmp_path):
    """In four views, with the teacher's self-supervision head, an adapter and heads of their own."""
    head = run_projection(data, tmp_path, teacher)
    arms = {
        "sskd": STUDENT | {"arm": "sskd", "loss": IMITATING},
        "sskd_dropout": STUDENT | {"arm": "sskd_dropout", "loss": IMITATING[3:], "network": DROPPING},
    }
    for name, run in arms.items():
        run_train(data, tmp_path / "alone", run=run, teachers=[teacher], projections=[head], name=name)
    jobs = jobs_of(data, tmp_path, teacher, arms, projections=[head])
    for name in arms:
        do(jobs[name], [pool(jobs)])
        assert_same_results(tmp_path, tmp_path / "alone", name)
        assert read_predictions(tmp_path / f"{name}-predictions.csv").arm == name
