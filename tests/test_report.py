"""The report shows results.json: every number, nothing else, and nothing from elsewhere."""

import base64
import csv
import hashlib
import io
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from PIL import Image
from render import render
from report_example import GAP, NASTY, draw_pictures, example, without

from skinkd import captions, cells, figures, formats, latex, plates, report, selections, terms
from skinkd.drawing import draw_all
from skinkd.errors import InputError
from skinkd.records import read_record
from skinkd.tables import all_tables, leaks

TEMPLATES = Path(__file__).parents[1] / "report"
VOID = {"meta", "link", "img", "input", "br", "hr"}
PLAIN_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g id="a"/></svg>'


class Page(HTMLParser):
    """What a test asks of a page: its tags in balance, ids, links, cells and scripts."""

    def __init__(self, html):
        super().__init__()
        self.open, self.unbalanced, self.tags, self.cells = [], [], [], []
        self.text, self.script = "", ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append([dict(attributes), ""])

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        if "script" in self.open:
            self.script += data
        elif "style" not in self.open:
            self.text += data
            if {"td", "th"} & set(self.open):
                self.cells[-1][1] += data

    def attributes(self, name):
        return [found[name] for _, found in self.tags if name in found]


def render_html(results, svg=PLAIN_SVG, pictures=()):
    svgs = dict.fromkeys(figures.catalogue(results["papers"]), svg)
    names = [name for record in results["pictures"].values() for name in plates.files_of(record)]
    embedded = dict.fromkeys(names, "data:image/webp;base64,AA==")
    return report.html(results, all_tables(results), svgs, list(pictures), embedded, TEMPLATES, "ab" * 32)


@pytest.fixture(scope="module", params=["smoke", "scaled", "full"])
def results(request):
    return example(request.param)


@pytest.fixture(scope="module")
def smoke():
    return example("smoke")


@pytest.fixture(scope="module")
def html(results):
    return render_html(results)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, smoke):
    """The example on disk: results.json and its figures, as the rules would leave them."""
    folder = tmp_path_factory.mktemp("ü report & co")
    (folder / "results.json").write_text(json.dumps(smoke, ensure_ascii=False), encoding="utf-8")
    draw_into(folder / "figures", folder / "results.json", figures.catalogue(smoke["papers"]))
    draw_pictures(smoke, folder / "pictures")
    return folder


def draw_into(folder, path_to_results, wanted, workers=2):
    """Draw the figures of a catalogue, as .svg and .pdf named by their stems."""
    draw_all(
        read_record(path_to_results),
        list(wanted.values()),
        [(folder / f"{stem}.svg", folder / f"{stem}.pdf") for stem in wanted],
        workers=workers,
    )


def render_into(folder, drawn):
    """Render the drawn example into `folder`; returns the bytes of every file made."""
    render(
        path_to_results=drawn / "results.json",
        paths_to_figures=sorted((drawn / "figures").glob("*.svg")),
        paths_to_samples=[],
        sample_captions=[],
        path_to_pictures=drawn / "pictures",
        path_to_templates=TEMPLATES,
        path_to_html=folder / "report.html",
        path_to_latex=folder / "report.tex",
        path_to_tables=folder / "tables",
    )
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_tags_are_balanced_and_ids_unique(page):
    assert page.unbalanced == []
    assert page.open == []
    assert [name for name, n in Counter(page.attributes("id")).items() if n > 1] == []


def test_every_link_within_the_page_has_its_target(page):
    targets = {href[1:] for href in page.attributes("href") if href.startswith("#")}
    assert targets <= set(page.attributes("id"))
    assert len(targets) > 30


def test_every_published_number_stands_on_the_page_unrounded(results, page):
    numbers = [(found["data-value"], text) for found, text in page.cells if "data-value" in found]
    shown = {(value, re.split(r"[\[▲▼p]", text)[0].strip()) for value, text in numbers}
    for cell in results["cells"]:
        for value in (cell["published"], cell["reproduced"]) if cell["table"] else ():
            assert value is None or (str(value), formats.measured(value, cell["metric"])) in shown


