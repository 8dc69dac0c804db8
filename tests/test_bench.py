"""The benchmark: ratios by hand, plain losses that are ours, loops that do one work, rows that survive."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from skinkd.bench import __main__ as bench
from skinkd.bench import literal_losses
from skinkd.bench.clock import cpu_s, timed
from skinkd.bench.comparing import CPU_MS, PER_CORE, WALL_MS, Row, compare, met
from skinkd.bench.crew import Side, take_turns
from skinkd.bench.experiments import Experiment, check_equal
from skinkd.bench.files import PictureFiles
from skinkd.bench.graphs import JOBS, jobs_of, study_of, write_study
from skinkd.bench.ours import ALONE, DISTILLED, first_batch, first_loss, steps_of, trainer_of
from skinkd.bench.results import Results
from skinkd.bench.rows import cuda, row1, row2
from skinkd.bench.scene import VALIDATED, Scene, pack_scene, parts_of
from skinkd.bench.sides import caching, described_epoch, paired_steps, torchdistill_epoch
from skinkd.bench.students import SMALL, network_of
from skinkd.bench.table import short, table_of, verdict_of
from skinkd.errors import InputError
from skinkd.isic import CLASSES
from skinkd.losses.angle_relation import angle_relation
from skinkd.losses.channel_relation import channel_relation
from skinkd.losses.distance_relation import distance_relation
from skinkd.losses.rotated_divergence import rotated_divergence
from skinkd.losses.similarity_divergence import similarity_divergence
from skinkd.losses.softened_divergence import softened_divergence
from skinkd.network_cost import multiply_accumulates
from skinkd.networks import trainable_parameters

SIZE_PX, BATCH, PICTURES = 64, 8, 64
MACHINE = {
    "hardware": {"cpu": "A CPU", "cores": 2, "memory_gb": 4, "accelerator": "none"},
    "versions": {"torch": "2", "torchdistill": "1"},
}
SETTINGS = {"batch": 32, "jpeg_px": [600, 450], "jpeg_kb": 40.0, "how": ["In turn."]}
TURNS = [
    {"a": {"cpu_s": 1.0, "wall_s": 2.0, "images": 10}, "b": {"cpu_s": 6.0, "wall_s": 3.0, "images": 20}},
    {"a": {"cpu_s": 2.0, "wall_s": 2.0, "images": 10}, "b": {"cpu_s": 8.0, "wall_s": 3.0, "images": 20}},
    {"a": {"cpu_s": 1.0, "wall_s": 2.0, "images": 10}, "b": {"cpu_s": 9.0, "wall_s": 3.0, "images": 20}},
]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Small pictures and a small teacher, at one size."""
    scene = Scene(str(tmp_path_factory.mktemp("scene")), PICTURES, width_px=120, teacher=("resnet", 10))
    pack_scene(scene, SIZE_PX)
    return scene


