"""The parts of the README that commands write: each stands between two lines that name its command."""

from skinkd.errors import InputError


def with_block(readme: str, block: str) -> str:
    """The README with one of its blocks replaced.

    Args:
        readme: its text.
        block: the new block, its first and last line included; they say which one it is.

    Raises:
        InputError: where the README has no such two lines, or not in this order.
    """
    begin, *_, end = block.splitlines()
    before, found, rest = readme.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise InputError(
            "README.md",
            f"there is no '{begin}' followed by '{end}'",
            "It would go on saying what was measured before",
            "put these two lines where the numbers belong",
        )
    return before + block + after