def test_every_score_stands_on_the_page_or_in_a_file_with_its_interval(results, page):
    scored = [m for score in results["scores"] for m in score["metrics"] if m["value"] is not None]
    on_page = {
        (f["data-value"], f["data-low"], f["data-high"])
        for f, _ in page.cells
        if "data-high" in f and "data-value" in f
    }
    overall = {(str(m["value"]), str(m["low"]), str(m["high"])) for m in scored if not m["class"]}
    differences = [d for score in results["scores"] for d in score["differences"] if d["value"] is not None]
    compared = {(str(d["value"]), str(d["low"]), str(d["high"])) for d in differences if not d["class"]}
    assert overall | compared <= on_page
    by_class = {(m["value"], m["low"], m["high"]) for m in [*scored, *differences] if m["class"]}
    in_files = {
        (cell.value, cell.low, cell.high)
        for name, table in all_tables(results).items()
        if name.endswith(("-classes", "-areas"))
        for row in table.rows
        for cell in row
    }
    assert by_class <= in_files


def test_the_general_table_has_one_row_per_published_number(results):
    table = all_tables(results)["general"]
    published = [cell for cell in results["cells"] if cell["table"]]
    columns = {column.key: index for index, column in enumerate(table.columns)}
    assert [row[columns["published"]].value for row in table.rows] == [c["published"] for c in published]
    assert [row[columns["reproduced"]].value for row in table.rows] == [c["reproduced"] for c in published]
    assert [row[columns["why"]].text for row in table.rows] == [c["reason"] for c in published]


def test_a_delta_is_reproduced_minus_published_and_of_a_fact_their_ratio():
    made = all_tables(example())["general"]
    at = {column.key: index for index, column in enumerate(made.columns)}
    ratios = 0
    for row in made.rows:
        published, reproduced, delta = (row[at[key]] for key in ("published", "reproduced", "delta"))
        if delta.value is not None:
            assert delta.value == pytest.approx(reproduced.value - published.value)
            assert ("▲" in delta.text) == (delta.value > 0)
        elif "×" in delta.text:
            assert delta.text == formats.ratio(reproduced.value, published.value)
            ratios += 1
    assert ratios == 4


def test_a_printed_table_has_a_block_per_protocol_in_the_order_of_print(smoke):
    table = all_tables(smoke)["ssd_kd-as-printed-table-2"]
    blocks = [(group[0][0].text, [row[1].text for row in group]) for group in table.groups()]
    arms = ["ResNet50", "MobileNetV2", "BLKD"]
    assert blocks == [("As published", arms), ("As coded", arms), ("Leak-free", arms)]
    [auc] = [index for index, column in enumerate(table.columns) if column.key == "auc"]
    assert table.rows[2][auc].lines[-1] == "paper 0.976 ○"
    assert table.rows[2][auc].lines[0] == formats.interval(table.rows[2][auc].low, table.rows[2][auc].high)


def test_a_printed_table_without_numbers_is_not_shown(smoke):
    assert "ssd_kd-as-printed-figure-9" not in all_tables(smoke)


def test_everything_stands_beside_the_test_part_and_the_paper(smoke):
    table = all_tables(smoke)["dsc-everything"]
    scores = {(s["protocol"], s["arm"]): s for s in smoke["scores"] if s["paper"] == "dsc"}
    arms = smoke["papers"]["dsc"]["arms"]
    printed = [row for row in table.rows if row[3].value == 0.9936]
    assert {row[0].text for row in printed} == {
        arms[f"{o}_standard"]["label"] for o in ("adam", "adamax", "sgd")
    }
    score = scores["as_published", "adam_standard"]
    row = next(row for row in printed if (row[0].text, row[1].text) == ("adam, standard", "As published"))
    assert row[4].value == next(m["value"] for m in score["metrics"] if m["metric"] == "accuracy")
    assert row[5].value == next(m["value"] for m in score["everything"] if m["metric"] == "accuracy")
    assert "ssd_kd-everything" not in all_tables(smoke)


