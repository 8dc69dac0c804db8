"""Archives become one array and one table; whatever is wrong with them is said, all at once."""

import csv
import hashlib
import io
import json
import stat
import zipfile
import zlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from skinkd.errors import InputError
from skinkd.images import END, NO_END, BadImage, decode, pack
from skinkd.ingest import ingest
from skinkd.intact import sealed
from skinkd.isic import CLASSES, read_archive_tables
from skinkd.progress import Progress

TRUTH_HEADER = ("image", *CLASSES, "UNK")
METADATA_HEADER = ("image", "age_approx", "anatom_site_general", "lesion_id", "sex")


def picture(seed=0, size=(48, 36), mode="RGB", file_format="JPEG", **options):
    """The bytes of a picture file: soft colours, different for each seed."""
    colours = np.random.default_rng(seed).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    image = Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC).convert(mode)
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def without_end(jpeg):
    """A JPEG whose end marker is overwritten, as a disk that was full leaves zeros."""
    return jpeg[:-2] + bytes(2)


def one_hot(label):
    return [f"{float(label == column)}" for column in TRUTH_HEADER[1:]]


def csv_text(header, rows):
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return file.getvalue()


class Archive:
    """A small archive in ISIC's form, to be spoilt before it is read."""

    def __init__(self, folder):
        self.folder = folder
        self.pictures = {f"ISIC_{i:07d}.jpg": picture(i) for i in range(8)}
        ids = [name.removesuffix(".jpg") for name in self.pictures]
        self.truth = [[image, *one_hot(label)] for image, label in zip(ids, CLASSES, strict=True)]
        self.metadata = [[image, str(10 * i), "torso", f"HAM_{i:07d}", "male"] for i, image in enumerate(ids)]
        self.truth_header, self.metadata_header = TRUTH_HEADER, METADATA_HEADER
        self.said = []

    @property
    def images(self):
        return self.folder / "images.zip"

    @property
    def bad_images(self):
        return self.folder / "out" / "bad_images.csv"

    @property
    def truth_csv(self):
        return self.folder / "ground_truth.csv"

    @property
    def metadata_csv(self):
        return self.folder / "metadata.csv"

    def write_tables(self):
        self.truth_csv.write_text(csv_text(self.truth_header, self.truth), encoding="utf-8")
        self.metadata_csv.write_text(csv_text(self.metadata_header, self.metadata), encoding="utf-8")
        return self

    def write_zip(self):
        with zipfile.ZipFile(self.images, "w") as file:
            for name, content in self.pictures.items():
                file.writestr(name, content)
        return self

    def read(self, **options):
        return read_archive_tables(self.truth_csv, self.metadata_csv, **options)

    def ingest(self, *, images=None, size_px=32, on_bad_image="error", workers=1, to="out"):
        out = self.folder / to
        ingest(
            images or self.images,
            self.read(),
            size_px=size_px,
            source="made_up",
            licence="CC0-1.0",
            on_bad_image=on_bad_image,
            path_to_array=out / "images.npy",
            path_to_table=out / "images.csv",
            path_to_manifest=out / "manifest.json",
            path_to_bad_images=out / "bad_images.csv",
            workers=workers,
            say=self.said.append,
        )
        return (
            np.load(out / "images.npy", mmap_mode="r"),
            pd.read_csv(out / "images.csv", dtype=str, keep_default_na=False),
            json.loads((out / "manifest.json").read_text(encoding="utf-8")),
        )


@pytest.fixture
def archive(tmp_path):
    return Archive(tmp_path)


def refusal(call, *args, **options):
    """The message of the `InputError` that a call must end in."""
    with pytest.raises(InputError) as error:
        call(*args, **options)
    return str(error.value)


# Tables


def test_tables_join_in_the_order_of_the_metadata(archive):
    archive.metadata.reverse()
    images, notices = archive.write_tables().read()[:2]
    assert notices == ()
    assert list(images.columns) == ["image", "lesion", "label", "age", "sex", "site", "origin"]
    assert images["image"].tolist() == [row[0] for row in archive.metadata]
    assert images["label"].tolist() == list(reversed(CLASSES))
    assert images.iloc[0].tolist() == ["ISIC_0000007", "HAM_0000007", "SCC", "70", "male", "torso", "HAM"]


