"""How all files of a study were made, in one file that git keeps beside them.

Snakemake's records of a thousand networks name the same hundred modules: here each version of a file is named
once, and each job once.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from skinkd.atomic import write_text

NAME = "lineage.json"
# These differ between the files of one job.
OF_FILE = ("starttime", "endtime")


def read(folder) -> dict[str, dict]:
    """By file: `digest`, and `record` as Snakemake's; nothing where nothing was ever recorded."""
    path = Path(folder, NAME)
    if not path.exists():
        return {}
    packed = json.loads(path.read_text(encoding="utf-8"))
    return {
        file: {"digest": digest, "record": _unpacked(job, packed) | dict(zip(OF_FILE, times, strict=True))}
        for job in packed["jobs"]
        for file, (digest, *times) in job["files"].items()
    }


def write(folder, files: Mapping[str, dict]) -> None:
    """Write what `read` gives; equal content gives equal bytes."""
    inputs = sorted({pair for about in files.values() for pair in _inputs(about["record"])})
    environments = sorted({about["record"].get("conda_env") or "" for about in files.values()})
    tables = {"inputs": inputs, "environments": environments}
    numbers = {name: {entry: number for number, entry in enumerate(tables[name])} for name in tables}
    jobs: dict[str, dict] = {}
    for file, about in sorted(files.items()):
        job = _packed(about["record"], numbers)
        times = [about["record"].get(key) for key in OF_FILE]
        jobs.setdefault(json.dumps(job), job | {"files": {}})["files"][file] = [about["digest"], *times]
    write_text(Path(folder, NAME), _lines(tables | {"jobs": list(jobs.values())}))


def _inputs(record: dict) -> list[tuple[str, str]]:
    """A job's inputs with their digests, an empty one for folders."""
    return [(path, record["input_checksums"].get(path, "")) for path in record["input"]]


def _packed(record: dict, numbers: dict) -> dict:
    """A record with numbers in place of what tables hold, without what differs between a job's files."""
    rest = {
        key: value
        for key, value in record.items()
        if key not in (*OF_FILE, "input", "input_checksums", "conda_env")
    }
    return rest | {
        "inputs": [numbers["inputs"][pair] for pair in _inputs(record)],
        "environment": numbers["environments"][record.get("conda_env") or ""],
    }


def _unpacked(job: dict, tables: dict) -> dict:
    """The record of a packed job."""
    pairs = [tables["inputs"][number] for number in job["inputs"]]
    rest = {key: value for key, value in job.items() if key not in ("inputs", "environment", "files")}
    return rest | {
        "input": [path for path, _ in pairs],
        "input_checksums": {path: digest for path, digest in pairs if digest},
        "conda_env": tables["environments"][job["environment"]] or None,
    }


def _lines(tables: dict) -> str:
    """JSON with an entry per line, so that git shows which ones changed."""
    parts = [
        f"{json.dumps(name)}: [\n"
        + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
        + "\n]"
        for name, entries in tables.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"