def test_protocols_are_subtracted_only_where_a_paper_has_both(smoke):
    made = all_tables(smoke)
    columns = [column.key for column in made["dsc-protocols"].columns]
    assert columns == ["arm", "metric", "as_published", "leak_free", "leakage", "fidelity"]
    for row in made["dsc-protocols"].rows:
        assert row[4].value == pytest.approx(row[2].value - row[3].value)
        assert row[5].text == "no protocol"
    for row in made["ssd_kd-protocols"].rows[:4]:
        assert row[6].value == pytest.approx(row[3].value - row[2].value)
    study = {row[0].text: row for row in made["protocols"].rows}
    leaks = [row[4].value for row in made["dsc-protocols"].rows if row[1].text == "Balanced accuracy"]
    assert study["DSC"][1].value == pytest.approx(sum(leaks) / len(leaks))
    assert study["DSC"][2].text == "none"


def test_controls_stand_against_hard_labels_and_newer_methods_apart(smoke):
    made = all_tables(smoke)
    rows = {row[0].text: row for row in made["ssd_kd-controls"].rows}
    assert [row[1].text for row in rows.values()] == [
        "the teacher itself",
        "hard labels alone",
        "distilled student",
        "control: shuffled teacher",
    ]
    teacher, alone = rows["ResNet50"][2], rows["MobileNetV2"][2]
    assert teacher.lines[-1] == f"{formats.points(teacher.value - alone.value)}, not paired"
    assert rows["BLKD"][2].lines[-1] == "▲ +5.0 pp [+1.5, +8.5]"
    assert "DKD" in {row[0].text for row in made["ssd_kd-beyond"].rows}
    assert "DKD" not in rows
    assert selections.own_distilled(smoke, "ssd_kd") == ["blkd", "nasty"]
    assert "dsnet-controls" not in made


def test_relatives_are_counted_for_the_first_fold_and_again_by_the_predictions(smoke):
    made = all_tables(smoke)
    table = made["ssd_kd-links"]
    assert [group[0][0].text for group in table.groups()] == [
        "As published", "As coded", "Leak-free", "Leak injected",
    ]  # fmt: skip
    rows = {(row[0].text, row[1].text): row for row in table.rows}
    published = rows["As published", "The same bytes"]
    assert [cell.value for cell in published[2:]] == [42, 42 / 253, 3, 38]
    near = rows["Leak-free", "A near duplicate that is no known sibling"]
    assert near[2].value == 2
    assert near[5].why == "read from the split alone"
    assert "at most 8 of 64 bits, and small copies that correlate at 0.985 or more" in table.caption
    assert "8 prediction files" in table.caption
    assert "dsc-links" not in made


def test_what_a_leak_adds_has_an_interval_or_says_that_there_was_none_to_add(smoke):
    made = all_tables(smoke)
    rows = made["ssd_kd-injection"].rows
    assert [row[1].text for row in rows[::2]] == [
        "212 of 180 lesions, all", "52 of 30 lesions, with a sibling in training",
    ]  # fmt: skip
    clean, injected, difference = rows[0][3:]
    assert (clean.value, injected.value) == (0.5, 0.58)
    assert (difference.text, difference.lines) == ("▲ +8.0", ("[+2.0, +13.0]",))
    assert rows[1][5].why == "a class has no test image here"
    (row,) = made["dsnet-injection"].rows
    assert {cell.why for cell in row[3:]} == {leaks.NOTHING}
    assert "dsc-injection" not in made


def test_an_older_record_without_an_audit_is_still_shown(smoke):
    made = all_tables(without(smoke, "audits"))
    assert not [name for name in made if name.endswith(("-links", "-injection"))]


