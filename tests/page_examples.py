"""The example's report as a file, and a browser's page on it that is watched while it is open."""

from contextlib import contextmanager
from pathlib import Path

from report_example import draw_pictures, example

from skinkd import figures, report
from skinkd.tables import all_tables

TEMPLATES = Path(__file__).parents[1] / "report"
# Of the figures, one of marks and one of images are drawn; the others borrow them, which is fast.
DRAWN = ("ssd_kd-comparison", "ssd_kd-as_published-figure-3")


def write_page(folder) -> Path:
    """Render the example into `folder`; returns the path of the page."""
    results = example()
    draw_pictures(results, folder / "pictures")
    catalogue = figures.catalogue(results["papers"])
    drawn = [_draw(results, catalogue[stem], folder) for stem in DRAWN]
    svgs = {stem: drawn["figure-3" in stem] for stem in catalogue}
    embedded = report.embed(results, folder / "pictures")
    html = report.html(results, all_tables(results), svgs, [], embedded, TEMPLATES, "ab" * 32)
    (folder / "report.html").write_text(html, encoding="utf-8")
    return folder / "report.html"


def _draw(results, wanted, folder):
    keys = ("name", "paper", "protocol", "parameters")
    drawn = figures.draw(results=results, **{key: wanted[key] for key in keys})
    figures.save(drawn, folder / "one.svg")
    return (folder / "one.svg").read_text(encoding="utf-8")


@contextmanager
def opened(browser, path, anchor="", **settings):
    """A page of its own context, `page.problems` beside it: what it asked for, complained of or broke at.

    Args:
        settings: of Playwright's `new_context`; a window of 1280 × 800 pixels, if left out.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **settings})
    page, address = context.new_page(), path.as_uri()
    page.problems = []
    page.on("console", lambda message: page.problems.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: page.problems.append(f"error: {error}"))
    page.on("request", lambda request: _note_request(page, request.url, address))
    page.goto(address + anchor)
    try:
        yield page
    finally:
        context.close()


def _note_request(page, url, address):
    if url.partition("#")[0] != address and not url.startswith("data:"):
        page.problems.append(f"request: {url}")
