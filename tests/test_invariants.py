"""What holds for every table, every archive and every number, whichever they are."""

import csv
import json
import re

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_ingest import Archive, picture

from skinkd.images import decode, pack
from skinkd.latex import escape
from skinkd.predictions import PARTS, Predictions, read_predictions, write_predictions
from skinkd.records import read_record, rounded, write_record
from skinkd.strict_csv import read_sheet

# A file of the test is written anew for each example.
SAME_FOLDER = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zs", "Zl", "Zp"]), max_size=12)
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
RECORDS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9) | FLOATS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@SAME_FOLDER
@given(
    header=st.lists(WORDS.filter(len), min_size=2, max_size=5, unique=True),
    cells=st.lists(st.lists(WORDS, min_size=5, max_size=5), max_size=6),
)
def test_a_sheet_is_what_was_written(header, cells, tmp_path):
    rows = [row[: len(header)] for row in cells]
    path = tmp_path / "sheet.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    sheet = read_sheet(path)
    assert list(sheet.header) == header
    assert sheet.rows == [dict(zip(header, row, strict=True)) for row in rows]
    assert sheet.notices == ()


@SAME_FOLDER
@given(
    logits=st.lists(st.tuples(FLOATS, FLOATS, FLOATS), min_size=1, max_size=8),
    classes=st.lists(WORDS.filter(len), min_size=3, max_size=3, unique=True),
    seed=st.integers(0, 2**32 - 1),
)
def test_predictions_are_what_was_written(logits, classes, seed, tmp_path):
    images = np.array([f"I{index}" for index in range(len(logits))], dtype=object)
    labels, parts = np.arange(len(logits)) % 3, np.resize(np.array(PARTS, dtype=object), len(logits))
    told = ("p", "leak_free", "a", 0, seed, tuple(classes), images, images, parts, labels, np.array(logits))
    write_predictions(tmp_path / "one.csv", Predictions(*told))
    read = read_predictions(tmp_path / "one.csv", classes)
    np.testing.assert_array_equal(read.logits.astype(np.float32), np.array(logits, dtype=np.float32))
    assert (read.classes, read.seed, read.labels.tolist()) == (tuple(classes), seed, labels.tolist())
    write_predictions(tmp_path / "two.csv", read)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@settings(SAME_FOLDER, max_examples=20)
@given(
    order=st.permutations(range(8)),
    sizes=st.lists(st.tuples(st.integers(32, 70), st.integers(32, 70)), min_size=8, max_size=8),
    modes=st.lists(st.sampled_from(["RGB", "L", "P", "RGBA", "CMYK"]), min_size=8, max_size=8),
)
def test_a_row_of_the_array_is_the_picture_of_the_row_of_the_table(order, sizes, modes, tmp_path):
    archive = Archive(tmp_path)
    formats = {"RGBA": "PNG", "P": "PNG"}
    archive.pictures = {
        name: picture(i, size, mode, formats.get(mode, "JPEG"))
        for i, (name, size, mode) in enumerate(zip(archive.pictures, sizes, modes, strict=True))
    }
    archive.metadata = [archive.metadata[place] for place in order]
    array, table, manifest = archive.write_tables().write_zip().ingest()
    assert table["image"].tolist() == [row[0] for row in archive.metadata]
    assert manifest["n_images"] == len(array) == len(table) == 8
    for pixels, image in zip(array, table["image"], strict=True):
        content = archive.pictures[f"{image}.jpg"]
        np.testing.assert_array_equal(pixels, pack(decode(content, target_px=32), 32))


@SAME_FOLDER
@given(record=RECORDS)
def test_a_record_is_what_was_written(record, tmp_path):
    path = tmp_path / "record.json"
    write_record(path, record)
    assert read_record(path) == json.loads(json.dumps(rounded(record)))
    before = path.read_bytes()
    write_record(path, read_record(path))
    assert path.read_bytes() == before


LITERAL = re.compile(r"\$[^$]*\$|\\[a-zA-Z]+\{\}|\\[&%$#_{},]|\{[-?!]\}")


@settings(deadline=None, max_examples=300)
@given(text=st.text())
@example(r"\input{/etc/passwd} a_b & <b> $x$ 100 % { ~ ^ \ } --- ?` \\")
def test_text_in_latex_is_text(text):
    """Nothing of it is a command, a group, a comment or mathematics, but those that stand for one letter."""
    assert not set(LITERAL.sub("", escape(text))) & set("\\{}$&#%_^")


def test_commands_in_latex_would_be_noticed():
    assert LITERAL.sub("", r"\input{x}") == r"\input{x}"
