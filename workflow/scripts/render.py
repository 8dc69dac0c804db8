"""Render results.json and its figures as one HTML page, a LaTeX document and tables."""

import json
import os
import sys
from pathlib import Path

from skinkd import page_weight, report, tables
from skinkd.atomic import digest_of, write_text
from skinkd.jobs import logged_to


def render(
    path_to_results,
    paths_to_figures,
    paths_to_samples,
    sample_captions,
    path_to_pictures,
    path_to_templates,
    path_to_html,
    path_to_latex,
    path_to_tables,
):
    """Write the page, the document and every table; tables that no longer exist are removed."""
    results = json.loads(Path(path_to_results).read_text(encoding="utf-8"))
    results_sha256 = digest_of(path_to_results)
    made = tables.all_tables(results)
    svgs = {Path(path).stem: Path(path).read_text(encoding="utf-8") for path in paths_to_figures}
    samples = report.pictures(paths_to_samples, sample_captions)
    embedded = report.embed(results, path_to_pictures)
    html = report.html(results, made, svgs, samples, embedded, path_to_templates, results_sha256)
    write_text(path_to_html, html)
    _warn(page_weight.warning(html))
    pictures = Path(os.path.relpath(path_to_pictures, Path(path_to_latex).parent)).as_posix()
    latex = report.latex_document(results, made, path_to_templates, results_sha256, pictures)
    write_text(path_to_latex, latex)
    files = report.table_files(results, made, results_sha256)
    for name, text in files.items():
        write_text(Path(path_to_tables, name), text)
    for path in Path(path_to_tables).iterdir():
        if path.name not in files:
            path.unlink()


def _warn(warning):
    """Into the log, and past it to the user's eyes."""
    if warning:
        print(warning)
        print(warning, file=sys.__stderr__, flush=True)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        render(
            path_to_results=snakemake.input.results,
            paths_to_figures=snakemake.input.figures,
            paths_to_samples=snakemake.input.get("samples", []),
            sample_captions=snakemake.params.get("sample_captions", []),
            path_to_pictures=snakemake.params.pictures,
            path_to_templates=snakemake.params.templates,
            path_to_html=snakemake.output.html,
            path_to_latex=snakemake.output.latex,
            path_to_tables=snakemake.output.tables,
        )
