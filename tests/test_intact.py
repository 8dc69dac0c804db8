"""Bits are flipped in files that real jobs wrote: each is refused by name, and nothing else changes."""

import ast
import json
import os
import pickle
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from jobs_examples import run_cache, run_projection, run_train, told_to_train
from note_config import note
from project import ROOT
from safetensors.torch import load_file
from train import train
from training_examples import DISTILLED, IMITATING, RUN

from skinkd import intact
from skinkd.adapters import projection_head
from skinkd.atomic import digest_of, write_text
from skinkd.checkpoints import digest_of_tensors, load_network, read_description, save_network
from skinkd.data_files import open_pictures, read_manifest
from skinkd.errors import InputError
from skinkd.intact import path_to_stamp, sealed, stamped_digest_of
from skinkd.jobs import EXIT_INPUT, logged_to
from skinkd.networks import build_network
from skinkd.runs import read_projection

RESNET = {"name": "resnet", "parameters": {"depth": 10}}
CACHED = RUN | {"arm": "student", "loss": DISTILLED, "teaches": False}
ONLINE = RUN | {"arm": "imitator", "network": RESNET, "loss": IMITATING, "teaches": False}


@pytest.fixture(scope="module")
def written(packed, tmp_path_factory):
    """Everything that a student needs: pictures, split, teacher, its targets and its head."""
    data, folder = packed(3), tmp_path_factory.mktemp("written")
    for path in data[:3]:
        shutil.copy(path, folder)
    data = data._replace(**{f"path_to_{kind}": folder / path.name for kind, path in places(data)})
    teacher = run_train(data, folder, run=RUN | {"network": RESNET}, name="teacher")
    run_cache(data, folder, teacher)
    run_projection(data, folder, teacher)
    return data, folder


def places(data):
    return zip(("array", "split", "summary"), data[:3], strict=True)


@pytest.fixture
def scene(written, tmp_path):
    """A copy of all that, which may be damaged."""
    data, folder = written
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    data = data._replace(**{f"path_to_{kind}": copy / path.name for kind, path in places(data)})
    return SimpleNamespace(data=data, folder=copy)


def train_student(scene, run):
    """The job, as Snakemake starts it; its exit status and its log."""
    teacher = scene.folder / "teacher.safetensors"
    taught = {"targets": [scene.folder / "targets.safetensors"]} if run is CACHED else {}
    taught |= {"projections": [scene.folder / "projection.safetensors"]} if run is ONLINE else {}
    told = told_to_train(scene.data, scene.folder / "out", run=run, teachers=[teacher], **taught)
    log = scene.folder / "student.log"
    try:
        with logged_to(log):
            train(**told)
    except SystemExit as end:
        return end.code, log.read_text(encoding="utf-8")
    return 0, log.read_text(encoding="utf-8")


def flip(path, at=-5):
    """Turn one bit around, as a failing disk does."""
    with open(path, "r+b") as file:
        file.seek(at, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(at, os.SEEK_END)
        file.write(bytes([byte ^ 0b00000010]))


def files_in(folder):
    """Every file but stamps and logs, with its bytes."""
    kept = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".digest", ".log")]
    return {path: path.read_bytes() for path in kept}


DAMAGED = [
    ("teacher.safetensors", ONLINE, "checkpoint"),
    ("projection.safetensors", ONLINE, "checkpoint"),
    ("targets.safetensors", CACHED, "targets"),
    ("images.npy", CACHED, "archive"),
    ("fold0.csv", ONLINE, "split"),
]


@pytest.mark.parametrize(("name", "run", "code"), DAMAGED, ids=[name for name, *_ in DAMAGED])
def test_one_flipped_bit_is_refused_by_name(name, run, code, scene):
    path = scene.folder / name
    flip(path)
    before = files_in(scene.folder)
    status, said = train_student(scene, run)
    assert status == EXIT_INPUT
    error = said.splitlines()[-1]
    assert error.startswith(f"ERROR {code}: {path} is not what was written: its sha256 is ")
    assert error.endswith(f"Fix: delete {path} and run again: the job that makes it repeats.")
    assert files_in(scene.folder) == before