def test_words_that_look_like_gaps_stay_words(archive):
    archive.metadata[0][2] = "NA"
    archive.metadata[1][3] = "None"
    images, notices = archive.write_tables().read()[:2]
    assert images.loc[0, "site"] == "NA"
    assert images.loc[1, "lesion"] == "None"
    assert notices == ("1 images have the lesion id 'None', taken as one lesion",)


@pytest.mark.parametrize(
    ("lesion", "origin"),
    [
        ("BCN_0001728", "BCN"),
        ("MSK4_0011169", "MSK"),
        ("HAM_0000550", "HAM"),
        ("", "unknown"),
        ("X1", "unknown"),
    ],
)
def test_origin_is_told_by_the_lesion_id(archive, lesion, origin):
    archive.metadata[0][3] = lesion
    assert archive.write_tables().read().images.loc[0, "origin"] == origin


def test_every_bad_ground_truth_row_is_named(archive):
    archive.truth[0][2] = "1.0"
    archive.truth[1][2] = "0.0"
    archive.truth[2][3] = "0.7"
    archive.truth[3][1] = "yes"
    archive.truth[4][0] = ""
    archive.truth[5][0] = "../evil"
    message = refusal(archive.write_tables().read)
    assert "ERROR archive: ground_truth.csv: 6 bad rows: row 2: one-hot sums to 2 (MEL, NV)" in message
    assert "row 3: one-hot sums to 0 (no class)" in message
    assert "row 4: BCC is '0.7', not 0 or 1" in message
    assert "row 5: MEL is 'yes', not 0 or 1" in message
    assert "row 6: image id is blank" in message
    assert "row 7: image id '../evil' has a slash or a control character" in message


def test_at_most_ten_rows_are_named(archive):
    archive.truth = [[f"I{i}", *one_hot("none")] for i in range(13)]
    assert "row 11: one-hot sums to 0 (no class) and 3 more" in refusal(archive.write_tables().read)


def test_unknown_images_are_refused_or_dropped(archive):
    archive.truth[3][1:] = one_hot("UNK")
    archive.write_tables()
    assert "has 1 images of class UNK: ISIC_0000003" in refusal(archive.read)
    images, notices = archive.read(unknown="drop")[:2]
    assert notices == ("dropped 1 images of class UNK",)
    assert "ISIC_0000003" not in set(images["image"])
    assert len(images) == 7


def test_the_unk_column_may_be_absent(archive):
    archive.truth_header = TRUTH_HEADER[:-1]
    archive.truth = [row[:-1] for row in archive.truth]
    assert len(archive.write_tables().read().images) == 8


def test_an_unknown_class_is_refused_with_the_known_ones(archive):
    archive.truth_header = (*TRUTH_HEADER, "ALIEN")
    archive.truth = [[*row, "0.0"] for row in archive.truth]
    message = refusal(archive.write_tables().read)
    assert "unknown columns: ALIEN" in message
    assert "known are MEL, NV, BCC, AK, BKL, DF, VASC, SCC, UNK" in message


def test_a_missing_column_is_named_with_its_neighbour(archive):
    archive.metadata_header = ("image", "age_approx", "anatom_site_general", "lesion", "sex")
    assert "metadata.csv lacks the columns lesion_id (is it 'lesion'?)" in refusal(
        archive.write_tables().read
    )


def test_more_metadata_is_ignored_aloud(archive):
    archive.metadata_header = (*METADATA_HEADER, "attribution")
    archive.metadata = [[*row, "someone"] for row in archive.metadata]
    assert archive.write_tables().read().notices == ("metadata.csv: ignored columns attribution",)


def test_gender_is_taken_as_sex_aloud(archive):
    archive.metadata_header = (*METADATA_HEADER[:-1], "gender")
    images, notices = archive.write_tables().read()[:2]
    assert notices == ("metadata.csv: column gender taken as sex",)
    assert set(images["sex"]) == {"male"}


