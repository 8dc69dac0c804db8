"""The grid is counted as Snakemake counts it; hours are amounts of work times measured steps."""

import json
from collections import Counter

import pytest
import torch
from project import ROOT, copy_project, jobs_of, snakemake

from skinkd import forecast
from skinkd.config import read_config
from skinkd.device import Device
from skinkd.errors import InputError
from skinkd.grid import Run, count_jobs, projections, targets, teachers_of, trainings
from skinkd.part_sizes import BY_CLASS, part_sizes, table_of
from skinkd.schedule import whole_batches
from skinkd.step_times import Stopwatch
from skinkd.study import BASE, open_study
from skinkd.workload import (
    Look,
    Loss,
    Network,
    Pass,
    Update,
    View,
    network_of,
    steps_of,
    work_of_projection,
    work_of_targets,
    work_of_training,
)

FULL, SMOKE = ROOT / "config/full.yaml", ROOT / "tests/config/smoke.yaml"
IMAGES = {"train": 1000, "validation": 100, "test": 50}
# Few classes of work, small networks, and the images of the official archive.
TINY = {
    "papers": ["ssd_kd", "dsnet"],
    "arms": {"ssd_kd": {"as_published": ["ssd_kd"]}, "dsnet": {"as_published": ["dsnet_t10"]}},
    "protocols": ["as_published"],
    "changes": {"smoke": {paper: {"source": "isic_2019"} for paper in ("ssd_kd", "dsnet")}},
}


@pytest.fixture(scope="module")
def full():
    return open_study(read_config(BASE, FULL))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("grid"))


def test_jobs_of_the_grid_are_those_that_a_dry_run_lists(full, full_plan):
    assert full_plan.returncode == 0, full_plan.stdout[-2000:]
    assert count_jobs(full) == jobs_of(full_plan.stdout)


@pytest.mark.parametrize(
    ("config", "lists"),
    [("config/full.yaml", {"papers": ["dsc_nine"]}), ("tests/config/smoke.yaml", {})],
    ids=["folders alone", "synthetic"],
)
def test_jobs_are_those_that_a_dry_run_lists(project, config, lists):
    given = [f"{key}={json.dumps(value)}" for key, value in lists.items()]
    asked = ["--config", *given] if given else []
    run = snakemake(project, "-n", "report", "--quiet", "rules", *asked, config=config)
    assert run.returncode == 0, run.stdout[-2000:]
    assert count_jobs(open_study(read_config(BASE, ROOT / config, **lists))) == jobs_of(run.stdout)


def test_every_teacher_is_trained_once_also_where_no_list_names_it(full):
    runs = trainings(full)
    assert len(runs) == len(set(runs))
    assert {teacher for run in runs for teacher in teachers_of(full, run)} <= set(runs)
    assert set(targets(full)) | set(projections(full)) <= set(runs)
    narrow = open_study(
        read_config(BASE, FULL, papers=["dsc"], arms={"dsc": {"as_published": ["adam_reversed"]}})
    )
    arms = {run.arm for run in trainings(narrow) if run.protocol == "as_published"}
    assert arms == {"adam_reversed", "adamax_alone"}