def test_an_inert_term_is_one_below_a_hundredth_of_the_gradient(smoke):
    found = terms.terms_of(smoke, "dsnet")
    assert {term.protocol for term in found if term.inert} == {"as_coded"}
    assert all(term.soft for term in found if term.inert)
    assert len(all_tables(smoke)["inert"].rows) == sum(term.inert for term in found) == 5
    exactly = next(t for t in smoke["training"] if t["paper"] == "dsnet" and len(t["terms"]) == 2)
    moved = example()
    same = next(t for t in moved["training"] if all(t[k] == exactly[k] for k in ("paper", "protocol", "arm")))
    same["terms"][1]["gradient"] = [0.01] * len(same["epochs"])
    [_, soft] = [
        t for t in terms.terms_of(moved, "dsnet") if (t.protocol, t.arm) == (same["protocol"], same["arm"])
    ]
    assert not soft.inert


def test_the_code_of_dsnet_is_said_to_be_inert_with_its_numbers(smoke, page):
    sentence = (
        "DSNet as coded: the soft term adds 0.00016 to a loss of 0.0402 (0.28 % of the gradient), "
        "DSNet, T = 10, means over epochs and runs."
    )
    assert captions.as_coded_sentence(smoke, "dsnet") == sentence
    assert page.text.count(sentence) == 2
    assert captions.as_coded_sentence(smoke, "dsc") == ""


def test_a_run_that_diverged_is_named_and_breaks_nothing(smoke):
    [finding] = [f for f in captions.findings(smoke, "dsc") if "diverged" in f]
    assert finding.endswith("the weights before are shown: adamax, standard (leak-free).")
    assert captions.diverged_sentence(smoke, "dsnet") == ""
    rows = all_tables(smoke)["dsc-networks"].rows
    diverged = [row for row in rows if row[-2].value == 1]
    assert [(row[0].text, row[1].text) for row in diverged] == [("adamax, standard", "Leak-free")]
    assert ("leak_free", "adamax_standard") not in {(t.protocol, t.arm) for t in terms.terms_of(smoke, "dsc")}
    drawn = figures.draw("curves", smoke, "dsc", "leak_free", {"arms": ["adamax_standard", "dsc_alone"]})
    words = [text.get_text() for axis in drawn.axes for text in axis.texts]
    assert words == ["diverged in the first epoch"] * 2


def test_main_arms_are_those_of_the_rule(smoke):
    assert selections.main_arms(smoke, "ssd_kd") == ["resnet50", "mobilenet_v2", "blkd"]
    assert selections.printed_most(smoke, "dsnet") == "dsnet_t10"
    best = {arm: 0.0 for arm in selections.own_distilled(smoke, "dsc")}
    for score in smoke["scores"]:
        if (score["paper"], score["protocol"]) == ("dsc", "as_published") and score["arm"] in best:
            best[score["arm"]] = next(
                m["value"] for m in score["metrics"] if m["metric"] == "balanced_accuracy"
            )
    assert selections.best_here(smoke, "dsc") == max(best, key=best.get)


def test_a_missing_cell_says_why(page):
    missing = [text for found, text in page.cells if "missing" in found.get("class", "")]
    assert any(text.startswith("not run") for text in missing)
    assert all(text.strip() for text in missing)
    assert GAP in page.text
    assert "no test image of class DF" in page.text


def test_a_report_of_a_part_says_first_what_did_not_end_and_why():
    shown, place = example(), ("dsnet", "leak_free", "dsnet")
    reason = f"failed: ERROR training: {NASTY} broke (results/logs/train/dsnet.log)"
    shown["scores"] = [s for s in shown["scores"] if (s["paper"], s["protocol"], s["arm"]) != place]
    for cell in shown["cells"]:
        if (cell["paper"], cell["protocol"], cell["arm"]) == place:
            cell |= {"reproduced": None, "low": None, "high": None, "verdict": "not run", "reason": reason}
    shown["missing"] = [dict(zip(("paper", "protocol", "arm"), place, strict=True)) | {"reason": reason}]
    html = render_html(shown)
    page = Page(html)
    assert page.unbalanced == []
    assert html.index("This report is a part: 1 arm did not end.") < html.index('id="verdict"')
    failed = [text for found, text in page.cells if "missing" in found.get("class", "") and "failed" in text]
    assert len(failed) > 3
    assert page.text.count(reason) >= 4, "in the list, with every number, and below tables"
    document = report.latex_document(shown, all_tables(shown), TEMPLATES, "ab")
    assert "\\section{What did not end}" in document
    assert "results/logs/train/dsnet.log" in report.table_files(shown, all_tables(shown), "ab")["missing.csv"]


