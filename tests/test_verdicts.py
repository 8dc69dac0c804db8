"""A verdict follows from the two intervals; each published value stands beside ours or says why not."""

from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from skinkd import lookups
from skinkd.assumptions import collect_assumptions
from skinkd.errors import InputError
from skinkd.published import COLUMNS, PublishedValue, read_published
from skinkd.quantities import METRICS, QUANTITIES
from skinkd.records import read_record, write_record
from skinkd.summary import cells, summarize
from skinkd.verdicts import VERDICTS, verdict, verdict_of_exact

ROOT = Path(__file__).parents[1]
PROTOCOLS = {"as_published": "Images are split.", "leak_free": "Lesions are split."}
CLASSES = ["MEL", "NV"]
PAPER = {
    "label": "A paper",
    "classes": CLASSES,
    "tables": {"Table 1": "sizes", "Table 2": "arms"},
    "protocols": ["as_published", "leak_free"],
    "arms": {arm: {"losses": {}, "control": None} for arm in ("plain", "distilled")},
}

SPLIT = {
    **{"paper": "p", "protocol": "leak_free", "fold": 2, "classes": CLASSES},
    "leakage": {"test_images": 50, "test_images_sharing_a_lesion": 0},
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
    ],
)
def test_verdict_at_full_scale(published, n, low, high, expected):
    word, reason = verdict(published, n, low, high, "full")
    assert word == expected
    assert reason


@settings(deadline=None)
@given(
    right=st.integers(0, 400),
    n=st.integers(1, 400),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    confidence=st.sampled_from([0.9, 0.95, 0.99]),
)
def test_the_verdict_follows_from_both_intervals_alone(right, n, ends, confidence):
    (low, high), published = ends, min(right, n) / n
    theirs = stats.binomtest(min(right, n), n).proportion_ci(confidence, method="wilson")
    # An end within rounding of the other interval may fall on either side.
    assume(min(abs(low - theirs.high), abs(high - theirs.low)) > 1e-9)
    if low <= published <= high:
        expected = "reproduced"
    elif theirs.low <= high and low <= theirs.high:
        expected = "consistent"
    else:
        expected = "lower" if high < theirs.low else "higher"
    assert verdict(published, n, low, high, "full", confidence=confidence)[0] == expected


@pytest.mark.parametrize("scale", ["smoke", "scaled"])
@pytest.mark.parametrize("published", [0.80, 0.99])
def test_a_smaller_study_tests_nothing(scale, published):
    word, reason = verdict(published, 1000, 0.78, 0.82, scale)
    assert word == "untestable"
    assert scale in reason


def test_a_printed_value_stands_for_all_that_round_to_it():
    rounded = {"least": 0.995, "most": 1.005}
    assert verdict(1.00, 1500, 0.991, 0.998, "full", **rounded)[0] == "reproduced"
    assert verdict(1.00, 1500, 0.991, 0.998, "full")[0] == "consistent"
    assert verdict(1.00, 1500, 0.971, 0.990, "full", **rounded)[0] == "lower"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(268_898, "reproduced"), (255_000, "reproduced"), (254_999, "lower"), (270_000, "higher")],
)
def test_a_count_is_rounded_or_cut_off(value, expected):
    word, reason = verdict_of_exact(255_000, 270_000, value, "full")
    assert word == expected
    assert f"{value:,}" in reason
    assert verdict_of_exact(255_000, 270_000, value, "smoke")[0] == "untestable"


def test_every_verdict_is_known_to_the_report():
    assert set(VERDICTS) == set(lookups.GLYPHS)


