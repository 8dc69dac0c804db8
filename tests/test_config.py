"""A config means what it looks like, and whatever is wrong with it is said before anything runs."""

import re
from copy import deepcopy
from pathlib import Path

import pytest

from skinkd import strict_yaml
from skinkd.config import PROTOCOLS, check_config, check_paper, read_config
from skinkd.errors import InputError
from skinkd.signatures import did_you_mean, keywords_of, names_in, needs_teacher, problems_of
from skinkd.sources import imports_of
from skinkd.study import BASE, PAPERS, describe_loss, describe_network, describe_scale, open_study

ROOT = Path(__file__).resolve().parents[1]
OVERLAYS = sorted({*ROOT.glob("config/*.yaml"), *ROOT.glob("tests/config/*.yaml")} - {BASE})
NAMES = sorted(path.stem for path in PAPERS.glob("*.yaml"))


def load_text(tmp_path, text):
    path = tmp_path / "some.yaml"
    path.write_text(text, encoding="utf-8")
    return strict_yaml.load(path)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1e-4", 0.0001),
        ("1E4", 10000.0),
        ("1.5e+3", 1500.0),
        (".5", 0.5),
        ("-2.", -2.0),
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("089", 89),
        ("on", "on"),
        ("off", "off"),
        ("no", "no"),
        ("yes", "yes"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("22:30", "22:30"),
        ("2026-01-02", "2026-01-02"),
        ("0x10", "0x10"),
        ("1e", "1e"),
        ("e4", "e4"),
        (".", "."),
        ("'5'", "5"),
    ],
)
def test_a_value_is_what_it_looks_like(written, expected, tmp_path):
    found = load_text(tmp_path, f"key: {written}\n")["key"]
    assert found == expected
    assert type(found) is type(expected)


