"""Valid files spoilt in every way that a disk, an editor or a spreadsheet knows, from a seed."""

import random
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

ODD_BYTES = (
    *(b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xe9", b"\xed\xa0\x80", b"\r", b"\n", b"\x1b[2J"),
    *(b'"', b"'", b",", b";", b"\t", b"\xe2\x80\xa8", b"\xc2\x85", b"PK\x05\x06", b"\xff\xd9"),
    *(b"-" * 300, b"9" * 5000),
)
# What a cell or a value should not be.
ODD_WORDS = (
    *("", "nan", "NaN", ".nan", "-.inf", "1e999", "-1", "0", "1e-4", "2e3", "0x10", "1_000", "٣", "²"),
    *("true", "null", "~", "[]", "{}", "[[", "- a", "? [a]", "a: b: c", "&a", "*a", "<<: *a", "&a [*a]"),
    *("!!binary x", "!!set", "2001-99-99", "!!timestamp x", "!!int a", "!!float a", "!!null a"),
    *("!!python/object/apply:os.system [x]", "{a: {b: {c: 1}}}", "[[1, 2], {a: 1}]", "[" * 3000),
    *('"', "..", "../../x", "ÿ\ufeff", "🩺", "x" * 9999, "{a: " * 3000, "\u202e", "\ud800"),
)
ENCODINGS = ("utf-16", "utf-32", "cp1252", "utf-8-sig", "latin-1")
SEPARATED = re.compile(rb"([,:;\n\t ]+)")


class Hang(AssertionError):
    """A reader did not come to an end."""


@contextmanager
def bounded(cpu_s: float = 20.0):
    """Ends what takes longer: of the processor, as a clock on the wall would count other processes."""

    def end(*_):
        raise Hang(f"still reading after {cpu_s} s")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def mutations(content: bytes, seed: str, count: int, text: bool) -> Iterator[bytes]:
    """So many files that once were `content`; those of a text are also spoilt word by word."""
    kinds = [*BY_BYTES, *(BY_WORDS if text else ())]
    for index in range(count):
        drawn = random.Random(f"{seed} {index}")
        spoilt = content
        for _ in range(drawn.choice((1, 1, 1, 2, 5))):
            spoilt = drawn.choice(kinds)(spoilt, drawn)
        yield spoilt


def _flip(content, drawn):
    """A few bits."""
    spoilt = bytearray(content)
    for _ in range(drawn.randint(1, 4) if spoilt else 0):
        spoilt[drawn.randrange(len(spoilt))] ^= 1 << drawn.randrange(8)
    return bytes(spoilt)


def _cut(content, drawn):
    """The end, or the beginning, is gone."""
    at = drawn.randint(0, len(content))
    return content[:at] if drawn.random() < 0.8 else content[at:]


def _slice(content, drawn):
    first, last = sorted(drawn.randint(0, len(content)) for _ in range(2))
    return first, min(last, first + drawn.choice((1, 4, 40, 4000)))


def _drop(content, drawn):
    first, last = _slice(content, drawn)
    return content[:first] + content[last:]


def _double(content, drawn):
    first, last = _slice(content, drawn)
    return content[:last] + content[first:]


def _insert(content, drawn):
    at = drawn.randint(0, len(content))
    return content[:at] + drawn.choice(ODD_BYTES) + content[at:]


def _zero(content, drawn):
    """A block that was never written."""
    first, last = _slice(content, drawn)
    return content[:first] + bytes(last - first) + content[last:]


def _replace_word(content, drawn):
    """A cell or a value."""
    words = SEPARATED.split(content)
    words[drawn.randrange(0, len(words), 2)] = drawn.choice(ODD_WORDS).encode("utf-8", "surrogatepass")
    return b"".join(words)


def _lines(content, drawn):
    """Two lines change places, one stands twice, is moved in or out, or is gone."""
    lines = content.splitlines(keepends=True) or [b""]
    one, other = (drawn.randrange(len(lines)) for _ in range(2))
    kind = drawn.randrange(5)
    if kind == 0:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        changed = {1: [lines[one]] * 2, 2: [b"  " + lines[one]], 3: [lines[one].lstrip()], 4: []}
        lines[one : one + 1] = changed[kind]
    return b"".join(lines)


def _recode(content, drawn):
    text = content.decode("utf-8", "replace")
    return text.encode(drawn.choice(ENCODINGS), "replace")


BY_BYTES = (_flip, _cut, _drop, _double, _insert, _zero)
BY_WORDS = (_replace_word, _replace_word, _replace_word, _lines, _lines, _recode)