def test_repeated_rows_collapse(archive):
    archive.truth.append(archive.truth[0])
    archive.metadata.append(archive.metadata[0])
    images, notices = archive.write_tables().read()[:2]
    assert len(images) == 8
    assert notices == ("ground_truth.csv: left out 1 repeated rows", "metadata.csv: left out 1 repeated rows")


def test_contradicting_rows_are_both_named(archive):
    archive.truth.append([archive.truth[0][0], *one_hot("DF")])
    assert "ISIC_0000000 in rows 2 and 10 (label 'MEL' and 'DF')" in refusal(archive.write_tables().read)


def test_contradicting_metadata_are_both_named(archive):
    archive.metadata.append([*archive.metadata[0][:3], "HAM_9999999", "male"])
    message = refusal(archive.write_tables().read)
    assert "ISIC_0000000 in rows 2 and 10 (lesion 'HAM_0000000' and 'HAM_9999999')" in message


def test_a_lesion_with_two_labels_is_refused(archive):
    archive.metadata[1][3] = archive.metadata[0][3]
    archive.metadata[2][3] = archive.metadata[3][3] = ""
    message = refusal(archive.write_tables().read)
    assert "1 lesions have two labels: HAM_0000000 (MEL, NV)" in message
    assert "set on_mixed_lesion: drop" in message


def test_a_lesion_with_two_labels_may_be_left_out(archive):
    archive.metadata[1][3] = archive.metadata[0][3]
    images, notices = archive.write_tables().read(on_mixed_lesion="drop")[:2]
    assert images["image"].tolist() == [row[0] for row in archive.metadata[2:]]
    assert notices == ("1 lesions have two labels: HAM_0000000 (MEL, NV); left out with their 2 images",)


def test_blank_lesions_are_counted_and_stay_or_go(archive):
    archive.metadata[1][3] = archive.metadata[2][3] = " "
    archive.write_tables()
    told = "2 of 8 images have no lesion id"
    for policy, left, meaning in (("own", 8, "each counts as a lesion of its own"), ("drop", 6, "left out")):
        images, notices = archive.read(missing_group=policy)[:2]
        assert (len(images), notices[-1]) == (left, f"{told}: {meaning}")
    message = refusal(archive.read, missing_group="error")
    assert f"ERROR archive: {told}: ISIC_0000001, ISIC_0000002." in message
    assert "Fix: name their lesions, or set missing_group: own." in message


def test_an_archive_without_lesions_is_never_left_out_whole(archive):
    for row in archive.metadata:
        row[3] = ""
    assert "8 of 8 images have no lesion id" in refusal(archive.write_tables().read, missing_group="drop")


def test_impossible_ages_and_sexes_become_blank_aloud(archive):
    for row, age in zip(archive.metadata, ["-1", "121", "old", "nan", "inf", "", "0", "120"], strict=True):
        row[1] = age
    archive.metadata[0][4] = "unknown"
    images, notices = archive.write_tables().read()[:2]
    assert images["age"].tolist() == [""] * 6 + ["0", "120"]
    assert images["sex"].tolist() == [""] + ["male"] * 7
    assert notices == (
        "blanked age of 5 images: it is no number from 0 to 120",
        "blanked sex of 1 images: it is neither male nor female",
    )


def test_both_tables_must_have_the_same_images(archive):
    del archive.metadata[0]
    del archive.truth[7]
    message = refusal(archive.write_tables().read)
    assert "1 images of ground_truth.csv are not in metadata.csv (ISIC_0000000)" in message
    assert "1 images of metadata.csv are not in ground_truth.csv (ISIC_0000007)" in message


