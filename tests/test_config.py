"""A config means what it looks like, and whatever is wrong with it is said before anything runs."""

import ast
import os
import re
import sys
from copy import deepcopy
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from skinkd import signatures, strict_yaml
from skinkd.config import PROTOCOLS, check_config, check_paper, read_config
from skinkd.errors import InputError
from skinkd.signatures import (
    ONLINE,
    did_you_mean,
    inputs_of,
    keywords_of,
    names_in,
    needs_teacher,
    problems_of,
)
from skinkd.sources import PACKAGE, SCRIPTS, imports_of
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
        ("x: !!float half\n", "begins with '!'"),
        ("1: x\n", "the key 1 in line 1 is not a word"),
        ("true: x\n", "the key True in line 1 is not a word"),
        ("? [a]\n: x\n", "is not a word"),
        ("x: !!python/object/apply:os.getcwd []\n", "begins with '!'"),
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


FIGURES = {
    "Figure 3": {"title": "Panels", "name": "confusion", "arms": ["resnet50", "blkd"]},
    "Rows": {"title": "Rows", "name": "grid", "metric": "auc", "series": {"Row": {"blkd": "column"}}},
}


def paper_values():
    """A small paper: SSD-KD with the arms that it writes out, and two figures."""
    values = strict_yaml.load(PAPERS / "ssd_kd.yaml")
    del values["protocols"]
    arms = {name: values["arms"][name] for name in ("resnet50", "mobilenet_v2", "blkd")}
    return deepcopy(values | {"arms": arms, "figures": FIGURES})


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


