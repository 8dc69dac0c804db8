"""The report in a real Chromium: what it does there, at every width, by keyboard and on paper."""

import re
import subprocess

import pytest
from debian import why_missing
from page_examples import opened, write_page

GENERAL = "#table-general"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
# CSS pixels of A4 within the margins of the style sheet.
PAPER = {"viewport": {"width": 703, "height": 1000}}

NUMBERS = (
    "(cells) => cells.map((cell) => cell.dataset.value === undefined ? null : Number(cell.dataset.value))"
)
SHOWN_CELLS = "(rows) => rows.map((row) => [...row.cells].filter((cell) => cell.checkVisibility()).length)"
LAST_WORDS = "(rows) => rows.map((row) => [...row.cells].at(-1).innerText)"
UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
# Rows whose cells look alike are judged alike, and so are choices of columns; what scrolls is laid out in
# full, so that no letter is hidden. A figure is one image with one text, whatever is in it.
ONE_ROW_OF_EACH_KIND = """() => {
  for (const body of document.querySelectorAll("tbody")) {
    const seen = new Set();
    for (const row of [...body.rows].slice(1)) {
      const kind = [...row.cells].map((cell) => cell.className + cell.childElementCount).join();
      if (seen.has(kind)) row.remove();
      seen.add(kind);
    }
  }
  for (const choice of [...document.querySelectorAll(".columns")].slice(2)) choice.remove();
  for (const region of document.querySelectorAll(".scroll")) region.style.maxHeight = "none";
  for (const figure of document.querySelectorAll(".plate svg")) figure.replaceChildren();
}"""
SIDEWAYS = """() => [...document.querySelectorAll("*")].filter((element) => (
  element.scrollWidth > element.clientWidth + 1
  && ["auto", "scroll"].includes(getComputedStyle(element).overflowX)
))"""
OUT_OF_PAPER = """(right) => [...document.querySelectorAll("main *")]
  .filter((element) => element.getBoundingClientRect().right > right && !element.closest("svg *"))
  .map((element) => element.closest("[id]").id)"""
# Where the keyboard came, and whether the reader saw it there.
WATCH_FOCUS = """() => {
  window.visited = [];
  document.addEventListener("focusin", ({ target }) => {
    const box = target.getBoundingClientRect();
    const covered = target.closest("header, nav") ? 0 : document.querySelector("header").offsetHeight;
    const inside = box.bottom > covered && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    target.dataset.visited = inside && getComputedStyle(target).outlineStyle !== "none" ? "seen" : "unseen";
    window.visited.push(target);
  });
}"""
UNSEEN = "[...document.querySelectorAll('[data-visited=unseen]')].map((each) => each.outerHTML.slice(0, 120))"
UNVISITED = """() => [...document.querySelectorAll("a[href], button, input, summary, [tabindex]")]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .filter((element) => !("visited" in element.dataset))
  .map((element) => element.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("ü report"))


@pytest.fixture(scope="module")
def show(browser, report):
    """`with show(anchor, **context settings) as page`: the report, whose page must not complain."""

    def show(anchor="", **settings):
        return opened(browser, report, anchor, **settings)

    return show


def until(page, expression, argument=None):
    """Wait until an expression is true; Playwright's own way needs the `eval` that the policy forbids."""
    for _ in range(200):
        if page.evaluate(expression, argument):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


def copied(page, table):
    """Press the table's `copy`; returns the lines of the clipboard, in cells."""
    page.locator(f"{table} .copy").click()
    until(page, "(table) => document.querySelector(`${table} .files`).innerText.includes('copied')", table)
    return [line.split("\t") for line in page.evaluate("navigator.clipboard.readText()").split("\n")]


def shown_rows(page, table=GENERAL):
    return page.locator(f"{table} tbody tr:visible")


def numbers_of(page, column, table=GENERAL):
    return page.locator(f"{table} tbody tr > :nth-child({column})").evaluate_all(NUMBERS)


