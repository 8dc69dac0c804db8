"""The report shows results.json: every number, nothing else, and nothing from elsewhere."""

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from draw import draw
from jinja2 import UndefinedError
from PIL import Image
from render import render
from report_example import GAP, NASTY, example, without

from skinkd import captions, cells, figures, formats, latex, report
from skinkd.errors import InputError
from skinkd.tables import all_tables

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
    svgs = dict.fromkeys(figures.catalogue(results["papers"], results["protocols"]), svg)
    return report.html(results, all_tables(results), svgs, list(pictures), TEMPLATES, "ab" * 32)


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
    draw_into(
        folder / "figures", folder / "results.json", figures.catalogue(smoke["papers"], smoke["protocols"])
    )
    return folder


def draw_into(folder, path_to_results, wanted):
    """Draw the figures of a catalogue, as .svg and .pdf named by their stems."""
    draw(
        path_to_results,
        list(wanted.values()),
        paths_to_svg=[folder / f"{stem}.svg" for stem in wanted],
        paths_to_pdf=[folder / f"{stem}.pdf" for stem in wanted],
    )


def render_into(folder, drawn):
    """Render the drawn example into `folder`; returns the bytes of every file made."""
    render(
        path_to_results=drawn / "results.json",
        paths_to_figures=sorted((drawn / "figures").glob("*.svg")),
        paths_to_pictures=[],
        picture_captions=[],
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


def test_every_reproduced_and_published_number_stands_on_the_page_unrounded(results, page):
    numbers = [(found["data-value"], text) for found, text in page.cells if "data-value" in found]
    shown = {(value, re.split(r"[\[▲▼]", text)[0].strip()) for value, text in numbers}
    for cell in results["cells"]:
        for value in (cell["published"], cell["reproduced"]):
            assert value is None or (str(value), formats.number(value)) in shown


def test_every_score_stands_on_the_page_with_its_interval(results, page):
    shown = {
        (f["data-value"], f["data-low"], f["data-high"])
        for f, _ in page.cells
        if "data-high" in f and "data-value" in f
    }
    scored = [m for score in results["scores"] for m in score["metrics"] if m["value"] is not None]
    wanted = {(str(m["value"]), str(m["low"]), str(m["high"])) for m in scored}
    assert wanted <= shown
    compared = {
        (d["value"], d["low"], d["high"]) for score in results["scores"] for d in score["differences"]
    }
    assert {tuple(map(str, d)) for d in compared} <= shown


def test_the_general_table_has_one_row_per_published_number_over_all_classes(results):
    table = all_tables(results)["general"]
    published = [cell for cell in results["cells"] if cell["table"] and not cell["class"]]
    assert [row[5].value for row in table.rows] == [cell["published"] for cell in published]
    assert [row[6].value for row in table.rows] == [cell["reproduced"] for cell in published]
    assert [row[10].why for row in table.rows] == [cell["reason"] for cell in published]


def test_a_delta_is_reproduced_minus_published():
    made = all_tables(example())["general"]
    for row in made.rows:
        if row[8].value is not None:
            assert row[8].value == pytest.approx(row[6].value - row[5].value)
            assert ("▲" in row[8].text) == (row[8].value > 0)


def test_a_missing_cell_says_why(page):
    missing = [text for found, text in page.cells if "missing" in found.get("class", "")]
    assert any(text.startswith("not run") for text in missing)
    assert all(text.strip() for text in missing)
    assert GAP in page.text
    assert "no test image of class DF" in page.text


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


def test_the_verdict_counts_what_the_paper_prints():
    full = example("full")
    assert captions.verdict(full, "ssd_kd") == (
        "As published: 0 of 14 published values reproduced, 14 lower. "
        "Leak-free: 0 of 14 published values reproduced, 14 lower."
    )
    assert captions.verdict_counts(full, "dsnet", "leak_free") == {"not run": 7, "lower": 6}


def test_a_finding_says_what_its_interval_allows():
    shown = example()
    [as_published, leak_free] = captions.findings(shown, "dsnet")
    assert as_published.endswith(
        "−1.0 pp [−4.5, +2.5]: not to be told from the student alone, as the interval contains 0."
    )
    assert "no distilled student was scored" in leak_free
    found = next(s for s in shown["scores"] if s["arm"] == "dsnet_t10")["differences"]
    next(d for d in found if d["metric"] == "balanced_accuracy").update(value=0.05, low=0.01, high=0.09)
    assert captions.findings(shown, "dsnet")[0].endswith(
        "+5.0 pp [+1.0, +9.0]: better than the student alone."
    )


def test_the_latex_scale_statement_is_in_each_caption_unless_full(results):
    text = report.latex_document(results, all_tables(results), TEMPLATES, "ab" * 32)
    assert text.count("\\caption{") == text.count("\\ScaleStatement}\n\\label")
    statement = re.search(r"\\newcommand\{\\ScaleStatement\}\{(.*)\}", text)[1]
    assert bool(statement) == (results["study"]["scale"] != "full")


@pytest.mark.parametrize(
    "keys",
    [
        ("study", "title"),
        ("papers", "ssd_kd", "citation"),
        ("data", "source", "licence"),
        ("provenance", "dirty"),
    ],
)
def test_a_missing_key_fails_the_page(smoke, keys):
    with pytest.raises((UndefinedError, KeyError)):
        render_html(without(smoke, *keys))


def test_a_missing_figure_is_named(smoke):
    svgs = dict.fromkeys(figures.catalogue(smoke["papers"], smoke["protocols"]), PLAIN_SVG)
    del svgs["dsnet-comparison"]
    with pytest.raises(InputError, match="1 figures were not given: dsnet-comparison"):
        report.html(smoke, all_tables(smoke), svgs, [], TEMPLATES, "ab")


def test_equal_input_gives_equal_bytes(tmp_path, drawn, smoke):
    (tmp_path / "one/tables").mkdir(parents=True)
    (tmp_path / "one/tables/stale.tex").write_text("from a run before")
    one, two = (render_into(tmp_path / name, drawn) for name in ("one", "two"))
    assert one == two
    assert len(one) == 2 * len(all_tables(smoke)) + 3
    wanted = figures.catalogue(smoke["papers"], smoke["protocols"])
    few = {stem: wanted[stem] for stem in ("ssd_kd-comparison", "dsnet-leak_free-roc", "ssd_kd-data")}
    draw_into(tmp_path / "again", drawn / "results.json", few)
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (drawn / "figures" / path.name).read_bytes()


def test_the_page_with_its_real_figures_holds_together(tmp_path, drawn):
    page = Page(render_into(tmp_path, drawn)[Path("report.html")].decode())
    ids = Counter(page.attributes("id"))
    assert page.unbalanced == []
    assert max(ids.values()) == 1
    assert {h[1:] for h in page.attributes("href") if h.startswith("#")} <= set(ids)
    assert not any("http" in value for value in page.attributes("href"))
    assert sum(tag == "svg" for tag, _ in page.tags) == 16
    beside = {h for h in page.attributes("href") if h.startswith(("tables/", "figures/"))}
    assert all((tmp_path / h).is_file() or (drawn / h).is_file() for h in beside)


def test_an_inlined_svg_keeps_its_references_and_shares_no_id():
    svg = '<?xml version="1.0"?><svg xmlns:xlink="http://x" xmlns="http://y"><metadata><a/></metadata>'
    svg += '<style>*{}</style><g id="p" clip-path="url(#c)"/><use xlink:href="#p"/></svg>'
    assert figures.set_apart(svg, "f") == '<svg><g id="f-p" clip-path="url(#f-c)"/><use href="#f-p"/></svg>'


def test_a_figure_file_carries_no_date(drawn):
    assert b"<dc:date>" not in (drawn / "figures/ssd_kd-comparison.svg").read_bytes()
    assert b"CreationDate" not in (drawn / "figures/ssd_kd-comparison.pdf").read_bytes()


def test_a_csv_holds_unrounded_numbers_and_reasons(smoke):
    rows = list(csv.DictReader(io.StringIO(report.csv_of(all_tables(smoke)["cells"]))))
    assert len(rows) == len(smoke["cells"])
    for row, cell in zip(rows, smoke["cells"], strict=True):
        assert row["verdict_why"] == cell["reason"]
        for key in ("published", "reproduced"):
            assert row[key] == ("" if cell[key] is None else str(cell[key]))
        assert row["interval_low"] == ("" if cell["low"] is None else str(cell["low"]))


def test_a_picture_is_embedded_without_what_its_file_carries(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "a patient's name"
    Image.new("RGB", (4, 3), "red").save(tmp_path / "sheet.png", exif=exif)
    [picture] = report.pictures([tmp_path / "sheet.png"], ["A sheet"])
    png = base64.b64decode(picture["uri"].removeprefix("data:image/png;base64,"))
    assert b"patient" in (tmp_path / "sheet.png").read_bytes()
    assert b"patient" not in png
    assert Image.open(io.BytesIO(png)).getpixel((0, 0)) == (255, 0, 0)
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


def test_every_tabular_has_as_many_cells_as_columns(results):
    for name, text in report.table_files(results, all_tables(results), "ab").items():
        if name.endswith(".tex") and name != "macros.tex":
            columns = len(all_tables(results)[name.removesuffix(".tex")].columns)
            lines = [line for line in text.splitlines() if line.endswith(("\\\\", "\\\\[2pt]"))]
            assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {columns - 1}
            assert text.count("{") - text.count("\\{") == text.count("}") - text.count("\\}")


def test_macros_have_names_that_tex_accepts(smoke):
    found = latex.score_macros(smoke)
    assert all(name.isascii() and name.isalpha() for name in found)
    score = smoke["scores"][0]["metrics"][1]
    assert found["SsdKdAsPublishedResnetFiveZeroBalancedAccuracy"] == formats.number(score["value"])


def test_notes_are_lettered_in_order_of_appearance():
    row = [cells.missing(f"reason {n}") for n in range(28)]
    table = cells.Table("t", "T", "c", (cells.Column("k", "K"),) * 28, (tuple(row),))
    assert [table.note_of(cell) for cell in (row[0], row[25], row[26], row[27])] == ["a", "z", "aa", "ab"]


def test_two_tables_never_share_a_file(smoke):
    crowded = example()
    crowded["papers"]["ssd_kd"]["tables"] |= {"table-1": "the same file name"}
    with pytest.raises(ValueError, match="share a name"):
        all_tables(crowded)


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="latexmk is not installed")
def test_the_document_compiles(tmp_path, drawn):
    render_into(tmp_path, drawn)
    shutil.copytree(drawn / "figures", tmp_path / "figures")
    command = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120
    )
    assert done.returncode == 0, done.stdout[-2000:]
    log = (tmp_path / "report.log").read_text(errors="replace")
    assert "Missing character" not in log
    assert "undefined" not in log
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
