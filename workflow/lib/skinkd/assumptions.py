"""What the papers leave open and how it was settled: the comments that begin with the word ASSUME."""

import re
from pathlib import Path

FOLDERS = ("config", "workflow")
SUFFIXES = (".py", ".smk", ".yaml")
OPENING = re.compile(r"#\s*ASSUME:\s*(?P<text>.*)$")


def collect_assumptions(root) -> list[dict]:
    """Every assumption below `root`, as `{file, line, text}`, sorted by file and line.

    A comment goes on as long as the next lines hold nothing but a comment that starts in
    the same column. An empty comment ends it.

    Args:
        root: the folder of the repository; files are named relative to it.
    """
    files = sorted(
        path for folder in FOLDERS for path in Path(root, folder).rglob("*") if path.suffix in SUFFIXES
    )
    return [found for path in files for found in _assumptions_in(path, path.relative_to(root).as_posix())]


def _assumptions_in(path: Path, name: str) -> list[dict]:
    lines = path.read_text(encoding="utf-8").splitlines()
    openings = [(index, OPENING.search(line)) for index, line in enumerate(lines)]
    return [
        {"file": name, "line": index + 1, "text": _joined(opening, lines[index + 1 :])}
        for index, opening in openings
        if opening
    ]


def _joined(opening: re.Match, following: list[str]) -> str:
    """The comment's text and that of the lines which continue it."""
    texts = [opening["text"].strip()]
    continuation = re.compile(rf"\s{{{opening.start()}}}#\s*(?P<text>\S.*)$")
    for line in following:
        more = continuation.match(line)
        if not more or OPENING.search(line):
            break
        texts.append(more["text"].strip())
    return " ".join(filter(None, texts))
