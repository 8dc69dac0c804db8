"""The whole road, run for real on a small synthetic archive."""

import html
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from golden_losses import assert_golden
from isolation import nobody_offline
from project import ROOT, SMOKE, copy_project, jobs_of, runs_of, snakemake
from safetensors.torch import load_file
from training_examples import assert_equal_bits

from skinkd.atomic import digest_of
from skinkd.chain import check_chain
from skinkd.checkpoints import read_description
from skinkd.claims import Claim
from skinkd.config import read_config
from skinkd.errors import InputError
from skinkd.records import read_record
from skinkd.study import BASE, open_study

REPORT = "results/report"
PROVENANCE = f"{REPORT}/provenance.json"
CELL = ("paper", "protocol", "arm")
STUDY = open_study(read_config(BASE, SMOKE))


@pytest.fixture(scope="module")
def finished(smoke_run):
    """A project whose report is made."""
    return smoke_run[0]


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Another one: on one core instead of two, and nobody's, offline, where the machine can do that."""
    project = copy_project(tmp_path_factory.mktemp("again"))
    run = snakemake(project, "report", "--cores", "1", within=nobody_offline())
    assert run.returncode == 0, run.stdout[-6000:]
    return project


@pytest.fixture
def fresh(tmp_path):
    """A project in which nothing has run."""
    return copy_project(tmp_path)


def results_of(project):
    return json.loads((project / REPORT / "results.json").read_text(encoding="utf-8"))


def test_the_run_ends_with_the_report_and_says_where_it_is(finished):
    for name in ("report.html", "report.tex", "results.json", "tables/macros.tex"):
        assert (finished / REPORT / name).stat().st_size > 0
    said = (finished / "run.txt").read_text(encoding="utf-8")
    assert str(finished / REPORT / "report.html") in said
    jobs = sum(jobs_of(said).values())
    assert f"{jobs} of {jobs} jobs" in said


def test_the_study_of_these_tests_has_every_kind_of_arm():
    arms = {cell: STUDY.arm(*cell) for cell in STUDY.cells()}
    assert {arm.role for arm in arms.values()} == {"teacher", "student", "distilled"}
    assert {STUDY.teaches(*cell) for cell in arms} == {"", "cached", "online"}
    assert {len(arm.teachers) for arm in arms.values()} == {0, 1, 2}
    assert any(arm.control for arm in arms.values())
    assert any(
        arm.teachers and STUDY.arm(*cell[:2], arm.teachers[0]).role == "student" for cell, arm in arms.items()
    )
    assert any({"rotated_student", "teacher_projection"} <= STUDY.inputs(*cell) for cell in arms)
    assert any(STUDY.training(*cell)["sampler"]["order"] == "confident_first" for cell in arms)
    assert {protocol for _, protocol, _ in arms} == {"as_published", "as_coded", "leak_free"}
    assert {STUDY.config.sources[name].form for name in STUDY.sources()} == {
        "isic_challenge",
        "class_folders",
    }


def test_every_arm_that_runs_stands_in_the_results(finished):
    scores = results_of(finished)["scores"]
    found = [(score["paper"], score["protocol"], score["arm"]) for score in scores]
    assert sorted(found) == sorted(STUDY.cells())


def test_the_predictions_bear_out_that_leak_free_leaks_nothing_and_an_injected_leak_leaks(finished):
    audits = results_of(finished)["audits"]
    assert list(audits) == STUDY.config.papers
    shared = {protocol: [] for protocol in ("as_published", "as_coded", "leak_free", "leak_injected")}
    for paper, audit in audits.items():
        runs = [f for f in audit["predictions"] if f["protocol"] != "leak_injected"]
        ran = {(paper, f["protocol"], f["arm"]) for f in runs}
        assert ran == {cell for cell in STUDY.cells() if cell[0] == paper}
        for file in audit["predictions"]:
            assert file["image"] == 0
            shared[file["protocol"]].append(file["group"])
    assert max(shared["leak_free"]) == 0 < min(shared["leak_injected"])
    assert max(shared["as_published"]) > 0
    (injection,) = audits["ssd_kd"]["injections"]
    everyone = injection["reaches"][0]
    assert injection["images_injected"] >= injection["reaches"][1]["n_lesions"] > 0
    assert {record["metric"] for record in everyone["metrics"]} == {"accuracy", "balanced_accuracy", "auc"}
    for record in everyone["metrics"]:
        assert record["low"] <= record["value"] <= record["high"]


def networks_of(study):
    """Every network that a study trains: those of its arms, and of the teachers that the lists leave out."""
    cells = {*study.cells(), *study.injected_cells()}
    runs = [(*cell, *run) for cell in cells for run in study.runs(*cell[:2])]
    for paper, protocol, arm, fold, _ in runs:
        runs += [
            (paper, protocol, teacher, fold, study.config.teacher_seed)
            for teacher in study.arm(paper, protocol, arm).teachers
        ]
    return sorted(
        {f"{paper}/{protocol}/{arm}/fold{fold}-seed{seed}" for paper, protocol, arm, fold, seed in runs}
    )


