"""The whole road, run for real on a small synthetic archive."""

import json
import shutil
import zipfile

import pytest
from project import copy_project, jobs_of, snakemake

REPORT = "results/report"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project whose report is made."""
    project = copy_project(tmp_path_factory.mktemp("finished"))
    run = snakemake(project, "report")
    assert run.returncode == 0, run.stdout[-6000:]
    (project / "run.txt").write_text(run.stdout, encoding="utf-8")
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
    assert "51 of 51 jobs" in said


def test_every_arm_stands_in_the_results_under_both_protocols(finished):
    scores = results_of(finished)["scores"]
    found = {(score["paper"], score["protocol"], score["arm"]) for score in scores}
    arms = {"ssd_kd": ("resnet50", "mobilenet_v2", "blkd"), "dsnet": ("resnet50", "dsnet", "dsnet_t10")}
    assert found == {
        (paper, protocol, arm)
        for paper, names in arms.items()
        for protocol in ("as_published", "leak_free")
        for arm in names
    }


def test_every_cell_has_what_others_rely_on(finished):
    keys = {"paper", "table", "protocol", "arm", "class", "metric", "published", "reproduced"}
    keys |= {"low", "high", "n_seeds", "verdict", "reason"}
    cells = results_of(finished)["cells"]
    assert cells
    for cell in cells:
        assert set(cell) == keys
        assert cell["low"] <= cell["reproduced"] <= cell["high"]
        assert cell["verdict"] in ("untestable", "not published")
        assert cell["reason"]


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
    assert "SSD-KD: networks.resnet50.depth: 50 → 10" in statements
    page = (finished / REPORT / "report.html").read_text(encoding="utf-8")
    assert "training.epochs: 150 → 2" in page


def test_a_finished_run_has_nothing_left_to_do(finished):
    assert "Nothing to be done" in snakemake(finished, "-n", "report").stdout


def test_editing_one_loss_reruns_its_students_and_what_follows(finished):
    loss = finished / "workflow/lib/skinkd/losses/softened_divergence.py"
    before = loss.read_text(encoding="utf-8")
    loss.write_text(before + "\n# edited\n", encoding="utf-8")
    run = snakemake(finished, "-n", "report")
    loss.write_text(before, encoding="utf-8")
    following = {"predict": 2, "score": 2, "summarize": 1, "draw": 1, "render": 1, "report": 1}
    assert jobs_of(run.stdout) == {"train_student": 2} | following
    assert "students/ssd_kd/as_published/blkd" in run.stdout
    assert "students/ssd_kd/leak_free/blkd" in run.stdout
    assert "Nothing to be done" in snakemake(finished, "-n", "report").stdout


def test_one_ablation_runs_only_what_it_needs(fresh):
    run = snakemake(fresh, "-n", "results/scores/ssd_kd/leak_free/blkd.json")
    assert jobs_of(run.stdout) == {
        "draw_archive": 1,
        "ingest": 1,
        "split": 1,
        "train_teacher": 1,
        "cache_targets": 1,
        "train_student": 2,
        "predict": 2,
        "score": 1,
    }


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
    lists = "arms: {ssd_kd: [blkd], dsnet: [dsnet]}\nprotocols: [leak_free]\nresults: results\n"
    smoke = (project / "tests/config/smoke.yaml").read_text(encoding="utf-8")
    narrow.write_text(smoke + lists, encoding="utf-8")
    run = snakemake(project, "report", config=narrow)
    assert run.returncode == 0, run.stdout[-4000:]
    results = results_of(project)
    assert {score["arm"] for score in results["scores"]} == {"blkd", "dsnet"}
    teacher = [cell for cell in results["cells"] if (cell["paper"], cell["arm"]) == ("ssd_kd", "resnet50")]
    assert teacher
    assert {(cell["verdict"], cell["reproduced"]) for cell in teacher} == {("not run", None)}


def test_targets_of_another_protocol_are_refused(finished, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(finished, project, symlinks=True)
    targets = project / "results/targets/ssd_kd"
    name = "resnet50/fold2-seed0.safetensors"
    shutil.copyfile(targets / "as_published" / name, targets / "leak_free" / name)
    student = "results/students/ssd_kd/leak_free/blkd/fold2-seed0.safetensors"
    run = snakemake(project, student)
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