def test_blanks_around_cells_are_stripped_aloud(archive):
    archive.truth_header = ("image", " MEL", *TRUTH_HEADER[2:])
    archive.truth[0][0] += " "
    images, notices = archive.write_tables().read()[:2]
    assert images.loc[0, "image"] == "ISIC_0000000"
    assert notices == ("ground_truth.csv: stripped blanks around 2 cells",)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(archive):
    archive.write_tables()
    plain = archive.read().images
    archive.truth_csv.write_bytes(b"\xef\xbb\xbf" + archive.truth_csv.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(archive.read().images, plain)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda b: b.replace(b"torso", b"t\xe9te", 1), "metadata.csv is not UTF-8 (byte 0xe9 at line 2)"),
        (lambda b: b.decode().encode("utf-16"), "metadata.csv is not UTF-8 (byte 0xff at line 1)"),
        (lambda b: b.replace(b",", b";"), "set apart by ';'; did you mean ','?"),
        (lambda b: b.replace(b",", b"\t"), "set apart by 'tab'; did you mean ','?"),
        (lambda b: b.replace(b"torso", b"to\0so", 1), "metadata.csv has a NUL byte at line 2"),
        (lambda b: b.replace(b"torso", b"torso,", 1), "metadata.csv has 5 columns, but row 2 has 6"),
        (lambda b: b.replace(b",torso", b"", 1), "metadata.csv has 5 columns, but row 2 has 4"),
        (lambda b: b.replace(b"sex", b"image"), "metadata.csv has doubled columns: image"),
        (lambda b: b.replace(b"sex", b""), "metadata.csv has a column without a name"),
        (lambda b: b.replace(b"torso", b'"torso', 1), "metadata.csv: unexpected end of data"),
        (lambda b: b"", "metadata.csv is empty"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(archive, spoil, message):
    archive.write_tables()
    archive.metadata_csv.write_bytes(spoil(archive.metadata_csv.read_bytes()))
    assert message in refusal(archive.read)


def test_a_table_that_is_not_there(archive):
    assert "metadata.csv: No such file or directory" in refusal(
        read_archive_tables, archive.write_tables().truth_csv, archive.folder / "metadata.csv.gz"
    ).replace(".gz", "")


# Pictures


def test_a_packed_picture_is_the_whole_picture_stretched():
    image = Image.new("RGB", (64, 32), (255, 0, 0))
    image.paste((0, 0, 255), (32, 0, 64, 32))
    file = io.BytesIO()
    image.save(file, "PNG")
    pixels = pack(decode(file.getvalue()), 32)
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8
    assert (pixels[:, :15] == (255, 0, 0)).all()
    assert (pixels[:, 17:] == (0, 0, 255)).all()


def test_a_jpeg_decoded_at_a_fraction_looks_like_the_whole():
    content = picture(3, size=(801, 603), quality=95)
    fraction, full = decode(content, target_px=40), decode(content)
    assert fraction.image.width < 801
    assert (fraction.width_px, fraction.height_px) == (801, 603) == (full.width_px, full.height_px)
    difference = pack(fraction, 40).astype(int) - pack(full, 40)
    assert np.abs(difference).max() <= 6


def test_a_jpeg_up_to_twice_the_target_is_decoded_whole():
    assert decode(picture(size=(80, 79)), target_px=40).image.size == (80, 79)


@pytest.mark.parametrize(
    ("mode", "file_format"), [("CMYK", "JPEG"), ("L", "JPEG"), ("L", "PNG"), ("P", "PNG"), ("1", "PNG")]
)
def test_other_modes_become_rgb(mode, file_format):
    content = picture(mode=mode, file_format=file_format)
    decoded = decode(content)
    assert decoded.image.mode == "RGB"
    assert decoded.changes == (f"converted to RGB from mode {mode}",)
    expected = Image.open(io.BytesIO(content)).convert("RGB")
    np.testing.assert_array_equal(np.asarray(decoded.image), np.asarray(expected))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_become_white(mode):
    image = Image.new(mode, (40, 40), 0)
    image.paste(Image.new(mode, (40, 20), "black"))
    file = io.BytesIO()
    image.save(file, "PNG")
    decoded = decode(file.getvalue())
    pixels = np.asarray(decoded.image)
    assert (pixels[:20] == 0).all()
    assert (pixels[20:] == 255).all()
    assert decoded.changes == (f"laid on white, from mode {mode}",)


@pytest.mark.parametrize("target_px", [None, 40])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation, target_px):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.new("RGB", (240, 160), "black")
    image.paste("white", (0, 0, 120, 80))
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    decoded = decode(file.getvalue(), target_px=target_px)
    # Where EXIF says that the stored top left corner belongs: (row, column) of the bright quarter.
    corner = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}[
        orientation
    ]
    quarters = pack(decoded, 40).reshape(2, 20, 2, 20, 3).mean((1, 3, 4))
    assert np.unravel_index(quarters.argmax(), (2, 2)) == corner
    assert (decoded.width_px, decoded.height_px) == ((240, 160) if orientation < 5 else (160, 240))
    assert bool(decoded.changes) == (orientation > 1)