def test_parts_have_the_sizes_that_the_papers_print(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = open_study(read_config(BASE, FULL, protocols=["as_published"]))
    sizes = {paper: images for (paper, _, _), images in part_sizes(study).items()}
    assert sizes["davidi_park"] == {"train": 17728, "validation": 5062, "test": 2541}
    assert sizes["ssd_kd"]["test"] == 2533
    assert sum(sizes["ssd_kd"].values()) == 25331
    assert sizes["dsnet"] == {"train": 5596, "validation": 1400, "test": 3000}
    assert sum(sizes["dsc"].values()) == sum(sizes["dsc_nine"].values()) == 2357
    assert sizes["dsc_nine"]["test"] == 118
    assert table_of(study, "isic_2019")[1] == BY_CLASS


def test_the_table_that_ingest_wrote_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = open_study(read_config(BASE, SMOKE))
    with pytest.raises(InputError, match=r"images\.csv is not there.*demo has no official class counts"):
        table_of(study, "demo")
    path = tmp_path / "results/ingest/demo/images.csv"
    path.parent.mkdir(parents=True)
    path.write_text("image,lesion,label\nA,,NV\nB,L1,NV\n", encoding="utf-8")
    table, origin = table_of(study, "demo")
    assert (list(table["lesion"]), origin) == (["", "L1"], "results/ingest/demo/images.csv")


@pytest.mark.parametrize("images", [1, 2, 31, 32, 33, 64, 65, 66, 97])
@pytest.mark.parametrize("batch", [2, 32])
def test_steps_of_an_epoch_are_the_trainers_batches(images, batch):
    assert steps_of(images, batch) == len(whole_batches(torch.arange(images), batch))


def test_work_of_an_arm_with_cached_targets_by_hand(full):
    run = Run("ssd_kd", "as_published", "blkd", 2, 0)
    student = network_of(full, *run.cell)
    # 150 epochs of 1,000 pictures in 8 batches of 128; the first of each goes backward for both terms.
    assert work_of_training(full, run, IMAGES) == {
        Pass(student, 128): pytest.approx(150 * (1000 + 2 / 3 * 2 * 128)),
        Look(student): 150 * 100 + 100 + 50,
        View("ssd_kd"): 150 * 1000,
        Update(student): 150 * 8,
    }


def test_work_of_an_arm_with_turned_views_by_hand(full):
    run = Run("ssd_kd", "as_published", "ssd_kd", 2, 0)
    student, teacher = (network_of(full, *run.cell[:2], arm) for arm in ("ssd_kd", "resnet50"))
    work = work_of_training(full, run, IMAGES)
    losses = {unit: amount for unit, amount in work.items() if isinstance(unit, Loss)}
    assert {unit.name for unit in losses} == {
        *("rotated_divergence", "similarity_divergence", "distance_relation", "angle_relation"),
        "channel_relation",
    }
    assert {(unit.student, unit.teacher, unit.batch, unit.turns) for unit in losses} == {
        (student, teacher, 128, 4)
    }
    assert set(losses.values()) == {150 * 8}
    assert {unit: amount for unit, amount in work.items() if unit not in losses} == {
        Pass(student, 512): pytest.approx(4 * 150 * (1000 + 2 / 3 * 7 * 128)),
        Look(student): 4 * 150 * 100 + 100 + 50,
        Look(teacher): 4 * 150 * (1000 + 100),
        View("ssd_kd"): 4 * 150 * 1000,
        Update(student): 150 * 8,
    }


def test_work_of_what_teachers_hand_over_by_hand(full):
    run = Run("ssd_kd", "as_published", "resnet50", 2, 0)
    teacher = network_of(full, *run.cell)
    assert work_of_targets(full, run, IMAGES) == {
        Look(teacher): 150 * 1000 + 100,
        View("ssd_kd"): 150 * 1000,
    }
    assert work_of_projection(full, run, IMAGES) == {
        Look(teacher): 60 * 4 * (1000 + 100),
        View("ssd_kd"): 60 * 4 * 1000,
    }


def test_training_images_are_predicted_where_everything_is_evaluated(full):
    run = Run("dsc", "as_published", "sgd_alone", 0, 0)
    looks = work_of_training(full, run, IMAGES)[Look(network_of(full, *run.cell))]
    assert looks == 100 * 100 + 1000 + 100 + 50


def test_hours_and_arithmetic_by_hand():
    network = Network("dsnet", (), 2)
    units = Counter({Pass(network, 4): 3000, Look(network): 1000, Update(network): 60})
    seconds = {Pass(network, 4): 0.5, Look(network): 0.1, Update(network): 2.0}
    assert forecast.hours_of(units, seconds) == pytest.approx((1500 + 100 + 120) / 3600)
    assert forecast.flop_of(units, {network: 10**9}) == 2 * (3 * 3000 + 1000) * 10**9


def test_a_stopwatch_times_each_unit_and_leaves_torch_as_it_was():
    student, teacher = Network("dsnet", (), 3), Network("resnet", (("depth", 10),), 3)
    units = [Look(teacher), Look(student), Pass(student, 8), Update(student), View("ssd_kd")]
    losses = {
        "angle_relation": {},
        "similarity_divergence": {"kept_share": 0.75, "temperature": 0.5},
        "rotated_divergence": {"kept_share": 1.0, "temperature": 4.0},
    }
    units += [Loss(name, tuple(given.items()), student, teacher, 4, 4) for name, given in losses.items()]
    # Its maps are as large as the student's.
    given = (("adapter", "linear"), ("normalisation", "printed"))
    units.append(Loss("channel_relation", given, student, student, 4, 1))
    watch = Stopwatch(Device("cpu", "float32"), size_px=32, steps=1)
    state, threads, grad = torch.get_rng_state(), torch.get_num_threads(), torch.is_grad_enabled()
    watch.time_all(units, say=lambda line: None)
    assert set(watch.seconds) == set(units)
    assert min(watch.seconds.values()) > 0
    assert torch.equal(torch.get_rng_state(), state)
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, grad)
    # 3×3 convolutions of 30², 13² and 4² positions, and the linear layer on 32 channels.
    macs = 30**2 * 27 * 128 + 13**2 * 9 * 128 * 64 + 4**2 * 9 * 64 * 32 + 32 * 16 * 3
    assert (watch.networks[student].macs, watch.networks[student].map_shape) == (macs, (32, 4, 4))


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The forecast of a tiny study, as it is on the disk."""
    folder = tmp_path_factory.mktemp("forecast")
    path = folder / "tiny.yaml"
    path.write_text(json.dumps(read_config(SMOKE, **TINY)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        written = forecast.main(path, steps=1)
        assert written.as_posix() == "results/smoke/forecast.json"
        return json.loads(written.read_text(encoding="utf-8"))


def test_the_record_says_what_it_rests_on(record):
    assert record["jobs"]["total"] == sum(n for rule, n in record["jobs"].items() if rule != "total")
    assert {"cpu", "cores", "accelerator"} <= set(record["hardware"])
    assert "torch" in record["versions"]
    assert record["images"] == {"isic_2019": {"images": 25331, "known_from": BY_CLASS}}
    assert record["splits"][0]["paper"] == "ssd_kd"
    assert record["rests_on"]
    assert record["left_out"]
    for network in record["measured"]["networks"]:
        assert network["macs"] > 0
        assert network["look_ms_per_picture"] > 0
    assert {loss["pictures"] for loss in record["measured"]["losses"]} == {4 * 32}


def test_the_parts_of_the_record_add_up(record):
    found = {(work["paper"], work["rule"]): work["jobs"] for work in record["work"]}
    assert found == {
        ("ssd_kd", "train"): 2,
        ("ssd_kd", "train_projection"): 1,
        ("dsnet", "train"): 2,
        ("dsnet", "cache_targets"): 1,
    }
    for what in ("hours", "flop"):
        assert min(work[what] for work in record["work"]) > 0
        assert record[what] == pytest.approx(sum(work[what] for work in record["work"]), abs=1e-5)


@pytest.fixture
def readme(tmp_path, monkeypatch, record):
    """A README beside which the full study is forecast, without measuring anything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(forecast, "forecast", lambda *_: record)
    return tmp_path / "README.md"


