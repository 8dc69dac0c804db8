"""The checks and the checklists say what the record proves, and no more."""

import copy
from pathlib import Path

import pytest
from report_example import example

from skinkd.checklists import answered, read_checklist
from skinkd.errors import InputError
from skinkd.panel import run_checks
from skinkd.tables import all_tables, claimed

CHECKLISTS = sorted((Path(__file__).resolve().parents[1] / "report/checklists").glob("*.yaml"))


@pytest.fixture(scope="module")
def results():
    return example("full")


def outcomes(results):
    return {check["checked"]: check["outcome"] for check in run_checks(results)}


def changed(results, change):
    results = copy.deepcopy(results)
    change(results)
    return outcomes(results)


def leak(protocol):
    def change(results):
        for split in results["splits"]:
            if split["protocol"] == protocol:
                split["leakage"]["test_images_sharing_a_lesion"] = 1

    return change


def equal_pictures(n):
    def change(results):
        for audit in results["audits"].values():
            for split in audit["splits"]:
                for link in split["links"]:
                    link |= {"train": n, "validation": 0}

    return change


LESIONS = "No lesion is on both sides of the split, "
EPOCHS = "No epoch was chosen on test images"
SEEDS = "At least 6 seeds of each arm"
CHANGES = [
    (LESIONS + "leak-free", "pass", leak("leak_free"), "fail"),
    (LESIONS + "as coded", "pass", leak("as_coded"), "warn"),
    ("No picture is on both sides of the split, leak-free", "fail", equal_pictures(0), "pass"),
    ("Classes stand in one order everywhere", "pass", lambda r: r["splits"][0]["classes"].reverse(), "fail"),
    ("Every arm of the study ended", "pass", lambda r: r["missing"].append({}), "fail"),
    ("The code is a commit", "warn", lambda r: r["provenance"].update(dirty=False), "pass"),
    ("The study is at full scale", "pass", lambda r: r["study"].update(scale="scaled"), "warn"),
    (SEEDS, "warn", lambda r: [score.update(n_seeds=6) for score in r["scores"]], "pass"),
    (
        "Intervals rest on at least 1,000 resamples",
        "pass",
        lambda r: r["scores"][0].update(resamples=999),
        "warn",
    ),
    (
        "Teachers that know nothing do not help",
        "pass",
        lambda r: [
            d.update(low=0.1) for s in r["scores"] if s["arm"] == "shuffled_teacher" for d in s["differences"]
        ],
        "warn",
    ),
]


@pytest.mark.parametrize(("checked", "before", "change", "after"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_check_follows_the_record(results, checked, before, change, after):
    assert outcomes(results)[checked] == before
    assert changed(results, change)[checked] == after


def test_an_epoch_that_is_not_the_best_of_its_curve_fails(results):
    def choose(results):
        for paper in results["papers"].values():
            for arm in paper["arms"].values():
                arm["selections"] = dict.fromkeys(results["protocols"], "validation_loss")
        for run in results["training"]:
            if run["epochs"]:
                run["best_epoch"] = run["validation_loss"].index(min(run["validation_loss"])) + 1

    def choose_another(results):
        choose(results)
        run = results["training"][0]
        run["best_epoch"] = run["best_epoch"] % len(run["epochs"]) + 1

    assert changed(results, choose)[EPOCHS] == "pass"
    assert changed(results, choose_another)[EPOCHS] == "fail"


def test_scores_of_other_files_than_those_listed_fail(results):
    def chained(results, weights):
        run = next(run for run in results["provenance"]["runs"] if run["paper"] == "dsnet")
        score = next(
            s for s in results["scores"] if all(s[key] == run[key] for key in ("paper", "protocol", "arm"))
        )
        link = {"fold": run["fold"], "seed": run["seed"], "weights": weights}
        digests = {name: run["files"][name]["sha256"] for name in ("split", "predictions")}
        score["made_from"] = {"runs": [link | digests], "baseline": []}

    checked = "Scores are of the networks, splits and predictions that are listed here"
    assert checked not in outcomes(results), "a record that does not say it, is not asked"
    assert changed(results, lambda r: chained(r, "9d" * 32))[checked] == "pass"
    assert changed(results, lambda r: chained(r, "00" * 32))[checked] == "fail"


def test_the_table_counts_its_outcomes_and_says_each_in_word_and_shape(results):
    table = claimed.checks(results)
    words = [row[1].text for row in table.rows]
    assert set(words) == {"● pass", "▲ warn", "× fail"}
    assert f"{words.count('▲ warn')} warn" in table.caption


@pytest.mark.parametrize("path", CHECKLISTS, ids=lambda path: path.stem)
def test_every_item_of_a_checklist_is_answered_with_a_place_or_a_reason(results, path):
    found = answered(read_checklist(path), results)
    assert all(item["answer"] and item["where"] for item in found["items"])
    assert {item["by"] for item in found["items"]} == {"results.json", "declared"}
    numbers = [item["number"] for item in found["items"]]
    assert len(numbers) == len(set(numbers)) >= 12


def test_what_only_a_full_study_can_answer_is_answered_partly_below_it():
    def answer(scale):
        found = next(about for about in example(scale)["checklists"] if about["name"] == "claim_tripod_ai")
        return next(item for item in found["items"] if item["number"] == "TRIPOD+AI 22")

    assert answer("full")["answer"] == "yes"
    assert answer("smoke")["answer"] == "partly"
    assert answer("smoke")["where"].endswith("this is a smoke study")


def test_checklists_and_fidelity_are_tables_of_their_own(results):
    made = all_tables(results)
    assert {"checklist-neurips", "checklist-rescience", "checklist-claim_tripod_ai", "fidelity"} <= set(made)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("answer: yes, where: the head", "answer: perhaps, where: the head"),
        ("computed: claims", "computed: clams"),
        ("computed: claims", "computed: claims, answer: yes"),
        (", where: nobody wrote to them", ""),
    ],
)
def test_an_item_without_one_answer_is_refused(tmp_path, old, new):
    path = tmp_path / "rescience.yaml"
    text = next(p for p in CHECKLISTS if p.stem == "rescience").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"rescience.yaml: items\.\d+"):
        read_checklist(path)