def test_a_complete_report_speaks_of_no_part(smoke, page):
    assert "did not end" not in page.text
    assert "missing" not in all_tables(smoke)
    assert "did not end" not in report.latex_document(smoke, all_tables(smoke), TEMPLATES, "ab")


def test_the_page_says_what_made_its_numbers(smoke, html, page):
    rows = {row[0].text: row[1].text for row in all_tables(smoke)["provenance"].rows}
    assert rows["Uncommitted changes, sha256"] == f"{'7f' * 32}; 1 file unknown to git"
    assert rows["Restarts"] == "1 run of 2 went on after a stop, 2 times in all"
    assert rows["Seeds"] == "seeds: [0, 1, 2]; view seed: 0"
    assert rows["Code and settings, sha256"] == "5b" * 32
    assert rows["Requirements, sha256"] == "6a" * 32
    files = all_tables(smoke)["files"].rows
    assert [row[5].text for row in files] == ["2", "0"]
    assert [cell.text for cell in files[0][6:]] == ["c3" * 32, "9d" * 32, "a1" * 32]
    assert "<summary>What is not committed</summary>" in html
    assert f"config/{NASTY}.yaml {'8e' * 32}" in page.text
    assert f"workflow/{NASTY}.py | 2 +-" in page.text


def test_what_was_not_recorded_is_said_to_be():
    bare, many = example(), example()
    for run in bare["provenance"]["runs"]:
        run |= {"restarts": None, "weights_sha256": None}
    bare["provenance"] |= {"lock_sha256": None}
    bare["provenance"]["diff"] |= {"stat": "", "untracked": []}
    rows = {row[0].text: row[1].text for row in all_tables(bare)["provenance"].rows}
    assert rows["Restarts"] == "not recorded"
    assert rows["Requirements, sha256"] == "no requirements.lock"
    assert rows["Uncommitted changes, sha256"] == "none"
    many["provenance"]["runs"] *= 101
    assert all_tables(many)["files"].filed


def test_nothing_is_fetched_from_elsewhere(html, page):
    addresses = page.attributes("src") + page.attributes("href") + page.attributes("srcset")
    assert [a for a in addresses if re.match(r"(?i)\s*(\w+:)?//|https?:", a)] == []
    assert re.findall(r"url\(\s*['\"]?(?!#)", html) == []
    assert "@import" not in html