def taught_by_cache(study):
    """The runs whose logits are stored for students."""
    return sorted(
        {
            f"{paper}/{protocol}/{teacher}/fold{fold}-seed{study.config.teacher_seed}"
            for paper, protocol, arm in study.cells()
            if study.teaches(paper, protocol, arm) == "cached"
            for teacher in study.arm(paper, protocol, arm).teachers
            for fold in study.paper(paper, protocol).folds
        }
    )


def test_every_network_is_trained_once_and_every_teacher_is_asked_once(finished):
    said = (finished / "run.txt").read_text(encoding="utf-8")
    assert sorted(runs_of(said, "train", "networks")) == networks_of(STUDY)
    assert sorted(runs_of(said, "cache_targets", "targets")) == taught_by_cache(STUDY)
    assert len(networks_of(STUDY)) > len(STUDY.cells())


def test_the_demo_trains_nothing_twice(fresh):
    """Here many arms of one paper share a teacher, and a teacher is an arm itself."""
    run = snakemake(fresh, "-n", "report", config=None)
    study = open_study(read_config(BASE))
    trained, asked = runs_of(run.stdout, "train", "networks"), runs_of(run.stdout, "cache_targets", "targets")
    assert sorted(trained) == networks_of(study)
    assert sorted(asked) == taught_by_cache(study)
    assert len(asked) * 5 < len(trained)


def test_the_full_study_lists_every_arm_of_every_paper_under_every_protocol_and_seed(full_plan):
    run = full_plan
    assert run.returncode == 0, run.stdout[-2000:]
    study = open_study(read_config(BASE, ROOT / "config/full.yaml"))
    trained = runs_of(run.stdout, "train", "networks")
    assert sorted(trained) == networks_of(study)
    assert jobs_of(run.stdout)["train"] == len(trained)
    assert jobs_of(run.stdout)["score"] == len(study.cells())
    assert len(study.config.seeds) == 3
    assert set(study.config.papers) == {path.stem for path in ROOT.glob("config/papers/*.yaml")}
    for (paper, protocol), resolved in study.papers.items():
        listed = study.arms(paper, protocol)
        assert len(trained) >= len(listed) * len(resolved.folds) * 3
        for arm in set(resolved.arms) - set(listed):
            assert is_run_elsewhere(study, paper, protocol, arm), (paper, protocol, arm)


def is_run_elsewhere(study, paper, protocol, arm):
    """Whether a run equals one that is listed: another arm's, or its own where a protocol changes nothing."""
    described = described_run(study, paper, protocol, arm)
    same_split = study.paper(paper, protocol).split == study.paper(paper, "as_published").split
    elsewhere = [("as_published", arm)] if same_split else []
    elsewhere += [(protocol, other) for other in study.arms(paper, protocol)]
    return any(described == described_run(study, paper, *place) for place in elsewhere)


def described_run(study, paper, protocol, arm):
    """Whatever a run depends on but its split; without a teacher, the hard loss is the loss."""
    about, training = study.arm(paper, protocol, arm), study.training(paper, protocol, arm)
    if not about.teachers and training["selection"] == "validation_hard_loss":
        training["selection"] = "validation_loss"
    return (
        study.network(paper, protocol, arm),
        [term.model_dump() for term in about.loss],
        training,
        [about.control, about.seed_offset],
        [described_run(study, paper, protocol, teacher) for teacher in about.teachers],
    )


def test_every_cell_has_what_others_rely_on(finished):
    keys = {"paper", "table", "protocol", "arm", "class", "metric", "published", "reproduced"}
    keys |= {"low", "high", "n_seeds", "verdict", "reason"}
    cells = results_of(finished)["cells"]
    assert {cell["paper"] for cell in cells} == set(STUDY.config.papers)
    for cell in cells:
        assert set(cell) >= keys
        assert cell["reason"]
    scored = [cell for cell in cells if cell["low"] is not None]
    assert scored
    for cell in scored:
        assert cell["low"] <= cell["reproduced"] <= cell["high"]
        assert cell["verdict"] in ("untestable", "not published")


def test_the_scores_are_those_of_the_predictions(finished):
    from sklearn.metrics import balanced_accuracy_score

    from skinkd.predictions import read_predictions

    for score in results_of(finished)["scores"]:
        run = score["runs"][0]
        place = f"{score['paper']}/{score['protocol']}/{score['arm']}"
        path = finished / f"results/predictions/{place}/fold{run['fold']}-seed{run['seed']}.csv"
        test = read_predictions(path).part("test")
        expected = balanced_accuracy_score(test.labels, test.logits.argmax(axis=1))
        found = next(m for m in score["metrics"] if (m["metric"], m["class"]) == ("balanced_accuracy", ""))
        assert found["value"] == pytest.approx(expected, abs=1e-6)


def test_no_lesion_is_on_both_sides_without_leaks_and_some_are_as_published(finished):
    leaks = {
        (split["paper"], split["protocol"]): split["leakage"]["test_images_sharing_a_lesion"]
        for split in results_of(finished)["splits"]
    }
    for paper in ("ssd_kd", "dsnet"):
        assert leaks[paper, "leak_free"] == 0
        assert leaks[paper, "as_published"] > 0