def test_words_that_plain_yaml_takes_for_switches_are_keys(tmp_path):
    assert load_text(tmp_path, "on: 1\nno: 2\ny: 3\n") == {"on": 1, "no": 2, "y": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice, in lines 1 and 3"),
        ("x:\n  a: 1\n  a: 1\n", "the key 'a' stands twice, in lines 2 and 3"),
        ("x: {a: 1, a: 2}\n", "the key 'a' stands twice, in lines 1 and 1"),
        ("x: .nan\n", ".nan in line 1 is not a number"),
        ("x: [1, -.inf]\n", "-.inf in line 1 is not a number"),
        ("x: 1e400\n", "1e400 in line 1 is not a number"),
        ("x: !!float half\n", "could not convert"),
        ("1: x\n", "the key 1 in line 1 is not a word"),
        ("true: x\n", "the key True in line 1 is not a word"),
        ("? [a]\n: x\n", "is not a word"),
        ("x: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
        ("x: [1, 2\n", "line 2"),
        ("x: 1\n\ty: 2\n", "line 2"),
        ("- a\n- b\n", "is not a mapping"),
        ("", "is not a mapping"),
    ],
)
def test_what_is_not_certain_is_refused(text, message, tmp_path):
    with pytest.raises(InputError) as error:
        load_text(tmp_path, text)
    assert message in str(error.value)
    assert "some.yaml" in str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    path = tmp_path / "some.yaml"
    for place in (path, tmp_path):
        with pytest.raises(InputError, match="there is no file"):
            strict_yaml.load(place)
    path.write_bytes("title: Münster".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8 at byte 8"):
        strict_yaml.load(path)


def test_mappings_merge_and_everything_else_is_replaced():
    base = {"a": {"b": 1, "c": [1, 2]}, "d": 3, "e": {"f": 4}}
    before = deepcopy(base)
    merged = strict_yaml.merge(base, {"a": {"c": [9], "g": 5}, "d": {"h": 6}, "e": None})
    assert merged == {"a": {"b": 1, "c": [9], "g": 5}, "d": {"h": 6}, "e": None}
    assert base == before
    assert strict_yaml.merge(base, {}) == base
    assert strict_yaml.merge({}, base) == base


def test_later_files_and_then_values_lie_on_top(tmp_path):
    for name, text in (("one", "a: 1\nb: {c: 1, d: 1}\n"), ("two", "b: {c: 2}\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_config(tmp_path / "one", tmp_path / "two", b={"d": 3}) == {"a": 1, "b": {"c": 2, "d": 3}}


def base_config():
    """The values of the base config."""
    return strict_yaml.load(BASE)


def paper_values(name="ssd_kd"):
    """The values of a paper's file, without its protocols."""
    values = strict_yaml.load(PAPERS / f"{name}.yaml")
    del values["protocols"]
    return values


def put(values, place, value):
    """Set the entry at a dotted place; numbers are indices of lists."""
    *folders, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    for part in folders:
        values = values[part]
    if value is DELETED:
        del values[last]
    else:
        values[last] = value


DELETED = object()
NAN = float("nan")


def test_the_files_as_they_are_pass():
    check_config(base_config())
    for name in NAMES:
        check_paper(paper_values(name), name, "as_published")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("reslts", "x", "unknown key 'reslts' at reslts (did you mean 'results'?"),
        ("study.titel", "x", "unknown key 'titel' at study.titel (did you mean 'title'?"),
        ("device.thread", 1, "unknown key 'thread' at device.thread (did you mean 'threads'?"),
        ("statistics.resample", 1, "(did you mean 'resamples'?"),
        ("weights.resnet50_imagenet.url", [], "(did you mean 'urls'?"),
        ("sources.demo.image", 1, "(did you mean 'images'?"),
        ("sources.isic_2019.mirrors", "x", "(did you mean 'mirror'?"),
        ("sources.isic_2019.files.image", {}, "(did you mean 'images'?"),
        ("sources.isic_2019.files.images.sha", "x", "(did you mean 'sha256'?"),
        ("results", DELETED, "results is missing"),
        ("device.threads", DELETED, "device.threads is missing"),
        ("sources.demo.kind", "synthetik", "sources.demo: Input tag 'synthetik'"),
        ("seeds", [0, 1, 0], "seeds: repeats an entry: one run would count as two (got [0, 1, 0])"),
        ("papers", ["dsnet", "dsnet"], "papers: repeats an entry"),
        ("protocols", ["leak_free", "leak_free"], "protocols: repeats an entry"),
        ("arms.ssd_kd", ["blkd", "blkd"], "arms.ssd_kd: repeats an entry"),
        ("seeds", [], "seeds: List should have at least 1 item"),
        ("seeds", [-1], "seeds.0: Input should be greater than or equal to 0 (got -1)"),
        ("seeds", [0.5], "seeds.0: Input should be a valid integer (got 0.5)"),
        ("seeds", [True], "seeds.0: Input should be a valid integer (got True)"),
        ("seeds", 3, "seeds: Input should be a valid list (got 3)"),
        ("papers", [], "papers: List should have at least 1 item"),
        ("protocols", ["leakfree"], "protocols.0: Input should be 'as_published' or 'leak_free'"),
        ("size_px", 0, "size_px: Input should be greater than or equal to 1 (got 0)"),
        ("device.name", "gpu", "device.name: Input should be 'auto', 'cpu' or 'cuda' (got 'gpu')"),
        ("device.precision", "half", "device.precision: Input should be"),
        (
            "statistics.confidence",
            95,
            "statistics.confidence: Input should be less than or equal to 1 (got 95)",
        ),
        ("statistics.confidence", -0.1, "statistics.confidence: Input should be greater than or equal to 0"),
        ("statistics.confidence", NAN, "statistics.confidence: Input should be a finite number"),
        ("statistics.resamples", 0, "statistics.resamples: Input should be greater than or equal to 1"),
        ("study.scale", "big", "study.scale: Input should be 'smoke', 'scaled' or 'full' (got 'big')"),
        ("study.name", "Demo 1", "study.name: String should match pattern"),
        ("weights.resnet50_imagenet.sha256", "xyz", "weights.resnet50_imagenet.sha256: String should match"),
    ],
)
def test_a_wrong_config_gets_one_clear_message(place, value, message):
    values = base_config()
    put(values, place, value)
    with pytest.raises(InputError) as error:
        check_config(values)
    assert str(error.value).startswith("ERROR config: config: ")
    assert message in str(error.value)


SOFT = "arms.blkd.loss.1"


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("labl", "x", "unknown key 'labl' at labl (did you mean 'label'?"),
        ("training.epoch", 1, "(did you mean 'epochs'?"),
        ("training.optimizer.learningrate", 1, "(did you mean 'learning_rate'?"),
        ("training.plateau.patients", 1, "(did you mean 'patience'?"),
        ("arms.blkd.techer", "x", "unknown key 'techer' at arms.blkd.techer (did you mean 'teacher'?"),
        (
            "arms.blkd.training",
            {"epohcs": 3},
            "arms.blkd.training: unknown key 'epohcs' at epohcs (did you mean",
        ),
        ("arms.blkd.training", {"epochs": 0}, "arms.blkd.training: epochs: Input should be greater than"),
        (f"{SOFT}.temprature", 1, "arms.blkd.loss[1]: unknown key 'temprature'; did you mean 'temperature'?"),
        (f"{SOFT}.temperature", DELETED, "arms.blkd.loss[1]: 'temperature' is missing; softened_divergence"),
        (f"{SOFT}.temperature", 0, "arms.blkd.loss[1].temperature: input should be greater than 0 (got 0)"),
        (f"{SOFT}.temperature", -2.0, "temperature: input should be greater than 0 (got -2.0)"),
        (f"{SOFT}.temperature", NAN, "temperature: input should be a finite number (got nan)"),
        (f"{SOFT}.temperature", "5", "temperature: input should be a valid number (got '5')"),
        (f"{SOFT}.temperature", True, "temperature: input should be a valid number (got True)"),
        (f"{SOFT}.scaled", 1, "scaled: input should be a valid boolean (got 1)"),
        (f"{SOFT}.weight", 0, "arms.blkd.loss[1].weight: must be a number above 0 (got 0)"),
        (f"{SOFT}.weight", DELETED, "weight: must be a number above 0 (got None)"),
        (f"{SOFT}.weight", True, "weight: must be a number above 0 (got True)"),
        (f"{SOFT}.weight", "0.5", "weight: must be a number above 0 (got '0.5')"),
        (f"{SOFT}.weight", NAN, "weight: must be a number above 0 (got nan)"),
        (f"{SOFT}.weight", float("inf"), "weight: must be a number above 0 (got inf)"),
        (
            f"{SOFT}.name",
            "softend_divergence",
            "unknown loss 'softend_divergence'; did you mean 'softened_div",
        ),
        (f"{SOFT}.name", DELETED, "arms.blkd.loss.1.name is missing"),
        ("arms.blkd.loss.0.temperature", 1.0, "weighted_cross_entropy takes none"),
        ("arms.blkd.loss", [], "arms.blkd.loss: List should have at least 1 item"),
        (
            "arms.blkd.network",
            "resnet5",
            "arms.blkd.network: unknown network 'resnet5'; did you mean 'resnet50'?",
        ),
        (
            "arms.blkd.teacher",
            "resnet",
            "arms.blkd.teacher: unknown teacher 'resnet'; did you mean 'resnet50'?",
        ),
        ("arms.blkd.baseline", "mobile", "arms.blkd.baseline: unknown baseline 'mobile'"),
        ("arms.blkd.teacher", "mobilenet_v2", "'mobilenet_v2' has the role student, not teacher"),
        ("arms.blkd.teacher", None, "arms.blkd: a distilled arm, and no other, names its teacher"),
        (
            "arms.blkd.teacher",
            None,
            "arms.blkd.loss[1]: softened_divergence needs a teacher, and the arm names",
        ),
        ("arms.mobilenet_v2.teacher", "resnet50", "arms.mobilenet_v2: a distilled arm, and no other"),
        ("arms.blkd.colour", "green", "arms.blkd.colour: String should match pattern"),
        ("arms.blkd.role", "pupil", "arms.blkd.role: Input should be 'teacher', 'student' or 'distilled'"),
        (
            "networks.resnet50.name",
            "resnt",
            "networks.resnet50.name: unknown network 'resnt'; did you mean 'resnet'?",
        ),
        ("networks.resnet50.dept", 18, "networks.resnet50: unknown key 'dept'; did you mean 'depth'?"),
        (
            "networks.resnet50.depth",
            34,
            "networks.resnet50.depth: input should be 10, 18, 50 or 101 (got 34)",
        ),
        ("networks.resnet50.depth", DELETED, "networks.resnet50: 'depth' is missing; resnet needs it"),
        ("networks.mobilenet_v2.width", 0, "networks.mobilenet_v2.width: input should be greater than 0"),
        ("split.name", "ssd_image", "split.name: unknown split 'ssd_image'; did you mean 'ssd_kd_image'?"),
        ("split.folds", 0, "split.folds: "),
        (
            "augmentation.name",
            "ssdkd",
            "augmentation.name: unknown augmentation 'ssdkd'; did you mean 'ssd_kd'?",
        ),
        ("augmentation.strength", 1, "augmentation: unknown key 'strength'; ssd_kd takes none"),
        (
            "training.optimizer.name",
            "adamw",
            "training.optimizer.name: Input should be 'sgd' or 'adam' (got 'adamw')",
        ),
        ("training.optimizer.learning_rate", 0, "learning_rate: Input should be greater than 0 (got 0)"),
        (
            "training.optimizer.learning_rate",
            True,
            "learning_rate: Input should be a valid number (got True)",
        ),
        ("training.optimizer.momentum", 1.5, "momentum: Input should be less than or equal to 1 (got 1.5)"),
        (
            "training.optimizer.momentum",
            -0.1,
            "momentum: Input should be greater than or equal to 0 (got -0.1)",
        ),
        ("training.optimizer.weight_decay", -1.0, "weight_decay: Input should be greater than or equal to 0"),
        ("training.plateau.factor", 10, "training.plateau.factor: Input should be less than or equal to 1"),
        ("training.epochs", 0, "training.epochs: Input should be greater than or equal to 1 (got 0)"),
        ("training.epochs", 1.5, "training.epochs: Input should be a valid integer (got 1.5)"),
        ("training.batch_size", 1, "training.batch_size: Input should be greater than or equal to 2 (got 1)"),
        (
            "training.early_stop_epochs",
            0,
            "training.early_stop_epochs: Input should be greater than or equal",
        ),
        ("selection", "best", "selection: Input should be 'last', 'validation_loss' or"),
        ("folds", [2, 2], "folds: repeats an entry"),
        ("folds", [], "folds: List should have at least 1 item"),
        ("views", 0, "views: Input should be greater than or equal to 1 (got 0)"),
    ],
)
def test_a_wrong_paper_gets_one_clear_message(place, value, message):
    values = paper_values()
    put(values, place, value)
    with pytest.raises(InputError) as error:
        check_paper(values, "ssd_kd", "leak_free")
    assert str(error.value).startswith("ERROR config: config/papers/ssd_kd.yaml (leak_free): ")
    assert message in str(error.value)


