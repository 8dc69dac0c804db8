"""A verdict follows from the two intervals; each published value stands beside ours or says why not."""

from pathlib import Path

import pytest

from skinkd import strict_yaml
from skinkd.assumptions import collect_assumptions
from skinkd.errors import InputError
from skinkd.metrics import METRICS
from skinkd.published import COLUMNS, PublishedValue, read_published
from skinkd.records import read_record, write_record
from skinkd.summary import summarize
from skinkd.verdicts import VERDICTS, verdict

ROOT = Path(__file__).parents[1]
TABLES = sorted((ROOT / "config" / "papers").glob("*.csv"))
PROTOCOLS = {"as_published": "Images are split.", "leak_free": "Lesions are split."}
CLASSES = ["MEL", "NV"]
PAPER = {
    "label": "A paper",
    "classes": CLASSES,
    "tables": {"Table 2": "arms"},
    "arms": {"plain": {}, "distilled": {}},
}


@pytest.mark.parametrize(
    ("published", "n", "low", "high", "expected"),
    [
        (0.80, 1000, 0.78, 0.82, "reproduced"),
        (0.82, 1000, 0.78, 0.82, "reproduced"),  # an end belongs to the interval
        (0.83, 1000, 0.78, 0.82, "consistent"),  # Wilson: 0.805 to 0.852
        (0.90, 1000, 0.78, 0.82, "lower"),  # Wilson: 0.880 to 0.917
        (0.70, 1000, 0.78, 0.82, "higher"),  # Wilson: 0.671 to 0.728
        (0.90, 10, 0.78, 0.82, "consistent"),  # Wilson: 0.596 to 0.982
        (0.90, None, 0.78, 0.82, "untestable"),
        (0.80, None, 0.78, 0.82, "reproduced"),
        (None, None, 0.78, 0.82, "not published"),
    ],
)
def test_verdict_at_full_scale(published, n, low, high, expected):
    word, reason = verdict(published, n, low, high, "full")
    assert word == expected
    assert reason


@pytest.mark.parametrize("scale", ["smoke", "scaled"])
@pytest.mark.parametrize("published", [0.80, 0.99])
def test_a_smaller_study_tests_nothing(scale, published):
    word, reason = verdict(published, 1000, 0.78, 0.82, scale)
    assert word == "untestable"
    assert scale in reason


def test_a_printed_value_stands_for_all_that_round_to_it():
    assert verdict(1.00, 1500, 0.991, 0.998, "full", half_unit=0.005)[0] == "reproduced"
    assert verdict(1.00, 1500, 0.991, 0.998, "full")[0] == "consistent"
    assert verdict(1.00, 1500, 0.971, 0.990, "full", half_unit=0.005)[0] == "lower"


def test_every_verdict_is_known_to_the_report():
    from skinkd import lookups

    assert set(VERDICTS) == set(lookups.GLYPHS)


def test_there_are_published_values():
    assert {path.stem for path in TABLES} >= {"ssd_kd", "dsnet"}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_published_tables_name_known_metrics_of_one_paper(path):
    rows = read_published(path)
    assert {row.metric for row in rows} <= set(METRICS)
    assert {row.paper for row in rows} == {path.stem}


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_published_tables_name_tables_and_arms_of_their_paper(path):
    rows, paper = read_published(path), strict_yaml.load(path.with_suffix(".yaml"))
    assert {row.table for row in rows} == set(paper["tables"])
    assert {row.arm for row in rows} <= set(paper["arms"])


def written(tmp_path, *rows):
    path = tmp_path / "paper.csv"
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
    return path


def test_a_printed_value_keeps_its_last_digit(tmp_path):
    path = written(tmp_path, "p,Table 2,a,,auc,0.820,2533,", "p,Table 2,b,,auc,1.00,,")
    assert [(row.value, row.half_unit, row.n) for row in read_published(path)] == [
        (0.82, 0.0005, 2533),
        (1.0, 0.005, None),
    ]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("p,T,a,,acuracy,0.8,10,", "unknown metric 'acuracy'"),
        ("p,T,a,MEL,map,0.8,10,", "map is not defined by class"),
        ("p,T,a,,recall,0.8,10,", "recall is only defined by class"),
        ("p,T,a,,auc,82.0,10,", "'82.0' is not a number in"),
        ("p,T,a,,auc,NaN,10,", "'NaN' is not a number in"),
        ("p,T,a,,auc,0.8,ten,", "'ten' is not a count"),
    ],
)
def test_a_wrong_row_is_named_by_its_number(tmp_path, row, complaint):
    with pytest.raises(InputError, match="row 2: ") as error:
        read_published(written(tmp_path, row))
    assert complaint in str(error.value)


def test_a_value_printed_twice_in_one_table_is_refused(tmp_path):
    with pytest.raises(InputError, match="printed twice: p Table 2 a auc"):
        read_published(written(tmp_path, *["p,Table 2,a,,auc,0.8,10,"] * 2))


def scored(arm, **values):
    """The scores of one arm, each value with an interval of two points to either side."""
    metrics = [
        {
            "metric": metric,
            "class": "",
            "value": value,
            "low": None if value is None else value - 0.02,
            "high": None if value is None else value + 0.02,
            "note": "undefined: no test image of MEL" if value is None else "",
        }
        for metric, value in values.items()
    ]
    return {
        "paper": "p",
        "protocol": "as_published",
        "arm": arm,
        "confidence": 0.95,
        "n_seeds": 3,
        "metrics": metrics,
    }