def written(tmp_path, *rows):
    path = tmp_path / "paper.csv"
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("metric", "text", "expected"),
    [
        ("auc", "0.820", (0.82, 0.8195, 0.8205)),
        ("auc", "1.00", (1.0, 0.995, 1.005)),
        ("accuracy", "72.77 %", (0.7277, 0.72765, 0.72775)),
        ("accuracy", "1015/1288", (1015 / 1288, 1014.5 / 1288, 1015.5 / 1288)),
        ("trainable_parameters", "0.26 M", (260_000, 255_000, 270_000)),
        ("trainable_parameters", "4 M", (4_000_000, 3_500_000, 5_000_000)),
        ("trainable_parameters", "268898", (268_898, 268_897.5, 268_899)),
        ("gmacs", "4.11", (4.11, 4.105, 4.12)),
        ("largest_seed_sd", "<0.01", (0.01, 0, 0.01)),
        ("accuracy", "", (None, None, None)),
    ],
)
def test_a_printed_number_stands_for_all_that_are_printed_so(tmp_path, metric, text, expected):
    [row] = read_published(written(tmp_path, f"p,Table 2,a,,{metric},{text},2533,why"))
    assert (row.value, row.least, row.most) == expected
    assert (row.n, row.note) == (2533, "why")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("p,T,a,,acuracy,0.8,10,", "unknown metric 'acuracy'"),
        ("p,T,a,MEL,map,0.8,10,", "map is not defined by class"),
        ("p,T,a,,recall,0.8,10,", "recall is only defined by class"),
        ("p,T,a,,auc,82.0,10,", "'82.0' is not a share in"),
        ("p,T,a,,auc,3 M,10,", "'3 M' is not a share in"),
        ("p,T,a,,auc,NaN,10,", "'NaN' is not a number as papers print it"),
        ("p,T,a,,auc,0.8%,10,", "'0.8%' is not a number as papers print it"),
        ("p,T,a,,auc,3/0,10,", "'3/0' is not a number as papers print it"),
        ("p,T,a,,gmacs,31 %,,", "'31 %' is a share, the metric is not"),
        ("p,T,a,,auc,,10,", "neither a published value nor a note"),
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
            "note": "undefined: no image of MEL" if value is None else "",
        }
        for metric, value in values.items()
    ]
    return {
        "paper": "p",
        "protocol": "as_published",
        "arm": arm,
        "classes": CLASSES,
        "support": {name: {"images": 50, "lesions": 40} for name in CLASSES},
        "confidence": 0.95,
        "resamples": 1000,
        "n_seeds": 3,
        "metrics": metrics,
        "everything": [],
        "differences": [],
    }


def printed(arm, metric="accuracy", value=0.8, table="Table 2", of_class="", note=""):
    least, most = (None, None) if value is None else (value - 0.0005, value + 0.0005)
    return PublishedValue("p", table, arm, of_class, metric, value, least, most, 1000, note)


def trained(arm, parameters=250, seed=0, **measured):
    """What is known of one trained network."""
    return {
        "paper": "p",
        "protocol": "as_published",
        "arm": arm,
        "seed": seed,
        "parameters": parameters,
        "best_epoch": 1,
        "diverged_epoch": None,
    } | measured


def summary_of(published, scores, scale="full", networks=()):
    return summarize(
        study={"name": "tiny", "title": "Tiny", "scale": scale, "statements": []},
        papers={"p": PAPER},
        protocols=PROTOCOLS,
        published=published,
        scores=scores,
        splits=[],
        audits={},
        sources={},
        networks=list(networks),
        training=[],
        pictures={},
        assumptions=[],
        cost=[],
        provenance={"commit": "unknown", "dirty": False},
    )


def test_a_value_of_a_run_that_diverged_is_not_judged():
    broken = trained("plain", diverged_epoch=3, best_epoch=2)
    cells = summary_of([printed("plain")], [scored("plain", accuracy=0.8)], networks=[broken])["cells"]
    cell = next(cell for cell in cells if cell["table"])
    assert cell["verdict"] == "untestable"
    assert "diverged in epoch 3 (seed 0): these are the weights of epoch 2" in cell["reason"]


def test_each_published_value_stands_beside_ours_under_each_protocol():
    published = [printed("plain"), printed("distilled", value=0.9, note="printed with a typo")]
    scores = [scored("plain", accuracy=0.79), scored("distilled", accuracy=0.79)]
    all_cells = summary_of(published, scores)["cells"]
    found = {(cell["arm"], cell["protocol"]): cell for cell in all_cells}
    assert len(all_cells) == 4
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
    assert cell["reason"] == "this study does not run the arm under this protocol"


def test_an_undefined_value_is_untestable_and_says_why():
    cell = summary_of([printed("plain", "auc")], [scored("plain", auc=None)])["cells"][0]
    assert (cell["verdict"], cell["reason"]) == ("untestable", "undefined: no image of MEL")


def test_a_smoke_study_still_shows_both_values():
    cell = summary_of([printed("plain")], [scored("plain", accuracy=0.3)], scale="smoke")["cells"][0]
    assert (cell["published"], cell["reproduced"], cell["verdict"]) == (0.8, 0.3, "untestable")