def test_sixteen_bits_are_refused_not_clipped():
    file = io.BytesIO()
    Image.fromarray(np.full((40, 40), 40_000, np.uint16)).save(file, "PNG")
    with pytest.raises(BadImage, match="more than 8 bits"):
        decode(file.getvalue())


@pytest.mark.parametrize("target_px", [None, 16])
@pytest.mark.parametrize("lost_bytes", [1, 2, 50, 200])
def test_a_truncated_jpeg_is_refused(target_px, lost_bytes):
    with pytest.raises(BadImage, match="truncated"):
        decode(picture(size=(200, 150))[:-lost_bytes], target_px=target_px)


def test_a_jpeg_whose_end_was_overwritten_is_read_and_told():
    """The decoder has all its pixels by then, and does not look for the end."""
    whole = picture(2)
    assert decode(whole).changes == decode(whole + bytes(20)).changes == ()
    cut = decode(without_end(whole))
    np.testing.assert_array_equal(cut.image, decode(whole).image)
    assert cut.changes == (NO_END,)


def test_the_end_of_an_embedded_thumbnail_is_not_that_of_the_picture():
    whole = picture(2, comment=picture(1))
    assert whole.count(END) > 1
    assert decode(whole).changes == ()
    assert decode(without_end(whole)).changes == (NO_END,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b"<html>Not found</html>", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", "not a picture"),
        (picture(size=(31, 400)), "31 x 400 px, a side under 32 px"),
        (picture(file_format="PNG")[:60], "truncated"),
    ],
)
def test_what_is_no_picture_is_refused(content, message):
    with pytest.raises(BadImage, match=message):
        decode(content)


@pytest.mark.parametrize("side_px", [9_600, 14_000])
def test_a_bomb_is_refused_before_it_goes_off(side_px):
    header = bytearray(picture(file_format="PNG", size=(40, 40)))
    # The size stands in the IHDR chunk, whose check sum covers it.
    header[16:24] = side_px.to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    with pytest.raises(BadImage, match="more than 89 million pixels"):
        decode(bytes(header))


# The whole pass


def test_array_table_and_manifest_agree(archive):
    archive.metadata.reverse()
    array, table, manifest = archive.write_tables().write_zip().ingest()
    assert array.shape == (8, 32, 32, 3)
    assert array.dtype == np.uint8
    for row, image in enumerate(table["image"]):
        content = archive.pictures[f"{image}.jpg"]
        np.testing.assert_array_equal(array[row], pack(decode(content, target_px=32), 32))
        assert table.loc[row, "sha256"] == hashlib.sha256(content).hexdigest()
    assert list(table.columns[-3:]) == ["width_px", "height_px", "sha256"]
    assert set(table["width_px"] + "x" + table["height_px"]) == {"48x36"}
    out = archive.folder / "out"
    assert manifest.pop("sha256") == sealed(manifest)["sha256"]
    assert manifest == {
        "source": "made_up",
        "size_px": 32,
        "classes": list(CLASSES),
        "n_images": 8,
        "counts_by_label": dict.fromkeys(CLASSES, 1),
        "images_sha256": hashlib.sha256((out / "images.npy").read_bytes()).hexdigest(),
        "table_sha256": hashlib.sha256((out / "images.csv").read_bytes()).hexdigest(),
        "ground_truth_sha256": hashlib.sha256(archive.truth_csv.read_bytes()).hexdigest(),
        "notices": [],
        "licence": "CC0-1.0",
    }