def printed(arm, metric="accuracy", value=0.8, table="Table 2", of_class="", note=""):
    return PublishedValue("p", table, arm, of_class, metric, value, 0.0005, 1000, note)


def summary_of(published, scores, scale="full"):
    return summarize(
        study={"name": "tiny", "title": "Tiny", "scale": scale, "statements": []},
        papers={"p": PAPER},
        protocols=PROTOCOLS,
        published=published,
        scores=scores,
        splits=[],
        source={},
        training=[],
        assumptions=[],
        cost=[],
        provenance={},
    )


def test_each_published_value_stands_beside_ours_under_each_protocol():
    published = [printed("plain"), printed("distilled", value=0.9, note="printed with a typo")]
    cells = summary_of(published, [scored("plain", accuracy=0.79), scored("distilled", accuracy=0.79)])[
        "cells"
    ]
    found = {(cell["arm"], cell["protocol"]): cell for cell in cells}
    assert len(cells) == 4
    assert found["plain", "as_published"] == {
        "paper": "p",
        "table": "Table 2",
        "protocol": "as_published",
        "arm": "plain",
        "class": "",
        "metric": "accuracy",
        "published": 0.8,
        "reproduced": 0.79,
        "low": 0.77,
        "high": 0.81,
        "n_seeds": 3,
        "verdict": "reproduced",
        "reason": "the published value lies in our interval [0.770, 0.810]",
    }
    assert found["distilled", "as_published"]["verdict"] == "lower"
    assert found["distilled", "as_published"]["reason"].endswith("; printed with a typo")


def test_what_was_not_run_says_so():
    cell = summary_of([printed("distilled")], [])["cells"][0]
    assert (cell["verdict"], cell["reproduced"], cell["n_seeds"]) == ("not run", None, 0)
    assert cell["reason"] == "this study has no run of distilled under as_published"


def test_an_undefined_value_is_untestable_and_says_why():
    cell = summary_of([printed("plain", "auc")], [scored("plain", auc=None)])["cells"][0]
    assert (cell["verdict"], cell["reason"]) == ("untestable", "undefined: no test image of MEL")


def test_a_smoke_study_still_shows_both_values():
    cell = summary_of([printed("plain")], [scored("plain", accuracy=0.3)], scale="smoke")["cells"][0]
    assert (cell["published"], cell["reproduced"], cell["verdict"]) == (0.8, 0.3, "untestable")


def test_our_values_that_no_table_prints_stand_outside_the_tables():
    cells = summary_of([printed("plain")], [scored("plain", accuracy=0.79, auc=0.9)])["cells"]
    outside = [cell for cell in cells if not cell["table"]]
    assert [(cell["metric"], cell["published"], cell["verdict"]) for cell in outside] == [
        ("auc", None, "not published")
    ]


def test_published_values_of_other_papers_are_left_out():
    other = PublishedValue("q", "Table 1", "plain", "", "accuracy", 0.8, 0.0005, 1000, "")
    assert summary_of([other], [])["cells"] == []


def test_names_that_the_paper_does_not_have_are_all_refused_at_once():
    wrong = [
        printed("plian"),
        printed("plain", table="Tabel 2"),
        printed("plain", "recall", of_class="nevus"),
    ]
    with pytest.raises(InputError, match="no arm 'plian', p has no table 'Tabel 2', p has no class 'nevus'"):
        summary_of(wrong, [])


def test_assumptions_are_found_whole_and_in_order(tmp_path):
    word = "ASSUME:"  # split, so that this file has no such comment
    (tmp_path / "config").mkdir()
    (tmp_path / "workflow" / "lib").mkdir(parents=True)
    lines = [
        "x = 1",
        f"    # {word} One thing",
        "    # over two lines.",
        "    y = 2",
        "# not part",
        f"z = 3  # {word} Another.",
        f"# {word} Last.",
    ]
    (tmp_path / "workflow" / "lib" / "b.py").write_text("\n".join(lines))
    (tmp_path / "config" / "a.yaml").write_text(f"# {word} In a config.\n#\n# An aside.\nkey: 1\n")
    assert collect_assumptions(tmp_path) == [
        {"file": "config/a.yaml", "line": 1, "text": "In a config."},
        {"file": "workflow/lib/b.py", "line": 2, "text": "One thing over two lines."},
        {"file": "workflow/lib/b.py", "line": 6, "text": "Another."},
        {"file": "workflow/lib/b.py", "line": 7, "text": "Last."},
    ]


def test_the_assumptions_of_this_repository_are_sentences():
    found = collect_assumptions(ROOT)
    assert found
    assert all(assumption["text"].endswith(".") for assumption in found), found


def test_equal_records_give_equal_bytes(tmp_path):
    for name in ("first.json", "second.json"):
        results = summarize(
            study={"scale": "full", "statements": ["größer"]},
            papers={"p": PAPER},
            protocols=PROTOCOLS,
            published=read_published(written(tmp_path, "p,Table 2,plain,,accuracy,0.3,100,")),
            scores=[scored("plain", accuracy=0.1 + 0.2)],
            splits=[{"paper": "p", "fold": 2}],
            source={"source": "demo"},
            training=[],
            assumptions=[],
            cost=[],
            provenance={},
        )
        write_record(tmp_path / name, results)
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()
    results = read_record(tmp_path / "first.json")
    assert results["cells"][0]["reproduced"] == 0.3
    assert results["splits"] == [{"paper": "p", "fold": 2}]
    assert results["data"] == {"source": {"source": "demo"}}
