"""The whole road, run for real on a small synthetic archive."""

import json
import shutil
import zipfile

import pytest
from project import ROOT, SMOKE, copy_project, jobs_of, runs_of, snakemake
from safetensors.torch import load_file
from training_examples import assert_equal_bits

from skinkd.config import read_config
from skinkd.study import BASE, open_study

REPORT = "results/report"
STUDY = open_study(read_config(BASE, SMOKE))


@pytest.fixture(scope="module")
def finished(smoke_run):
    """A project whose report is made."""
    return smoke_run[0]


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


def networks_of(study):
    """Every network that a study trains: those of its arms, and of the teachers that the lists leave out."""
    runs = [(*cell, *run) for cell in study.cells() for run in study.runs(*cell[:2])]
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


def test_the_full_study_lists_every_arm_of_every_paper_under_every_protocol_and_seed(fresh):
    run = snakemake(fresh, "-n", "report", config="config/full.yaml")
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


def test_one_core_and_two_give_the_same_bits(finished, fresh):
    """Whatever the order of the jobs, and whoever trained beside whom."""
    made = [
        path.relative_to(finished)
        for what in ("predictions", "histories", "networks")
        for path in sorted((finished / "results" / what / "ssd_kd").rglob("*.*"))
    ]
    run = snakemake(fresh, *map(str, made), "--cores", "1")
    assert run.returncode == 0, run.stdout[-4000:]
    assert len(made) >= 3 * len({path.parent for path in made if "networks" in path.parts})
    for path in made:
        if path.suffix == ".csv":
            assert (fresh / path).read_bytes() == (finished / path).read_bytes(), path
        else:
            assert_equal_bits(load_file(fresh / path), load_file(finished / path))


def test_a_finished_run_has_nothing_left_to_do(finished):
    assert "Nothing to be done" in snakemake(finished, "-n", "report").stdout


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
    assert jobs_of(run.stdout) == {"draw_archive": 1, "ingest": 1, "split": 1, "score": 1} | jobs


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