def test_the_values_that_the_next_tests_damage_pass():
    check_config(base_config())
    check_paper(paper_values(), "ssd_kd", "as_published")


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
        ("arms.ssd_kd.leak_free", ["blkd", "blkd"], "arms.ssd_kd.leak_free: repeats an entry"),
        ("arms.ssd_kd.leak_free", "every", "arms.ssd_kd.leak_free: Input should be 'all' (got 'every')"),
        ("arms.ssd_kd.leak_free", None, "arms.ssd_kd.leak_free: Input should be 'all' (got None)"),
        ("arms.ssd_kd.leak_free", [3], "arms.ssd_kd.leak_free.0: Input should be a valid string (got 3)"),
        ("arms.ssd_kd", "all", "arms.ssd_kd: Input should be a valid dictionary (got 'all')"),
        ("arms.ssd_kd.leakfree", "all", "Input should be 'as_published', 'as_coded' or 'leak_free'"),
        ("seeds", [], "seeds: List should have at least 1 item"),
        ("seeds", [-1], "seeds.0: Input should be greater than or equal to 0 (got -1)"),
        ("seeds", [2**32], "seeds.0: Input should be less than or equal to 4294967295 (got 4294967296)"),
        ("teacher_seed", 2**32, "teacher_seed: Input should be less than or equal to 4294967295"),
        ("seeds", [0.5], "seeds.0: Input should be a valid integer (got 0.5)"),
        ("seeds", [True], "seeds.0: Input should be a valid integer (got True)"),
        ("seeds", 3, "seeds: Input should be a valid list (got 3)"),
        ("papers", [], "papers: List should have at least 1 item"),
        ("protocols", ["leakfree"], "protocols.0: Input should be 'as_published', 'as_coded' or"),
        ("size_px", 0, "size_px: Input should be greater than or equal to 1 (got 0)"),
        ("device.name", "gpu", "device.name: Input should be 'auto', 'cpu' or 'cuda' (got 'gpu')"),
        ("device.precision", "half", "device.precision: Input should be"),
        ("device.deterministic", "no", "device.deterministic: Input should be a valid boolean"),
        ("device.compile", "gpu", "device.compile: Input should be 'auto', 'never' or 'always'"),
        (
            "statistics.confidence",
            95,
            "statistics.confidence: Input should be less than 1 (got 95)",
        ),
        ("statistics.confidence", 1.0, "statistics.confidence: Input should be less than 1 (got 1.0)"),
        ("statistics.confidence", 0, "statistics.confidence: Input should be greater than 0 (got 0)"),
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
SOFT_LOSS = [{"name": "softened_divergence", "weight": 1.0, "temperature": 5.0, "scaled": True}]
MANY = {"name": "multi_teacher_divergence", "weight": 0.5, "temperature": 5.0, "scaled": True}


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
        ("arms.blkd.teacher", ["resnet50"], "arms.blkd.teacher: List should have at least 2 items"),
        ("arms.blkd.teacher", ["resnet50"] * 2, "arms.blkd.teacher: repeats an entry"),
        ("arms.blkd.teacher", ["resnet50", "x"], "arms.blkd.teacher: unknown teacher 'x'"),
        (
            "arms.blkd.teacher",
            ["resnet50", "mobilenet_v2"],
            "arms.blkd.loss[1]: softened_divergence asks for one teacher, and the arm names 2",
        ),
        ("arms.blkd.teacher", "blkd", "arms.blkd.teacher: the arm learns from itself by way of blkd"),
        (
            "arms.resnet50",
            {"label": "x", "role": "distilled", "network": "resnet50", "teacher": "blkd", "loss": SOFT_LOSS},
            "arms.blkd.teacher: the arm learns from itself by way of resnet50",
        ),
        ("arms.blkd.teacher", None, "arms.blkd: a distilled arm, and no other, names its teacher"),
        (
            "arms.blkd.teacher",
            None,
            "arms.blkd.loss[1]: softened_divergence needs a teacher, and the arm names",
        ),
        ("arms.mobilenet_v2.teacher", "resnet50", "arms.mobilenet_v2: a distilled arm, and no other"),
        ("arms.blkd.loss.1", MANY, "multi_teacher_divergence needs several teachers; name them as a list"),
        ("arms.blkd.control", "shufled", "arms.blkd.control: Input should be 'shuffled' or 'uniform'"),
        ("arms.mobilenet_v2.control", "uniform", "arms.mobilenet_v2.control: uniform needs a teacher, and"),
        ("arms.blkd.seed_offset", -1, "arms.blkd.seed_offset: Input should be greater than or equal to 0"),
        ("arms.blkd.seed_offset", 0.5, "arms.blkd.seed_offset: Input should be a valid integer (got 0.5)"),
        ("arms.blkd.like", "resnet50", "unknown key 'like' at arms.blkd.like"),
        (
            "arms.mobilenet_v2.training",
            {"sampler": {"order": "confident_last"}},
            "arms.mobilenet_v2.training.sampler.order: confident_last needs a teacher, and the arm names",
        ),
        (
            "arms.blkd.training",
            {"sampler": {"order": "easy"}},
            "arms.blkd.training: sampler.order: Input should",
        ),
        (
            "arms.blkd.training",
            {"sampler": {"drw": "weighted"}},
            "unknown key 'drw' at sampler.drw (did you mean 'draw'?",
        ),
        (
            "arms.blkd.training",
            {"optimizer": {"name": "adam"}},
            "arms.blkd.training: optimizer: adam takes no 'momentum'; it takes learning_rate",
        ),
        ("self_supervision.milestone", [], "(did you mean 'milestones'?"),
        ("figures.Figure 3.arms.1", "blk", "figures.Figure 3: unknown arm 'blk'; did you mean 'blkd'?"),
        ("figures.Rows.series", {"Row": {"blk": 1}}, "figures.Rows: unknown arm 'blk'; did you mean 'blkd'?"),
        ("figures.Rows.series", [], "figures.Rows.series: input should be a valid dictionary (got [])"),
        ("figures.Rows.metric", "acc", "figures.Rows.metric: unknown metric 'acc'; did you mean 'auc'?"),
        ("figures.Rows.metrics", "auc", "figures.Rows: unknown key 'metrics'; did you mean 'metric'?"),
        ("figures.Rows.metric", DELETED, "figures.Rows: 'metric' is missing; grid needs it"),
        ("figures.Rows.name", "gird", "figures.Rows.name: unknown figure 'gird'; did you mean 'grid'?"),
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
            "adamm",
            "training.optimizer.name: Input should be 'sgd', 'adam', 'adamw', 'adamax', 'nadam', 'rmsprop', ",
        ),
        ("training.optimizer.beta1", 0.9, "training.optimizer: sgd takes no 'beta1'; it takes learning_rate"),
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
        ("selection", "best", "selection: Input should be 'last', 'validation_loss', 'valid"),
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