def test_what_was_scaled_down_is_said(finished):
    statements = results_of(finished)["study"]["statements"]
    assert "SSD-KD: training.epochs: 150 → 2" in statements
    assert "DSNet: training.epochs: 20 → 2" in statements
    assert "SSD-KD: networks.resnet50.depth: 50 → 10" in statements
    page = (finished / REPORT / "report.html").read_text(encoding="utf-8")
    assert "training.epochs: 150 → 2" in page


def test_one_core_and_two_give_the_same_bits(finished, again):
    """Whatever the order of the jobs, and whoever trained beside whom."""
    made = [
        path.relative_to(finished)
        for what in ("predictions", "histories", "networks")
        for path in sorted((finished / "results" / what).rglob("*.*"))
    ]
    assert len(made) == 3 * len(networks_of(STUDY))
    for path in made:
        if path.suffix == ".csv":
            assert (again / path).read_bytes() == (finished / path).read_bytes(), path
        else:
            assert_equal_bits(load_file(again / path), load_file(finished / path))


def test_the_whole_road_needs_no_network_and_no_root(again):
    """Once it is set up: in a folder with a space and an umlaut, without a capability."""
    if not nobody_offline():
        pytest.skip("this machine has no user namespaces: unshare --user --net does not work")
    assert (again / REPORT / "report.html").exists()


# What is measured anew in each run: times, and memory. Nothing else may differ.
MEASURED = {
    *("runtime_s", "cpu_s", "max_memory_mb"),
    *("training_runtime_s", "prediction_runtime_s", "inference_step_ms"),
    *("training_wh", "thousand_predictions_wh"),
}
JUDGED = {"value", "points", "shown", "reason", "verdict"}


def rests_on_times(record):
    """Whether it is a claim about times, or what one protocol says of it."""
    of, under = record.get("of"), record.get("under")
    is_timed = isinstance(of, dict) and of["metric"] in MEASURED
    return is_timed or (isinstance(under, list) and any(map(rests_on_times, under)))


def without_measurements(record):
    """A record without what is measured, and without the values of published times beside ours."""
    if isinstance(record, list):
        return [without_measurements(item) for item in record]
    if not isinstance(record, dict):
        return record
    kept = record.keys() - MEASURED
    # The header of a network says how long its training took.
    kept -= {"sha256"} if str(record.get("path")).endswith(".safetensors") else set()
    if record.get("metric") in MEASURED:
        kept &= {"paper", "table", "protocol", "arm", "class", "metric", "published", "verdict"}
    kept -= JUDGED if rests_on_times(record) else set()
    return {key: without_measurements(record[key]) for key in kept}


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_study_gives_the_same_report_byte_by_byte(finished, again):
    """But for what is measured: so the second's page is rendered from the first's measurements."""
    first, second = results_of(finished), results_of(again)
    assert without_measurements(first) == without_measurements(second)
    said = [json.loads((project / PROVENANCE).read_text(encoding="utf-8")) for project in (finished, again)]
    assert without_measurements(said[0]) == without_measurements(said[1])
    assert all(f'"{name}"' in json.dumps(first) for name in MEASURED)
    for name in ("results.json", "provenance.json"):
        shutil.copyfile(finished / REPORT / name, again / REPORT / name)
    run = snakemake(again, "report")
    assert run.returncode == 0, run.stdout[-4000:]
    assert jobs_of(run.stdout).keys() == {"draw", "render", "report"}
    made, expected = files_of(again / REPORT), files_of(finished / REPORT)
    assert made.keys() == expected.keys()
    assert [path for path in made if made[path] != expected[path]] == []


def test_the_losses_of_the_smoke_study_are_golden(finished):
    """Of each epoch of each network: whatever changes pictures, views or order changes them."""
    folder = finished / "results/histories"
    histories = {str(path.relative_to(folder).parent): pd.read_csv(path) for path in folder.rglob("*.csv")}
    assert len(histories) == len(networks_of(STUDY))
    found = {name: [*table["train_loss"]] for name, table in sorted(histories.items())}
    assert_golden("smoke", found, tolerance=0.1)


def test_an_orphan_of_a_killed_run_keeps_others_out_and_changes_nothing(finished, tmp_path, record_property):
    """Snakemake is killed while a training of its own is at work, and its next run meets that training."""
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    run, suffixes = "dsnet/leak_free/dsnet/fold0-seed0", {"networks": "safetensors"}
    kinds = ("networks", "histories", "predictions")
    files = [Path("results", kind, f"{run}.{suffixes.get(kind, 'csv')}") for kind in kinds]
    for file in files:
        (project / file).unlink()
    claim = Claim(project / f"results/unfinished/networks/{run}")
    orphan = orphan_of_a_killed_run(project, files[0], claim)
    snakemake(project, "--unlock")
    met = snakemake(project, str(files[0]))
    assert met.returncode != 0
    assert f"is being trained by pid {orphan} on " in met.stdout
    assert not any((project / file).exists() for file in files)
    os.kill(orphan, signal.SIGCONT)
    wait_for(lambda: claim.holder() is None)
    last = snakemake(project, *map(str, files))
    assert last.returncode == 0, last.stdout[-4000:]
    for file in files[1:]:
        assert (project / file).read_bytes() == (finished / file).read_bytes(), file
    assert_equal_bits(load_file(project / files[0]), load_file(finished / files[0]))
    record_property("kills", 1)
    record_property("resumed to equality", 1)


