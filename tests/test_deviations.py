"""Every deviation of every study stands with its reason."""

from functools import cache
from pathlib import Path

import pytest

from skinkd.config import read_config
from skinkd.deviations import deviations, read_rules
from skinkd.errors import InputError
from skinkd.study import open_study

ROOT = Path(__file__).resolve().parents[1]
RULES = read_rules(ROOT / "config/report/deviations.yaml")
OVERLAYS = ["config/config.yaml", "config/full.yaml", "config/ham10000.yaml"]


@cache
def study_of(overlay):
    return open_study(read_config(ROOT / "config/config.yaml", ROOT / overlay))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_change_of_a_study_and_its_protocols_has_its_reason(overlay):
    study = study_of(overlay)
    found = deviations(study, RULES)
    changed = sum(len(lines) for lines in study.changes.values())
    assert sum(record["n"] for record in found if record["under"] == "study") == changed
    assert {record["under"] for record in found} >= {"as_coded", "leak_free"}
    assert all(record["why"] and record["effect"] for record in found)


def test_the_full_study_deviates_only_where_its_protocols_do():
    found = deviations(study_of("config/full.yaml"), RULES)
    assert {record["under"] for record in found} == {"as_coded", "leak_free"}


def test_changes_that_one_rule_speaks_for_are_one_deviation():
    [epochs] = [
        record
        for record in deviations(study_of("config/ham10000.yaml"), RULES)
        if record["paper"] == "dsnet" and "training.epochs" in record["what"]
    ]
    assert epochs["what"] == "training.epochs: 20 → 5; arms.resnet50.training.epochs: 10 → 4"
    assert epochs["why"] == "Time."


def test_a_rule_holds_only_where_it_says():
    found = deviations(study_of("config/config.yaml"), RULES)
    losses = {record["under"]: record["why"] for record in found if ".loss" in record["what"]}
    assert losses["as_coded"].startswith("The authors' code")
    assert losses["leak_free"].startswith("The printed loss")


def test_a_change_without_a_reason_is_refused():
    with pytest.raises(InputError, match=r"no rule for source, which study changes"):
        deviations(study_of("config/config.yaml"), [rule for rule in RULES if rule.key != "source"])


def test_a_file_of_rules_that_says_something_else_is_refused(tmp_path):
    path = tmp_path / "deviations.yaml"
    path.write_text("rules: [{key: source, why: because}]\n", encoding="utf-8")
    with pytest.raises(InputError, match="effect"):
        read_rules(path)