RELATION = {"name": "distance_relation", "weight": 1.0}
SIMILARITY = {"name": "similarity_divergence", "weight": 1.0, "temperature": 1.0, "kept_share": 1.0}


@pytest.mark.parametrize(
    ("changes", "term", "message"),
    [
        ({"control": "shuffled"}, RELATION, "distance_relation asks for student_embedding, which a shuffled"),
        (
            {"training": {"sampler": {"order": "confident_first"}}},
            RELATION,
            "confident_first goes by what the teacher said of its fixed views; student_embedding",
        ),
        ({"teacher": ["resnet50", "mobilenet_v2"]}, RELATION, "distance_relation asks for one teacher, and"),
        (
            {"selection": "validation_hard_loss"},
            None,
            "arms.blkd: validation_hard_loss selects by terms without",
        ),
    ],
)
def test_an_arm_whose_parts_do_not_go_together_is_refused(changes, term, message):
    values = paper_values()
    loss = [values["arms"]["blkd"]["loss"][0], term] if term else SOFT_LOSS
    values["arms"]["blkd"] |= changes | {"loss": loss}
    with pytest.raises(InputError) as error:
        check_paper(values, "ssd_kd", "leak_free")
    assert message in str(error.value)


def test_what_an_arm_selects_by_counts_before_what_its_paper_does():
    values = paper_values() | {"selection": "validation_hard_loss"}
    values["arms"]["blkd"] |= {"loss": SOFT_LOSS, "selection": "last"}
    check_paper(values, "ssd_kd", "leak_free")
    del values["arms"]["blkd"]["selection"]
    with pytest.raises(InputError, match=r"arms\.blkd: validation_hard_loss"):
        check_paper(values, "ssd_kd", "leak_free")


def test_a_loss_that_needs_the_self_supervision_head_needs_its_recipe():
    values = paper_values()
    values["arms"]["blkd"]["loss"].append(SIMILARITY)
    check_paper(values, "ssd_kd", "leak_free")
    del values["self_supervision"]
    with pytest.raises(InputError, match="needs the teacher's self-supervision head; add self_supervision"):
        check_paper(values, "ssd_kd", "leak_free")


@pytest.mark.parametrize("loss", ["dist", "dkd", "logit_standardisation"])
def test_a_loss_that_is_undefined_for_two_classes_is_refused_for_two(loss):
    required = {key: 1.0 for key, (_, needed) in keywords_of("losses", loss).items() if needed}
    values = paper_values()
    values["arms"]["blkd"]["loss"][1] = {"name": loss, "weight": 1.0, **required}
    check_paper(values, "ssd_kd", "leak_free")
    numbers = dict.fromkeys(("train_benign", "train_malignant", "test_benign", "test_malignant"), 100)
    values["split"] = {"name": "dsnet_image", **numbers}
    with pytest.raises(InputError, match=f"{loss} is undefined for 2 classes; it needs 3"):
        check_paper(values, "ssd_kd", "leak_free")


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
        ({"arms": {"dsent": {"leak_free": ["a"]}}}, "unknown paper 'dsent'; did you mean 'dsnet'?"),
        ({"changes": {"demo": {"dsent": {}}}}, "unknown paper 'dsent'; did you mean 'dsnet'?"),
        ({"changes": {"dmo": {}}}, "changes: unknown study 'dmo'; did you mean 'demo'?"),
        (
            {"arms": {"ssd_kd": {"leak_free": ["blk"]}}},
            "arms.ssd_kd.leak_free: unknown arm 'blk'; did you mean 'blkd'?",
        ),
        (
            {"arms": {"davidi_park": {"as_coded": "all"}}},
            "arms.davidi_park: unknown protocol 'as_coded'; Known: as_published, leak_free",
        ),
        (
            {"sources": {"kaggle_nine": {"lesions_from": "isic2019"}}},
            "sources.kaggle_nine.lesions_from: unknown archive with metadata 'isic2019'; did you mean 'isic",
        ),
        (
            {"changes": {"demo": {"ssd_kd": {"arms": {"fitnet": {"like": "blk"}}}}}},
            "arms.fitnet.like: unknown arm 'blk'; did you mean 'blkd'?",
        ),
        (
            {"changes": {"demo": {"ssd_kd": {"arms": {"blkd": {"like": "d_kd"}}}}}},
            "arms are like each other in a circle: blkd → d_kd → drkd → blkd",
        ),
        (
            {"changes": {"demo": {"ssd_kd": {"arms": {"blkd": {"like": "blkd"}}}}}},
            "arms are like each other in a circle: blkd → blkd",
        ),
        ({"changes": {"demo": {"ssd_kd": {"arms": {"blkd": None}}}}}, "arms.blkd.label is missing"),
        ({"changes": {"demo": {"ssd_kd": {"arms": None}}}}, "arms: Input should be a valid dictionary"),
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