def head(page, name, table=GENERAL):
    return page.locator(f"{table} thead th", has=page.get_by_role("button", name=name, exact=True))


def ground_of(page, selector="body"):
    return page.locator(selector).first.evaluate("(element) => getComputedStyle(element).backgroundColor")


def test_a_click_sorts_by_the_numbers_behind_the_text_and_leaves_gaps_below(show):
    with show() as page:
        published, reproduced = head(page, "Published"), head(page, "Reproduced")
        column = reproduced.evaluate("(th) => th.cellIndex + 1")
        before = numbers_of(page, column)
        known = sorted(number for number in before if number is not None)
        gaps = [None] * (len(before) - len(known))
        assert gaps and known[-1] > 1000 > 1 > known[0], "numbers that letters would order otherwise"
        reproduced.get_by_role("button").click()
        assert numbers_of(page, column) == known + gaps
        assert reproduced.get_attribute("aria-sort") == "ascending"
        reproduced.get_by_role("button").click()
        assert numbers_of(page, column) == known[::-1] + gaps
        assert reproduced.get_attribute("aria-sort") == "descending"
        published.get_by_role("button").click()
        assert reproduced.get_attribute("aria-sort") is None
        assert published.get_attribute("aria-sort") == "ascending"
        assert page.problems == []


def test_the_keyboard_sorts_and_stays_where_it_was(show):
    with show() as page:
        button = head(page, "Arm").get_by_role("button")
        button.focus()
        page.keyboard.press("Enter")
        words = page.locator(f"{GENERAL} tbody tr > :nth-child(4)").all_inner_texts()
        assert words[0] != words[-1]
        assert head(page, "Arm").get_attribute("aria-sort") == "ascending"
        page.keyboard.press("Space")
        assert head(page, "Arm").get_attribute("aria-sort") == "descending"
        assert page.locator(f"{GENERAL} tbody tr > :nth-child(4)").first.inner_text() == words[-1]
        assert button.evaluate("(button) => button === document.activeElement")


def test_words_and_verdicts_filter_the_rows_and_the_page_says_how_many_are_left(show):
    with show() as page:
        bar = page.get_by_role("search", name="Rows of Every published number")
        total = shown_rows(page).count()
        assert bar.get_by_role("status").inner_text() == f"{total:,} of {total:,} rows"
        bar.get_by_role("searchbox", name="Filter").fill("dsnet  LEAK-free")
        texts = shown_rows(page).all_inner_texts()
        assert 0 < len(texts) < total
        assert all("DSNet" in text and "Leak-free" in text for text in texts)
        assert bar.get_by_role("status").inner_text() == f"{len(texts):,} of {total:,} rows"
        choice = bar.get_by_role("button", name="not run")
        choice.press("Space")
        assert choice.get_attribute("aria-pressed") == "true"
        left = shown_rows(page).all_inner_texts()
        assert 0 < len(left) < len(texts)
        assert all("× not run" in text for text in left)
        bar.get_by_role("button", name="untestable").click()
        assert shown_rows(page).count() == len(texts), "either of two verdicts"
        bar.get_by_role("searchbox").fill("no row holds this")
        assert bar.get_by_role("status").inner_text() == f"0 of {total:,} rows"
        bar.get_by_role("searchbox").fill("")
        choice.click()
        bar.get_by_role("button", name="untestable").click()
        assert shown_rows(page).count() == total


