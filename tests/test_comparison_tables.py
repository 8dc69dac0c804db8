"""The tables of comparisons show every number of the record, say what to trust and why one is absent."""

import copy

import pytest
from report_example import example
from test_comparisons import PAPERS, scored
from test_verdicts import summary_of

from skinkd import captions, comparison_captions, formats, summary
from skinkd.comparison_findings import family_sentence
from skinkd.tables import all_tables
from skinkd.tables import comparisons as tables


@pytest.fixture(scope="module")
def results():
    return example()


def shown(table):
    """The cells of a table by the keys of its columns, one dictionary per row."""
    return [dict(zip((c.key for c in table.columns), row, strict=True)) for row in table.rows]


def test_every_number_of_the_record_stands_in_the_tables(results):
    made = all_tables(results)
    for paper in results["papers"]:
        records = tables.comparisons_of(results, paper)
        assert records
        for record, row in zip(records, shown(made[f"{paper}-comparisons"]), strict=True):
            for key in ("difference", "p", "p_holm", "detectable_difference", "seed_sd", "p_sign_flip"):
                assert row[key].value == record[key], key
            assert (row["difference"].low, row["difference"].high) == (record["low"], record["high"])
            assert row["conclusion"].text == record["conclusion"]
        for record, row in zip(records, shown(made[f"{paper}-secondary"]), strict=True):
            for metric in ("accuracy", "auc"):
                cell, own = row[metric], record[metric]
                assert (cell.value, cell.low, cell.high) == (own["value"], own["low"], own["high"])
                assert row[f"{metric}_p"].value == own["p"]
            assert row["mcnemar_ignoring_lesions"].value == record["mcnemar_ignoring_lesions"]["median_p"]
            assert row["delong_ignoring_lesions"].value == record["delong_ignoring_lesions"]["p_holm"]


def test_the_captions_say_family_method_and_what_is_ignored(results):
    made = all_tables(results)
    primary, others = (made[f"ssd_kd-{name}"] for name in ("comparisons", "secondary"))
    assert "(as published 4; as coded 1; leak-free 4)" in primary.caption
    assert "3 seeds cannot give less than 0.250" in primary.caption
    assert "at least 0.002" in primary.caption
    for table in (others, made["ssd_kd-areas"]):
        assert comparison_captions.IGNORES in table.caption
    heads = [column.head for column in others.columns]
    assert [head for head in heads if "ignores lesions" in head] == [
        "McNemar, ignores lesions",
        "DeLong, ignores lesions",
    ]


def test_a_difference_that_is_not_shown_says_what_would_be_found(results):
    rows = shown(all_tables(results)["dsnet-comparisons"])
    assert {row["conclusion"].text for row in rows} == {"not shown"}
    assert all("no difference shown is not no difference" in row["conclusion"].why for row in rows)


def test_what_could_not_be_compared_says_why(results):
    spoilt = copy.deepcopy(results)
    record = next(record for record in spoilt["comparisons"] if record["paper"] == "ssd_kd")
    undefined = (
        "difference",
        "low",
        "high",
        "p",
        "p_holm",
        "detectable_difference",
        "seed_sd",
        "p_sign_flip",
    )
    record |= dict.fromkeys(undefined) | {"conclusion": "undefined"}
    record |= dict.fromkeys(("mcnemar_ignoring_lesions", "delong_ignoring_lesions"))
    made = all_tables(spoilt)
    rows = [shown(made[f"ssd_kd-{name}"])[0] for name in ("comparisons", "secondary")]
    absent = [cell for row in rows for cell in row.values() if cell.kind == "missing"]
    assert len(absent) == 9
    assert all(cell.why for cell in absent)
    assert "2 of 4 arms" not in family_sentence(spoilt, "ssd_kd").split(";")[0]


def test_arms_that_decide_alike_say_so(results):
    spoilt = copy.deepcopy(results)
    records = [r for r in spoilt["comparisons"] if (r["paper"], r["protocol"]) == ("ssd_kd", "as_coded")]
    for record in records:
        record |= {"difference": 0.0, "detectable_difference": None, "conclusion": "alike", "p_holm": 1.0}
    rows = shown(all_tables(spoilt)["ssd_kd-comparisons"])
    (row,) = (row for row in rows if row["conclusion"].text == "alike")
    assert row["conclusion"].why == row["detectable_difference"].why == comparison_captions.ALIKE
    assert "; 0 of 1 arm differs from the baseline (as coded); " in family_sentence(spoilt, "ssd_kd")


def test_the_findings_allow_for_the_number_of_comparisons(results):
    [said] = [line for line in captions.findings(results, "dsnet") if "Holm" in line]
    assert (
        "0 of 5 arms differ from the baseline (as published, where 6.1 pp would be found with 80 % power)"
        in said
    )
    assert family_sentence(results | {"comparisons": []}, "dsnet") == ""


def test_an_older_record_without_comparisons_is_still_shown(results):
    older = {key: value for key, value in results.items() if key != "comparisons"}
    names = [name for name in all_tables(older) if name.endswith(("-comparisons", "-secondary"))]
    assert names == []


def test_results_hold_the_comparisons_of_the_scores(monkeypatch):
    for name in ("cells", "run_checks"):
        monkeypatch.setattr(summary, name, lambda *_: [])
    monkeypatch.setattr("test_verdicts.PAPER", PAPERS["p"])
    found = summary_of([], [scored("a", 0.01), scored("b", 0.5)])["comparisons"]
    assert [(record["arm"], record["p_holm"]) for record in found] == [("a", 0.02), ("b", 0.5)]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0009, "< 0.001"), (0.001, "0.001"), (0.0314, "0.031"), (1.0, "1.000")]
)
def test_a_p_value_as_written(value, text):
    assert formats.p_value(value) == text