@pytest.mark.parametrize("lists", [{}, {"as_published": [], "as_coded": [], "leak_free": []}])
def test_a_paper_that_runs_needs_a_list_of_arms(lists):
    values = base_config()
    values["arms"]["dsnet"] = lists
    with pytest.raises(InputError, match="arms has no list for dsnet"):
        open_study(values)
    del values["arms"]["dsnet"]
    with pytest.raises(InputError, match="arms has no list for dsnet"):
        open_study(values)


def test_an_empty_list_runs_nothing_and_all_runs_every_arm():
    study = open_study(
        read_config(BASE, arms={"dsnet": {"as_published": [], "leak_free": "all"}}) | {"changes": {}}
    )
    assert study.protocols("dsnet") == ["as_coded", "leak_free"]
    assert study.arms("dsnet", "leak_free") == list(study.papers["dsnet", "leak_free"].arms)
    assert study.arms("dsnet", "as_coded") == base_config()["arms"]["dsnet"]["as_coded"]


def test_all_runs_no_arm_twice():
    """The demo trains in batches of 32, which makes one of the arms by batch size the same run as another."""
    study = open_study(read_config(BASE, arms={"dsnet": {"leak_free": "all"}}))
    same = [study.training("dsnet", "leak_free", arm) for arm in ("dsnet_t10", "batch_32")]
    assert same[0] == same[1]
    assert "dsnet_t10" in study.arms("dsnet", "leak_free")
    assert "batch_32" not in study.arms("dsnet", "leak_free")
    named = read_config(BASE, arms={"dsnet": {"leak_free": ["dsnet_t10", "batch_32"]}})
    assert open_study(named).arms("dsnet", "leak_free") == ["dsnet_t10", "batch_32"]


def test_an_arm_takes_over_what_it_does_not_say_itself():
    """Also what a protocol or a study changes in the arm that it is like."""
    study = open_study(
        read_config(BASE, changes={"demo": {"dsnet": {"arms": {"batch_18": {"family": "x"}}}}})
    )
    arms = study.paper("dsnet", "as_published").arms
    assert arms["batch_32"].loss == arms["batch_18"].loss == arms["dsnet_t10"].loss
    assert arms["batch_32"].training == {"batch_size": 32}
    assert (arms["batch_32"].family, arms["batch_18"].family, arms["dsnet_t10"].family) == (
        "x",
        "x",
        "temperature",
    )
    corrected = study.paper("dsnet", "leak_free").arms
    assert corrected["batch_32"].loss == corrected["dsnet_t10"].loss != arms["dsnet_t10"].loss


def test_a_paper_that_extends_another_changes_what_it_says_alone():
    study = open_study(base_config() | {"changes": {}})
    nine, two = study.paper("dsc_nine", "as_published"), study.paper("dsc", "as_published")
    assert nine.arms == two.arms
    assert nine.training == two.training
    assert (nine.source, nine.split.name) == ("kaggle_nine", "dsc_nine_image")