def test_every_problem_is_listed_at_once():
    values = base_config()
    put(values, "size_px", 0)
    put(values, "device.name", "gpu")
    put(values, "reslts", "x")
    with pytest.raises(InputError) as error:
        check_config(values)
    assert all(word in str(error.value) for word in ("size_px", "device.name", "reslts"))
    values = paper_values()
    put(values, "split.name", "x")
    put(values, f"{SOFT}.temperature", 0)
    put(values, "arms.resnet50.network", "x")
    with pytest.raises(InputError) as error:
        check_paper(values, "ssd_kd", "leak_free")
    assert all(word in str(error.value) for word in ("split.name", "temperature", "arms.resnet50.network"))


def test_at_most_ten_problems_are_listed():
    values = base_config() | {f"extra_{index:02d}": 1 for index in range(13)}
    with pytest.raises(InputError) as error:
        check_config(values)
    assert len(re.findall("unknown key", str(error.value))) == 10
    assert "; and 3 more." in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"papers": ["ssdkd"]}, "unknown paper 'ssdkd'; did you mean 'ssd_kd'?"),
        ({"arms": {"dsent": ["a"]}}, "unknown paper 'dsent'; did you mean 'dsnet'?"),
        ({"changes": {"demo": {"dsent": {}}}}, "unknown paper 'dsent'; did you mean 'dsnet'?"),
        ({"arms": {"ssd_kd": ["blk"]}}, "arms.ssd_kd: unknown arm 'blk'; did you mean 'blkd'?"),
        ({"changes": {"demo": {"ssd_kd": {"source": "dem"}}}}, "unknown source 'dem'; did you mean 'demo'?"),
        (
            {"changes": {"demo": {"ssd_kd": {"networks": {"resnet50": {"weights": "resnet50"}}}}}},
            "unknown weights 'resnet50'; did you mean 'resnet50_imagenet'?",
        ),
        (
            {"changes": {"demo": {"ssd_kd": {"networks": {"resnet50": {"weights": 50}}}}}},
            "unknown weights '50'",
        ),
        ({"changes": {"demo": {"ssd_kd": {"viws": 3}}}}, "unknown key 'viws' at viws (did you mean 'views'?"),
    ],
)
def test_a_name_that_nothing_has_is_refused(changes, message):
    with pytest.raises(InputError) as error:
        open_study(read_config(BASE, **changes))
    assert message in str(error.value)


