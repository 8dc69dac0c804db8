"""The measured rows on disk: those of this machine stay until they are measured again."""

from pathlib import Path

from skinkd.atomic import write_text
from skinkd.bench.comparing import Row
from skinkd.bench.table import table_of
from skinkd.records import read_record, write_record


class Results:
    """What is written of a benchmark, after every experiment.

    Args:
        folder: of `benchmark.json`, `benchmark.md` and `benchmark_machine.json`.
        machine, settings: described.
    """

    def __init__(self, folder, machine: dict, settings: dict):
        self.folder, self.machine, self.settings = Path(folder), machine, settings
        self.records: dict[str, dict] = {}
        self.words: dict[str, dict] = {}
        self._take_over()

    def add(self, rows: list[Row]) -> None:
        """Take rows in and write everything."""
        self.records |= {row.name: row.record() for row in rows}
        self.words |= {row.name: row.described() for row in rows}
        names = sorted(self.records, key=group_of)
        records, words = ([kept[name] for name in names] for kept in (self.records, self.words))
        write_record(self._path("benchmark.json"), records)
        known = {"machine": self.machine, "settings": self.settings, "rows": words}
        write_record(self._path("benchmark_machine.json"), known)
        page = table_of(records, words, self.machine, self.settings)
        write_text(self._path("benchmark.md"), page)

    def _take_over(self) -> None:
        """Rows that were measured before, here and with the same settings."""
        paths = [self._path(name) for name in ("benchmark.json", "benchmark_machine.json")]
        if not all(path.exists() for path in paths):
            return
        records, known = map(read_record, paths)
        if (known["machine"], known["settings"]) != (self.machine, self.settings):
            return
        self.records = {record["name"]: record for record in records}
        self.words = {row["name"]: row for row in known["rows"]}

    def _path(self, name: str) -> Path:
        return self.folder / name


def group_of(name: str) -> str:
    """`row1` of `row1_mobilenet_v2_224`; rows of a group stay in the order in which they were measured."""
    return name.split("_")[0]