def normal(*shape, seed=0):
    """Random numbers in double precision."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Arithmetic


def test_a_row_is_the_median_of_the_ratios_of_its_turns():
    row = compare(TURNS, "a", "b", CPU_MS, "other / ours", name="row1_x", what="")
    # 100, 200, 100 against 300, 400, 450 ms per picture.
    assert row.record() == {
        "name": "row1_x",
        "ratio": pytest.approx(3.0),
        "low": pytest.approx(2.0),
        "high": pytest.approx(4.5),
        "unit": "CPU ms per picture",
        "ours": pytest.approx(100.0),
        "other": pytest.approx(400.0),
        "repeats": 3,
    }


@pytest.mark.parametrize(
    ("read", "reads", "ratios"),
    [
        (WALL_MS, "ours / other", [200 / 150] * 3),
        (WALL_MS, "1 − other / ours", [0.25] * 3),
        (PER_CORE, "ours / other", [10 / (20 / 6), 5 / (20 / 8), 10 / (20 / 9)]),
    ],
)
def test_ratios_by_hand(read, reads, ratios):
    assert compare(TURNS, "a", "b", read, reads, name="x", what="").ratios() == pytest.approx(ratios)


def test_a_floor_is_the_ratio_of_what_cannot_be_left_out():
    turns = [turn | {"bare": turn["a"] | {"cpu_s": turn["a"]["cpu_s"] / 2}} for turn in TURNS]
    row = compare(turns, "a", "b", CPU_MS, "other / ours", floor="bare", name="x", what="")
    assert row.floor == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("goal", "is_met"), [("≥ 6", True), ("≥ 7", False), ("≤ 1.03", False), ("ours ≤ 10", True), ("", None)]
)
def test_goals(goal, is_met):
    assert met(goal, {"ratio": 6.5, "ours": 9.0}) is is_met


def test_cpu_time_counts_that_of_processes_that_have_ended_and_that_live():
    script = "import time; s = time.process_time()\nwhile time.process_time() - s < 0.3: pass\n"
    # Linux tells a living process's user and system time in whole ticks, each rounded down.
    two_ticks_s = 2 / os.sysconf("SC_CLK_TCK")

    before_s = cpu_s()
    subprocess.run([sys.executable, "-c", script], check=True)
    ended_s = cpu_s()
    with subprocess.Popen(
        [sys.executable, "-c", f"{script}print(1, flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdout.readline()
        living_s = cpu_s()
        process.communicate(b"\n")
    assert ended_s - before_s >= 0.3
    assert living_s - ended_s >= 0.3 - two_ticks_s


def test_what_a_side_says_itself_is_taken():
    assert timed(lambda: {"images": 3, "wall_s": 7.0})["wall_s"] == 7.0


def test_arithmetic_of_the_rows_on_a_gpu():
    assert cuda.epoch_s(1000) == pytest.approx(18.238)
    assert cuda.students_per_hour(18_238 * 150) == pytest.approx(3600)
    assert cuda.with_flop({"images": 10}, macs=5)["flop"] == 300
    assert cuda.bound_hours(7200.0, {"flop": 4.0, "wall_s": 2.0}) == pytest.approx(1.0)


def test_rows_of_training_on_a_gpu_by_hand():
    turns = [
        {
            "ours": {"images": 200, "wall_s": 1.0},
            "plain": {"images": 100, "wall_s": 1.0},
            "multiplying": {"flop": 1e12, "wall_s": 0.5},
        }
    ]
    speed, share, epoch = cuda._rows_of_training("cuda_training", SMALL, turns)
    macs = multiply_accumulates(network_of(SMALL, 8, 224), 224)
    assert (speed.record()["ratio"], speed.record()["ours"]) == (2.0, 200.0)
    assert share.record()["ratio"] == pytest.approx(6 * macs * 200 / 2e12)
    assert (epoch.record()["ours"], epoch.record()["ratio"]) == (pytest.approx(91.19), pytest.approx(2.0))


def test_rows_of_students_and_of_the_grid_by_hand():
    shown = 18_238 * 150
    turns = [
        {
            "together": {"images": shown, "wall_s": 1800.0},
            "processes": {"images": shown, "wall_s": 3600.0},
            "in turn": {"images": shown, "wall_s": 7200.0},
        }
    ]
    together, processes = cuda._rows_of_students("cuda_students", "dsnet", turns)
    assert (together.record()["ours"], together.record()["ratio"]) == (pytest.approx(2), pytest.approx(4))
    assert (processes.record()["ours"], processes.record()["other"]) == (pytest.approx(1), pytest.approx(0.5))
    turns = [{"forecast": {"hours": 8.0, "flop": 3.6e15}, "multiplying": {"flop": 1e12, "wall_s": 1.0}}]
    (grid,) = cuda._rows_of_grid(turns)
    assert (grid.record()["other"], grid.record()["ratio"]) == (pytest.approx(1.0), pytest.approx(8.0))


def test_rows_for_a_gpu_exist_only_with_one(scene, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert cuda.experiments(scene) == []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    experiments = cuda.experiments(scene)
    assert {"cuda_grid", "row3_cuda_mobilenet_v2_224"} <= {experiment.name for experiment in experiments}
    # A step in the midst of an epoch needs batches before and after it.
    assert PICTURES * cuda.TIMES >= 3 * cuda.BATCH


def test_the_small_student_is_as_large_as_it_says():
    network = network_of(SMALL, 8, 224)
    assert trainable_parameters(network) == 256_200
    assert multiply_accumulates(network, 224) == pytest.approx(0.139e9, rel=0.01)


# Losses


@pytest.mark.parametrize("pictures", [5, 12])
def test_plain_losses_of_logits_and_embeddings_are_ours(pictures):
    student, teacher = normal(pictures, 6), normal(pictures, 6, seed=1)
    mine = softened_divergence(student, teacher, temperature=4.0, scaled=True).mean()
    torch.testing.assert_close(literal_losses.softened(student, teacher, 4.0), mine)
    embeddings = normal(pictures, 20), normal(pictures, 30, seed=1)
    torch.testing.assert_close(literal_losses.distance(*embeddings), distance_relation(*embeddings).mean())
    torch.testing.assert_close(literal_losses.angle(*embeddings), angle_relation(*embeddings).mean())


def test_plain_channel_relation_is_ours():
    maps = normal(4, 10, 3, 3), normal(4, 10, 3, 3, seed=1)
    mine = channel_relation(*maps, adapter=torch.nn.Identity(), normalisation="coded")
    torch.testing.assert_close(literal_losses.channels(*maps), mine)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.75, 1.0])
def test_plain_losses_of_turned_views_are_ours(share):
    student, teacher = normal(3, 7, 5), normal(3, 7, 5, seed=1)
    labels = torch.arange(7) % 5
    rows = [logits.transpose(0, 1).flatten(0, 1) for logits in (student, teacher)]
    mine = rotated_divergence(student, teacher, labels, temperature=4.0, kept_share=share).mean()
    torch.testing.assert_close(literal_losses.rotated(*rows, labels, 4.0, share), mine)
    projections = normal(4, 7, 20), normal(4, 7, 30, seed=1)
    mine = similarity_divergence(*projections, temperature=0.5, kept_share=share).mean()
    torch.testing.assert_close(literal_losses.similarity(*projections, 0.5, share), mine)


# Sides that do the same work


def test_files_show_the_pictures_that_the_packed_part_shows(scene):
    part = parts_of(scene, SIZE_PX, "cpu")["train"]
    files = PictureFiles(scene, part, turns=2)
    chosen = torch.arange(len(part))
    assert [label for _, label in (files[index] for index in range(3))] == part.labels[:3].tolist()
    for turn in (0, 1):
        packed = part.batch(chosen, part.parameters(turn), turn)
        read = torch.stack([files[index][0][turn] for index in range(len(part))])
        # Rounded to 8 bits once, in the file of packed pictures and in PIL's picture alike.
        torch.testing.assert_close(read, packed.contiguous(), atol=2e-4, rtol=0)


def test_torchdistill_trains_on_our_loss(scene):
    told = {**scene.at(SIZE_PX), "network": SMALL}
    ours = trainer_of(**told, loss=DISTILLED, teacher="cached", precision="float32", batch=BATCH)
    epoch = torchdistill_epoch.prepare(**told, pictures=2 * BATCH, batch=BATCH, workers=0)
    said = epoch()
    assert said["images"] == 2 * BATCH
    assert said["loss"] == pytest.approx(first_loss(ours), rel=1e-4)


@pytest.mark.parametrize(("arm", "projects"), [("d_kd", False), ("ssd_kd", True)])
def test_the_described_loop_trains_on_our_losses(scene, arm, projects):
    told = {**scene.at(SIZE_PX), "network": "mobilenet_v2", "loss": row2.losses_of(arm), "projects": projects}
    ours = trainer_of(**told, teacher="online", precision="float32", batch=BATCH)
    loop = described_epoch.loop_of(**told, pictures=2 * BATCH, batch=BATCH, workers=0)
    before = [parameter.clone() for parameter in loop.student.network.parameters()]
    assert described_epoch.first_loss(loop) == pytest.approx(first_loss(ours), rel=1e-3)
    assert described_epoch.epoch(loop) == 2 * BATCH
    assert any(not torch.equal(a, b) for a, b in zip(before, loop.student.network.parameters(), strict=True))


def test_unequal_losses_stop_a_comparison():
    turns = [{"a": {"loss": 1.0}, "b": {"losses": [1.01]}}]
    assert "0.99 % apart" in check_equal(turns, "a", "b", 0.02)
    with pytest.raises(InputError, match="two different kinds of work"):
        check_equal(turns, "a", "b", 0.001)


def test_steps_that_count_are_those_within_an_epoch(scene):
    shown = []
    trainer = SimpleNamespace(
        train_part=parts_of(scene, SIZE_PX, "cpu")["train"],
        recipe=SimpleNamespace(batch_size=16),
        signals=SimpleNamespace(quarter_turns=(0,)),
        device=SimpleNamespace(name="cpu"),
        steps=lambda say: iter(shown.append(index) for index in range(100)),
    )
    counted = steps_of(trainer)
    places = []
    for _ in range(4):
        assert next(counted)["images"] == 16
        places.append(len(shown) - 1)
    # Four batches an epoch: neither the first nor the one in the middle.
    assert places == [1, 3, 5, 7]
    trainer.recipe.batch_size = 32
    with pytest.raises(ValueError, match="none that counts"):
        next(steps_of(trainer))


def test_pairs_are_steps_of_both_kinds(scene):
    told = {**scene.at(SIZE_PX), "network": SMALL, "batch": 16, "precision": "float32"}
    for second in (None, {"loss": ALONE}):
        work = paired_steps.prepare(
            steps=2, first={"loss": DISTILLED, "teacher": "cached"}, second=second, **told
        )
        said = work()
        assert said["ours"]["images"] == said["other"]["images"] == 16
        assert min(said["ours"]["cpu_s"], said["other"]["cpu_s"]) > 0


def test_an_epoch_may_show_a_picture_several_times(scene):
    twice = replace(scene, times=2)
    pack_scene(twice, SIZE_PX)
    once, parts = (parts_of(found, SIZE_PX, "cpu") for found in (scene, twice))
    assert (len(once["train"]), len(parts["train"])) == (PICTURES, 2 * PICTURES)
    assert len(parts["validation"]) == VALIDATED
    both = parts["train"].batch(torch.tensor([3, PICTURES + 3]))
    assert torch.equal(both[0], both[1])
    assert torch.equal(both[0], once["train"].batch(torch.tensor([3]))[0])


def test_a_cache_counts_each_look(scene):
    twice = replace(scene, times=2)
    pack_scene(twice, SIZE_PX)
    assert caching.prepare(**twice.at(SIZE_PX))() == {"images": 2 * PICTURES + VALIDATED}


def test_every_batch_has_every_class(scene):
    pictures, labels = first_batch(trainer_of(**scene.at(SIZE_PX), network=SMALL, loss=ALONE, batch=BATCH))
    assert pictures[0].shape == (BATCH, 3, SIZE_PX, SIZE_PX)
    assert sorted(labels.tolist()) == list(range(len(CLASSES)))


def test_a_cache_is_paid_when_it_saved_as_much_as_it_took():
    assert [
        row1.epochs_until_paid(*pair) for pair in ((10.0, 20.0), (10.0, 10.0), (11.0, 10.0), (1.0, 0.0))
    ] == [
        "once",
        "once",
        "2 times",
        "for ever",
    ]


# Processes that take turns


def test_sides_take_turns_in_processes_of_their_own(tmp_path):
    log = tmp_path / "order"
    sides = {name: Side("command", writing(name, log)) for name in ("a", "b")}
    heard = []
    turns = take_turns(sides, 2, tmp_path, after_turn=lambda: heard.append(1))
    # A turn before the first is not counted.
    assert log.read_text(encoding="utf-8").split() == ["a", "b"] * 3
    assert (len(turns), len(heard)) == (2, 3)
    assert all(turn[name]["images"] == 1 and turn[name]["wall_s"] > 0 for turn in turns for name in sides)


def writing(word, log):
    """Settings of a command that appends a word to a file."""
    return {"command": ["sh", "-c", 'echo "$0" >> "$1"', word, str(log)], "folder": str(log.parent)}


def test_a_side_that_fails_says_why(tmp_path):
    side = Side("command", {"command": ["sh", "-c", "exit 3"], "folder": str(tmp_path)})
    with pytest.raises(InputError, match=r"command ended with status 1, saying: .*exit status 3"):
        take_turns({"a": side}, 1, tmp_path)


def test_processes_at_the_same_time_are_told_their_numbers_and_added(scene, tmp_path):
    told = {**scene.at(SIZE_PX), "network": SMALL, "epochs": 1, "students": 1, "together": False}
    (turn,) = take_turns({"two": Side("students", told, processes=2)}, 1, tmp_path)
    assert turn["two"]["images"] == 2 * PICTURES
    first, second = turn["two"]["losses"]
    assert first != second
    both = {**told, "students": 2, "together": True}
    (turn,) = take_turns({"one": Side("students", both)}, 1, tmp_path)
    assert turn["one"]["losses"] == pytest.approx([first, second], rel=1e-5)


# What is written


def row(name, ratio=2.0, **words):
    """A row of one turn."""
    return Row(name, "one, another", "ours / other", [ratio], [1.0], "ms", **words)


def test_the_file_is_a_list_of_rows_in_their_order(tmp_path):
    results = Results(tmp_path, MACHINE, SETTINGS)
    results.add([row("row8_a")])
    results.add([row("row1_b", goal="≥ 3"), row("row1_a")])
    records = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))
    assert [record["name"] for record in records] == ["row1_b", "row1_a", "row8_a"]
    assert set(records[0]) == {"name", "ratio", "low", "high", "unit", "ours", "other", "repeats"}
    page = (tmp_path / "benchmark.md").read_text(encoding="utf-8")
    assert "| `row1_b` | one, another | ms | 2 | 1 | 2 [2, 2] | ours / other | ≥ 3 |  | missed |" in page


def test_rows_of_the_same_machine_and_settings_stay_until_measured_again(tmp_path):
    Results(tmp_path, MACHINE, SETTINGS).add([row("row1_a"), row("row2_a")])
    Results(tmp_path, MACHINE, SETTINGS).add([row("row2_a", 5.0)])
    records = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))
    assert {record["name"]: record["ratio"] for record in records} == {"row1_a": 2.0, "row2_a": 5.0}
    Results(tmp_path, MACHINE, SETTINGS | {"batch": 64}).add([row("row2_a")])
    records = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))
    assert [record["name"] for record in records] == ["row2_a"]


@pytest.mark.parametrize(
    ("ratio", "floor", "verdict"),
    [(7.5, 8.0, "met"), (6.0, 8.0, "missed"), (6.0, None, "missed"), (6.0, 6.5, "missed, as its floor says")],
)
def test_a_goal_beyond_the_floor_is_told_from_one_within_reach(ratio, floor, verdict):
    words = {"goal": "≥ 7", "floor": floor}
    assert verdict_of({"ratio": ratio, "ours": 1.0}, words) == verdict


def test_a_table_shows_floors_and_says_what_was_met():
    rows = [row("row1_a", goal="≥ 1.5", floor=3.0, note="Same work."), row("row3_a")]
    page = table_of([r.record() for r in rows], [r.described() for r in rows], MACHINE, SETTINGS)
    assert "| ≥ 1.5 | 3 | met |" in page
    assert "- `row1_a`: Same work." in page
    assert "A CPU, 2 cores, 4 GB, accelerator none" in page


@pytest.mark.parametrize(
    ("value", "text"), [(1204.4, "1,204"), (7.314, "7.31"), (0.04123, "0.0412"), (-0.02, "−0.02")]
)
def test_numbers_have_three_digits(value, text):
    assert short(value) == text


@pytest.fixture
def counted(scene, tmp_path, monkeypatch):
    """A benchmark of two experiments, the second of which may fail; `run(fails)` gives the lines it said."""

    def experiment(number, fails, scene):
        command = ["sh", "-c", "exit 1" if fails else ":"]
        sides = {"a": Side("command", {"command": command, "folder": str(tmp_path)})}
        rows = partial(lambda turns: [row(f"row{number}_a", len(turns))])
        return [Experiment(f"row{number}", sides, rows, turn_s=1.0)]

    def run(fails=False):
        lines = []
        experiments = {"1": partial(experiment, 1, False), "2": partial(experiment, 2, fails)}
        monkeypatch.setattr(bench, "experiments_of", lambda name, scene: experiments[name](scene))
        try:
            bench.bench(["1", "2"], 5, tmp_path, scene, lines.append)
        finally:
            return lines  # noqa: B012

    return run


def test_a_run_that_breaks_keeps_the_rows_that_are_done(counted, tmp_path):
    counted(fails=True)
    records = json.loads((tmp_path / "benchmark.json").read_text(encoding="utf-8"))
    assert [(record["name"], record["ratio"]) for record in records] == [("row1_a", 5.0)]


def test_each_turn_says_how_long_it_will_still_take(counted, tmp_path):
    lines = counted()
    assert len(lines) == 12
    assert lines[0].startswith("row1: turn 1 of 6, about ")
    assert lines[-1] == "row2: turn 6 of 6, about 0.0 s left"
    known = json.loads((tmp_path / "benchmark_machine.json").read_text(encoding="utf-8"))
    assert known["settings"]["repeats"] == 5
    assert {"cpu", "cores", "accelerator"} <= set(known["machine"]["hardware"])
    assert "torch" in known["machine"]["versions"]


@pytest.mark.parametrize(
    "arguments", [["--rows", "9"], ["--rows", "1,"], ["--repeats", "4"], ["--repeats", "x"]]
)
def test_rows_that_do_not_exist_and_too_few_turns_are_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        bench.main(arguments)
    assert "error: argument" in capsys.readouterr().err


def test_every_row_has_experiments_whose_sides_exist(scene):
    for name in ("1", "2", "3", "4", "5", "6", "7", "8"):
        experiments = bench.experiments_of(name, scene)
        assert experiments
        for experiment in experiments:
            assert experiment.name.startswith(f"row{name}_")
            assert experiment.turn_s > 0
            for side in experiment.sides.values():
                assert callable(__import__(f"skinkd.bench.sides.{side.module}", fromlist=["prepare"]).prepare)


# Graphs


@pytest.mark.parametrize("jobs", JOBS)
def test_a_generated_study_has_as_many_jobs_as_asked(tmp_path, jobs):
    import yaml

    (tmp_path / "config").mkdir()
    study = yaml.safe_load(write_study(tmp_path, jobs).read_text(encoding="utf-8"))
    assert jobs_of(study) == max(jobs, jobs_of(study_of("least", 1)))
