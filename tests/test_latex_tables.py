"""Tables for siunitx: formats worked out from the values, and braces around what is no number."""

import re
from dataclasses import replace

import pytest
from report_example import example

from skinkd import cells, document, report
from skinkd.cells import Cell, Column, Table
from skinkd.column_widths import paragraph_shares
from skinkd.errors import InputError
from skinkd.latex_tables import tabular
from skinkd.tables import all_tables


def table_of(*column: Cell, head="Head", **more) -> Table:
    """A table of one column of numbers."""
    rows = tuple((cell,) for cell in column)
    return Table("t", "T", "c", (Column("key", head, True),), rows, **more)


def number(text: str, lines=(), why="") -> Cell:
    return Cell(text, lines, value=1.0, why=why, kind="number")


@pytest.mark.parametrize(
    ("texts", "spec"),
    [
        (("0.812", "0.5"), "S[table-format=1.3]"),
        (("25,331", "7"), "S[table-format=5]"),
        (("−0.1", "12.25"), "S[table-format=-2.2]"),
        (("▲ +3.4", "▼ −11.0", "0.0"), "S[table-format=+2.1,retain-explicit-plus]"),
        (("3 min 05 s", "4.2 s"), "r"),
    ],
)
def test_the_format_of_a_column_is_that_of_its_values(texts, spec):
    assert f"{{@{{}}{spec}@{{}}}}" in tabular(table_of(*map(number, texts)))


def test_numbers_stand_bare_and_all_else_in_braces():
    shown = tabular(
        table_of(number("▼ −1,234.5"), cells.missing("no run"), number("1.02 ×"), number("1.8e−05"))
    )
    assert [line for line in shown.splitlines() if line.endswith(r"\\")] == [
        r"{\head{c}{Head}} \\",
        r"-1234.5 \\",
        r"{not run\tablenote{a}} \\",
        r"{1.02 $\times$} \\",
        r"{$1.8\times 10^{-5}$} \\",
    ]


def test_a_unit_that_all_numbers_share_stands_in_the_heading():
    shown = tabular(table_of(number("12.5 %"), number("1.0 %")))
    assert r"{\head{c}{Head, \%}}" in shown
    assert "\n12.5 \\\\" in shown
    assert "{12.5 \\%}" in tabular(table_of(number("12.5 %"), number("3")))
    assert tabular(table_of(number("+1.0 pp"), head="Gain, pp")).count("pp") == 1


def test_a_note_has_its_room_beside_a_number():
    shown = tabular(table_of(number("0.5", why="mean of two"), number("0.25")))
    assert r"S[table-format=1.2,table-space-text-post={\tablenote{a}}]" in shown
    assert r"0.5{\tablenote{a}} \\" in shown


def test_an_interval_is_a_command_below_its_number():
    shown = tabular(table_of(number("0.5", ("[0.4, 0.6]", "paper 0.7 ●")), number("0.1")))
    assert shown.splitlines()[4:8] == [
        r"0.5 \\*[-2pt]",
        r"{\below{\ci{0.4}{0.6}}} \\*[-2pt]",
        r"{\below{paper 0.7 $\bullet$}} \\[2pt]",
        r"0.1 \\",
    ]


def test_an_interval_stays_in_the_cell_where_a_paragraph_would_push_it_down():
    columns = Column("value", "Value", True), Column("n", "N", True), Column("why", "Why")
    row = number("+5.0 pp", ("[−1.0, +11.0]",)), number("3"), Cell("a reason of many words " * 4)
    shown = tabular(Table("t", "T", "c", columns, (row,)))
    assert r"\stacked{+5.0 pp}{\below{\ci{$-$1.0}{+11.0}}} & 3 & a reason" in shown
    assert r"{@{}r S[table-format=1] >{\raggedright\arraybackslash}p{0.79\textwidth}@{}}" in shown
    assert shown.count("pp") == 1


def words_of(*lengths) -> Table:
    """A table of one row of words, so many letters in each column."""
    row = tuple(Cell("words " * (length // 6)) for length in lengths)
    return Table("t", "T", "c", tuple(Column(str(n), "Head") for n in range(len(row))), (row,))


def test_paragraphs_share_what_the_other_columns_leave():
    assert paragraph_shares(words_of(12, 12)) == {}
    assert paragraph_shares(words_of(600, 600)) == {0: 0.49, 1: 0.49}
    assert paragraph_shares(words_of(600, 12, 12)) == {0: 0.77}
    long, longer = paragraph_shares(words_of(150, 600, 12)).values()
    assert longer == pytest.approx(2 * long, abs=0.01)
    assert long + longer == pytest.approx(1 - (12 + 2 * 2) / 122, abs=0.01)


def test_a_paragraph_is_no_wider_than_its_text_and_no_narrower_than_a_word():
    assert paragraph_shares(words_of(60, 12)) == {0: 0.52}
    table = words_of(*[12] * 12, 60, 600)
    assert paragraph_shares(table)[12] == pytest.approx(0.4 * 0.24, abs=0.01)
    word = replace(table, rows=((*table.rows[0][:12], Cell("a" * 20 + " b" * 20), table.rows[0][13]),))
    assert paragraph_shares(word)[12] == pytest.approx(20 / 122, abs=0.01)


def test_a_row_of_paragraphs_stands_apart_and_its_paths_may_break():
    long = table_of(Cell("results/scores/arm.json of many words that stand in a paragraph"))
    long = replace(long, columns=(Column("key", "Head"),))
    assert r"results/\allowbreak{}scores/" in tabular(long)
    assert "\\\\\n\\addlinespace[2pt]\n" in tabular(long)


@pytest.mark.parametrize("scale", ["smoke", "scaled", "full"])
def test_every_row_has_as_many_cells_as_the_heading_and_says_the_scale(scale):
    results = example(scale)
    files = report.table_files(results, all_tables(results), "ab")
    for name in (name for name in files if name.endswith(".tex") and name != "macros.tex"):
        lines = re.findall(r"^(.*) \\\\(?:\*?\[-?2pt\])?$", files[name], flags=re.MULTILINE)
        assert ("these numbers do not test the paper" in lines[-1]) == (scale != "full")
        rows = lines if scale == "full" else lines[:-1]
        assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) == 1, name
        assert len(re.findall(r"(?<!\\)\{", files[name])) == len(re.findall(r"(?<!\\)\}", files[name]))


def test_without_tex_the_packages_are_named(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"report\.tex is not there.*Fix: make report"):
        document.build(tmp_path)
    (tmp_path / "report.tex").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        InputError, match=r"latexmk, pdflatex, kpsewhich is not installed.*Fix: apt-get install"
    ):
        document.build(tmp_path)
