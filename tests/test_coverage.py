"""Intervals over lesions hold the truth of simulated studies as often as they say."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from project import ROOT

from skinkd.bench import coverage
from skinkd.bench.simulated import METRICS, Design, numbers, study, truth
from skinkd.metrics import evaluate
from skinkd.records import read_record

SMALL = Design("small", (120, 80, 40), 2.0, 0.7, 0.5, (1.8, 1.5))
SETTINGS = {"studies": 300, "resamples": 200, "confidence": 0.95, "seed": 0, "lesions_per_class": 20_000}


@pytest.fixture(scope="module")
def record():
    return coverage.simulate(SETTINGS, [SMALL])


def test_intervals_over_lesions_hold_the_truth_and_those_over_images_do_not(record):
    # Of 300 studies with a coverage of 0.95, the share seen is 0.95 give or take 0.025, in 19 of 20 cases:
    # the seed is fixed, and the committed file has more studies.
    (design,) = record["designs"]
    assert {(row["metric"], row["kind"]) for row in design["rows"]} == {
        (metric, kind) for metric in METRICS for kind in ("value", "difference")
    }
    for row in design["rows"]:
        assert coverage.LEAST <= row["lesions"]["coverage"] <= coverage.MOST, row
        assert row["images"]["coverage"] < row["lesions"]["coverage"] - 0.03, row
        assert row["images"]["width"] < row["lesions"]["width"]
    assert coverage.outside(record) == []


def test_where_images_of_a_lesion_have_nothing_in_common_both_are_alike():
    apart = replace(SMALL, likeness=0.0)
    (design,) = coverage.simulate(SETTINGS | {"studies": 20, "resamples": 100}, [apart])["designs"]
    for row in design["rows"]:
        assert row["images"]["width"] == pytest.approx(row["lesions"]["width"], rel=0.1), row


def test_a_study_is_as_designed():
    lesions, labels, _ = study(SMALL, np.random.default_rng(0))
    of_lesion = dict(zip(lesions, labels, strict=True))
    assert all(of_lesion[lesion] == label for lesion, label in zip(lesions, labels, strict=True))
    assert np.bincount(list(of_lesion.values())).tolist() == [120, 80, 40]
    big_lesions, big_labels, big = study(replace(SMALL, lesions=(9000,) * 3), np.random.default_rng(0))
    errors = [side - skill * np.eye(3)[big_labels] for side, skill in zip(big, SMALL.skill, strict=True)]
    assert len(big_labels) / 27_000 == pytest.approx(SMALL.images_per_lesion, rel=0.03)
    assert errors[0].std() == pytest.approx(1, abs=0.02)
    assert np.corrcoef(errors[0].ravel(), errors[1].ravel())[0, 1] == pytest.approx(SMALL.agreement, abs=0.02)
    alike = big_lesions[1:] == big_lesions[:-1]
    neighbours = np.corrcoef(errors[0][1:][alike].ravel(), errors[0][:-1][alike].ravel())[0, 1]
    assert neighbours == pytest.approx(SMALL.likeness, abs=0.02)


def test_the_truth_is_that_of_a_population_with_the_design_s_shares():
    by_weights = truth(SMALL, np.random.default_rng(0), 20_000)
    _, labels, logits = study(replace(SMALL, lesions=(36_000, 24_000, 12_000)), np.random.default_rng(1))
    assert by_weights == pytest.approx(numbers(labels, logits)[0], abs=0.01)
    assert by_weights[0] == pytest.approx(evaluate(labels, logits[0]).overall["accuracy"][0], abs=0.01)
    assert (by_weights[3:] > 0).all()


def test_the_committed_record_is_of_these_designs_and_its_page_says_what_it_holds():
    record = read_record(ROOT / "results" / "coverage.json")
    assert record["settings"] == coverage.SETTINGS
    assert record["settings"]["studies"] >= 1000
    assert [design["name"] for design in record["designs"]] == [design.name for design in coverage.DESIGNS]
    for held, design in zip(record["designs"], coverage.DESIGNS, strict=True):
        assert {
            **vars(design),
            "lesions": [*design.lesions],
            "skill": [*design.skill],
        }.items() <= held.items()
    assert (ROOT / "results" / "coverage.md").read_text(encoding="utf-8") == coverage.table(record)


def test_the_committed_intervals_over_lesions_hold_the_truth_and_those_over_images_do_not():
    record = read_record(ROOT / "results" / "coverage.json")
    assert coverage.outside(record) == []
    for design in record["designs"]:
        for row in design["rows"]:
            assert row["images"]["coverage"] < row["lesions"]["coverage"] - 0.02, (design["name"], row)


def test_studies_side_by_side_change_nothing():
    settings = SETTINGS | {"studies": 6, "resamples": 40}
    with ThreadPoolExecutor(2) as pool:
        together = coverage.simulate(settings, [SMALL], each=pool.map)
    assert together == coverage.simulate(settings, [SMALL])


def test_the_table_says_what_was_found(record):
    page = coverage.table(record)
    row = record["designs"][0]["rows"][0]
    assert f"| Accuracy | {row['true']:.3f} | {100 * row['lesions']['coverage']:.1f} % |" in page
    assert page.endswith("All over lesions are within 92 % to 98 %.\n")
    missed = {**record, "designs": [{**record["designs"][0], "rows": [row | {"lesions": row["images"]}]}]}
    assert "Outside 92 % to 98 %: Accuracy (value, small)" in coverage.verdict(missed)


def test_the_command_writes_both_files(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(coverage, "DESIGNS", (SMALL,))
    monkeypatch.setattr(coverage, "SETTINGS", SETTINGS | {"resamples": 20, "lesions_per_class": 1000})
    coverage.main(["--studies", "3"])
    record = read_record("results/coverage.json")
    assert record["settings"]["studies"] == 3
    assert (tmp_path / "results" / "coverage.md").read_text() == coverage.table(record)
    assert coverage.verdict(record) in capsys.readouterr().out
