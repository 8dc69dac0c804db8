"""The report on paper: it compiles, its tables drop into other papers, its numbers are those of the csv."""

import csv
import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from debian import why_missing
from render import render
from report_example import draw_pictures, example

from skinkd import document, figures
from skinkd.drawing import draw_all
from skinkd.errors import InputError

TEMPLATES = Path(__file__).parents[1] / "report"
# A program of each package.
PROGRAMS = {"latexmk": "latexmk", "ulqda": "texlive-science", "pdftotext": "poppler-utils"}
OVERFULL_PT = 2
DRAWN = ("ssd_kd-comparison", "ssd_kd-leak_free-figure-4")
FOREIGN = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage{siunitx}
\input{tables/macros}
\begin{document}
%s
\end{document}
"""
# What stands right below each table.
SCALE = "Smoke run: these numbers do not test the paper"
# A page as large as the table.
ALONE = (
    r"\setbox0\hbox{\input{tables/%s}}\pdfpagewidth=\dimexpr\wd0+2in\pdfpageheight=\dimexpr\ht0+\dp0+2in"
    r"\shipout\box0"
)
NUMBER = re.compile(
    r"(?<![\w.,])(?:(\d+) h (\d+) min|(\d+) min (\d+) s"
    r"|([+−]?\d+(?:,\d{3})*(?:\.\d+)?)(?: ?× ?10(−?\d+))?(?!\d))"
)


@pytest.fixture(scope="module", autouse=True)
def tex():
    """TeX, or a skipped test where it is not installed."""
    if reason := why_missing(PROGRAMS, "TeX"):
        pytest.skip(reason)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The example's report, with two of its figures in the places of all."""
    folder = tmp_path_factory.mktemp("ü report & co")
    results = example()
    (folder / "results.json").write_text(json.dumps(results, ensure_ascii=False), encoding="utf-8")
    draw_pictures(results, folder / "pictures")
    wanted = figures.catalogue(results["papers"])
    paths = [(folder / f"figures/{stem}.svg", folder / f"figures/{stem}.pdf") for stem in DRAWN]
    draw_all(results, [wanted[stem] for stem in DRAWN], paths, workers=1)
    for stem in wanted.keys() - set(DRAWN):
        for path in paths[0]:
            shutil.copyfile(path, path.with_stem(stem))
    render(
        path_to_results=folder / "results.json",
        paths_to_figures=sorted((folder / "figures").glob("*.svg")),
        paths_to_samples=[],
        sample_captions=[],
        path_to_pictures=folder / "pictures",
        path_to_templates=TEMPLATES,
        path_to_html=folder / "report.html",
        path_to_latex=folder / "report.tex",
        path_to_tables=folder / "tables",
    )
    return folder


@pytest.fixture(scope="module")
def log(folder):
    """What TeX says of the report, whose PDF then lies in `folder`/aside."""
    aside = folder / "aside"
    done = document.latexmk(folder, aside)
    log = (aside / "report.log").read_text(encoding="utf-8", errors="replace")
    assert done.returncode == 0, log[-3000:]
    return log.replace("\n", "")


@pytest.fixture(scope="module")
def pages(folder, log):
    return text_of(folder / "aside/report.pdf")


def text_of(pdf) -> list[str]:
    """The words of each page, in the order in which TeX set them."""
    done = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True, check=True)
    return done.stdout.split("\f")[:-1]


def test_nothing_is_wrong_with_the_document(log, folder):
    assert [
        float(pt) for pt in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(pt) > OVERFULL_PT
    ] == []
    assert "Overfull \\vbox" not in log
    for words in ("undefined", "Missing character", "multiply defined", "Warning: Label"):
        assert words not in log
    fonts = subprocess.run(
        ["pdffonts", folder / "aside/report.pdf"], capture_output=True, text=True, check=True
    ).stdout
    assert "Type 3" not in fonts, "pictures of letters look bad on a screen"
    assert all(line.split()[-5] == "yes" for line in fonts.splitlines()[2:]), "a font is not embedded"


def test_every_page_says_that_the_run_is_no_test_of_the_paper(pages):
    assert len(pages) > 20
    assert all(SCALE in page for page in pages)
    assert all("??" not in page for page in pages)


