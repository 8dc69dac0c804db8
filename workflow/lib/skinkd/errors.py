"""The one kind of error that a user can mend, and how it is said."""

import re

MOST_EXAMPLES = 10


class InputError(ValueError):
    """Something the user gave is wrong: what it is, why it matters, how to mend it.

    Args:
        code: the part of the pipeline that noticed, one word: `config`, `archive`, `image`, ...
        what: file, row or key, and the value found.
        why: what would go wrong if the run went on.
        fix: what to do, a command where there is one.
        problems: every one of which `what` shows examples; a job writes a long list to a file.
    """

    problems: tuple[str, ...] = ()

    def __init__(self, code: str, what: str, why: str, fix: str, problems=()):
        self.what = what
        super().__init__(_printable(f"ERROR {code}: {what}. {why}. Fix: {fix}."))
        self.problems = tuple(map(str, problems))

    def __reduce__(self):
        # Python rebuilds an exception from its message alone, so this one would not leave its process.
        return _rebuilt, (type(self), self.args, vars(self))


class InputErrors(InputError):
    """Several things are wrong, one line for each: nobody should have to mend them one run at a time."""

    def __init__(self, errors):
        self.what = "\n".join(dict.fromkeys(map(str, errors)))
        ValueError.__init__(self, self.what)


def _rebuilt(kind: type, arguments: tuple, state: dict):
    error = kind.__new__(kind, *arguments)
    vars(error).update(state)
    return error


def examples(values, most: int = MOST_EXAMPLES) -> str:
    """The first `most` values in a line, and how many more there are."""
    values = [str(value) for value in values]
    more = len(values) - most
    return ", ".join(values[:most]) + (f" and {more} more" if more > 0 else "")


def _printable(text: str) -> str:
    """The text in one line, with escapes for what a terminal would obey: a damaged file may hold it."""
    line = re.sub(r"\s*[\r\n]\s*", " ", text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