def test_the_policy_allows_this_script_alone(page):
    policy = next(f["content"] for tag, f in page.tags if f.get("http-equiv") == "Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert [name for _, found in page.tags for name in found if name.startswith("on")] == []
    assert sum(tag == "script" for tag, _ in page.tags) == 1


def test_the_page_can_be_read_without_eyes_or_mouse(page):
    assert ("html", {"lang": "en"}) in page.tags
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert sum(tag == "caption" for tag, _ in page.tags) == tables > 20
    assert all("scope" in found for tag, found in page.tags if tag == "th")
    assert all(found["aria-label"] for _, found in page.tags if found.get("role") == "img")
    assert any(found.get("class") == "skip" for _, found in page.tags)


def test_names_are_shown_and_never_markup(html, page):
    assert NASTY in page.text
    assert "a_b &amp; &lt;b&gt;" in html
    assert "<b>" not in re.sub(r"<b>[^<]*</b>", "", html)


def test_the_scale_is_announced_unless_it_is_full(results, html):
    scale, statements = results["study"]["scale"], results["study"]["statements"]
    captions = html.count("<caption>") + html.count("<figcaption>")
    chips = html.count('class="chip outline')
    assert (f'class="banner {scale}"' in html) == (scale != "full")
    assert chips == (0 if scale == "full" else captions)
    assert all(html.count(statement) >= 2 for statement in statements)
    assert ("Nothing can be concluded" in html) == (scale != "full")


def test_the_verdict_counts_what_the_paper_prints_once():
    full = example("full")
    # Fourteen cells, two of which both tables print.
    assert captions.verdict(full, "ssd_kd") == " ".join(
        f"{protocol}: 0 of 12 published values reproduced, 12 lower."
        for protocol in ("As published", "As coded", "Leak-free")
    )
    assert captions.verdict_counts(full, "dsnet", "leak_free") == {"not run": 9, "lower": 9}


def test_a_finding_says_what_its_interval_allows():
    shown = example()
    as_coded = captions.findings(shown, "ssd_kd")[1]
    assert as_coded.endswith("+5.0 pp [+1.5, +8.5]: better than the student alone.")
    place = ("ssd_kd", "as_coded", "blkd")
    score = next(s for s in shown["scores"] if (s["paper"], s["protocol"], s["arm"]) == place)
    next(d for d in score["differences"] if d["metric"] == "balanced_accuracy").update(value=0.02, low=-0.01)
    assert captions.findings(shown, "ssd_kd")[1].endswith("as the interval contains 0.")
    score["differences"] = []
    assert "no distilled student was scored" in captions.findings(shown, "ssd_kd")[1]


def test_a_teacher_that_knows_nothing_must_not_help():
    shown = example()
    assert any("No teacher that knows nothing did better" in f for f in captions.findings(shown, "ssd_kd"))
    score = next(s for s in shown["scores"] if s["arm"] == "shuffled_teacher")
    for difference in score["differences"]:
        difference |= {"value": 0.05, "low": 0.01, "high": 0.09}
    [finding] = [f for f in captions.findings(shown, "ssd_kd") if "knows nothing" in f]
    assert finding.startswith("Shuffled (as published) did better than hard labels alone")


def test_the_latex_scale_statement_is_in_each_caption_unless_full(results):
    text = report.latex_document(results, all_tables(results), TEMPLATES, "ab" * 32)
    assert text.count("\\caption{") == text.count("\\ScaleStatement}\n\\label")
    statement = re.search(r"\\newcommand\{\\ScaleStatement\}\{(.*)\}", text)[1]
    assert bool(statement) == (results["study"]["scale"] != "full")


@pytest.mark.parametrize(("count", "said"), [(6, None), (7, "1 more difference"), (9, "3 more differences")])
def test_statements_beyond_the_first_six_are_folded_and_counted(smoke, count, said):
    statements = [f"Statement {n}" for n in range(count)]
    results = smoke | {"study": smoke["study"] | {"statements": statements}}
    for text in (render_html(results), report.latex_document(results, all_tables(results), TEMPLATES, "ab")):
        assert re.findall(r"(\d+ more differences?) from the papers", text) == ([said] if said else [])
        assert all(statement in text for statement in statements)


@pytest.mark.parametrize(
    "keys",
    [
        ("study", "title"),
        ("papers", "ssd_kd", "citation"),
        ("data", "sources", "demo", "licence"),
        ("training", 0, "terms"),
        ("pictures", "ssd_kd-as_published-figure-5", "rules"),
        ("provenance", "dirty"),
    ],
)
def test_a_missing_key_fails_the_page(smoke, keys):
    with pytest.raises((UndefinedError, KeyError)):
        render_html(without(smoke, *keys))


def test_a_missing_figure_is_named(smoke):
    svgs = dict.fromkeys(figures.catalogue(smoke["papers"]), PLAIN_SVG)
    del svgs["dsnet-comparison"]
    with pytest.raises(InputError, match="1 figures were not given: dsnet-comparison"):
        report.html(smoke, all_tables(smoke), svgs, [], {}, TEMPLATES, "ab")


def test_the_catalogue_holds_each_paper_s_figures_under_its_own_protocols(smoke):
    found = figures.catalogue(smoke["papers"])
    assert {stem for stem in found if stem.startswith("dsc-")} == {
        *(f"dsc-{name}" for name in figures.OWN),
        *(f"dsc-{p}-{f}" for p in ("as_published", "leak_free") for f in ("figure-5", "strategies")),
    }
    assert not {figure["name"] for figure in found.values()} & set(figures.PICTURES)
    twice = without(smoke, "study")["papers"]
    twice["dsc"]["figures"]["figure 5"] = twice["dsc"]["figures"]["Figure 5"]
    with pytest.raises(ValueError, match="share a file name"):
        figures.catalogue(twice)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in Path(figures.__file__).parent.glob("[a-z]*.py"))
)
def test_a_figure_without_any_run_says_so(smoke, name):
    bare = without(smoke, "study") | {"scores": [], "training": [], "splits": [], "cells": [], "pictures": {}}
    wanted = next(f for f in figures.catalogue(smoke["papers"]).values() if f["name"] == name)
    keys = ("name", "paper", "protocol", "parameters")
    drawn = figures.draw(results=bare, **{key: wanted[key] for key in keys})
    words = [text.get_text() for axis in drawn.axes for text in (*axis.texts, axis.xaxis.label)]
    assert any(re.search("not run|was run|prints no", word.replace("\n", " ")) for word in words)