def test_a_paper_that_runs_needs_a_list_of_arms():
    values = base_config()
    del values["arms"]["dsnet"]
    with pytest.raises(InputError, match="arms has no list for dsnet"):
        open_study(values)


def edited_papers(folder, monkeypatch, old, new):
    """Let the study read its papers from copies in which `old` is `new`."""
    for path in PAPERS.glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace(old, new)
        (folder / path.name).write_text(text, encoding="utf-8")
    monkeypatch.setattr("skinkd.study.PAPERS", folder)


def test_a_mistake_in_a_papers_file_does_not_hide_behind_changes(tmp_path, monkeypatch):
    """The demo sets the epochs of both papers."""
    edited_papers(tmp_path, monkeypatch, "epochs: 150", "epochs: 0")
    with pytest.raises(InputError, match=r"training\.epochs: Input should be greater .* \(got 0\)"):
        open_study(base_config())


def test_a_misspelt_protocol_of_a_paper_is_refused(tmp_path, monkeypatch):
    """Otherwise the paper would run without its corrections, and nothing would say so."""
    edited_papers(tmp_path, monkeypatch, "\n  leak_free:", "\n  leakfree:")
    with pytest.raises(InputError, match="unknown protocol 'leakfree'; did you mean 'leak_free'"):
        open_study(base_config())


