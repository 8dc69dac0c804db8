"""A page over the budget says what weighs most."""

import json
from pathlib import Path

import pytest
import render as script
from report_example import draw_pictures, example

from skinkd import figures, page_weight

TEMPLATES = Path(__file__).parents[1] / "report"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g id="a"/></svg>'


def page_of(table_kb, figure_kb):
    """A page with a table and a figure of about these sizes."""
    table = f'<div id="table-general">{"a" * 1000 * table_kb}</div>'
    return f'<p>text</p>{table}<figure id="figure-dsc-data">{"b" * 1000 * figure_kb}</figure>'


def test_a_page_within_the_budget_is_not_spoken_of():
    assert page_weight.warning(page_of(4000, 5900)) == ""


def test_the_heaviest_of_a_page_over_the_budget_is_named_first():
    assert page_weight.warning(page_of(4000, 6100)) == (
        "WARNING report: the page weighs 10.1 MB, more than 10.0 MB. "
        "Heaviest in it: #figure-dsc-data 6.1 MB, #table-general 4.0 MB."
    )


def test_bytes_count_and_not_letters():
    assert page_weight.weights_of('<p id="table-a">é</p>') == {"table-a": len(">é</p>".encode())}


@pytest.mark.parametrize("budget", [1_000, 10_000_000])
def test_rendering_warns_in_the_log_and_past_it(tmp_path, monkeypatch, capfd, budget):
    monkeypatch.setattr(page_weight, "BUDGET_BYTES", budget)
    results = example()
    (tmp_path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    (tmp_path / "figures").mkdir()
    for stem in figures.catalogue(results["papers"]):
        (tmp_path / "figures" / f"{stem}.svg").write_text(SVG, encoding="utf-8")
    draw_pictures(results, tmp_path / "pictures")
    script.render(
        path_to_results=tmp_path / "results.json",
        paths_to_figures=sorted((tmp_path / "figures").glob("*.svg")),
        paths_to_samples=[],
        sample_captions=[],
        path_to_pictures=tmp_path / "pictures",
        path_to_templates=TEMPLATES,
        path_to_html=tmp_path / "report.html",
        path_to_latex=tmp_path / "report.tex",
        path_to_tables=tmp_path / "tables",
    )
    said = capfd.readouterr()
    wanted = "WARNING report: the page weighs" if budget == 1_000 else ""
    assert said.out.startswith(wanted) and bool(said.out) == bool(wanted)
    weights = page_weight.weights_of((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert f"Heaviest in it: #{max(weights, key=weights.get)} " in said.out or not wanted
    assert (wanted in said.err) if wanted else "WARNING" not in said.err