def test_what_is_copied_are_the_rows_shown_with_unrounded_numbers(show):
    with show(permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("search").first.get_by_role("searchbox").fill("table 2 leak-free BLKD")
        head(page, "Reproduced").get_by_role("button").click()
        first, *rows = copied(page, GENERAL)
        assert first[:5] == ["Paper", "Table", "Protocol", "Arm", "Metric"]
        assert len(rows) == shown_rows(page).count() > 2
        assert {(row[1], row[2], row[3]) for row in rows} == {("Table 2", "Leak-free", "BLKD")}
        column = first.index("Reproduced")
        shown = [
            float(row.locator("td").nth(column - 1).get_attribute("data-value"))
            for row in shown_rows(page).all()
        ]
        assert [float(row[column]) for row in rows] == shown == sorted(shown)
        assert page.problems == []


def test_a_group_s_name_is_copied_into_each_of_its_rows(show):
    table = "#table-ssd_kd-as-printed-table-2"
    with show(table, permissions=["clipboard-read", "clipboard-write"]) as page:
        lines = copied(page, table)
        assert [line[0] for line in lines] == [
            "Protocol",
            *["As published"] * 3,
            *["As coded"] * 3,
            *["Leak-free"] * 3,
        ]
        assert {len(line) for line in lines} == {len(lines[0])}


def heads_shown(page, table=GENERAL):
    return [words.rstrip(" ↕↑↓") for words in page.locator(f"{table} thead th:visible").all_inner_texts()]


def test_a_reader_chooses_the_columns_by_keyboard(show):
    with show() as page:
        every, before = heads_shown(page), page.locator(f"{GENERAL} tbody tr").first.inner_text()
        opener = page.locator(f"{GENERAL} summary", has_text="Columns")
        assert opener.inner_text() == f"Columns {len(every)} of {len(every)}"
        opener.press("Enter")
        choice = page.get_by_role("group", name="Columns of Every published number")
        assert choice.get_by_role("checkbox").count() == len(every) - 1, "the first names the rows"
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        assert not choice.get_by_role("checkbox", name=every[1], exact=True).is_checked()
        choice.get_by_role("checkbox", name="Why").press("Space")
        assert heads_shown(page) == [head for head in every if head not in (every[1], "Why")]
        assert page.locator(f"{GENERAL} tbody td:nth-child(2):visible").count() == 0
        assert opener.inner_text() == f"Columns {len(every) - 2} of {len(every)}"
        status = page.locator(GENERAL).get_by_role("status").filter(has_text="left out")
        assert status.inner_text() == f"Columns left out by the reader: {every[1]}; Why."
        choice.get_by_role("button", name="Show every column").press("Enter")
        assert heads_shown(page) == every
        assert page.locator(f"{GENERAL} tbody tr").first.inner_text() == before
        assert page.problems == []


def test_the_columns_left_out_are_neither_copied_nor_printed_nor_remembered(show):
    with show(permissions=["clipboard-read", "clipboard-write"]) as page:
        every = heads_shown(page)
        page.locator(f"{GENERAL} summary", has_text="Columns").click()
        page.get_by_role("checkbox", name="Protocol", exact=True).first.uncheck()
        left = [head for head in every if head != "Protocol"]
        page.get_by_role("search").first.get_by_role("searchbox").fill("table 2 BLKD")
        first, *rows = copied(page, GENERAL)
        assert first == left
        assert {len(row) for row in rows} == {len(left)}
        page.emulate_media(media="print")
        assert heads_shown(page) == left
        assert page.locator(".columns:visible").count() == 0
        assert page.get_by_text("Columns left out by the reader: Protocol.").is_visible()
        page.emulate_media(media="screen")
        page.reload()
        assert heads_shown(page) == every
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_a_column_of_a_table_in_groups_is_left_out_in_every_row(show):
    table = "#table-ssd_kd-calibration"
    with show(table) as page:
        rows = page.locator(f"{table} tbody tr")
        last, shown = rows.evaluate_all(LAST_WORDS), rows.evaluate_all(SHOWN_CELLS)
        page.locator(f"{table} summary", has_text="Columns").click()
        page.locator(f"{table} .columns input").nth(1).uncheck()
        assert len(set(shown)) == 2, "the name of a group stands in its first row alone"
        assert rows.evaluate_all(SHOWN_CELLS) == [number - 1 for number in shown]
        assert rows.evaluate_all(LAST_WORDS) == last
        hidden = page.locator(f"{table} tbody [hidden]")
        assert hidden.count() == rows.count()
        assert hidden.evaluate_all("(cells) => cells.every((cell) => cell.matches('.num'))")


def test_a_table_that_fits_after_the_choice_is_no_stop_of_the_keyboard(show):
    table = "#table-ssd_kd-calibration"
    with show(table, viewport={"width": 900, "height": 800}) as page:
        assert page.locator(f"{table} .scroll").get_attribute("tabindex") == "0"
        page.locator(f"{table} summary", has_text="Columns").click()
        page.locator(f"{table} .columns input").evaluate_all("(all) => all.forEach((box) => box.click())")
        until(page, f"!document.querySelector('{table} .scroll').hasAttribute('tabindex')")


def test_the_theme_follows_the_system_until_the_reader_chooses_and_is_remembered(show):
    with show(color_scheme="dark") as page:
        dark, button = ground_of(page), page.locator("#theme")
        assert button.get_attribute("aria-label") == "Light theme"
        button.click()
        light = ground_of(page)
        assert (light, dark) == ("rgb(255, 255, 255)", "rgb(21, 25, 29)")
        page.reload()
        assert ground_of(page) == light
        page.emulate_media(color_scheme="light")
        button.click()
        assert ground_of(page) == dark
        button.click()
        assert page.evaluate("localStorage.length") == 0, "who wants what the system wants follows it again"
        page.emulate_media(color_scheme="dark")
        assert ground_of(page) == dark
        assert button.get_attribute("aria-label") == "Light theme"
        assert page.problems == []


def test_figures_are_dark_in_the_dark_and_as_drawn_in_the_light(show):
    filter_of = "(svg) => getComputedStyle(svg).filter"
    with show(color_scheme="dark") as page:
        figure = page.locator(".plate svg").first
        assert figure.evaluate(filter_of) == "invert(0.9) hue-rotate(180deg)"
        page.locator("#theme").click()
        assert figure.evaluate(filter_of) == "none"
        page.emulate_media(color_scheme="light")
        page.locator("#theme").click()
        assert figure.evaluate(filter_of) == "invert(0.9) hue-rotate(180deg)"


def test_the_keyboard_reaches_everything_and_is_seen_everywhere(show):
    with show() as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.innerText") == "Skip to the findings"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#main"
    with show(reduced_motion="reduce") as page:
        page.evaluate(WATCH_FOCUS)
        for _ in range(20):
            for _ in range(40):
                page.keyboard.press("Tab")
            if page.evaluate("new Set(window.visited).size < window.visited.length"):
                break
        assert page.evaluate("window.visited.length") > 100
        assert page.evaluate(UNSEEN) == []
        assert page.evaluate(UNVISITED) == []


@pytest.mark.parametrize("script", [True, False])
def test_what_scrolls_sideways_can_be_scrolled_by_keyboard(show, script):
    with show(**PHONE, java_script_enabled=script) as page:
        page.evaluate(UNFOLD)
        page.evaluate("new Promise(requestAnimationFrame)") if script else None
        scrolling = page.evaluate(f"({SIDEWAYS})().map((element) => [element.className, element.tabIndex])")
        assert {"scroll", "plate"} <= {name for name, _ in scrolling}
        assert [name for name, stop in scrolling if stop != 0] == []


def test_what_does_not_scroll_is_no_stop_of_the_keyboard(show):
    with show() as page:
        until(page, "!document.querySelector('#table-protocols .scroll').hasAttribute('tabindex')")
        assert page.locator(f"{GENERAL} .scroll").get_attribute("tabindex") == "0"


@pytest.mark.parametrize("width", [360, 320, 640])
def test_a_narrow_window_scrolls_down_alone(show, width):
    """320 pixels are a desktop's window at 400 %, 640 one at 200 %."""
    with show(viewport={"width": width, "height": 512}) as page:
        page.evaluate(UNFOLD)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        letters = page.locator("main p, main td, main li, main small").evaluate_all(
            "(all) => Math.min(...all.map((each) => parseFloat(getComputedStyle(each).fontSize)))"
        )
        assert letters >= 12
        figure = page.locator(".plate svg").first.bounding_box()["width"]
        assert figure / 468 * 7 >= 10, "the smallest letters of a figure of 468 units are of 7"


@pytest.mark.parametrize("script", [True, False])
def test_a_phone_has_its_contents_one_touch_away(show, script):
    with show(**PHONE, reduced_motion="reduce", java_script_enabled=script) as page:
        contents = page.get_by_role("navigation", name="Contents")
        assert not contents.is_visible()
        opener = page.get_by_role("button", name="Contents")
        assert min(opener.bounding_box()["height"], opener.bounding_box()["width"]) >= 24
        opener.tap()
        assert contents.is_visible()
        page.keyboard.press("Escape")
        assert not contents.is_visible()
        opener.tap()
        contents.get_by_role("link", name="Downloads").tap()
        until(page, "location.hash === '#downloads'")
        assert contents.is_visible() != script, "a touch elsewhere closes it, script or not"
        header = page.locator("header").bounding_box()
        assert page.locator("#downloads").bounding_box()["y"] >= header["height"]


def test_a_desktop_has_its_contents_beside_the_text_and_marks_what_is_read(show):
    with show() as page:
        contents = page.get_by_role("navigation", name="Contents")
        assert contents.is_visible()
        assert not page.get_by_role("button", name="Contents").is_visible()
        page.wait_for_selector("nav [aria-current]")
        assert not contents.get_by_role("link", name="Losses").first.is_visible()
        contents.get_by_role("link", name="DSNet", exact=True).click()
        page.wait_for_selector("nav a[href='#paper-dsnet'][aria-current]")
        assert contents.locator("a[href='#paper-dsnet-terms']").is_visible()
        assert not contents.locator("a[href='#paper-dsc-terms']").is_visible()
        page.evaluate("document.querySelector('#table-protocols').scrollIntoView()")
        page.wait_for_selector("nav a[href='#general'][aria-current]")
        page.keyboard.press("End")
        page.wait_for_selector("nav a[href='#downloads'][aria-current]")
        assert page.locator("nav [aria-current]").count() == 1


def test_without_script_everything_is_there_and_nothing_pretends_to_work(show):
    with show() as page:
        page.evaluate(UNFOLD)
        with_script = page.locator("main tbody").all_inner_texts()
    with show(java_script_enabled=False) as page:
        assert page.locator("button:visible").count() == 0
        assert page.locator("main [hidden], main input").count() == 0
        assert page.get_by_role("navigation", name="Contents").is_visible()
        assert page.locator("nav a:visible").count() == page.locator("nav a").count()
        page.evaluate(UNFOLD)
        assert page.locator("main tbody").all_inner_texts() == with_script
        assert page.locator("main tbody tr:visible").count() == page.locator("main tbody tr").count() > 400
        assert page.problems == []


def test_a_link_to_what_is_folded_opens_it(show, report):
    folded = "#table-dsnet-as-printed-table-3"
    with show(folded, reduced_motion="reduce") as page:
        assert page.locator(folded).is_visible()
        assert page.locator(folded).evaluate("(block) => Math.abs(block.getBoundingClientRect().top)") < 200
        other = "#figure-ssd_kd-leak_free-figure-3"
        assert not page.locator(other).is_visible()
        page.evaluate("(hash) => { location.hash = hash; }", other)
        page.locator(other).wait_for(state="visible", timeout=5000)
    with show("#%5B nonsense") as page:
        assert page.problems == []


def test_every_anchor_is_unique_and_every_link_stays_in_the_report_s_folder(show):
    with show() as page:
        ids = page.locator("[id]").evaluate_all("(all) => all.map((each) => each.id)")
        links = page.locator("a[href]").evaluate_all("(all) => all.map((each) => each.getAttribute('href'))")
        assert len(ids) == len(set(ids))
        assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
        beside = {link for link in links if not link.startswith("#")}
        assert beside and not [
            link for link in beside if not re.fullmatch(r"((tables|figures)/)?[\w.-]+\.\w+", link)
        ]


def test_motion_is_left_out_where_it_is_not_wanted(show):
    behaviour = "getComputedStyle(document.documentElement).scrollBehavior"
    with show() as page:
        assert page.evaluate(behaviour) == "smooth"
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(behaviour) == "auto"


def test_the_policy_stops_what_would_leave_the_page_and_the_page_asks_for_nothing(show):
    with show() as page:
        page.evaluate(UNFOLD)
        page.mouse.wheel(0, 100_000)
        page.wait_for_timeout(100)
        assert page.problems == []
        page.evaluate(
            "document.body.append(Object.assign(new Image(), { src: 'https://example.org/x.png' }))"
        )
        page.wait_for_timeout(100)
        assert any("Content Security Policy" in problem for problem in page.problems)
        page.problems.clear()
        page.evaluate("location.href = 'https://example.org/'")
        page.wait_for_timeout(100)
        assert page.problems[0] == "request: https://example.org/", "this test sees what leaves"


@pytest.mark.parametrize("script", [True, False])
def test_paper_is_light_shows_everything_and_cuts_nothing(show, script):
    with show(**PAPER, color_scheme="dark", java_script_enabled=script) as page:
        assert page.locator("main tr:visible").count() < page.locator("main tr").count()
        if script:
            page.emulate_media(color_scheme="light")
            page.locator("#theme").click()
        page.emulate_media(media="print")
        assert ground_of(page) == "rgb(255, 255, 255)"
        assert page.locator(".plate svg").first.evaluate("(svg) => getComputedStyle(svg).filter") == "none"
        for hidden in ("nav", ".open-contents", "#theme", ".filter", ".anchor", ".copy", ".skip"):
            assert page.locator(f"{hidden}:visible").count() == 0, hidden
        unseen = (
            "(all) => all.filter((each) => !each.checkVisibility()).map((each) => each.closest('[id]').id)"
        )
        assert page.locator("main tr, main figure, main li").evaluate_all(unseen) == []
        assert page.evaluate(OUT_OF_PAPER, 704) == []


def test_printed_tables_repeat_their_heads_and_the_page_is_afterwards_what_it_was(show, tmp_path):
    if reason := why_missing({"pdftotext": "poppler-utils"}, "pdftotext"):
        pytest.skip(reason)
    with show() as page:
        folded = page.locator("details:not([open])").count()
        page.pdf(path=tmp_path / "report.pdf", format="A4")
        assert page.locator("details:not([open])").count() == folded > 20
        head(page, "Published").get_by_role("button").click()
        assert head(page, "Published").get_attribute("aria-sort") == "ascending"
    command = ["pdftotext", "-layout", tmp_path / "report.pdf", "-"]
    pages = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\f")
    rows = [bool(re.search(r"^ *DSNet +Table .*untestable", text, re.MULTILINE)) for text in pages]
    heads = [bool(re.search(r"Published +Reproduced +Δ, pp +Verdict", text)) for text in pages]
    assert sum(rows) >= 2
    assert all(head for row, head in zip(rows, heads, strict=True) if row)
    assert 10 < len(pages) < 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing(show, axe, scheme, device):
    with show(**device, color_scheme=scheme) as page:
        page.evaluate(UNFOLD)
        page.evaluate(ONE_ROW_OF_EACH_KIND)
        found = axe(page)
        assert found["broken"] == []
        assert {"color-contrast", "scrollable-region-focusable", "target-size"} <= set(found["kept"])
        assert page.problems == []