@pytest.mark.parametrize("fold", ["3", "02", ""])
def test_a_fold_that_the_paper_is_not_run_on_is_refused(fold):
    study = open_study(base_config())
    study.check_fold("ssd_kd", "leak_free", "2")
    with pytest.raises(InputError, match=f"ssd_kd leak_free: unknown fold '{fold}'; .*Known: 2"):
        study.check_fold("ssd_kd", "leak_free", fold)


@pytest.fixture
def own_loss(tmp_path, monkeypatch):
    """Let the checks find a loss called `mine`, whose text is given, beside the paper's hard term."""
    caches = (signatures.names_in, signatures._arguments_of, signatures._constant_of)

    def write(text):
        losses = tmp_path / "skinkd/losses"
        losses.mkdir(parents=True)
        for other in set(signatures.PACKAGE.iterdir()) - {signatures.PACKAGE / "losses"}:
            losses.with_name(other.name).symlink_to(other)
        hard = "weighted_cross_entropy.py"
        (losses / hard).symlink_to(signatures.PACKAGE / "losses" / hard)
        (losses / "mine.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(signatures, "PACKAGE", losses.parent)
        for cached in caches:
            cached.cache_clear()

    yield write
    for cached in caches:
        cached.cache_clear()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def mine(student, techer): ...", "losses/mine.py asks for 'techer'; did you mean 'teacher'?"),
        ("def my(student, teacher): ...", "losses/mine.py has no function mine"),
        ("def mine(student, teacher:\n", "losses/mine.py, line 1: "),
        ("def mine(student, teacher, *, t: float): ...", "its file says 'float'; annotate it with a name of"),
        ("def mine(student, teacher, *, t): ...", "loss[1].t: its file says ''; annotate it"),
        ("def mine(student, teacher, *, tt: Positive): ...", "unknown key 't'; did you mean 'tt'?"),
    ],
)
def test_a_loss_of_ones_own_that_cannot_work_is_refused(text, message, own_loss):
    own_loss(text)
    values = paper_values()
    values["arms"]["blkd"]["loss"][1] = {"name": "mine", "weight": 1.0, "t": 1.0}
    with pytest.raises(InputError) as error:
        check_paper(values, "ssd_kd", "leak_free")
    assert message in str(error.value)


def edited_papers(folder, monkeypatch, old, new):
    """Let the study read its papers from copies in which `old` is `new`."""
    for path in PAPERS.glob("*.yaml"):
        text = path.read_text(encoding="utf-8").replace(old, new)
        (folder / path.name).write_text(text, encoding="utf-8")
    monkeypatch.setattr("skinkd.study.PAPERS", folder)


def test_a_loss_of_ones_own_needs_no_annotation_of_its_inputs(own_loss):
    own_loss("def mine(student, teacher_map, *, heat: Positive = 1.0): ...")
    assert inputs_of("mine") == ("student", "teacher_map")
    assert needs_teacher("mine")
    values = paper_values()
    values["arms"]["blkd"]["loss"][1] = {"name": "mine", "weight": 1.0}
    check_paper(values, "ssd_kd", "leak_free")


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
    # Otherwise the last epoch is kept anyway: the change concerns the corrected protocol alone.
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
        taught = study.teaches(paper, protocol, arm)
        assert bool(taught) == bool(study.arm(paper, protocol, arm).teachers)
        assert (taught == "online") == bool(study.inputs(paper, protocol, arm) & ONLINE)


@pytest.mark.parametrize("name", NAMES)
def test_every_paper_opens_under_every_protocol_that_it_has(name):
    """With its own values alone, and every arm of it: what the full study is made of."""
    study = open_study(every_arm_of(name))
    assert set(study.protocols(name)) == protocols_of(name)
    for protocol in study.protocols(name):
        arms = study.paper(name, protocol).arms
        assert {arm.role for arm in arms.values()} == {"teacher", "student", "distilled"}
        assert any(arm.control for arm in arms.values())
        assert len({arm.label for arm in arms.values()}) == len(arms)


def protocols_of(paper):
    """The protocols that a paper's file has, or the file that it extends."""
    values = strict_yaml.load(PAPERS / f"{paper}.yaml")
    base = protocols_of(values["extends"]) if "extends" in values else set()
    return {*values["protocols"], *base}


