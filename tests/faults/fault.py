"""What a fault is: what is wrong, what the user must read of it, how the job must end, how it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

INPUT, AGAIN = 2, 75
# Snakemake ends so, whatever its job ended with.
FAILED = 1
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
        leaves: beginnings of what may change below `results`, beside what is unfinished.
        waits_for: what must be there before the fault can be made.
    """

    number: int
    title: str
    status: int
    words: tuple[str, ...]
    make: Callable
    leaves: tuple[str, ...] = ()
    waits_for: str = ""

    @property
    def name(self) -> str:
        """Number and function, as pytest shows it."""
        return f"{self.number:02d}-{self.make.__name__}"

    def lines(self, said: str) -> list[str]:
        """The lines that the user reads: the first that holds each of the words, each once."""
        lines = [line.strip() for line in said.splitlines()]
        found = (next(line for line in lines if word in line) for word in self.words)
        return list(dict.fromkeys(found))


def fault(number: int, title: str, status: int, *words: str, **more):
    """Put the function that follows into the list of faults."""

    def keep(make):
        FAULTS.append(Fault(number, title, status, words, make, **more))
        return make

    return keep