def test_what_a_study_changes_is_said_line_by_line():
    study = open_study(
        read_config(
            BASE,
            study={"name": "mine"},
            changes={
                "mine": {
                    "ssd_kd": {
                        "views": 150,
                        "training": {"epochs": 3, "plateau": None},
                        "networks": {"resnet50": {"weights": None, "stride_on": "conv1"}},
                    },
                    "dsnet": {"selection": "last"},
                }
            },
        )
    )
    assert study.changes["ssd_kd"] == [
        "training.epochs: 150 → 3",
        "training.plateau: {'factor': 0.1, 'patience': 10, 'minimum': 1e-06} → none",
        "networks.resnet50.weights: resnet50_imagenet → none",
        "networks.resnet50.stride_on: none → conv1",
    ]
    # As published the last epoch is kept anyway: the change concerns the other protocol alone.
    assert study.changes["dsnet"] == ["selection: validation_balanced_accuracy → last"]
    assert "DSNet: selection: validation_balanced_accuracy → last" in describe_scale(study)["statements"]


@pytest.mark.parametrize("order", [("as_published", "leak_free"), ("leak_free", "as_published")])
def test_changes_do_not_depend_on_the_order_of_the_protocols(order):
    changes = {"demo": {"dsnet": {"selection": "last"}}}
    study = open_study(read_config(BASE, protocols=list(order), changes=changes))
    assert "selection: validation_balanced_accuracy → last" in study.changes["dsnet"]


@pytest.mark.parametrize("path", [None, *OVERLAYS], ids=lambda path: path.stem if path else "config")
def test_every_config_opens(path):
    study = open_study(read_config(BASE, *([path] if path else [])))
    assert study.cells()
    for paper, protocol, arm in study.cells():
        assert study.training(paper, protocol, arm)["epochs"] >= 1
        assert study.network(paper, protocol, arm)["name"] in names_in("networks")
        assert study.runs(paper, protocol)
        teacher = study.arm(paper, protocol, arm).teacher
        assert teacher is None or study.stage_of(paper, protocol, teacher) == "teachers"


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", NAMES)
def test_every_paper_opens_under_every_protocol(name, protocol):
    values = strict_yaml.load(PAPERS / f"{name}.yaml")
    resolved = strict_yaml.merge(values, values.pop("protocols").get(protocol, {}))
    resolved.pop("protocols", None)
    paper = check_paper(resolved, name, protocol)
    assert {arm.role for arm in paper.arms.values()} == {"teacher", "student", "distilled"}
    assert all(arm.baseline for arm in paper.arms.values() if arm.role == "distilled")