def every_arm_of(paper):
    """A config that runs a paper as its file has it."""
    lists = {paper: dict.fromkeys(protocols_of(paper), "all")}
    return base_config() | {"papers": [paper], "arms": lists, "changes": {}}


def test_the_factor_of_the_temperature_is_the_papers_or_the_codes_or_corrected():
    study = open_study(base_config())
    scaled = {p: study.arm("ssd_kd", p, "blkd").loss[1].parameters["scaled"] for p in PROTOCOLS}
    assert scaled == {"as_published": False, "as_coded": True, "leak_free": True}
    said = describe_loss(study, "ssd_kd", "blkd")
    assert "as_published: 0.5 · weighted_cross_entropy + 0.5 · softened_divergence (temperature 5.0," in said
    names = {p: study.arm("dsnet", p, "dsnet_t10").loss[1].name for p in PROTOCOLS}
    assert names["as_coded"] == "softened_cross_entropy_of_probabilities"
    assert names["as_published"] == names["leak_free"] == "softened_cross_entropy"
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
        "direction": ("Direction", False),
    }
    assert keywords_of("networks", "resnet")["head"] == ("Head", False)
    hard = {"cross_entropy", "cross_entropy_of_probabilities", "multiclass_hinge", "weighted_cross_entropy"}
    assert {name for name in names_in("losses") if not needs_teacher(name)} == hard
    assert inputs_of("softened_divergence") == ("student", "teacher")
    assert inputs_of("channel_relation") == ("student_map", "teacher_map")
    assert problems_of("losses", "cross_entropy", {}, "here") == []
    assert (
        did_you_mean("mobilnet", ["mobilenet", "resnet"])
        == "did you mean 'mobilenet'? Known: mobilenet, resnet"
    )
    assert did_you_mean("xyz", ["b", "a"]) == "Known: a, b"


SUPPLIED = {"class_counts", "teacher_logits", "fold"}  # The pipeline fills these in; a config cannot.


@pytest.mark.parametrize("kind", ["losses", "networks", "augmentations", "splits", "figures"])
def test_every_annotation_is_a_known_domain(kind):
    from skinkd import domains

    for name in names_in(kind):
        for keyword, (annotation, _) in keywords_of(kind, name).items():
            assert keyword in SUPPLIED or hasattr(domains, annotation), (name, keyword)


def code_of(study, paper, protocol, arm):
    """Files of the library that training an arm depends on."""
    files = imports_of("train.py", *study.modules(paper, protocol, arm))
    return {str(Path(file).resolve().relative_to(ROOT / "workflow")) for file in files}


def imported_by(loss):
    """Losses that another one is made of."""
    text = (ROOT / f"workflow/lib/skinkd/losses/{loss}.py").read_text(encoding="utf-8")
    return re.findall(r"^from skinkd\.losses\.(\w+) import", text, flags=re.MULTILINE)


@pytest.mark.parametrize("paper", NAMES)
def test_an_arm_depends_on_its_losses_networks_and_augmentation_alone(paper):
    """The networks are its own and, where it is taught by more than cached logits, its teachers'."""
    study = open_study(every_arm_of(paper))
    for _, protocol, arm in study.cells():
        files = code_of(study, paper, protocol, arm)
        teachers = study.arm(paper, protocol, arm).teachers
        looked_at = teachers if study.teaches(paper, protocol, arm) == "online" else ()
        found = {
            kind: {Path(file).stem for file in files if f"/{kind}/" in file} - {"__init__"}
            for kind in ("losses", "networks", "augmentations", "splits", "metrics", "figures")
        }
        losses = {term.name for term in study.arm(paper, protocol, arm).loss}
        assert found.pop("losses") == losses | {other for loss in losses for other in imported_by(loss)}
        assert found == {
            "networks": {study.network(paper, protocol, name)["name"] for name in (arm, *looked_at)},
            "augmentations": {study.papers[paper, protocol].augmentation.name},
            "splits": set(),
            "metrics": set(),
            "figures": set(),
        }
        assert files >= {"scripts/train.py", "lib/skinkd/training.py", "lib/skinkd/losses/__init__.py"}


