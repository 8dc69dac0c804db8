"""What every file of a deployment says of itself: what it was made from, by which code, on which machine."""

from importlib.metadata import version

from skinkd.atomic import digest_of
from skinkd.device import describe_hardware
from skinkd.intact import read_sealed, sealed
from skinkd.origins import digest_of_lock, digest_of_source
from skinkd.provenance import commit_of, versions
from skinkd.records import rounded, write_record

DIGITS = 9


def write_sealed(path, record: dict, made_from: dict, repository) -> None:
    """Write a record of a deployment with its provenance and its digest.

    Args:
        made_from: paths of files by what they are.
        repository: root of the working tree.
    """
    provenance = describe_origin(made_from, repository)
    write_record(path, sealed(rounded(record | {"provenance": provenance}, DIGITS)), DIGITS)


def read_record_of(path) -> dict:
    """A record of a deployment.

    Raises:
        InputError: where the file is damaged or was edited.
    """
    return read_sealed(path, "deploy")


def describe_origin(made_from: dict, repository) -> dict:
    """Code, machine and files, by their digests."""
    commit, dirty = commit_of(repository)
    return {
        "commit": commit,
        "dirty": dirty,
        "source_sha256": digest_of_source(repository),
        "lock_sha256": digest_of_lock(repository),
        "versions": versions() | {name: version(name) for name in ("onnx", "onnxruntime")},
        "hardware": describe_hardware("cpu"),
        "files": {name: {"path": str(path), "sha256": digest_of(path)} for name, path in made_from.items()},
    }