def orphan_of_a_killed_run(project, target, claim) -> int:
    """The process that trains, stopped, after the Snakemake that started it was killed."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", str(target), "--configfile", str(SMOKE)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(
        command, cwd=project, env=os.environ | {"SKINKD_STANDBY": "off"}, **quiet
    ) as snakemake_itself:
        wait_for(lambda: claim.holder() or snakemake_itself.poll() is not None)
        orphan = int(claim.holder().split()[1])
        os.kill(orphan, signal.SIGSTOP)
        snakemake_itself.kill()
    assert claim.holder(), "it ended before Snakemake was killed"
    return orphan


def wait_for(condition, seconds=300):
    """Wait until a condition holds."""
    ends_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_s
        time.sleep(0.005)


def test_a_finished_run_has_nothing_left_to_do(finished):
    assert "Nothing to be done" in snakemake(finished, "-n", "report").stdout


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Confusion matrices of the teacher and of KL,", "title: Confusion matrices,"),
        ("# ASSUME:", "# So:"),
    ],
    ids=["title", "assumption"],
)
def test_what_a_paper_s_file_says_reaches_the_report_and_trains_nothing(finished, old, new):
    path = finished / "config/papers/davidi_park.yaml"
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    run = snakemake(finished, "-n", "report")
    path.write_text(before, encoding="utf-8")
    assert jobs_of(run.stdout).keys() == {"summarize", "draw", "render", "report"}


def test_a_touched_file_of_the_same_content_reruns_nothing(finished):
    places = ("archive/demo/images.zip", "ingest/demo/images.npy", "split/dsnet/leak_free/fold0.csv")
    for place in places:
        (finished / "results" / place).touch()
    assert "Nothing to be done" in snakemake(finished, "-n", "report").stdout


def test_snakemakes_own_report_needs_no_network_and_has_captions(finished, tmp_path):
    path = tmp_path / "snakemake.html"
    run = snakemake(finished, "--report", str(path))
    assert run.returncode == 0, run.stdout[-3000:]
    page = path.read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=.?http", page)
    assert "every published value beside the reproduced one" in page
    assert all(f'"{category}"' in page for category in ("Report", "Figures", "Scores"))


def test_every_score_on_the_page_leads_to_the_files_that_made_it(finished):
    """From a cell of the page to its entry in results.json, to its files, and from their predictions back."""
    from sklearn.metrics import balanced_accuracy_score

    from skinkd.atomic import digest_of
    from skinkd.predictions import read_predictions

    page = (finished / REPORT / "report.html").read_text(encoding="utf-8")
    shown = re.findall(r'data-value="([^"]+)" data-low="([^"]+)" data-high="([^"]+)"', page)
    provenance = json.loads((finished / REPORT / "provenance.json").read_text(encoding="utf-8"))
    led = 0
    for score in results_of(finished)["scores"]:
        [found] = [m for m in score["metrics"] if (m["metric"], m["class"]) == ("balanced_accuracy", "")]
        assert tuple(str(found[key]) for key in ("value", "low", "high")) in shown
        runs = [run for run in provenance["runs"] if all(run[key] == score[key] for key in CELL)]
        assert [{key: run[key] for key in ("fold", "seed")} for run in runs] == score["runs"]
        again = []
        for run in runs:
            for file in run["files"].values():
                assert digest_of(finished / file["path"]) == file["sha256"]
                assert file["path"].startswith("results/")
            test = read_predictions(finished / run["files"]["predictions"]["path"]).part("test")
            again.append(balanced_accuracy_score(test.labels, test.logits.argmax(axis=1)))
        assert found["value"] == pytest.approx(sum(again) / len(again), abs=1e-6)
        for run in runs:
            assert run["files"]["predictions"]["sha256"] in page
        led += 1
    assert led == len(STUDY.cells())


def test_the_provenance_names_code_config_data_seeds_machine_and_cost(finished):
    made = json.loads((finished / REPORT / "provenance.json").read_text(encoding="utf-8"))
    results = results_of(finished)
    assert {key: made[key] for key in results["provenance"] if key != "diff"} == {
        key: value for key, value in results["provenance"].items() if key != "diff"
    }
    lines = [made[f"{name}_sha256"] for name in ("config", "source", "lock")]
    assert all(re.fullmatch("[0-9a-f]{64}", line) for line in lines)
    assert made["seeds"]["seeds"] == made["config"]["seeds"] == STUDY.config.seeds
    assert set(made["data"]) == set(STUDY.sources())
    for name, digests in made["data"].items():
        manifest = json.loads((finished / f"results/ingest/{name}/manifest.json").read_text(encoding="utf-8"))
        assert digests == {key: value for key, value in manifest.items() if key.endswith("_sha256")} != {}
    assert {"train", "score", "ingest"} <= {entry["rule"] for entry in made["cost"]}
    assert made["cost"] == results["cost"]
    for score in made["scores"]:
        assert (finished / score["path"]).exists()
    for run in made["runs"]:
        assert run["hardware"]["cores"] >= 1
        assert run["precision"] in ("float32", "bfloat16")
        assert run["deterministic"] in (True, False)


def test_what_did_end_is_reported_where_an_arm_failed(finished, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    narrow = project / "narrow.yaml"
    narrow.write_text(
        "papers: [ssd_kd]\nprotocols: [as_published]\n"
        "arms: {ssd_kd: {as_published: [mobilenet_v2, multi_teacher]}}\n",
        encoding="utf-8",
    )
    loss = project / "workflow/lib/skinkd/losses/multi_teacher_divergence.py"
    failing = "\n\nimport os\n\nraise RuntimeError('<broken> {0}=' + os.environ['{0}'])\n"
    loss.write_text(loss.read_text(encoding="utf-8") + failing.format("DVC_NO_ANALYTICS"), encoding="utf-8")
    strict = snakemake(project, "report", "--keep-going", config=(SMOKE, narrow))
    assert strict.returncode != 0
    [command] = re.findall(r"^A report of what did end: (.*)$", strict.stdout, flags=re.MULTILINE)
    words = shlex.split(command)
    assert words[:4] == ["snakemake", "--cores", "all", "partial_report"]
    assert words[4] == "--configfile"
    run = snakemake(project, "partial_report", config=tuple(words[5:]))
    assert run.returncode == 0, run.stdout[-3000:]
    assert not {"train", "score"} & jobs_of(run.stdout).keys()
    results = json.loads((project / "results/report-partial/results.json").read_text(encoding="utf-8"))
    assert [score["arm"] for score in results["scores"]] == ["mobilenet_v2"]
    [missing] = results["missing"]
    reason = missing["reason"]
    assert (missing["arm"], missing["protocol"]) == ("multi_teacher", "as_published")
    # No job of the study tells anybody that it runs.
    assert reason.startswith("failed: RuntimeError: <broken> DVC_NO_ANALYTICS=1 (results/logs/train/ssd_kd/")
    page = (project / "results/report-partial/report.html").read_text(encoding="utf-8")
    assert "This report is a part: 1 arm did not end." in page
    assert 'class="num missing">failed<sup>' in page
    assert html.escape(reason) in page
    assert "<broken>" not in page
    again = snakemake(project, "-n", "report", config=(SMOKE, narrow))
    assert "train" in jobs_of(again.stdout), "the complete report is still to be made"


@pytest.mark.parametrize("loss", ["softened_divergence", "rotated_divergence", "multi_teacher_divergence"])
def test_editing_one_loss_reruns_its_arms_and_what_follows(finished, loss):
    path = finished / f"workflow/lib/skinkd/losses/{loss}.py"
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "\n# edited\n", encoding="utf-8")
    run = snakemake(finished, "-n", "report")
    path.write_text(before, encoding="utf-8")
    using = sorted(cell for cell in STUDY.cells() if loss in {term.name for term in STUDY.arm(*cell).loss})
    trained = sorted(tuple(place.split("/")[:3]) for place in runs_of(run.stdout, "train", "networks"))
    assert trained == using != []
    assert runs_of(run.stdout, "cache_targets", "targets") == []
    assert jobs_of(run.stdout)["score"] == len(using)
    assert {"split", "ingest", "train_projection"} & jobs_of(run.stdout).keys() == set()
    assert {"summarize", "draw", "render", "report"} <= jobs_of(run.stdout).keys()
    assert "Nothing to be done" in snakemake(finished, "-n", "report").stdout


@pytest.mark.parametrize(
    ("target", "jobs"),
    [
        # Its baseline is no arm of this study, and so is nothing that it needs.
        ("davidi_park/as_published/kl_a01", {"train": 2, "cache_targets": 1}),
        ("ssd_kd/as_published/blkd", {"train": 3, "cache_targets": 1}),
        # It sees the teacher's maps in each batch: nothing of the teacher is stored.
        ("ssd_kd/as_published/d_kd", {"train": 3}),
        ("ssd_kd/as_published/sskd", {"train": 3, "train_projection": 1}),
        ("ssd_kd/as_published/multi_teacher", {"train": 4, "cache_targets": 2}),
        ("dsnet/leak_free/dsnet", {"train": 1}),
    ],
)
def test_one_ablation_runs_only_what_it_needs(fresh, target, jobs):
    run = snakemake(fresh, "-n", f"results/scores/{target}.json")
    checked = {"draw_archive": 1, "ingest": 1, "split": 1, "validate_split": 1}
    assert jobs_of(run.stdout) == checked | {"score": 1} | jobs


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("networks/ssd_kd/leak_free/blkd/fold3-seed0.safetensors", "unknown fold '3'; Known: 2"),
        ("predictions/dsnet/leak_free/dsnet/fold1-seed0.csv", "unknown fold '1'; Known: 0"),
        ("split/dsnet/leak_free/fold00.csv", "unknown fold '00'; did you mean '0'?"),
        ("targets/dsnet/leak_free/resnet50/fold2-seed0.safetensors", "unknown fold '2'; Known: 0"),
        ("scores/davidi_park/as_coded/kl_a01.json", "unknown protocol 'as_coded'; Known: as_published"),
    ],
)
def test_a_target_outside_the_study_is_explained(fresh, place, message):
    run = snakemake(fresh, "-n", f"results/{place}")
    assert run.returncode != 0
    assert message in " ".join(run.stdout.split())


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("ssd_kd/leakfree/blkd", "unknown protocol 'leakfree'; did you mean 'leak_free'?"),
        ("ssd_kd/leak_free/blkdd", "unknown arm 'blkdd'; did you mean 'blkd'?"),
        ("ssdkd/leak_free/blkd", "unknown paper 'ssdkd'; did you mean 'ssd_kd'?"),
    ],
)
def test_a_misspelt_target_is_explained(fresh, place, message):
    run = snakemake(fresh, "-n", f"results/scores/{place}.json")
    assert run.returncode != 0
    assert message in " ".join(run.stdout.split())


def records_of(project):
    """What the job that writes results.json compares."""
    places = {
        "manifests": ("ingest/*/manifest.json", read_record),
        "splits": ("split/**/*.json", read_record),
        "networks": ("networks/**/*.safetensors", read_description),
        "scores": ("scores/**/*.json", read_record),
    }
    found = {
        name: {path: read(path) for path in sorted(project.glob(f"results/{place}"))}
        for name, (place, read) in places.items()
    }
    for name in ("predictions", "histories"):
        found[name] = sorted(project.glob(f"results/{name}/**/*.csv"))
    return found


def test_a_finished_run_is_one_chain(finished):
    records = records_of(finished)
    assert all(records.values())
    check_chain(STUDY, **records)


LINKS = [
    ("manifests", "demo/", {"size_px": 64}, "made by another config: size_px 64, asked for 32"),
    ("splits", "dsnet/leak_free", {"images_sha256": "ab" * 32}, "its images is abababababab…, that of "),
    ("splits", "dsnet/leak_free", {"table_sha256": "ab" * 32}, "its table is abababababab…, that of "),
    ("splits", "dsnet/leak_free", {"rule": {"name": "x"}}, 'name "x", asked for "dsnet_lesion"'),
    ("networks", "dsnet/leak_free", {"split": "ab" * 32}, "its split is abababababab…, that of "),
    (
        "networks",
        "dsnet/leak_free",
        {"arm": "resnet50"},
        "it holds the run dsnet/leak_free/resnet50/fold0-seed0",
    ),
    (
        "networks",
        "dsnet/as_published/dsnet_t10",
        {"teachers": ["ab"]},
        "its teacher resnet50 is ab, that of ",
    ),
    (
        "networks",
        "dsnet/leak_free",
        {"predictions": "ab" * 32},
        "predictions/dsnet/leak_free/dsnet/fold0-seed0.csv",
    ),
    (
        "networks",
        "dsnet/leak_free",
        {"history": "ab" * 32},
        "histories/dsnet/leak_free/dsnet/fold0-seed0.csv",
    ),
    ("scores", "dsnet/leak_free", {"resamples": 5}, "made by another config: resamples 5, asked for 100"),
    ("scores", "dsnet/leak_free", {"resampling_seed": 5}, "made by another config: seed 5, asked for "),
]


@pytest.mark.parametrize(("kind", "place", "change", "complaint"), LINKS)
def test_the_first_file_that_does_not_belong_is_named(kind, place, change, complaint, finished):
    records = records_of(finished)
    path = next(path for path in records[kind] if f"/{place}" in str(path))
    records[kind][path] |= change
    with pytest.raises(InputError) as error:
        check_chain(STUDY, **records)
    assert str(error.value).startswith(f"ERROR chain: {finished}")
    assert complaint in str(error.value)
    if complaint.startswith(("made", "its", "it ")):
        assert str(error.value).startswith(f"ERROR chain: {path}: ")


@pytest.mark.parametrize("key", ["split", "weights", "predictions"])
@pytest.mark.parametrize("side", ["runs", "baseline"])
def test_scores_of_another_run_are_named(side, key, finished):
    records = records_of(finished)
    path, score = next((path, score) for path, score in records["scores"].items() if score["baseline"])
    score["made_from"][side][0][key] = "ab"
    arm = score["baseline"] if side == "baseline" else score["arm"]
    with pytest.raises(InputError, match=re.escape(f"{path}: its {key} of {arm} is ab, that of {finished}")):
        check_chain(STUDY, **records)


def test_without_the_records_of_snakemake_an_old_run_is_not_taken_for_a_new_one(smoke_run, tmp_path):
    project = tmp_path / "copy"
    # Without its records Snakemake goes by dates, and other tests write in the project itself.
    shutil.copytree(smoke_run[1], project, symlinks=True)
    shutil.rmtree(project / ".snakemake")
    assert "Nothing to be done" in snakemake(project, "-n", "report").stdout
    before = {path: digest_of(path) for path in project.glob("results/networks/**/*.*")}
    other = project / "other.yaml"
    other.write_text("changes: {smoke: {dsnet: {training: {epochs: 3}}}}\n", encoding="utf-8")
    run = snakemake(project, "report", config=(SMOKE, other))
    assert run.returncode != 0
    stale = "results/networks/dsnet/as_published/dsnet_t10/fold0-seed0.safetensors"
    assert (
        f"ERROR chain: {stale}: it was made by another config: training.epochs 2, asked for 3" in run.stdout
    )
    assert {path: digest_of(path) for path in before} == before
    assert not (project / REPORT / "results.json").exists()


def test_another_target_does_not_claim_a_report(finished, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    (project / "results/scores/dsnet/leak_free/dsnet.json").unlink()
    run = snakemake(project, "results/scores/dsnet/leak_free/dsnet.json")
    assert run.returncode == 0, run.stdout[-2000:]
    assert "The report is" not in run.stdout


def test_a_study_that_leaves_the_teacher_out_says_so(finished, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    narrow = project / "narrow.yaml"
    narrow.write_text("papers: [dsnet]\narms: {dsnet: {as_published: [dsnet_t10]}}\n", encoding="utf-8")
    run = snakemake(project, "report", config=(SMOKE, narrow))
    assert run.returncode == 0, run.stdout[-4000:]
    results = results_of(project)
    assert {score["arm"] for score in results["scores"]} == {"dsnet_t10", "dsnet"}
    assert "train" not in jobs_of(run.stdout)
    teacher = [cell for cell in results["cells"] if cell["arm"] == "resnet50"]
    assert teacher
    assert {(cell["verdict"], cell["reproduced"]) for cell in teacher} == {("not run", None)}


def test_what_is_found_wrong_is_said_before_it_is_trained_on(finished, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    overlay = project / "batch.yaml"
    arms = "{shuffled_teacher: {training: {batch_size: 5000}}}"
    overlay.write_text(f"changes: {{smoke: {{davidi_park: {{arms: {arms}}}}}}}\n", encoding="utf-8")
    split = project / "results/split/dsnet/leak_free/fold0.csv"
    split.write_text(split.read_text(encoding="utf-8").replace(",test\n", ",train\n", 1), encoding="utf-8")
    config = (SMOKE, overlay)
    for target in ("validate", "results/networks/dsnet/leak_free/dsnet/fold0-seed0.safetensors"):
        said = snakemake(project, target, config=config).stdout
        errors = [line for line in said.splitlines() if line.startswith("ERROR ")]
        assert errors[0].startswith(
            "ERROR split: dsnet leak_free fold 0: results/split/dsnet/leak_free/fold0.csv: "
        )
        assert "the summary beside it says" in errors[0]
        assert len(errors) == (2 if target == "validate" else 1)
        if target == "validate":
            assert "batch_size 5000 of shuffled_teacher is more than its " in errors[1]
            assert "train" not in jobs_of(said)


def test_a_look_at_the_study_trains_nothing_again(finished, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    assert jobs_of(snakemake(project, "validate").stdout) == {"validate": 1}
    assert "Nothing to be done" in snakemake(project, "-n", "report").stdout


def test_targets_of_another_protocol_are_refused(finished, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    targets = project / "results/targets/dsnet"
    name = "resnet50/fold0-seed0.safetensors"
    shutil.copyfile(targets / "as_published" / name, targets / "as_coded" / name)
    run = snakemake(project, "results/networks/dsnet/as_coded/dsnet_t10/fold0-seed0.safetensors")
    assert run.returncode != 0
    assert "ERROR targets" in run.stdout
    assert "does not belong to this run: " in run.stdout


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("temperature: 5.0", "temperature: 0", "temperature: input should be greater than 0 (got 0)"),
        ("temperature: 5.0", "temprature: 5.0", "unknown key 'temprature'; did you mean 'temperature'?"),
        (
            "name: mobilenet_v2",
            "name: mobilnet_v2",
            "unknown network 'mobilnet_v2'; did you mean 'mobilenet_v2'?",
        ),
        ("name: softened_divergence", "name: divergence", "unknown loss 'divergence'"),
        ("  fitnet:\n    like: blkd", "  fitnet:\n    like: blk", "unknown arm 'blk'; did you mean 'blkd'?"),
        ("epochs: 150", "epochs: 0", "training.epochs: Input should be greater than or equal to 1 (got 0)"),
        ("label: BLKD", "label: BLKD\n    label: again", "the key 'label' stands twice"),
    ],
)
def test_a_wrong_paper_file_stops_before_anything_runs(fresh, old, new, message):
    paper = fresh / "config/papers/ssd_kd.yaml"
    text = paper.read_text(encoding="utf-8")
    assert old in text
    paper.write_text(text.replace(old, new), encoding="utf-8")
    run = snakemake(fresh, "-n", "report", config=None)
    assert run.returncode != 0
    assert message in " ".join(run.stdout.split())
    assert "Traceback" not in run.stdout
    assert not (fresh / "results").exists()


def overlay_for_mirror(project, mirror):
    """A config that takes the archive from a folder."""
    path = project / "mirror.yaml"
    path.write_text(
        f"""
