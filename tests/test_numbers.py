"""Every number of the page equals results.json, read again without the code that made the page."""

import csv
import gzip
import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from number_kinds import place_of
from number_places import Expected
from number_sentences import Place, compiled, strings_of, wrong_in_sentence
from report_example import example
from report_page import NUMBER, ReportPage, numbers_in
from test_report import render_html

from skinkd import report
from skinkd.tables import all_tables

STUDY = Path(__file__).parents[1] / "results/ham10000/results.json.gz"


def wrong_numbers(html: str, results: dict) -> list[str]:
    """Each number of the page that is not where and as results.json has it, with its place."""
    page, strings, patterns = ReportPage(html), strings_of(results), list(compiled(results))
    wrong = [problem for table in page.tables.values() for problem in wrong_in_table(table, results, strings)]
    for prose in page.prose:
        place = Place(results, prose.place, page)
        wrong += [
            f"{prose.place}: {problem}"
            for problem in wrong_in_sentence(results, patterns, strings, place, prose.text)
        ]
    return wrong


def wrong_in_table(table, results, strings):
    """Cells whose number, interval or further numbers are not those of their place."""
    function, found = place_of(table.name)
    for row in table.rows_by_key() if len(table.rows[0]) == len(table.keys) else ():
        words = {key: cell.text for key, cell in row.items()}
        for (key, cell), head in zip(row.items(), table.heads, strict=True):
            for problem in wrong_at(function, results, found, words, key, cell, head, strings):
                yield f"{table.name}, {[*words.values()][:5]}, {key}: {problem}"


def wrong_at(function, results, found, words, key, cell, head, strings):
    try:
        expected = function(results, found, words, key) or Expected(None)
    except (AssertionError, KeyError, StopIteration, TypeError) as error:
        return [f"results.json has no such row: {type(error).__name__} {error}"]
    return list(wrong_in_cell(cell, head, expected, strings))


def wrong_in_cell(cell, head, expected, strings):
    """What is wrong with the attributes and the words of one cell."""
    held = [cell.attributes.get(f"data-{name}") for name in ("value", "low", "high")]
    wanted = [expected.value, expected.low, expected.high]
    for own, value in zip(held, wanted, strict=True):
        if not equal(own, value):
            yield f"the cell holds {own}, results.json {value}"
    if expected.below is None:
        return
    shown = [
        number for words in (cell.text, *cell.lines) for number in numbers_of(words, cell, head, strings)
    ]
    values = [value for value in (*wanted, *expected.below) if value is not None]
    if len(shown) != len(values):
        yield f"{cell.text} {cell.lines} shows {len(shown)} numbers, results.json has {values}"
    for number, value in zip(shown, values, strict=False):
        if not number.shows(value):
            yield f"{number.text} is shown for {value}"


def equal(held, value) -> bool:
    if None in (held, value):
        return held is value
    return math.isclose(float(held), value, rel_tol=1e-9, abs_tol=1e-12)


def numbers_of(words, cell, head, strings):
    """Numbers of a cell's words; names that have digits are none."""
    if not re.search(r"\d", words):
        return []
    in_points = "pp" in f"{words} {head}" or (words != cell.text and "pp" in cell.text)
    in_points = in_points and "×" not in words
    plain = words if "num" in cell.attributes.get("class", "") else strings.sub(" ", words)
    return numbers_in(plain, 0.01 if in_points else 1)


@pytest.fixture(scope="module", params=["smoke", "full"])
def results(request):
    return example(request.param)


@pytest.fixture(scope="module")
def smoke():
    return example()


@pytest.fixture(scope="module")
def smoke_page(smoke):
    return ReportPage(render_html(smoke))


@pytest.fixture(scope="module")
def html(results):
    return render_html(results)


def test_every_number_of_the_page_is_that_of_results_json(html, results):
    page = ReportPage(html)
    assert wrong_numbers(html, results) == []
    assert len(page.tables) > 40
    config = page.dumped[page.dumped.index("{") :]
    assert json.loads(config) == results["provenance"]["config"]


def test_every_number_of_the_committed_study_is_that_of_its_results_json():
    """Three protocols of real pictures have sentences that no example has; pictures are no numbers."""
    study = json.loads(gzip.decompress(STUDY.read_bytes()))
    assert wrong_numbers(render_html(study), study) == []


def test_a_claim_that_was_judged_otherwise_than_its_reason_says_is_found(smoke, smoke_page):
    reasons = {
        under["reason"]: under
        for claim in smoke["claims"]
        for under in claim["under"]
        if under["shown"] and under["shown"]["refuted"]
    }
    patterns, strings = list(compiled(smoke)), strings_of(smoke)
    place = Place(smoke, "claims-note-a", smoke_page)
    for reason, under in reasons.items():
        holds, claimed, refuted = (under["shown"][key] for key in ("holds", "claimed", "refuted"))
        counts = f"{holds} of {claimed} shown, {refuted} refuted"
        for other in ((holds + 50, claimed, refuted), (holds, claimed + 50, refuted), (holds, claimed, 50)):
            text = reason.replace(counts, "{} of {} shown, {} refuted".format(*other))
            assert not list(wrong_in_sentence(smoke, patterns, strings, place, reason))
            known = strings_of(smoke | {"reason": text})
            assert list(wrong_in_sentence(smoke, patterns, known, place, text))
    assert reasons