def test_only_the_corrected_protocol_scales_by_the_temperature():
    study = open_study(base_config())
    for paper, arm in (("ssd_kd", "blkd"), ("dsnet", "dsnet_t10")):
        scaled = {p: study.arm(paper, p, arm).loss[1].parameters["scaled"] for p in PROTOCOLS}
        assert scaled == {"as_published": False, "leak_free": True}
        assert "scaled false" in describe_loss(study, paper, arm)
    assert describe_loss(study, "dsnet", "dsnet") == "1.0 · cross_entropy"
    assert describe_network(study, "dsnet", "dsnet") == "dsnet, from random weights"


def test_an_arm_changes_its_own_recipe_alone():
    study = open_study(read_config(BASE, study={"name": "plain"}))
    assert study.training("dsnet", "leak_free", "resnet50")["epochs"] == 10
    assert study.training("dsnet", "leak_free", "dsnet")["epochs"] == 20
    assert study.training("dsnet", "leak_free", "resnet50")["batch_size"] == 64


def test_signatures_are_read_without_importing():
    assert keywords_of("losses", "softened_divergence") == {
        "temperature": ("Positive", True),
        "scaled": ("Switch", True),
    }
    assert keywords_of("networks", "resnet")["head"] == ("Head", False)
    assert [name for name in names_in("losses") if needs_teacher(name)] == [
        "softened_cross_entropy",
        "softened_divergence",
    ]
    assert problems_of("losses", "cross_entropy", {}, "here") == []
    assert (
        did_you_mean("mobilnet", ["mobilenet", "resnet"])
        == "did you mean 'mobilenet'? Known: mobilenet, resnet"
    )
    assert did_you_mean("xyz", ["b", "a"]) == "Known: a, b"


SUPPLIED = {"class_counts", "fold"}  # The pipeline fills these in; a config cannot.


@pytest.mark.parametrize("kind", ["losses", "networks", "augmentations", "splits"])
def test_every_annotation_is_a_known_domain(kind):
    from skinkd import domains

    for name in names_in(kind):
        for keyword, (annotation, _) in keywords_of(kind, name).items():
            assert keyword in SUPPLIED or hasattr(domains, annotation), (name, keyword)


def code_of(study, paper, protocol, arm):
    """Files of the library that training an arm depends on."""
    files = imports_of("train.py", *study.modules(paper, protocol, arm))
    return {str(Path(file).resolve().relative_to(ROOT / "workflow")) for file in files}


def test_an_arm_depends_on_its_own_losses_network_and_augmentation():
    study = open_study(base_config())
    for paper, protocol, arm in study.cells():
        files = code_of(study, paper, protocol, arm)
        found = {
            kind: {Path(file).stem for file in files if f"/{kind}/" in file} - {"__init__"}
            for kind in ("losses", "networks", "augmentations", "splits", "metrics", "figures")
        }
        assert found == {
            "losses": {term.name for term in study.arm(paper, protocol, arm).loss},
            "networks": {study.network(paper, protocol, arm)["name"]},
            "augmentations": {study.papers[paper, protocol].augmentation.name},
            "splits": set(),
            "metrics": set(),
            "figures": set(),
        }
        assert files >= {"scripts/train.py", "lib/skinkd/training.py", "lib/skinkd/losses/__init__.py"}


def test_a_job_depends_on_what_its_script_imports_through_others():
    files = {Path(file).name for file in imports_of("predict.py")}
    assert files >= {"predict.py", "checkpoints.py", "dataset.py", "predictions.py", "errors.py"}
    assert not files & {"report.py", "download.py", "study.py", "config.py"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("envs/*.yaml")), ids=lambda path: path.stem)
def test_environments_pin_what_the_lock_pins(path):
    lock = ROOT / "requirements.lock"
    if not lock.exists():
        pytest.skip("there is no requirements.lock yet")
    locked = re.findall(r"^([A-Za-z0-9_.-]+==[^ \\]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pip = next(entry["pip"] for entry in strict_yaml.load(path)["dependencies"] if isinstance(entry, dict))
    assert pip
    assert set(pip) <= set(locked)