def test_equal_input_gives_equal_bytes(tmp_path, drawn, smoke):
    (tmp_path / "one/tables").mkdir(parents=True)
    (tmp_path / "one/tables/stale.tex").write_text("from a run before")
    one, two = (render_into(tmp_path / name, drawn) for name in ("one", "two"))
    assert one == two
    assert len(one) == 2 * len(all_tables(smoke)) + 3
    wanted = figures.catalogue(smoke["papers"])
    few = {stem: wanted[stem] for stem in ("ssd_kd-comparison", "ssd_kd-leak_free-figure-4", "ssd_kd-data")}
    draw_into(tmp_path / "again", drawn / "results.json", few, workers=1)
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (drawn / "figures" / path.name).read_bytes()


def test_the_page_with_its_real_figures_holds_together(tmp_path, drawn):
    page = Page(render_into(tmp_path, drawn)[Path("report.html")].decode())
    ids = Counter(page.attributes("id"))
    assert page.unbalanced == []
    assert max(ids.values()) == 1
    assert {h[1:] for h in page.attributes("href") if h.startswith("#")} <= set(ids)
    assert not any("http" in value for value in page.attributes("href"))
    drawn_stems = figures.catalogue(example()["papers"])
    assert 25 < sum(tag == "svg" for tag, _ in page.tags) <= len(drawn_stems)
    assert sum(tag == "img" for tag, _ in page.tags) == 10
    beside = {h for h in page.attributes("href") if h.startswith(("tables/", "figures/"))}
    assert all((tmp_path / h).is_file() or (drawn / h).is_file() for h in beside)


def test_an_inlined_svg_keeps_its_references_and_shares_no_id():
    svg = '<?xml version="1.0"?><svg xmlns:xlink="http://x" xmlns="http://y"><metadata><a/></metadata>'
    svg += '<style>*{}</style><g id="p" clip-path="url(#c)"/><use xlink:href="#p"/></svg>'
    assert figures.set_apart(svg, "f") == '<svg><g id="f-p" clip-path="url(#f-c)"/><use href="#f-p"/></svg>'


def test_an_inlined_svg_loses_idle_digits_and_no_digit_of_its_text():
    svg = '<svg><g id="idle"><path d="M -1.23456 100.5 L 1234.5678 0.0004"/><text x="1.005">0.8125</text></g>'
    shown = figures.set_apart(f"{svg}</svg>", "f")
    assert shown == '<svg><g><path d="M -1.23 100.5 L 1234.57 0"/><text x="1">0.8125</text></g></svg>'


def test_a_figure_file_carries_no_date(drawn):
    assert b"<dc:date>" not in (drawn / "figures/ssd_kd-comparison.svg").read_bytes()
    assert b"CreationDate" not in (drawn / "figures/ssd_kd-comparison.pdf").read_bytes()