def test_a_table_that_nobody_described_is_named(smoke_page, smoke):
    table = replace(smoke_page.tables["cost"], name="brand-new")
    with pytest.raises(KeyError, match="table brand-new: no line of KINDS"):
        list(wrong_in_table(table, smoke, strings_of(smoke)))


def test_an_altered_number_of_the_page_is_found_with_its_place(smoke):
    html, value = render_html(smoke), smoke["scores"][0]["metrics"][0]["value"]
    html = html.replace(f'data-value="{value}"', 'data-value="0.123"', 1)
    html = html.replace("1,000 resamples of lesions", "2,000 resamples of lesions", 1)
    in_table, in_sentence = wrong_numbers(html, smoke)
    assert in_table.startswith("ssd_kd-summary, ['Teacher: ResNet50', '0.682', ")
    assert in_table.endswith(f"as_published: the cell holds 0.123, results.json {value}")
    assert in_sentence.startswith("table-ssd_kd-summary: 95 % intervals from 2,000 resamples of lesions")


def altered(text: str, strings) -> list[str]:
    """The text once for each of its numbers, with another last digit there."""
    names = [found.span() for found in strings.finditer(text)]
    return [
        text[: end - 1] + str((int(text[end - 1]) + 2) % 10) + text[end:]
        for found in NUMBER.finditer(text)
        if not any(start < found.end() and found.start() < stop for start, stop in names)
        for end in [found.start() + len(re.match(r".*\d", found[0])[0])]
    ]


def test_any_altered_number_of_a_sentence_is_found(smoke_page, smoke):
    strings, patterns = strings_of(smoke), list(compiled(smoke))
    missed, tried = [], 0
    for place, words in {(prose.place, prose.text) for prose in smoke_page.prose}:
        for text in altered(words, strings):
            tried += 1
            found = wrong_in_sentence(smoke, patterns, strings, Place(smoke, place, smoke_page), text)
            missed += [] if list(found) else [text]
    assert missed == []
    assert tried > 500


def test_any_altered_number_of_a_cell_is_found(smoke_page, smoke):
    strings, missed, tried = strings_of(smoke), [], 0
    for table in smoke_page.tables.values():
        function, found = place_of(table.name)
        for row in table.rows_by_key():
            words = {key: cell.text for key, cell in row.items()}
            for (key, cell), head in zip(row.items(), table.heads, strict=True):
                if "num" in cell.attributes.get("class", ""):
                    expected = function(smoke, found, words, key) or Expected(None)
                    others = list(altered_cells(cell, strings))
                    tried += len(others)
                    missed += [o for o in others if not list(wrong_in_cell(o, head, expected, strings))]
    assert missed == []
    assert tried > 4000


def altered_cells(cell, strings):
    """The cell once for each of its numbers, shown or held, with another one there."""
    for text in altered(cell.text, strings):
        yield replace(cell, text=text)
    for index, line in enumerate(cell.lines):
        for text in altered(line, strings):
            yield replace(cell, lines=[*cell.lines[:index], text, *cell.lines[index + 1 :]])
    for name in ("data-value", "data-low", "data-high"):
        if name in cell.attributes:
            held = {name: str(float(cell.attributes[name]) * 1.01 + 0.002)}
            yield replace(cell, attributes=cell.attributes | held)


def test_every_number_of_the_files_is_that_of_results_json(smoke):
    wrong, tried = [], 0
    for name, table in all_tables(smoke).items():
        function, found = place_of(name)
        rows = list(csv.DictReader(io.StringIO(report.csv_of(table))))
        for row in rows:
            keys = [key for key in row if not re.search("_(low|high|why)$", key)]
            for key in keys:
                expected = function(smoke, found, row, key) or Expected(None)
                held = [row[key], row.get(f"{key}_low"), row.get(f"{key}_high")]
                wanted = [expected.value, expected.low, expected.high]
                pairs = [pair for pair in zip(held, wanted, strict=True) if pair[1] is not None]
                tried += len(pairs)
                wrong += [(name, row, key) for own, value in pairs if not own or not equal(own, value)]
    assert wrong == []
    assert tried > 8000


def test_a_missing_cell_says_why_below_its_table_or_in_its_row(smoke_page):
    silent, found = [], 0
    for table in smoke_page.tables.values():
        for row in table.rows_by_key():
            for key, cell in row.items():
                if cell.missing:
                    found += 1
                    why = table.notes.get(cell.note) if cell.note else row.get("why", cell).text
                    silent += [] if why and why != cell.text else [(table.name, key, cell.text)]
    assert silent == []
    assert found > 100


def test_a_missing_value_of_a_file_says_why_beside_it(smoke):
    for name, table in all_tables(smoke).items():
        for row in csv.DictReader(io.StringIO(report.csv_of(table))):
            for key, value in row.items():
                if not value and not re.search("_(low|high|why)$", key):
                    assert row.get(f"{key}_why") or row.get("why"), (name, row, key)
