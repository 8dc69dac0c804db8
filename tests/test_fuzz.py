"""Spoilt files are read or refused with one clear line: never another error, never a hang, never a file left.

The seeds stand here, so the same files are tried each time. `python -m pytest tests/test_fuzz.py` with
`SKINKD_FUZZ=100` tries a hundred times as many.
"""

import os
import re
from functools import cache
from pathlib import Path

import pytest
import torch
import yaml
from mutations import bounded, mutations
from PIL import Image
from project import ROOT, SMOKE
from safetensors.torch import save_file
from test_class_folders import TWO, Folders
from test_ingest import Archive, picture
from test_scores import run as a_run
from training_examples import Killed, kill_after, quiet, trainer_of

from skinkd import study
from skinkd.checkpoints import read_description, save_network
from skinkd.config import check_config
from skinkd.errors import InputError
from skinkd.images import BadImage, Picture, decode
from skinkd.networks import read_state
from skinkd.predictions import read_predictions, write_predictions
from skinkd.published import read_published
from skinkd.readers.class_folders import class_folders
from skinkd.strict_csv import read_sheet
from skinkd.strict_yaml import load, merge
from skinkd.study import BASE, open_study
from skinkd.unfinished import resume

TIMES = int(os.environ.get("SKINKD_FUZZ", "1"))
ONE_CLEAR_LINE = re.compile(r"ERROR [a-z]+: .+\. .+\. Fix: .+\.")


