"""A real browser without a window: Debian's Chromium, driven by Playwright."""

import shutil
from contextlib import contextmanager

from debian import why_missing

SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def why_no_chromium() -> str | None:
    """Why there is no browser here, or None."""
    return why_missing({"chromium": "chromium"}, "Chromium")


@contextmanager
def chromium():
    """A browser of Playwright while open; pages of `new_context()` share nothing with others.

    Raises:
        playwright.sync_api.Error: where it does not start.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(SWITCHES))
        try:
            yield browser
        finally:
            browser.close()