def test_our_values_that_no_table_prints_stand_outside_the_tables():
    all_cells = summary_of([printed("plain")], [scored("plain", accuracy=0.79, auc=0.9)])["cells"]
    outside = [cell for cell in all_cells if not cell["table"]]
    assert [(cell["metric"], cell["published"], cell["verdict"]) for cell in outside] == [
        ("auc", None, "not published")
    ]


def test_each_protocol_of_the_paper_has_its_cell_and_no_other():
    paper = PAPER | {"protocols": ["leak_free"]}
    found = cells("full", {"p": paper}, [printed("plain")], [scored("plain", accuracy=0.79)], [])
    assert [(cell["protocol"], cell["verdict"]) for cell in found if cell["table"]] == [
        ("leak_free", "not run")
    ]


def test_what_is_shown_without_a_number_says_why():
    row = printed("plain", value=None, note="a curve without numbers")
    for scores in ([], [scored("plain", accuracy=0.79)]):
        cell = summary_of([row], scores)["cells"][0]
        assert (cell["verdict"], cell["reason"]) == ("not published", "a curve without numbers")
        assert cell["reproduced"] == (0.79 if scores else None)


def test_a_score_on_everything_stands_in_the_same_cell():
    record = scored("plain", accuracy=0.6) | {"everything": scored("plain", accuracy=0.8)["metrics"]}
    cell = summary_of([printed("plain")], [record])["cells"][0]
    assert (cell["verdict"], cell["reproduced"]) == ("lower", 0.6)
    assert cell["everything"] == {
        "reproduced": 0.8,
        "low": 0.78,
        "high": pytest.approx(0.82),
        "verdict": "reproduced",
        "reason": "the published value lies in our interval [0.780, 0.820]",
    }


def test_a_fact_of_a_network_is_judged_by_what_is_printed(tmp_path):
    rows = [
        "p,Table 1,plain,,trainable_parameters,0.25 M,,",
        "p,Table 1,plain,,training_runtime_s,340,,printed",
    ]
    networks = [trained("plain", 250_001, seed, training_runtime_s=10.0 * seed) for seed in (1, 2)]
    count, time = summary_of(read_published(written(tmp_path, *rows)), [], networks=networks)["cells"][::2]
    assert (count["verdict"], count["reproduced"], count["n_seeds"]) == ("reproduced", 250_001, 2)
    assert (time["verdict"], time["reproduced"], time["low"]) == ("untestable", 15.0, None)
    assert time["reason"] == f"{QUANTITIES['training_runtime_s'].incomparable}; printed"


def test_a_value_in_two_tables_counts_once():
    published = [printed("plain", table=table) for table in ("Table 1", "Table 2")]
    published += [printed("distilled"), printed("plain", "auc", value=None, note="a curve")]
    found = lookups.distinct(summary_of(published, [scored("plain", accuracy=0.79, auc=0.9)])["cells"])
    assert [(cell["arm"], cell["table"], cell["protocol"]) for cell in found] == [
        ("plain", "Table 1", "as_published"),
        ("plain", "Table 1", "leak_free"),
        ("distilled", "Table 2", "as_published"),
        ("distilled", "Table 2", "leak_free"),
    ]


def test_results_say_what_their_numbers_mean():
    said = summary_of([], [])["quantities"]
    assert set(METRICS) < set(said) == set(QUANTITIES)
    assert all(name == quantity.name for name, quantity in QUANTITIES.items())
    assert all(words["label"] and words["meaning"] and words["unit"] for words in said.values())
    assert said["gmacs"]["label"] == lookups.metric_label("gmacs")


def test_published_values_of_other_papers_are_left_out():
    other = PublishedValue("q", "Table 1", "plain", "", "accuracy", 0.8, 0.7995, 0.8005, 1000, "")
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
            splits=[SPLIT],
            audits={},
            sources={"demo": {"source": "demo"}},
            networks=[],
            training=[],
            pictures={},
            assumptions=[],
            cost=[],
            provenance={"commit": "unknown", "dirty": False},
        )
        write_record(tmp_path / name, results)
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()
    results = read_record(tmp_path / "first.json")
    assert results["cells"][0]["reproduced"] == 0.3
    assert results["splits"] == [SPLIT]
    assert results["data"] == {"sources": {"demo": {"source": "demo"}}}