def found_by_the_standard_library(script, *loaded):
    """What `imports_of` finds, by another way: the bytecode instead of the syntax."""
    finder = ModuleFinder(path=[str(PACKAGE.parent)])
    finder.run_script(str(SCRIPTS / script))
    for name in loaded:
        finder.import_hook(name)
    files = [Path(module.__file__) for module in finder.modules.values() if module.__file__]
    ours = sorted(os.path.relpath(file) for file in files if PACKAGE in file.parents)
    return [os.path.relpath(SCRIPTS / script), *ours]


@pytest.mark.parametrize("script", sorted(path.name for path in SCRIPTS.glob("*.py")))
def test_the_files_of_a_script_are_those_that_it_imports(script):
    loaded = ["skinkd.networks.dsc", "skinkd.losses.dkd", "skinkd.augmentations.ssd_kd"]
    assert imports_of(script) == found_by_the_standard_library(script)
    assert imports_of(script, *loaded) == found_by_the_standard_library(script, *loaded)


def test_a_job_depends_on_what_its_script_imports_through_others():
    files = {Path(file).name for file in imports_of("cache_targets.py")}
    assert files >= {"cache_targets.py", "checkpoints.py", "dataset.py", "targets.py", "errors.py"}
    assert not files & {"report.py", "download.py", "study.py", "config.py"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("envs/*.yaml")), ids=lambda path: path.stem)
def test_environments_pin_what_the_lock_pins(path):
    lock = ROOT / "requirements.lock"
    if not lock.exists():
        pytest.skip("there is no requirements.lock yet")
    locked = re.findall(r"^([A-Za-z0-9_.-]+==[^ \\]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pip = next(entry["pip"] for entry in strict_yaml.load(path)["dependencies"] if isinstance(entry, dict))
    assert pip
    # The lock names what an extra brings, not the extra.
    assert {re.sub(r"\[.*\]", "", pin) for pin in pip} <= set(locked)


def packages_of(path):
    """Third-party packages that a file imports, by what pip installs for them."""
    called = {"PIL": "pillow", "yaml": "pyyaml", "sklearn": "scikit-learn", "markupsafe": "jinja2"}
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    tops = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"skinkd"}
    return {called.get(top, top) for top in tops}


def jobs_with_environments():
    """Script, environment and folders of modules that are loaded by name, of each rule with a script."""
    for path in sorted(ROOT.glob("workflow/rules/*.smk")):
        for block in path.read_text(encoding="utf-8").split("\nrule ")[1:]:
            if script := re.search(r"scripts/(\w+\.py)", block):
                yield script[1], re.search(r"envs/(\w+)\.yaml", block)[1]


LOADED_BY_NAME = {
    "train.py": ("networks", "losses", "augmentations"),
    "cache_targets.py": ("networks", "augmentations"),
    "train_projection.py": ("networks", "augmentations"),
    "ingest.py": ("readers",),
    "split.py": ("splits",),
    "explain.py": ("networks", "augmentations", "pictures"),
    "export_student.py": ("networks", "augmentations"),
    "time_networks.py": ("networks",),
    "draw.py": ("figures",),
}


# Of a module that it shares with trainings, it never calls the functions that import these.
NEVER_IMPORTED = {"version.py": {"torch"}}


@pytest.mark.parametrize(("script", "environment"), sorted(set(jobs_with_environments())))
def test_an_environment_has_what_its_scripts_import(script, environment):
    loaded = [f"skinkd.{kind}.{name}" for kind in LOADED_BY_NAME.get(script, ()) for name in names_in(kind)]
    needed = {package for file in imports_of(script, *loaded) for package in packages_of(Path(file))}
    entries = strict_yaml.load(ROOT / f"envs/{environment}.yaml")["dependencies"]
    pip = next(entry["pip"] for entry in entries if isinstance(entry, dict))
    assert needed - NEVER_IMPORTED.get(script, set()) <= {re.split(r"==|\[", pin)[0] for pin in pip}