def test_a_csv_holds_unrounded_numbers_and_reasons(smoke):
    rows = list(csv.DictReader(io.StringIO(report.csv_of(all_tables(smoke)["cells"]))))
    assert len(rows) == len(smoke["cells"])
    for row, cell in zip(rows, smoke["cells"], strict=True):
        assert row["why"] == cell["reason"]
        for key in ("published", "reproduced"):
            assert row[key] == ("" if cell[key] is None else str(cell[key]))
        assert row["reproduced_low"] == ("" if cell["low"] is None else str(cell["low"]))


def test_a_picture_is_embedded_without_what_its_file_carries(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a patient's name"
    Image.new("RGB", (4, 3), "red").save(tmp_path / "sheet.png", exif=exif)
    [picture] = report.pictures([tmp_path / "sheet.png"], ["A sheet"])
    webp = base64.b64decode(picture["uri"].removeprefix("data:image/webp;base64,"))
    assert b"patient" in (tmp_path / "sheet.png").read_bytes()
    assert b"patient" not in webp
    shown = Image.open(io.BytesIO(webp))
    assert shown.size == (4, 3)
    assert max(abs(a - b) for a, b in zip(shown.getpixel((0, 0)), (255, 0, 0), strict=True)) < 8
    with pytest.raises(InputError, match="1 pictures but 0 captions"):
        report.pictures([tmp_path / "sheet.png"], [])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (formats.number(0.8125), "0.812"),
        (formats.interval(0.5, 1), "[0.500, 1.000]"),
        (formats.points(0.0342), "▲ +3.4 pp"),
        (formats.points(-0.0342), "▼ −3.4 pp"),
        (formats.points(-0.0001), "0.0 pp"),
        (formats.points_interval(-0.01, 0.07), "[−1.0, +7.0]"),
        (formats.level(0.95), "95 %"),
        (formats.level(0.999), "99.9 %"),
        (formats.duration(59.44), "59.4 s"),
        (formats.duration(59.96), "1 min 00 s"),
        (formats.duration(3599.7), "1 h 00 min"),
        (formats.plural(1, "seed"), "1 seed"),
        (formats.plural(1000, "resample"), "1,000 resamples"),
    ],
)
def test_numbers_as_written(number, text):
    assert number == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b & <b>", r"a\_b \& \textless{}b\textgreater{}"),
        ("50 % of $5 #1 {x}", r"50 \% of \$5 \#1 \{x\}"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
        ("ü é ł", "ü é ł"),
        ("u\u0308", "ü"),
        ("α ≥ Δ²", r"$\alpha$ $\geq$ $\Delta$$^2$"),
        ("漢", "[U+6F22]"),
        ("ﬁ", "fi"),
        ("a\nb", "a b"),
    ],
)
def test_latex_sets_text_literally(text, escaped):
    assert latex.escape(text) == escaped


def test_macros_have_names_that_tex_accepts(smoke):
    found = latex.score_macros(smoke)
    assert all(name.isascii() and name.isalpha() for name in found)
    score = smoke["scores"][0]["metrics"][0]
    assert found["SsdKdAsPublishedResnetFiveZeroBalancedAccuracy"] == formats.number(score["value"])


def test_notes_are_lettered_in_order_of_appearance():
    row = [cells.missing(f"reason {n}") for n in range(28)]
    table = cells.Table("t", "T", "c", (cells.Column("k", "K"),) * 28, (tuple(row),))
    assert [table.note_of(cell) for cell in (row[0], row[25], row[26], row[27])] == ["a", "z", "aa", "ab"]


def test_two_tables_never_share_a_file(smoke):
    crowded = example()
    crowded["papers"]["ssd_kd"]["tables"] |= {"table-1": "the same file name"}
    crowded["cells"].append(crowded["cells"][0] | {"table": "table-1"})
    with pytest.raises(ValueError, match="share a name"):
        all_tables(crowded)