def files_in(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(read, *told) -> bool:
    """Whether a reader refuses what it is told; however it does, it says so and leaves nothing behind."""
    with bounded():
        try:
            read(*told)
        except InputError as error:
            assert ONE_CLEAR_LINE.fullmatch(str(error)), repr(str(error))
            assert str(error).isprintable(), repr(str(error))
            return True
    return False


def try_all(path: Path, content: bytes, read, count: int, text: bool):
    """Spoil the file at `path` again and again; both ends must be met."""
    ends = set()
    for spoilt in mutations(content, path.name, TIMES * count, text):
        path.write_bytes(spoilt)
        before = files_in(path.parent)
        ends.add(refused(read, path))
        assert files_in(path.parent) == before
    path.write_bytes(content)
    assert not refused(read, path), "what was not spoilt is refused, too"
    assert ends == {True, False}, f"every file ended alike: {ends}"


# Tables


@pytest.mark.parametrize("table", ["ground_truth", "metadata"])
def test_spoilt_tables_of_an_archive(table, tmp_path):
    archive = Archive(tmp_path).write_tables()
    path = tmp_path / f"{table}.csv"
    try_all(path, path.read_bytes(), lambda _: archive.read(), 400, text=True)


def test_spoilt_tables_of_published_values(tmp_path):
    content = (ROOT / "config/papers/dsc_nine.csv").read_bytes()
    try_all(tmp_path / "published.csv", content, read_published, 400, text=True)


def test_spoilt_sheets(tmp_path):
    content = 'name,"a, b",ü\r\n1,"x ""y""",\r\n2,"line\nbreak",z\r\n'.encode()
    try_all(tmp_path / "sheet.csv", content, read_sheet, 600, text=True)


def test_spoilt_predictions(tmp_path):
    path = tmp_path / "predictions.csv"
    write_predictions(path, a_run(n=12))
    try_all(path, path.read_bytes(), read_predictions, 400, text=True)


# Configs


@cache
def base() -> dict:
    return load(BASE)


def test_spoilt_configs(tmp_path):
    content = SMOKE.read_bytes()
    try_all(
        tmp_path / "study.yaml",
        content,
        lambda path: check_config(merge(base(), load(path))),
        300,
        text=True,
    )


def a_paper() -> bytes:
    """A short file of a paper: two arms, of which one is like the other."""
    values = load(ROOT / "config/papers/dsc.yaml")
    values["arms"] = {name: values["arms"][name] for name in list(values["arms"])[:2]}
    return yaml.safe_dump(values | {"figures": {}}, sort_keys=False).encode()


def test_spoilt_papers(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "PAPERS", tmp_path)
    monkeypatch.setattr(study, "CONFIGS", tmp_path / "none")
    runs = {"papers": ["dsc"], "arms": {"dsc": {"as_published": "all", "leak_free": "all"}}}
    path = tmp_path / "dsc.yaml"
    told = base() | runs | {"changes": {}, "leak_injection": {}}
    try_all(path, a_paper(), lambda _: open_study(told), 100, text=True)


# Archives and pictures


TURNED = Image.Exif()
TURNED[0x0112] = 6
FORMATS = {
    "jpeg": picture(file_format="JPEG"),
    "exif": picture(file_format="JPEG", exif=TURNED),
    "png": picture(file_format="PNG"),
    "palette": picture(mode="P", file_format="PNG"),
    "bmp": picture(file_format="BMP"),
    "webp": picture(file_format="WEBP"),
}


@pytest.mark.filterwarnings("ignore")  # Of Pillow's, about metadata.
@pytest.mark.parametrize("name", FORMATS)
def test_spoilt_pictures(name):
    ends = set()
    for spoilt in mutations(FORMATS[name], name, TIMES * 250, text=False):
        with bounded():
            try:
                ends.add(type(decode(spoilt, target_px=16)))
            except BadImage as reason:
                assert str(reason)
                ends.add(BadImage)
    assert ends == {Picture, BadImage}


def test_spoilt_archives(tmp_path):
    """Zip files go through the whole of ingest; what it refuses leaves no file."""
    archive = Archive(tmp_path / "in")
    archive.folder.mkdir()
    archive.pictures = {name: picture(i, size=(32, 32)) for i, name in enumerate(archive.pictures)}
    content = archive.write_tables().write_zip().images.read_bytes()

    def read(path):
        try:
            archive.ingest(images=path, to="../out")
        except InputError:
            assert files_in(tmp_path / "out") == {}
            raise
        for file in files_in(tmp_path / "out"):
            file.unlink()

    try_all(archive.images, content, read, 200, text=False)


def test_spoilt_archives_of_folders(tmp_path):
    folders = Folders(tmp_path)
    content = folders.write().images.read_bytes()
    try_all(folders.images, content, lambda path: class_folders(path, [], classes=TWO), 200, text=False)


# Networks


def a_network(path: Path) -> bytes:
    described = {"network": {"name": "dsnet", "parameters": {}}, "classes": ["a", "b"], "size_px": 32}
    save_network(path, torch.nn.Linear(3, 2), described)
    return path.read_bytes()


def test_spoilt_networks(tmp_path):
    path = tmp_path / "network.safetensors"

    def read(path):
        assert isinstance(read_description(path), dict)

    try_all(path, a_network(path), read, 400, text=True)


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_spoilt_weights(suffix, tmp_path):
    path = tmp_path / f"weights.{suffix}"
    weights = torch.nn.Linear(3, 2).state_dict()
    if suffix == "pth":
        torch.save(weights, path)
    else:
        save_file(weights, path)
    try_all(path, path.read_bytes(), read_state, 200, text=False)


@pytest.mark.parametrize("spoilt_file", ["run.pt", "run.pt.sha256", "run.pt.reached"])
def test_spoilt_checkpoints_are_never_continued(spoilt_file, packed, tmp_path):
    """No input of the user's: the run says what it found, and starts over or takes the one before."""
    path, data, ends = tmp_path / "run.pt", packed(3), set()
    with pytest.raises(Killed):
        trainer_of(data).run(say=quiet, after_epoch=kill_after(2, path))
    Path(f"{path}.reached").write_text("2 1 this run", encoding="utf-8")
    left = files_in(tmp_path)
    content = left[tmp_path / spoilt_file]
    for spoilt in mutations(content, spoilt_file, TIMES * 60, text=spoilt_file != "run.pt"):
        for file, whole in (left | {tmp_path / spoilt_file: spoilt}).items():
            file.write_bytes(whole)
        said, trainer = [], trainer_of(data)
        with bounded():
            resume(path, trainer, "this run", say=said.append)
        ends.add(len(trainer.history))
        assert said[-1].startswith("resuming" if trainer.history else "starting over")
        assert spoilt_file != "run.pt" or spoilt == content or len(trainer.history) == 1
    assert ends == {"run.pt": {1}, "run.pt.sha256": {0, 1, 2}, "run.pt.reached": {2}}[spoilt_file]