study: {{name: mirror}}
sources: {{isic_2019: {{mirror: "{mirror}", files: {{images: {{size_bytes: null}},
  ground_truth: {{size_bytes: null}}, metadata: {{size_bytes: null}}}}}}}}
size_px: 32
""",
        encoding="utf-8",
    )
    return path


def archive_in(folder, finished):
    """The synthetic archive under the names of the official one."""
    source = finished / "results/archive/demo"
    names = {"images.zip": "Input.zip", "ground_truth.csv": "GroundTruth.csv", "metadata.csv": "Metadata.csv"}
    folder.mkdir()
    for name, official in names.items():
        shutil.copyfile(source / name, folder / f"ISIC_2019_Training_{official}")
    return folder


def truncate_zip(folder):
    path = folder / "ISIC_2019_Training_Input.zip"
    path.write_bytes(path.read_bytes()[:-5000])


def truncate_picture(folder):
    path = folder / "ISIC_2019_Training_Input.zip"
    with zipfile.ZipFile(path) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    first = next(iter(members))
    members[first] = members[first][: len(members[first]) // 2]
    with zipfile.ZipFile(path, "w") as damaged:
        for name, content in members.items():
            damaged.writestr(name, content)


def add_row(folder, table, row):
    with open(folder / f"ISIC_2019_Training_{table}.csv", "a", encoding="utf-8") as file:
        file.write(row)


def orphan_row(folder):
    add_row(folder, "GroundTruth", "ISIC_9999999,1.0" + ",0.0" * 8 + "\n")
    add_row(folder, "Metadata", "ISIC_9999999,50,,,male\n")


def unknown_class(folder):
    path = folder / "ISIC_2019_Training_GroundTruth.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",SCC,", ",WART,", 1), encoding="utf-8")


def two_labels(folder):
    lines = (folder / "ISIC_2019_Training_GroundTruth.csv").read_text(encoding="utf-8").splitlines()
    image, *values = lines[1].split(",")
    other = values[1:-1] + values[:1] + values[-1:]
    add_row(folder, "GroundTruth", ",".join([image, *other]) + "\n")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate_zip, "zip"),
        (truncate_picture, "truncated"),
        (orphan_row, "ISIC_9999999"),
        (unknown_class, "WART"),
        (two_labels, "label"),
    ],
)
def test_a_damaged_archive_gives_one_clear_error(finished, fresh, tmp_path, damage, message):
    mirror = archive_in(tmp_path / "mirror", finished)
    damage(mirror)
    config = overlay_for_mirror(fresh, mirror)
    run = snakemake(fresh, "results/ingest/isic_2019/images.npy", config=config)
    assert run.returncode != 0
    errors = [line for line in run.stdout.splitlines() if line.startswith("ERROR ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "Fix: " in errors[0]
    assert not (fresh / "results/ingest/isic_2019/images.npy").exists()


@pytest.mark.parametrize(
    ("path", "message"),
    [("null", "path is not set"), ('"nowhere"', "nowhere")],
    ids=["no path", "a wrong path"],
)
def test_a_set_behind_a_login_says_where_it_is_and_what_to_do(fresh, path, message):
    overlay = fresh / "folders.yaml"
    overlay.write_text(f"sources: {{kaggle_nine: {{path: {path}}}}}\n", encoding="utf-8")
    run = snakemake(fresh, "results/archive/kaggle_nine/images.zip", config=overlay)
    assert run.returncode != 0
    (error,) = [line for line in run.stdout.splitlines() if line.startswith("ERROR ")]
    assert "sources.kaggle_nine.path" in error
    assert "Fix: get the zip from https://www.kaggle.com/" in error
    assert message in error


@pytest.mark.parametrize("packed", [True, False], ids=["a zip", "a folder"])
def test_a_set_that_somebody_fetched_is_read(finished, fresh, tmp_path, packed):
    path = finished / "results/archive/demo_folders/images.zip"
    if not packed:
        with zipfile.ZipFile(path) as file:
            file.extractall(tmp_path / "unpacked set")
        path = tmp_path / "unpacked set"
    overlay = fresh / "folders.yaml"
    text = f'size_px: 32\nsources: {{kaggle_nine: {{path: "{path}", lesions_from: null}}}}\n'
    overlay.write_text(text, encoding="utf-8")
    run = snakemake(fresh, "results/ingest/kaggle_nine/images.csv", config=overlay)
    assert run.returncode == 0, run.stdout[-3000:]
    manifest = json.loads((fresh / "results/ingest/kaggle_nine/manifest.json").read_text(encoding="utf-8"))
    drawn = json.loads((finished / "results/ingest/demo_folders/manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["classes"]) == set(drawn["classes"])