def test_the_readme_says_how_many_jobs_and_hours_and_keeps_its_other_words(readme, record):
    readme.write_text(f"before\n{forecast.BEGIN}\nold\n{forecast.END}\nafter\n", encoding="utf-8")
    assert forecast.main(FULL).as_posix() == "results/full/forecast.json"
    text = readme.read_text(encoding="utf-8")
    assert text == f"before\n{forecast.grid_block(record)}\nafter\n"
    assert f"{record['jobs']['total']:,} jobs" in text
    assert f"{record['hours']:,.0f} hours" in text
    assert record["hardware"]["cpu"] in text
    forecast.main(FULL)
    assert readme.read_text(encoding="utf-8") == text


def test_a_gpu_is_named_instead_of_the_cpu(record):
    hardware = {**record["hardware"], "accelerator": "NVIDIA A100"}
    block = forecast.grid_block({**record, "hardware": hardware})
    assert "On one NVIDIA A100, measured" in block
    assert hardware["cpu"] not in block


def test_a_readme_without_the_lines_is_named_and_kept(readme):
    readme.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"README.md: there is no '<!-- grid: make forecast -->'"):
        forecast.main(FULL)
    assert readme.read_text(encoding="utf-8") == "nothing\n"
    assert (readme.parent / "results/full/forecast.json").exists()


def test_the_committed_forecast_is_that_of_the_grid_and_stands_in_the_readme(full):
    committed = json.loads((ROOT / "results/full/forecast.json").read_text(encoding="utf-8"))
    jobs = count_jobs(full)
    assert committed["jobs"] == {"total": sum(jobs.values()), **jobs}
    assert forecast.grid_block(committed) in (ROOT / "README.md").read_text(encoding="utf-8")
