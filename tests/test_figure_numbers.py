"""Every number that a figure prints equals results.json, read again without the code that drew it."""

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from figure_places import KINDS
from figure_words import FigureWords
from number_sentences import strings_of
from report_example import example
from report_page import NUMBER, numbers_in

from skinkd import figures

COMMITTED = Path(__file__).parents[1] / "results/ham10000"


def wrong_in_figure(svg: str, results: dict, about: dict, strings) -> list[str]:
    """Each number of a figure that is not where and as results.json has it."""
    figure = FigureWords(svg)
    try:
        expected = list(KINDS[about["name"]](results, about, figure))
    except (AssertionError, KeyError) as error:
        return [f"results.json has no such place: {error}"]
    return [*wrong_pairs(expected), *wrong_elsewhere(figure, expected, strings)]


def wrong_pairs(expected):
    for words, values in expected:
        if words is None or values is None:
            yield f"{words.text if words else 'nothing'} is printed for {values}"
            continue
        shown = numbers_in(words.text)
        if len(shown) != len(values) or not all(n.shows(v) for n, v in zip(shown, values, strict=True)):
            yield f"{words.text} is printed for {values}"


def wrong_elsewhere(figure, expected, strings):
    """Words outside of the places of numbers that have some that are no part of a name."""
    placed = {words for words, _ in expected}
    for words in figure.words():
        if words not in placed and numbers_in(strings.sub(" ", words.text)):
            yield f"{words.text}: results.json has no number there"


@pytest.fixture(scope="module")
def study():
    return json.loads(gzip.decompress((COMMITTED / "results.json.gz").read_bytes()))


@pytest.fixture(scope="module")
def of_study(study):
    """SVG and entry of the catalogue of each committed figure."""
    wanted = figures.catalogue(study["papers"])
    drawn = {stem: (COMMITTED / f"figures/{stem}.svg").read_text(encoding="utf-8") for stem in wanted}
    return {stem: (drawn[stem], about) for stem, about in wanted.items()}


def drawn_svg(results, about, path):
    figures.save(figures.draw(results=results, **{k: v for k, v in about.items() if k != "label"}), path)
    return path.read_text(encoding="utf-8")


def test_every_number_of_the_committed_figures_is_that_of_results_json(study, of_study):
    strings = strings_of(study)
    wrong = {stem: wrong_in_figure(*(svg, study, about), strings) for stem, (svg, about) in of_study.items()}
    assert {stem: found for stem, found in wrong.items() if found} == {}
    assert {about["name"] for _, about in of_study.values()} == set(KINDS), "each kind was looked at"


def test_every_number_of_the_example_s_figures_is_that_of_results_json(tmp_path):
    """One of each kind: what is drawn now, and of a study in the newest format."""
    results = example()
    # The first paper has the most classes.
    wanted = reversed(figures.catalogue(results["papers"]).values())
    kinds = {about["name"]: about for about in wanted}
    strings = strings_of(results)
    for name, about in kinds.items():
        assert (
            wrong_in_figure(drawn_svg(results, about, tmp_path / "a.svg"), results, about, strings) == []
        ), name
    assert set(kinds) == set(KINDS)


def test_a_figure_on_the_page_has_the_words_of_its_file(of_study):
    said = re.compile(r"<text[^>]*>([^<]*)</text>")
    for svg, _ in of_study.values():
        assert said.findall(figures.set_apart(svg, "f0")) == said.findall(svg)


def test_any_altered_number_of_a_figure_is_found(study, of_study):
    missed, tried = [], 0
    for stem, (svg, about) in of_study.items():
        for words, values in KINDS[about["name"]](study, about, FigureWords(svg)):
            for found in NUMBER.finditer(words.text):
                other = replace(words, lines=(with_other_digit(words.text, found),))
                tried += 1
                missed += [] if list(wrong_pairs([(other, values)])) else [(stem, other.text)]
            missed += (
                [] if list(wrong_pairs([(None, values)])) and list(wrong_pairs([(words, None)])) else [stem]
            )
    assert missed == []
    assert tried > 1500


def with_other_digit(text, found):
    """The text with another last digit of one of its numbers."""
    end = found.start() + len(re.match(r".*\d", found[0])[0])
    return text[: end - 1] + str((int(text[end - 1]) + 2) % 10) + text[end:]


def test_an_altered_svg_is_found_with_its_place(study, of_study):
    strings = strings_of(study)
    svg, about = of_study["dsnet-as_published-figure-7"]
    other = re.sub(r">malignant 0\.\d+<", ">malignant 0.123<", svg, count=1)
    (problem,) = wrong_in_figure(other, study, about, strings)
    assert problem.startswith("malignant 0.123 is printed for (0.")
    other = svg.replace(">True positive rate<", ">True positive rate of 12 folds<")
    assert wrong_in_figure(other, study, about, strings) == [
        "True positive rate of 12 folds: results.json has no number there"
    ]
    other = svg.replace(">ResNet50 teacher<", ">ResNet51 teacher<")
    (problem,) = wrong_in_figure(other, study, about, strings)
    assert problem == "results.json has no such place: ResNet50 teacher has no panel"


def test_counts_that_changed_places_are_found(study, of_study):
    """Each of them is somewhere in results.json."""
    svg, about = of_study["ssd_kd-as_published-figure-3"]
    confusion = next(s for s in study["scores"] if (s["paper"], s["arm"]) == ("ssd_kd", "resnet50"))[
        "confusion"
    ]
    first, second = confusion[0][0], confusion[1][0]
    other = svg.replace(f">{first}<", ">moved<", 1).replace(f">{second}<", f">{first}<", 1)
    other = other.replace(">moved<", f">{second}<")
    assert wrong_in_figure(other, study, about, strings_of(study)) == [
        f"{second} is printed for ({first},)",
        f"{first} is printed for ({second},)",
    ]