@pytest.mark.parametrize("job", [run_cache, run_projection])
@pytest.mark.parametrize("name", ["teacher.safetensors", "images.npy", "fold0.csv"])
def test_one_flipped_bit_is_refused_by_the_jobs_of_teachers(name, job, scene, tmp_path):
    flip(scene.folder / name)
    with pytest.raises(InputError, match=f"{name} is not what was written"):
        job(scene.data, tmp_path / "out", scene.folder / "teacher.safetensors")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("job", [run_cache, run_projection])
def test_a_teacher_of_another_split_says_nothing(job, scene, tmp_path):
    """It may have been trained on the test images."""
    path = scene.folder / "teacher.safetensors"
    network, description = load_network(path)
    save_network(path, network, description | {"split": "0123456789abcdef"})
    with pytest.raises(
        InputError, match=r"teacher\.safetensors cannot teach this student: it was trained on split"
    ):
        job(scene.data, tmp_path / "out", path)
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_those_of_the_config_are_refused(scene):
    """By as many digits as the config pins; a network of our own stands for one that was published."""
    path, out = scene.folder / "teacher.safetensors", scene.folder / "out"
    pinned = RUN | {"network": RESNET, "initial_sha256": digest_of(path)[:8], "teaches": False}
    train(**told_to_train(scene.data, out, run=pinned, initial=path))
    flip(path)
    with pytest.raises(
        InputError, match=f"ERROR weights: {path} is not what was written: its sha256 is ........,"
    ):
        train(**told_to_train(scene.data, out, run=pinned, initial=path, name="other"))
    assert not (out / "other.safetensors").exists()


@pytest.mark.parametrize("run", [CACHED, ONLINE], ids=["cached", "online"])
def test_what_nobody_touched_is_taken(run, scene):
    """Or the tests above would pass whatever the job does."""
    status, said = train_student(scene, run)
    assert status == 0, said
    network = scene.folder / "out" / "network.safetensors"
    teacher = read_description(scene.folder / "teacher.safetensors")
    assert read_description(network)["teachers"] == [teacher["weights"]]


@pytest.mark.parametrize("name", ["fold0.json", "teacher.safetensors"])
def test_an_edited_header_is_refused(name, scene):
    """The digests that it holds are still those of the data."""
    path = scene.folder / name
    content = path.read_bytes()
    # In a .safetensors file, the header is JSON within JSON.
    for old, new in ((b'"C0", "C1"', b'"C1", "C0"'), (rb"\"C0\", \"C1\"", rb"\"C1\", \"C0\"")):
        content = content.replace(old, new)
    assert content != path.read_bytes()
    path.write_bytes(content)
    status, said = train_student(scene, ONLINE)
    assert status == EXIT_INPUT
    assert f"{path} is not what was written" in said


def test_a_retrained_teacher_of_another_split_is_refused(scene):
    """The online teacher as well, whose header nobody else compares."""
    path = scene.folder / "teacher.safetensors"
    network, description = load_network(path)
    for change, complaint in (
        (
            {"classes": ["C1", "C0", "C2"]},
            "class order of teacher [C1, C0, C2] differs from student [C0, C1, C2]",
        ),
        ({"split": "0123456789abcdef"}, "it was trained on split 0123456789ab…, this is split "),
    ):
        save_network(path, network, description | change)
        for run in (ONLINE, CACHED):
            status, said = train_student(scene, run)
            assert status == EXIT_INPUT
            assert f"ERROR teacher: {path} cannot teach this student: {complaint}" in said


def test_a_network_of_another_architecture_says_which_keys_and_shapes(tmp_path):
    path, description = (
        tmp_path / "network.safetensors",
        {"classes": ["A", "B"], "size_px": 32, "network": RESNET},
    )
    other = build_network("dsnet", 2, 32, {})
    save_network(path, other, description)
    with pytest.raises(InputError) as error:
        load_network(path)
    said = str(error.value)
    assert f"ERROR checkpoint: {path} does not fit a resnet of 2 classes: has no conv1.weight, " in said
    assert "; has unknown classifier.bias, " in said
    more = build_network("resnet", 8, 32, {"depth": 10})
    save_network(path, more, description)
    with pytest.raises(
        InputError, match=r"has other shapes: fc\.weight \(8, 512\), not \(2, 512\), fc\.bias"
    ):
        load_network(path)


