"""What a fault is: what is wrong, what the user must read of it, how the job must end, how it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

BUG, INPUT, AGAIN = 1, 2, 75
FAULTS: list["Fault"] = []


class Ended(NamedTuple):
    """How a job ended.

    Args:
        status: of its process.
        said: its log, or what Snakemake printed.
        changed: files below `results` that are new, gone or other than before, but for logs and for what a
            job that succeeds is to write.
    """

    status: int
    said: str
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """One way to make a numbered fault.

    Args:
        number: of the fault in the list of the faults that must be answered.
        title: what is wrong.
        status: with which the job or Snakemake must end.
        words: what its log must say.
        make: makes the fault and runs what meets it.
        leaves: beginnings of what may change below `results`.
    """

    number: int
    title: str
    status: int
    words: tuple[str, ...]
    make: Callable
    leaves: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Number and function, as pytest shows it."""
        return f"{self.number:02d}-{self.make.__name__}"

    def lines(self, said: str) -> list[str]:
        """The lines that the user reads: those of a log that hold one of the words, each once."""
        found = [line.strip() for line in said.splitlines() if any(word in line for word in self.words)]
        return list(dict.fromkeys(found))


def fault(number: int, title: str, status: int, *words: str, leaves: tuple[str, ...] = ()):
    """Put the function that follows into the list of faults."""

    def keep(make):
        FAULTS.append(Fault(number, title, status, words, make, leaves))
        return make

    return keep
