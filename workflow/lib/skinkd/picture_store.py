"""An archive's pictures, in a zip file or a folder, found by image id."""

import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from skinkd.errors import InputError, examples

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
MAX_PICTURE_BYTES = 256 * 2**20
# What the standard library raises on damaged bytes.
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, ValueError),
)


class DamagedMember(Exception):
    """A member of a zip file whose bytes are not those that were packed."""


class ZipStore:
    """Pictures in a zip file.

    Args:
        path: the zip file; never unpacked to the disk.
        members: file of each image id; by the files' own names where not given.

    Raises:
        InputError: not a zip file, truncated, or with unsafe, encrypted, huge or doubled members.
    """

    def __init__(self, path, members: dict[str, str] | None = None):
        self.path = Path(path)
        try:
            self.zip = zipfile.ZipFile(self.path)
        except DAMAGED as error:
            raise _not_a_zip(self.path) from error
        found = [member for member in self.zip.infolist() if not member.is_dir()]
        _check_members(found, self.path.name)
        self.names = _pictures([member.filename for member in found])
        self.members = _by_image_id(self.names, self.path.name) if members is None else members

    def read(self, image: str) -> bytes:
        """The bytes of a picture file.

        Raises:
            DamagedMember: they fail the zip's own check.
        """
        member = self.members[image]
        try:
            return self.zip.read(member)
        except (*DAMAGED, OSError) as error:
            raise DamagedMember(f"{member}: {error}") from error


class FolderStore:
    """Pictures in a folder and its subfolders.

    Args:
        path: the folder.
        members: file of each image id; by the files' own names where not given.

    Raises:
        InputError: two files for one image id.
    """

    def __init__(self, path, members: dict[str, str] | None = None):
        self.path = Path(path)
        files = sorted(file for file in self.path.rglob("*") if file.is_file())
        self.names = _pictures([file.relative_to(self.path).as_posix() for file in files])
        self.members = _by_image_id(self.names, self.path.name) if members is None else members

    def read(self, image: str) -> bytes:
        """The bytes of a picture file."""
        return (self.path / self.members[image]).read_bytes()


def open_store(path, members: dict[str, str] | None = None) -> ZipStore | FolderStore:
    """The pictures at `path`: `store.names` of their files, `store.members` by image id, `store.read(id)`.

    Args:
        members: file of each image id; by the files' own names where not given.

    Raises:
        InputError: nothing there, or what `ZipStore` and `FolderStore` refuse.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(
            "archive",
            f"{path} is not there",
            "The images are needed",
            "check the path in the config, or download it",
        )
    return FolderStore(path, members) if path.is_dir() else ZipStore(path, members)


def _not_a_zip(path: Path) -> InputError:
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
    if start.startswith(b"PK"):
        what, why = (
            f"{path} is truncated ({size_bytes:,} bytes, its directory is missing)",
            "The download was cut off",
        )
    elif start.lstrip().startswith(b"<"):
        what, why = f"{path} is not a zip (first bytes {start!r})", "The server sent an error page"
    else:
        what, why = (
            f"{path} is not a zip (first bytes {start!r}, {size_bytes:,} bytes)",
            "It cannot be opened",
        )
    return InputError("archive", what, why, "delete it and download it again")


def _check_members(members: list[zipfile.ZipInfo], name: str) -> None:
    problems = [
        *(f"unsafe member path '{member.filename}'" for member in members if _is_unsafe(member)),
        *(f"encrypted member '{member.filename}'" for member in members if member.flag_bits & 1),
        *(
            f"member '{member.filename}' of {member.file_size:,} bytes"
            for member in members
            if member.file_size > MAX_PICTURE_BYTES
        ),
    ]
    if problems:
        why = "No archive of dermoscopy pictures has such members"
        raise InputError("archive", f"{name}: {examples(problems)}", why, "take the official archive")


def _is_unsafe(member: zipfile.ZipInfo) -> bool:
    """Absolute, climbing out, with a drive or backslash, or a symbolic link."""
    # zipfile cuts a name at NUL and turns the system's separator into `/`; the original name keeps them.
    name = member.orig_filename
    path = PurePosixPath(name)
    climbs = path.is_absolute() or ".." in path.parts
    return climbs or any(c in name for c in "\\:\0") or stat.S_ISLNK(member.external_attr >> 16)


def _pictures(names: list[str]) -> list[str]:
    """The files that are pictures by their names."""
    paths = [(name, PurePosixPath(name)) for name in names]
    return [name for name, path in paths if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]


def _by_image_id(names: list[str], place: str) -> dict[str, str]:
    """File name by its last part without extension."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(PurePosixPath(name).stem, []).append(name)
    doubled = [" and ".join(several) for several in found.values() if len(several) > 1]
    if doubled:
        what = f"{place} has several files for one image id: {examples(doubled)}"
        raise InputError("archive", what, "It is not clear which one is meant", "keep one of each")
    return {image: several[0] for image, several in found.items()}