def test_a_head_that_is_none_says_which_keys_and_shapes(scene):
    path, teacher = scene.folder / "projection.safetensors", scene.folder / "teacher.safetensors"
    save_network(path, projection_head(4)[0], {"teacher": digest_of(teacher)})
    with pytest.raises(InputError, match=r"does not fit a self-supervision head: has no 0\.weight, "):
        read_projection(path, teacher)


# Digests of large files


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A file that is not read twice for its digest, and how often it was."""
    path, reads = tmp_path / "images.npy", []
    path.write_bytes(b"pixels" * 1000)

    def counted(file):
        reads.append(file)
        return digest_of(file)

    monkeypatch.setattr(intact, "digest_of", counted)
    monkeypatch.setattr(intact, "TICK_S", 0)
    return path, reads


def test_a_large_file_is_read_once_and_again_when_it_was_touched(large):
    path, reads = large
    assert [stamped_digest_of(path) for _ in range(3)] == [digest_of(path)] * 3
    assert len(reads) == 1
    about = path.stat()
    flip(path)
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert path.stat().st_mtime_ns == about.st_mtime_ns
    assert stamped_digest_of(path) == digest_of(path)
    assert len(reads) == 2
    moved = path.with_name("moved.npy")
    shutil.copy2(path, moved)
    shutil.copy2(path_to_stamp(path), path_to_stamp(moved))
    flip(moved)
    os.utime(moved, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert stamped_digest_of(moved) == digest_of(moved) != digest_of(path)


def test_a_file_that_is_younger_than_a_tick_of_the_clock_is_not_stamped(large, monkeypatch):
    path, reads = large
    monkeypatch.setattr(intact, "TICK_S", 3600)
    assert [stamped_digest_of(path) for _ in range(2)] == [digest_of(path)] * 2
    assert len(reads) == 2
    assert not path_to_stamp(path).exists()


@pytest.mark.parametrize("stamp", ["", "{}", "[]", "not json", '{"seen": 1}'])
def test_a_damaged_stamp_is_made_again(stamp, large):
    path, reads = large
    write_text(path_to_stamp(path), stamp)
    assert stamped_digest_of(path) == digest_of(path)
    assert len(reads) == 1
    assert json.loads(path_to_stamp(path).read_text())["sha256"] == digest_of(path)


def test_one_config_is_noted_and_no_other(tmp_path):
    for name in ("one", "two", "one"):
        note(name, tmp_path / "configs" / f"{name}.json")
        (path,) = (tmp_path / "configs").iterdir()
        assert (path.name, path.read_text()) == (f"{name}.json", f"{name}\n")


def test_an_archive_of_other_pictures_or_rows_is_refused(tmp_path):
    paths = {name: tmp_path / name for name in ("images.npy", "images.csv", "manifest.json")}
    np.save(paths["images.npy"], np.zeros((3, 8, 8, 3), np.uint8))
    write_text(paths["images.csv"], "image\nA\nB\nC\n")
    digests = {
        "images_sha256": digest_of(paths["images.npy"]),
        "table_sha256": digest_of(paths["images.csv"]),
    }
    write_text(paths["manifest.json"], json.dumps(sealed(digests | {"classes": ["A"]})))
    for name in paths:
        content = paths[name].read_bytes()
        flip(paths[name], at=-2 if name == "images.csv" else -6)
        with pytest.raises(InputError, match=f"{name} is not what was written"):
            read_manifest(paths["manifest.json"], paths["images.csv"], paths["images.npy"])
        paths[name].write_bytes(content)
    assert read_manifest(paths["manifest.json"], paths["images.csv"], paths["images.npy"])["classes"] == ["A"]


# Pickles


class Malicious:
    """Touches a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def save_array(thing, path):
    with open(path, "wb") as file:
        np.save(file, np.array([thing], dtype=object), allow_pickle=True)


def pickled(thing, path):
    path.write_bytes(pickle.dumps(thing))


