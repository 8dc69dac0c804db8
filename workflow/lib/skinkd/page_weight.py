"""How heavy the page is, and what makes it heavy: it is read on phones and sent by mail."""

import re

# As much page as a reader should have to load.
BUDGET_BYTES = 10_000_000
NAMED = 3
ANCHOR = re.compile(r'\bid="((?:table|figure|plate|picture)-[^"]+)"')


def warning(html: str) -> str:
    """What to say of a page over the budget, or nothing."""
    total = len(html.encode())
    if total <= BUDGET_BYTES:
        return ""
    weights = weights_of(html)
    heaviest = sorted(weights, key=lambda anchor: (-weights[anchor], anchor))[:NAMED]
    named = ", ".join(f"#{anchor} {_megabytes(weights[anchor])}" for anchor in heaviest)
    return (
        f"WARNING report: the page weighs {_megabytes(total)}, more than {_megabytes(BUDGET_BYTES)}. "
        f"Heaviest in it: {named or 'its text'}."
    )


def weights_of(html: str) -> dict[str, int]:
    """Bytes of each table, figure and picture by its anchor: from there to the next anchor."""
    _, *found = ANCHOR.split(html)
    return {anchor: len(text.encode()) for anchor, text in zip(found[::2], found[1::2], strict=True)}


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