def test_zip_or_folder_one_process_or_two_same_bytes(archive):
    archive.pictures |= {f"ISIC_1{i:06d}.jpg": picture(100 + i) for i in range(150)}
    archive.pictures["ISIC_1000149.jpg"] = b"nothing"
    for name in list(archive.pictures)[8:]:
        archive.truth.append([name.removesuffix(".jpg"), *one_hot("NV")])
        archive.metadata.append([name.removesuffix(".jpg"), "50", "", "", "female"])
    archive.write_tables().write_zip()
    folder = archive.folder / "unpacked" / "ISIC_2019_Training_Input"
    folder.mkdir(parents=True)
    for name, content in archive.pictures.items():
        (folder / name).write_bytes(content)
    archive.ingest(on_bad_image="drop", to="one")
    archive.ingest(on_bad_image="drop", to="two", workers=2)
    archive.ingest(on_bad_image="drop", to="folder", images=folder.parent)
    for name in ("images.npy", "images.csv", "manifest.json"):
        one, two, unpacked = ((archive.folder / to / name).read_bytes() for to in ("one", "two", "folder"))
        assert one == two == unpacked


def test_bad_pictures_are_all_named_or_all_dropped(archive):
    archive.pictures["ISIC_0000001.jpg"] = picture(1, size=(200, 150))[:-100]
    archive.pictures["ISIC_0000004.jpg"] = b"<html>"
    archive.pictures["ISIC_0000006.jpg"] = b""
    archive.write_tables().write_zip()
    message = refusal(archive.ingest)
    assert "ERROR image: 3 of 8 images are bad: ISIC_0000001: OSError: image file is truncated" in message
    assert "ISIC_0000004: not a picture (first bytes b'<html>'), ISIC_0000006: empty file" in message
    assert "set on_bad_image: drop" in message
    assert f"all of them stand in {archive.bad_images}" in message
    assert [path.name for path in (archive.folder / "out").iterdir()] == ["bad_images.csv"]
    bad = pd.read_csv(archive.bad_images)
    assert bad["image"].tolist() == ["ISIC_0000001", "ISIC_0000004", "ISIC_0000006"]
    assert bad["member"].tolist() == [f"{image}.jpg" for image in bad["image"]]
    assert bad["reason"][2] == "empty file"
    array, table, manifest = archive.ingest(on_bad_image="drop")
    assert table["image"].str[-1].tolist() == ["0", "2", "3", "5", "7"]
    assert array.shape == (5, 32, 32, 3)
    np.testing.assert_array_equal(array[4], pack(decode(archive.pictures["ISIC_0000007.jpg"]), 32))
    assert manifest["n_images"] == 5
    assert manifest["counts_by_label"]["NV"] == 0
    (notice,) = manifest["notices"]
    assert notice.startswith("dropped 3 bad images, listed in bad_images.csv: ISIC_0000001: OSError: ")
    assert notice.endswith("ISIC_0000006: empty file")
    assert len(pd.read_csv(archive.bad_images)) == 3


def test_ten_bad_pictures_are_named_and_all_are_listed(archive):
    for number in range(8, 20):
        image = f"ISIC_{number:07d}"
        archive.pictures[f"{image}.jpg"] = b""
        archive.truth.append([image, *one_hot("NV")])
        archive.metadata.append([image, "", "", "", ""])
    message = refusal(archive.write_tables().write_zip().ingest)
    assert "ISIC_0000017: empty file and 2 more; all of them" in message
    assert "ISIC_0000018" not in message
    assert len(pd.read_csv(archive.bad_images)) == 12


def test_an_earlier_list_of_bad_pictures_does_not_stay(archive):
    archive.pictures["ISIC_0000004.jpg"] = b""
    refusal(archive.write_tables().write_zip().ingest)
    archive.pictures["ISIC_0000004.jpg"] = without_end(picture(2))
    *_, manifest = archive.write_zip().ingest()
    assert archive.bad_images.read_text(encoding="utf-8") == "image,member,reason\n"
    assert manifest["notices"] == [f"1 images were {NO_END}: ISIC_0000004"]


def test_an_archive_of_bad_pictures_only_is_never_dropped_whole(archive):
    archive.pictures = dict.fromkeys(archive.pictures, b"nothing")
    archive.write_tables().write_zip()
    assert "8 of 8 images are bad" in refusal(archive.ingest, on_bad_image="drop")


