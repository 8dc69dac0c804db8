"""From results.json to what is read: one HTML page, one LaTeX document, and the files of the tables."""

import csv
import io
import json
from functools import partial
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from skinkd import (
    captions,
    figure_captions,
    figures,
    formats,
    latex,
    latex_tables,
    lookups,
    plates,
    selections,
)
from skinkd.cells import Table, slug
from skinkd.errors import InputError, examples
from skinkd.pages import environment_of, policy_digest, webp_uri
from skinkd.tables.published import everything_name, printed_name

# Inlined as one, in this order.
SCRIPTS = ("tables.js", "report.js")


def html(
    results: dict,
    made: dict[str, Table],
    svgs: dict[str, str],
    shown: list,
    embedded: dict[str, str],
    templates,
    results_sha256,
) -> str:
    """The page, whole: style, script and pictures inside, nothing fetched.

    Args:
        results: the content of results.json.
        made: the tables, from `tables.all_tables`.
        svgs: SVG documents by figure stem; the figures of `figures.catalogue` must be among them.
        shown: samples of the archives, from `pictures`.
        embedded: data URIs by the names that `results["pictures"]` uses, from `embed`.
        templates: the folder of report.html.jinja, report.css and `SCRIPTS`.
        results_sha256: digest of results.json, printed at the foot.

    Raises:
        jinja2.UndefinedError: if results.json lacks what the page shows.
        InputError: if a figure is missing.
        KeyError: if a picture is missing.
    """
    wanted = figures.catalogue(results["papers"])
    if absent := sorted(set(wanted) - set(svgs)):
        raise InputError(
            "report",
            f"{len(absent)} figures were not given: {examples(absent)}",
            "The page would have holes where they belong",
            "draw them, or list them among the inputs of the rule that renders the report",
        )
    environment = environment_of(templates)
    style, *scripts = (Path(templates, name).read_text(encoding="utf-8") for name in ("report.css", *SCRIPTS))
    script = "".join(scripts)
    return environment.get_template("report.html.jinja").render(
        **_content(results, made, results_sha256),
        style=Markup(style),
        script=Markup(script),
        style_sha256=policy_digest(style),
        script_sha256=policy_digest(script),
        svgs={stem: Markup(figures.set_apart(svgs[stem], f"f{n}")) for n, stem in enumerate(wanted)},
        pictures=shown,
        embedded=embedded,
        config=json.dumps(results["provenance"]["config"], indent=2, sort_keys=True, ensure_ascii=False),
    )


def latex_environment(templates) -> Environment:
    """Jinja with delimiters that LaTeX does not use; every value is escaped unless marked as markup."""
    environment = environment_of(
        templates,
        block_start_string="((*",
        block_end_string="*))",
        variable_start_string="(((",
        variable_end_string=")))",
        comment_start_string="((=",
        comment_end_string="=))",
        # With autoescape macros return Markup, which `finalize` then leaves as it is.
        finalize=lambda value: value if isinstance(value, Markup) else Markup(latex.escape(value)),
    )
    environment.filters["raw"] = Markup
    return environment


def latex_document(
    results: dict, made: dict[str, Table], templates, results_sha256: str, pictures: str = "pictures"
) -> str:
    """The document, which inputs `tables/*.tex` and `figures/*.pdf` beside it, and `pictures`/*/*.png.

    Raises:
        jinja2.UndefinedError: if results.json lacks what the document shows.
    """
    environment = latex_environment(templates)
    content = _content(results, made, results_sha256) | {"pictures": pictures}
    return environment.get_template("report.tex.jinja").render(**content)


def _content(results, made, results_sha256):
    """What both forms of the report are made of."""
    return {
        **{"results": results, "tables": made, "results_sha256": results_sha256},
        **{"captions": captions, "formats": formats, "lookups": lookups, "slug": slug},
        "main_rule": selections.MAIN_RULE,
        **{"figure_captions": figure_captions, "plates": plates},
        **{"printed_name": printed_name, "everything_name": everything_name},
        **{"stem_of": figures.stem_of, "picture_names": figures.PICTURES},
        "glyphs": lookups.GLYPHS,
        "scale_label": lookups.SCALES[results["study"]["scale"]],
        "full": lookups.is_full(results),
    }


def table_files(results: dict, made: dict[str, Table], results_sha256: str) -> dict[str, str]:
    """File name to text: each table as .tex and .csv, and the macros that the .tex files need."""
    commit = results["provenance"]["commit"]
    origin = latex.comment(
        f"generated from results.json sha256:{results_sha256} commit {commit}, do not edit"
    )
    statement = captions.scale_statement(results)
    origin += latex.comment(statement) if statement else ""
    tabular = partial(latex_tables.tabular, scale=captions.table_scale_statement(results))
    files = {"macros.tex": origin + latex.macros(results)}
    for name, table in made.items():
        files[f"{name}.tex"] = origin + tabular(table)
        files[f"{name}.csv"] = csv_of(table)
    return files


def csv_of(table: Table) -> str:
    """The table with unrounded numbers; ends of intervals and reasons have columns of their own."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    columns = [(column, _extras(table, index)) for index, column in enumerate(table.columns)]
    writer.writerow(
        [name for column, extras in columns for name in (column.key, *(f"{column.key}_{e}" for e in extras))]
    )
    for row in table.rows:
        writer.writerow(
            [
                value
                for cell, (_, extras) in zip(row, columns, strict=True)
                for value in _csv_values(cell, extras)
            ]
        )
    return file.getvalue()


def _extras(table, index):
    """Which of low, high and why some cell of a column has."""
    column = [row[index] for row in table.rows]
    return [
        extra
        for extra in ("low", "high", "why")
        if any(getattr(cell, extra) not in (None, "") for cell in column)
    ]


def _csv_values(cell, extras):
    held = "" if cell.kind == "missing" or (cell.value is None and cell.low is not None) else cell.text
    yield cell.value if cell.value is not None else held
    for extra in extras:
        value = getattr(cell, extra)
        yield "" if value is None else value


def pictures(paths, titles) -> list[dict]:
    """Pictures as data URIs of their pixels alone: no EXIF, no text chunks, no path.

    Raises:
        InputError: if there is not one title for each picture.
    """
    if len(paths) != len(titles):
        raise InputError(
            "report",
            f"{len(paths)} pictures but {len(titles)} captions",
            "A picture without a caption says nothing",
            "give one caption per picture, in the same order",
        )
    return [
        {"uri": data_uri(path), "name": slug(Path(path).stem), "title": title}
        for path, title in zip(paths, titles, strict=True)
    ]


def embed(results: dict, folder) -> dict[str, str]:
    """Data URIs of the pictures that `results["pictures"]` names, by the names that it uses."""
    names = [name for record in results["pictures"].values() for name in plates.files_of(record)]
    return {name: data_uri(Path(folder, name)) for name in names}


def data_uri(path) -> str:
    """A picture of a file, in an address."""
    from PIL import Image

    with Image.open(path) as image:
        return webp_uri(image)