def test_each_table_drops_into_another_paper(folder):
    names = sorted(path.stem for path in (folder / "tables").glob("*.tex") if path.stem != "macros")
    (folder / "foreign.tex").write_text(FOREIGN % "\n".join(ALONE % name for name in names), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "foreign.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    log = (folder / "foreign.log").read_text(errors="replace")
    assert done.returncode == 0, log[-3000:]
    assert "Missing character" not in log
    assert "undefined" not in log
    found = text_of(folder / "foreign.pdf")
    assert len(found) == len(names)
    for name, page in zip(names, found, strict=True):
        assert "Smoke run" in page, name


def csvs_of(folder) -> dict[str, list[dict]]:
    return {
        path.stem: list(csv.DictReader(path.open(encoding="utf-8"))) for path in folder.glob("tables/*.csv")
    }


def shown_tables(folder, pages) -> dict[str, str]:
    """The words of each table of the document, on all of its pages, by its name."""
    tex = (folder / "report.tex").read_text(encoding="utf-8")
    names = re.findall(r"\\input\{tables/(?!macros)(.*?)\}", tex)
    whole = "\n".join(pages)
    starts = [(int(found[1]), found.start()) for found in re.finditer(r"^Table (\d+): ", whole, re.MULTILINE)]
    numbers = [number for number, _ in starts]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, len(names) + 1))
    assert len(set(names)) == len(names) > 30
    words = dict.fromkeys(names, "")
    for (number, start), (_, end) in pairwise([*starts, (0, len(whole))]):
        words[names[number - 1]] += whole[start:end].split("\nFigure ")[0]
    return words


def numbers_in(text: str):
    """Numbers of a text in order, each with half a unit of its last digit."""
    for found in NUMBER.finditer(text):
        hours, minutes, only_minutes, seconds, digits, power = found.groups()
        if hours:
            yield int(hours) * 3600 + int(minutes) * 60, 31
        elif only_minutes:
            yield int(only_minutes) * 60 + int(seconds), 0.51
        else:
            scale = 10 ** int((power or "0").replace("−", "-"))
            places = len(digits.partition(".")[2])
            yield float(digits.replace("−", "-").replace(",", "")) * scale, 0.501 * 10**-places * scale


def expected_of(row: dict, beside: bool):
    """The numbers of a row of a csv: values with each its interval beside it, or all intervals below."""
    numbers = {
        key: float(value) for key, value in row.items() if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", value)
    }
    ends = {key for key in numbers if re.search("_(low|high)$", key)}
    if beside:
        return list(numbers.values())
    return [numbers[key] for key in numbers if key not in ends] + [
        numbers[key] for key in numbers if key in ends
    ]


def first_lost(text: str, rows: list[dict], beside: bool) -> str | None:
    """The first number of a table's csv that its text does not show in its turn."""
    shown = numbers_in(re.sub(rf"{SCALE}.*?(?=^Table \d+: |\Z)", "", text, flags=re.DOTALL | re.MULTILINE))
    for number, row in enumerate(rows, 1):
        for value in expected_of(row, beside):
            if not any(is_shown(value, *found) for found in shown):
                return f"row {number}: {value}"
    return None


def is_shown(value, shown, half_unit) -> bool:
    return any(abs(shown - value * factor) <= half_unit for factor in (1, 100))


def wrong_numbers(words: dict[str, str], csvs: dict[str, list[dict]]) -> list[str]:
    """Tables of the document whose numbers are not, in order, those of the csv beside them."""
    found = {}
    for name, text in words.items():
        lost = [first_lost(text, csvs[name], beside) for beside in (False, True)]
        if all(lost):
            found[name] = lost[0]
    return [f"{name}, {where}" for name, where in found.items()]


def test_the_numbers_of_each_table_are_those_of_the_csv_beside_it(folder, pages):
    words, csvs = shown_tables(folder, pages), csvs_of(folder)
    assert wrong_numbers(words, csvs) == []
    altered = {name: text for name, text in words.items() if "_low" in ",".join(csvs[name][0])}
    assert len(altered) > 15
    for name, text in altered.items():
        values = {f"{float(v):.3f}" for v in csvs[name][-1].values() if re.fullmatch(r"0\.\d+", v)}
        other = {value: f"{(float(value) + 0.5) % 1:.3f}" for value in values}
        for value in values & set(re.findall(r"\d\.\d{3}", text)):
            assert wrong_numbers({name: text.replace(value, other[value])}, csvs), name


def test_a_missing_cell_says_why_on_paper(folder, pages):
    words, csvs = shown_tables(folder, pages), csvs_of(folder)
    reasons = [
        (name, value)
        for name, rows in csvs.items()
        for row in rows
        for key, value in row.items()
        if name in words and key.endswith("_why") and value
    ]
    flat = {name: " ".join(text.split()) for name, text in words.items()}
    assert len(reasons) > 100
    assert [(name, why) for name, why in reasons if why not in flat[name].replace("- ", "-")] == []


def test_the_pdf_lies_beside_the_page_and_nothing_else_does(tmp_path):
    (tmp_path / "report.tex").write_text(r"\documentclass{article}\begin{document}a\end{document}")
    assert document.build(tmp_path) == tmp_path / "report.pdf"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.pdf", "report.tex"]


def test_a_document_that_does_not_compile_is_reported_with_the_error_of_tex(tmp_path):
    (tmp_path / "report.tex").write_text(
        "\\documentclass{article}\\begin{document}\n\\nocommand\\end{document}"
    )
    with pytest.raises(InputError, match=r"cannot set .*: Undefined control sequence\. l\.2 .nocommand"):
        document.build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.tex"]