def test_labels_without_image_are_counted_and_ten_named(archive):
    archive.truth += [[f"X{i:02d}", *one_hot("NV")] for i in range(12)]
    archive.metadata += [[f"X{i:02d}", "", "", "", ""] for i in range(12)]
    message = refusal(archive.write_tables().write_zip().ingest)
    assert "12 of 20 labels have no image in images.zip (first: X00, X01," in message
    assert "X09 and 2 more)" in message


def test_images_without_label_are_ignored_aloud(archive):
    archive.write_tables()
    archive.pictures |= {
        "ISIC_9999999.jpg": b"never opened",
        "LICENSE.txt": b"CC0",
        "__MACOSX/._ISIC_0000000.jpg": b"",
    }
    _, table, manifest = archive.write_zip().ingest()
    assert len(table) == 8
    assert manifest["notices"] == ["ignored 1 images without a label: ISIC_9999999"]


def test_changed_and_identical_pictures_are_counted(archive):
    archive.pictures["ISIC_0000000.jpg"] = picture(mode="CMYK")
    archive.pictures["ISIC_0000001.jpg"] = archive.pictures["ISIC_0000002.jpg"]
    *_, manifest = archive.write_tables().write_zip().ingest()
    assert manifest["notices"] == [
        "1 images were converted to RGB from mode CMYK",
        "2 images are byte-identical to another: ISIC_0000001, ISIC_0000002",
        "2 byte-identical images have different labels: ISIC_0000001, ISIC_0000002",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>Too many requests</html>", "is not a zip (first bytes b'<html>Too ma')"),
        (b"Rar!\x1a\x07", "is not a zip (first bytes"),
        (b"", "is not a zip (first bytes b'', 0 bytes)"),
    ],
)
def test_what_is_no_zip_is_named_by_its_first_bytes(archive, content, message):
    archive.write_tables().images.write_bytes(content)
    assert message in refusal(archive.ingest)


def test_a_truncated_zip_says_so(archive):
    archive.write_tables().write_zip()
    archive.images.write_bytes(archive.images.read_bytes()[:-500])
    assert "images.zip is truncated (" in refusal(archive.ingest)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_flipped_bit_in_a_zip_is_found_and_never_dropped(archive, workers):
    archive.write_tables().write_zip()
    content = bytearray(archive.images.read_bytes())
    content[content.index(archive.pictures["ISIC_0000003.jpg"]) + 300] ^= 1
    archive.images.write_bytes(content)
    message = refusal(archive.ingest, on_bad_image="drop", workers=workers)
    assert "images.zip is damaged: ISIC_0000003.jpg: Bad CRC-32" in message
    assert "download it again" in message


@pytest.mark.parametrize(
    "name", ["../../evil.jpg", "/etc/evil.jpg", "a\\evil.jpg", "C:/evil.jpg", "a/../evil.jpg"]
)
def test_unsafe_member_names_are_refused(archive, name):
    archive.pictures[name] = picture()
    assert f"images.zip: unsafe member path '{name}'" in refusal(archive.write_tables().write_zip().ingest)


def test_symbolic_links_in_a_zip_are_refused(archive):
    archive.write_tables().write_zip()
    with zipfile.ZipFile(archive.images, "a") as file:
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    assert "unsafe member path 'link.jpg'" in refusal(archive.ingest)


def test_two_files_for_one_image_are_refused(archive):
    archive.pictures["again/ISIC_0000000.JPEG"] = picture()
    message = refusal(archive.write_tables().write_zip().ingest)
    assert "several files for one image id: ISIC_0000000.jpg and again/ISIC_0000000.JPEG" in message


def test_an_archive_that_is_not_there(archive):
    assert "images.zip is not there" in refusal(archive.write_tables().ingest)


def test_a_disk_too_small_is_noticed_at_once(archive):
    archive.write_tables().write_zip()
    assert "the packed images need 240000.1 GB" in refusal(archive.ingest, size_px=3_162_278)


def test_progress_says_each_tenth_once():
    said = []
    with Progress("work", total=1000, unit="images", say=said.append) as progress:
        for step in [1] * 99 + [1] + [250] + [50] * 13:
            progress.advance(step)
    shares = [int(line.split()[1].rstrip("%,")) for line in said]
    assert shares == [10, 35, 40, 50, 60, 70, 80, 90, 100]