@pytest.mark.parametrize("save", [pickled, torch.save], ids=["pickle", "torch"])
@pytest.mark.parametrize(
    ("name", "run"),
    [(name, run) for name, run, _ in DAMAGED],
    ids=[name for name, *_ in DAMAGED],
)
def test_no_file_of_a_job_runs_code(name, run, save, scene, tmp_path):
    marker = tmp_path / "marker"
    save(Malicious(marker), scene.folder / name)
    status, said = train_student(scene, run)
    assert status == EXIT_INPUT
    assert str(scene.folder / name) in said.splitlines()[-1]
    assert not marker.exists()


def test_a_checkpoint_that_brings_its_own_digest_runs_no_code(scene, tmp_path):
    """It is no checkpoint: the job says so, and trains from the beginning."""
    path, marker = scene.folder / "out" / "unfinished" / "network.pt", tmp_path / "marker"
    path.parent.mkdir(parents=True)
    torch.save({"fingerprint": Malicious(marker)}, path)
    write_text(Path(f"{path}.sha256"), f"{digest_of(path)}\n")
    status, said = train_student(scene, CACHED)
    assert status == 0
    assert f"{path} is no checkpoint (UnpicklingError); it is not used\nstarting over\n" in said
    assert not marker.exists()


def test_an_array_that_holds_code_does_not_run_it(tmp_path):
    path, marker = tmp_path / "images.npy", tmp_path / "marker"
    save_array(Malicious(marker), path)
    with pytest.raises(InputError, match=r"images\.npy is no array of square pictures \(ValueError"):
        open_pictures(path)
    assert not marker.exists()
    np.load(path, allow_pickle=True)
    assert marker.exists(), "the code would not have run anyway"


@pytest.mark.parametrize(
    "array", [np.zeros((2, 4, 4, 3)), np.zeros((2, 4, 5, 3), np.uint8), np.zeros(4, np.uint8)]
)
def test_an_array_of_something_else_is_refused(array, tmp_path):
    np.save(tmp_path / "images.npy", array)
    with pytest.raises(InputError, match="is no array of square pictures"):
        open_pictures(tmp_path / "images.npy")


UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


def unsafe_calls(tree):
    """What of a module's code would run code from a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            yield from sorted(UNSAFE & {name.split(".")[0] for name in names})
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if called == "torch.load" and given.get("weights_only") != "True":
                yield ast.unparse(node)
            if called.endswith((".load", ".read_pickle")) and given.get("allow_pickle", "False") != "False":
                yield ast.unparse(node)
            if node.func.attr in ("read_pickle", "unsafe_load", "full_load"):
                yield ast.unparse(node)


def test_nothing_that_could_run_code_from_a_file_is_called():
    files = [*ROOT.glob("workflow/**/*.py"), *ROOT.glob("report/**/*.py")]
    assert len(files) > 100
    found = {
        str(file.relative_to(ROOT)): calls
        for file in files
        if (calls := [*unsafe_calls(ast.parse(file.read_text(encoding="utf-8")))])
    }
    assert found == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from joblib import load",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "pd.read_pickle(path)",
    ],
)
def test_such_a_call_would_be_found(code):
    assert [*unsafe_calls(ast.parse(code))]


def test_the_digest_of_tensors_sees_names_kinds_shapes_and_bits(tmp_path):
    state = {"a": torch.arange(6.0), "b": torch.tensor(3), "c": torch.zeros(0, 2, dtype=torch.bfloat16)}
    whole = digest_of_tensors(state)
    assert whole == digest_of_tensors(dict(reversed(state.items())))
    changes = [
        {"d": state["a"]} | {key: value for key, value in state.items() if key != "a"},
        state | {"a": state["a"].reshape(2, 3)},
        state | {"a": state["a"].view(torch.int32)},
        state | {"a": state["a"].nextafter(torch.tensor(9.0))},
        state | {"c": torch.zeros(2, 0, dtype=torch.bfloat16)},
    ]
    assert whole not in [digest_of_tensors(changed) for changed in changes]


def test_a_network_that_is_written_often_has_the_same_bytes(tmp_path):
    """Often: an order that chance decides is the same half of the time."""
    network, path = build_network("dsnet", 2, 32, {}), tmp_path / "network.safetensors"
    digests = set()
    for _ in range(10):
        save_network(path, network, {"classes": ["A", "B"], "split": "ab"})
        digests.add(digest_of(path))
    assert len(digests) == 1
    assert load_file(path).keys() == network.state_dict().keys()
