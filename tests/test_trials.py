"""What the papers claim is put to the test by one rule, on the numbers of the study's own record."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from report_example import example

from skinkd import captions, tested_arms
from skinkd.errors import InputError
from skinkd.fidelity import divergences, fidelity
from skinkd.intervals import clusters, wilson
from skinkd.predictions import Predictions
from skinkd.scores import score
from skinkd.tables import claimed
from skinkd.trials import judging
from skinkd.trials.claims import claims
from skinkd.trials.contrasting import contrasts
from skinkd.trials.declared import Above, arms_of, check_arms, read_trials

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(ROOT.glob("config/trials/*.yaml"))
DRAWN = {"resamples": 200, "confidence": 0.95, "seed": 0}


def run_of(arm, right, *, seed=0, images=120):
    """Predictions of an arm that is right about a share of its test images, two images a lesion."""
    generator = np.random.default_rng([len(arm), seed])
    labels = np.arange(images) % 3
    said = np.where(generator.random(images) < right, labels, (labels + 1) % 3)
    return Predictions(
        **{"paper": "p", "protocol": "as_published", "arm": arm, "fold": 0, "seed": seed},
        classes=("A", "B", "C"),
        images=np.array([f"I{i:03d}" for i in range(images)], dtype=object),
        lesions=np.array([f"L{i // 6 * 3 + i % 3:03d}" for i in range(images)], dtype=object),
        parts=np.array(["test"] * images, dtype=object),
        labels=labels,
        logits=np.eye(3)[said] * 2 + generator.normal(0, 0.1, (images, 3)),
    )


RUNS = {"good": run_of("good", 0.9), "fair": run_of("fair_", 0.7), "poor": run_of("poor__", 0.4)}


def arm_of(name):
    return tested_arms.tested(tested_arms.read_runs([name], RUNS.get))


def above(*pairs, metrics=("accuracy",), **more):
    said = {"id": "one", "place": "Table 1", "says": "It is better.", "test": "above"}
    return Above(**said, pairs=list(map(list, pairs)), metrics=list(metrics), **more)


def judged(trial, low_confidence=0.95):
    found = contrasts([trial], set(RUNS), arm_of, **DRAWN | {"confidence": low_confidence})
    return judging.judge_differences(found, len(trial.pairs) * len(trial.metrics), trial.by, None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_paper_s_claims_are_about_its_own_arms(path):
    trials = read_trials(path)
    assert len(trials) >= 5
    known = (ROOT / f"config/papers/{path.stem}.yaml").read_text(encoding="utf-8")
    assert all(f"\n  {arm}:" in known for trial in trials for arm in arms_of(trial))


def test_all_four_papers_have_claims():
    assert [path.stem for path in FILES] == ["davidi_park", "dsc", "dsnet", "ssd_kd"]


def test_a_difference_and_its_interval_are_those_of_the_arm_s_own_scores():
    own = score(["good"], ["fair"], **DRAWN, read=RUNS.get)
    [mine] = contrasts([above(("good", "fair"))], set(RUNS), arm_of, **DRAWN)
    [theirs] = [one for one in own["differences"] if (one["metric"], one["class"]) == ("accuracy", "")]
    assert {key: mine[key] for key in ("value", "low", "high")} == {
        key: theirs[key] for key in ("value", "low", "high")
    }
    assert (mine["wide_low"], mine["wide_high"]) == (mine["low"], mine["high"])


def test_an_interval_that_holds_for_all_comparisons_is_wider():
    found = contrasts([above(("good", "fair"), ("good", "poor"))], set(RUNS), arm_of, **DRAWN)
    assert all(one["wide_low"] < one["low"] and one["high"] < one["wide_high"] for one in found)


def test_a_claim_is_judged_by_the_weakest_of_its_comparisons():
    assert judged(above(("good", "fair"), ("good", "poor")))["verdict"] == "reproduced"
    turned = judged(above(("good", "poor"), ("fair", "good")))
    assert turned["verdict"] == "not reproduced"
    assert turned["of"] == {"arm": "fair", "other": "good", "metric": "accuracy"}
    assert turned["value"] < 0
    assert turned["points"] == "the other way"
    alone = judged(above(("good", "fair")))
    middle = (alone["low"] + alone["high"]) / 2
    assert judged(above(("good", "fair"), by=middle))["verdict"] == "consistent"


def test_a_claim_of_which_a_part_was_not_run_is_refuted_or_untestable_but_never_reproduced():
    assert judged(above(("good", "poor"), ("good", "absent")))["verdict"] == "untestable"
    assert judged(above(("poor", "good"), ("good", "absent")))["verdict"] == "not reproduced"
    assert judged(above(("good", "absent")))["value"] is None


@pytest.mark.parametrize("scale", ["smoke", "scaled"])
def test_below_full_scale_nothing_is_judged_but_the_number_says_which_way_it_points(scale):
    verdict = judging.with_reason(judged(above(("good", "poor"))), scale, str)
    assert verdict["verdict"] == "untestable"
    assert f"a {scale} study" in verdict["reason"]
    assert "points the claimed way" in verdict["reason"]
    assert verdict["value"] > 0


@pytest.mark.parametrize(
    ("value", "bounds", "verdict"),
    [
        (268898.0, (268898, 268898), "reproduced"),
        (268899.0, (268898, 268898), "not reproduced"),
        (15.0, (14.5, None), "reproduced"),
        (0.6, (None, 0.5), "not reproduced"),
    ],
)
def test_a_number_without_an_interval_is_reproduced_or_not(value, bounds, verdict):
    found = judging.judge_numbers({"dsnet": value}, 1, *bounds, "trainable_parameters", None)
    assert found["verdict"] == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.93, 0.95, "reproduced"), (0.9, 0.94, "consistent"), (0.8, 0.9, "not reproduced")],
)
def test_a_level_is_reached_where_the_whole_interval_is_above_it(low, high, verdict):
    record = {"arm": "dsnet", "metric": "accuracy", "value": (low + high) / 2, "low": low, "high": high}
    assert judging.judge_level(record, 0.917)["verdict"] == verdict


def test_arms_are_alike_only_where_the_interval_lies_within_the_margin():
    record = {"arm": "a", "other": "b", "metric": "accuracy"}
    narrow = record | {"value": 0.01, "low": -0.01, "high": 0.03, "wide_low": -0.02, "wide_high": 0.04}
    assert judging.judge_differences([narrow], 1, -0.05, 0.05)["verdict"] == "reproduced"
    assert judging.judge_differences([narrow], 1, -0.02, 0.02)["verdict"] == "consistent"
    assert judging.judge_differences([narrow], 1, 0.05, 0.06)["verdict"] == "not reproduced"


def test_a_run_that_diverged_judges_no_claim():
    results = example("full")
    verdicts = {claim["id"]: claim["verdict"] for claim in results["claims"]}
    assert verdicts == {
        **{"better": "not reproduced", "same": "reproduced", "looks": "untestable"},
        **{"level": "not reproduced", "smaller": "reproduced"},
    }
    said = captions.claims_sentence(results, "ssd_kd")
    assert said == "Of 3 claims: 1 reproduced, 1 not reproduced, 1 untestable."
    assert captions.claims_sentence(results, "dsc") == ""


def test_the_table_shows_each_claim_with_its_number_under_each_protocol():
    results = example("smoke")
    table = claimed.claims(results)
    heads = [column.key for column in table.columns]
    assert heads[2:6] == ["verdict", "as_published", "as_coded", "leak_free"]
    first = table.rows[0]
    assert (first[3].value, first[3].text, first[3].lines[-1]) == (-0.06, "▼ −6.0 pp", "the other way")
    assert first[4].kind == "missing"
    assert all(row[2].why for row in table.rows)
    said = captions.claims_sentence(results, "ssd_kd")
    assert said.endswith("Of the 2 that were run, these point: 1 the claimed way and 1 the other way.")


def test_where_an_arm_of_a_claim_failed_its_reason_stands_with_the_claim():
    results = example("full")
    trials = {"dsnet": read_trials(ROOT / "config/trials/dsnet.yaml")[:1]}
    missing = [
        {"paper": "dsnet", "protocol": "as_published", "arm": arm, "reason": f"failed: {arm}"}
        for arm in ("dsnet_t10", "resnet50")
    ]
    records = {"networks": results["networks"], "missing": missing, "contrasts": {"differences": []}}
    [claim] = claims(trials, results["papers"], "full", scores=[], **records)
    assert (claim["verdict"], claim["reason"]) == ("untestable", "failed: dsnet_t10")
    assert [one["reason"] for one in claim["under"][1:]] == ["the study does not run the arm"] * 2


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("test: reaches", "test: reachs", "reachs"),
        ("metric: accuracy", "metric: acuracy", "claims.0.reaches.metric"),
        ("paper: dsnet", "paper: dsc", "said to be of dsc"),
        ("id: best_temperature", "id: accuracy", "two claims have the id accuracy"),
    ],
)
def test_a_file_of_claims_that_says_something_else_is_refused(tmp_path, old, new, what):
    path = tmp_path / "dsnet.yaml"
    shutil.copy(ROOT / "config/trials/dsnet.yaml", path)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=what) as error:
        read_trials(path)
    assert str(path) in str(error.value)


def test_a_claim_about_an_arm_that_its_paper_lacks_is_refused():
    with pytest.raises(InputError, match="p one: no arm nobody"):
        check_arms({"p": [above(("good", "nobody"))]}, {"p": {"arms": {"good": {}}}})


def test_a_student_that_is_its_teacher_agrees_wholly():
    found = fidelity([(RUNS["good"], RUNS["good"])], **DRAWN)
    assert (found["agreement"], found["divergence_nats"]) == (1, 0)
    n_lesions = len(clusters(RUNS["good"].part("test").lesions, RUNS["good"].part("test").labels)[1])
    assert (found["low"], found["high"]) == pytest.approx(wilson(1, n_lesions, DRAWN["confidence"]))


def test_agreement_is_the_share_of_equal_classes_over_runs():
    again = run_of("fair_", 0.7, seed=1)
    found = fidelity([(RUNS["fair"], RUNS["good"]), (again, RUNS["good"])], **DRAWN)
    best = [run.logits.argmax(axis=1) for run in (RUNS["fair"], again, RUNS["good"])]
    assert found["agreement"] == pytest.approx(np.mean([best[0] == best[2], best[1] == best[2]]))
    assert found["low"] < found["agreement"] < found["high"]
    assert found["n_runs"] == 2


def test_divergence_is_that_of_teacher_from_student_and_stays_finite():
    teacher, student = np.log([[0.5, 0.5]]), np.log([[0.9, 0.1]])
    assert divergences(student, teacher) == pytest.approx(0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1))
    assert np.isfinite(divergences(np.array([[800.0, -800]]), np.array([[-800.0, 800]]))).all()


def test_faithful_students_that_are_less_right_are_counted():
    results = example("smoke")
    crossed, pairs = claimed.crossings(results)
    assert 0 < crossed == pairs, "the example's students agree the less, the better they are"
    assert f"in {crossed} of {pairs:,} pairs" in claimed.fidelity(results).caption
