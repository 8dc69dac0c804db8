"""The page that runs the student says in a real browser what Python says, and asks no server for it."""

import base64
import os
import re
import shutil
import zipfile
from typing import NamedTuple

import numpy as np
import pytest
from debian import why_missing
from pictures_by_hand import COLOUR, GREY, GREY_ALPHA, photograph, png, saved
from PIL import Image
from project import ROOT
from test_deploy import BAD, GOOD, SIZE_PX, packaged_of, picture

from skinkd.album import overlaid
from skinkd.atomic import write_text
from skinkd.demo.archive import draw_archive
from skinkd.deploy.chosen import ONNX
from skinkd.deploy.onnx_model import OnnxModel, export
from skinkd.deploy.pictures import read_picture
from skinkd.deploy.shipped import NOT_A_DEVICE
from skinkd.deploy.student_page import describe_data, inline, page_of_student
from skinkd.deploy.web_runtime import SCRIPT, as_global, fetch_runtime, version_of
from skinkd.errors import InputError

PARTS = ROOT / "report/student_page"
REAL = ROOT.parent / "shared/isic-sample/ISIC_2019_Training_Input.zip"
WAIT_MS = 240_000
CLASSES = ["MEL", "NV", "BCC"]
SAMPLES = np.random.default_rng(0).integers(0, 2**16, (61, 45, 3))
# The first pixel, as a PNG names the colour that is clear.
KEY = (SAMPLES[0, 0] >> 8).astype(">u2").tobytes()
FINE = photograph(400, 301)


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


PICTURES = {
    **GOOD,
    **{f"turned{n}.jpg": picture(size=(200, 100), exif=turned(n)) for n in range(1, 9)},
    "turned.png": picture(file_format="PNG", exif=turned(6)),
    "turned.webp": picture(file_format="WEBP", exif=turned(6)),
    "xmp.jpg": picture(xmp=b'<rdf tiff:Orientation="8"/>'),
    **{f"sampled{n}.jpg": saved(FINE, "JPEG", subsampling=n) for n in (0, 1, 2)},
    **{f"reduced{n}.jpg": saved(photograph(143, 270), "JPEG", subsampling=n) for n in (0, 1, 2)},
    **{f"progressive{n}.jpg": saved(FINE, "JPEG", progressive=True, subsampling=n) for n in (0, 2)},
    "interrupted.jpg": saved(FINE, "JPEG", restart_marker_blocks=3),
    "grey.jpg": saved(FINE.convert("L"), "JPEG"),
    "coarse.jpg": saved(FINE, "JPEG", quality=5),
    "endless.jpg": saved(FINE, "JPEG")[:-2] + b"\0\0\0\0",
    "inks.jpg": saved(FINE.convert("CMYK"), "JPEG", progressive=True),
    "large.jpg": saved(photograph(2000, 1501), "JPEG"),
    "tiny.jpg": saved(photograph(32, 33), "JPEG"),
    "long.png": saved(photograph(33, 700), "PNG"),
    "fine.bmp": saved(FINE, "BMP"),
    "fine.webp": saved(FINE, "WEBP"),
    "clear.webp": picture("RGBA", file_format="WEBP", lossless=True),
    "one_bit.png": saved(FINE.convert("1"), "PNG"),
    "grey_clear.png": saved(FINE.convert("LA"), "PNG"),
    "two_bits.png": png(SAMPLES[..., :1] >> 14, GREY, 2),
    "four_bits.png": png(SAMPLES[..., :1] >> 12, GREY, 4, transparent=b"\0\x55"),
    "keyed.png": png(SAMPLES >> 8, COLOUR, 8, transparent=KEY),
    "sixteen_clear.png": png(SAMPLES[..., :2], GREY_ALPHA, 16),
    "woven.png": png(SAMPLES >> 8, COLOUR, 8, interlaced=True),
    "woven_bits.png": png(SAMPLES[..., :1] >> 15, GREY, 1, interlaced=True),
}
# Where a grey JPEG says how many bits a sample has.
DEPTH = b"\xff\xc0\0\x0b"
REFUSED = {
    **{name: (content, why) for name, (content, why) in BAD.items() if name != "text.jpg"},
    "text.jpg": (b"no picture", "not a picture"),
    "small.jpg": (picture(size=(20, 40)), "20 x 40 px, a side under 32 px"),
    "cut.png": (GOOD["clear.png"][:9000], "truncated"),
    "cut.webp": (GOOD["tall.webp"][:900], "truncated or damaged"),
    "cut_progressive.jpg": (PICTURES["progressive2.jpg"][:9000], "truncated"),
    "cut_early.jpg": (PICTURES["grey.jpg"][:30], "truncated"),
    "flipped.png": (PICTURES["woven.png"].replace(b"IDATx", b"IDATy"), "broken in its IDAT"),
    "twelve.jpg": (PICTURES["grey.jpg"].replace(DEPTH + b"\x08", DEPTH + b"\x0c"), "more than 8 bits"),
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """onnxruntime-web, from npm."""
    if reason := why_missing({"npm": "npm"}, "npm"):
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("runtime")
    paths = {"script": folder / "ort.mjs", "binary": folder / "ort.wasm"}
    try:
        fetch_runtime(PARTS / "package.json", PARTS / "package-lock.json", paths)
    except InputError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return paths | {"version": version_of(PARTS / "package-lock.json")}


class Shipped(NamedTuple):
    """A student, its page, and what model.json would say."""

    model: OnnxModel
    path: str
    about: dict
    page: str


@pytest.fixture(scope="module")
def ship(packed, runtime, tmp_path_factory):
    """`ship(network, parameters)`: a student with its page on the disk."""

    def make(name, parameters, steps=20):
        folder = tmp_path_factory.mktemp(name)
        packaged = packaged_of(name, parameters, packed(len(CLASSES)), steps)
        (folder / ONNX).write_bytes(export(packaged, SIZE_PX))
        about = described(name, parameters)
        page = page_of_student(about, "pictures of noise", folder / ONNX, runtime, PARTS)
        write_text(folder / "student.html", page)
        return Shipped(OnnxModel(folder / ONNX), folder / "student.html", about, page)

    return make


def described(name, parameters, scale="smoke"):
    return {
        "study": {"name": "test", "title": "A <test>", "scale": scale},
        **{"notice": NOT_A_DEVICE, "label": "DSNet & sons", "paper": "dsnet", "protocol": "leak_free"},
        **{"arm": name, "fold": 0, "seed": 0, "network": {"name": name, "parameters": parameters}},
        **{"classes": CLASSES, "size_px": SIZE_PX, "input": {"name": "pictures"}},
    }


class Opened:
    """The page in a browser, what it asked for, and what it complained of."""

    def __init__(self, browser, path):
        self.page = browser.new_context(viewport={"width": 1000, "height": 800}).new_page()
        self.asked, self.errors = [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.goto(path.as_uri())
        self.status = self.page.locator("#status")
        self.status.filter(has_text="Ready").wait_for(timeout=WAIT_MS)
        self.articles = self.page.locator("#answers article")

    def ask(self, *paths):
        """Give it files; the articles that answer, in their order."""
        return self.answers_to(len(paths), lambda: self.page.set_input_files("#pictures", [*map(str, paths)]))

    def answers_to(self, files, act):
        count = self.articles.count()
        act()
        self.articles.nth(count + files - 1).wait_for(timeout=WAIT_MS)
        return [self.articles.nth(index) for index in reversed(range(files))]


def probabilities_in(article):
    """What an article's table says."""
    return np.array(article.locator("data").evaluate_all("all => all.map((each) => Number(each.value))"))


def written(folder, contents):
    """Paths of files with these contents."""
    paths = [folder / name for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    return paths


@pytest.fixture(scope="module")
def student(ship):
    return ship("dsnet", {})


@pytest.fixture(scope="module")
def opened(browser, student):
    return Opened(browser, student.path)


def check_same(opened, student, paths):
    """The page and Python give the same probabilities and say the same of each picture."""
    for path, article in zip(paths, opened.ask(*paths), strict=True):
        read = read_picture(str(path), SIZE_PX)
        expected = student.model.probabilities(read.pixels[None])[0]
        found = probabilities_in(article)
        assert len(found) == len(CLASSES), (path.name, article.text_content())
        assert np.abs(found - expected).max() < 1e-5, path.name
        notes = " ".join(f"This picture was {note}." for note in read.changes)
        # Of a decoded WebP the browser does not say whether it had an alpha channel.
        if path.name != "clear.webp":
            assert article.locator(".notes").text_content() == notes, path.name


def test_pictures_of_every_kind_get_the_probabilities_that_python_gives(opened, student, tmp_path):
    check_same(opened, student, written(tmp_path, PICTURES))
    assert "0 refused" in opened.status.text_content()
    assert opened.errors == []


def test_the_student_tells_these_pictures_apart(student, tmp_path):
    """Else the same probabilities would say little."""
    paths = written(tmp_path, PICTURES)
    said = [student.model.probabilities(read_picture(str(path), SIZE_PX).pixels[None])[0] for path in paths]
    assert np.std(said, axis=0).max() > 0.05
    half = np.asarray(FINE.resize((SIZE_PX, SIZE_PX), Image.Resampling.NEAREST))
    soft = read_picture(str(tmp_path / "sampled0.jpg"), SIZE_PX).pixels
    nearest, smooth = (student.model.probabilities(pixels[None])[0] for pixels in (half, soft))
    assert np.abs(nearest - smooth).max() > 1e-3


def test_a_real_picture_gets_the_probabilities_that_python_gives(opened, student, tmp_path):
    if not REAL.exists():
        pytest.skip(f"{REAL} is not here; a drawn photograph is asked about instead, in another test")
    with zipfile.ZipFile(REAL) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[::2500]
        contents = {os.path.basename(name): archive.read(name) for name in names}
    check_same(opened, student, written(tmp_path, contents))


def test_a_drawn_photograph_gets_the_probabilities_that_python_gives(opened, student, tmp_path):
    paths = [tmp_path / name for name in ("images.zip", "truth.csv", "metadata.csv")]
    draw_archive(*paths, images=60, seed=1, width_px=300)
    with zipfile.ZipFile(paths[0]) as archive:
        contents = {os.path.basename(name): archive.read(name) for name in archive.namelist()[:3]}
    check_same(opened, student, written(tmp_path, contents))


def test_what_python_refuses_is_refused_and_the_rest_is_answered(opened, tmp_path):
    contents = {name: content for name, (content, _) in REFUSED.items()} | {"plain.jpg": GOOD["plain.jpg"]}
    *refused, answered = opened.ask(*written(tmp_path, contents))
    for (name, (_, why)), article in zip(REFUSED.items(), refused, strict=True):
        assert article.locator("h3").text_content() == name
        assert why in article.locator(".problem").text_content(), name
    assert len(probabilities_in(answered)) == len(CLASSES)
    opened.status.filter(has_text=f"1 answered, {len(REFUSED)} refused").wait_for()


def test_the_heat_map_of_each_class_is_pythons(opened, student, tmp_path):
    (path,) = written(tmp_path, {"one.jpg": saved(FINE, "JPEG")})
    (article,) = opened.ask(path)
    read = read_picture(str(path), SIZE_PX)
    maps = student.model.run(read.pixels[None])["class_maps"][0]
    assert min(maps.shape[1:]) > 1
    choice, canvas = article.locator("select"), article.locator("canvas")
    assert choice.input_value() == str(probabilities_in(article).argmax())
    for own, small in enumerate(maps):
        choice.select_option(str(own))
        heat = Image.fromarray(small).resize(read.shown.shape[1::-1], Image.Resampling.BILINEAR)
        expected = overlaid(read.shown, np.clip(np.asarray(heat), 0, 1))
        assert np.abs(pixels_of(canvas).astype(int) - expected).max() <= 2
        assert CLASSES[own] in canvas.get_attribute("aria-label")
    choice.select_option("")
    np.testing.assert_array_equal(pixels_of(canvas), read.shown)


def pixels_of(canvas):
    """RGB of a canvas, (H, W, 3)."""
    width, height, text = canvas.evaluate(
        """(own) => {
          const { data } = own.getContext("2d").getImageData(0, 0, own.width, own.height);
          let text = "";
          for (const value of data) text += String.fromCharCode(value);
          return [own.width, own.height, btoa(text)];
        }"""
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)[..., :3]


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_pictures_can_be_dropped_and_pasted(opened, event):
    content = base64.b64encode(GOOD["plain.jpg"]).decode()
    act = """([event, content]) => {
      const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], `${event}.jpg`));
      const given = event === "drop"
        ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
      document.body.dispatchEvent(given);
      return given.defaultPrevented;
    }"""
    (article,) = opened.answers_to(1, lambda: opened.page.evaluate(act, [event, content]))
    assert article.locator("h3").text_content() == f"{event}.jpg"
    assert probabilities_in(article).sum() == pytest.approx(1, abs=1e-5)


def test_nothing_leaves_the_page(opened, student, tmp_path):
    opened.ask(*written(tmp_path, {"private.jpg": GOOD["plain.jpg"]}))
    assert opened.asked == [student.path.as_uri()]
    rules = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', student.page)[1].split("; ")
    assert rules[0] == "default-src 'none'"
    assert not [rule for rule in rules if rule.startswith(("connect-src", "img-src", "worker-src"))]
    assert "unsafe-inline" not in student.page.split("</head>")[0]
    tries = [
        "fetch('data:,x').then(() => 'went', () => 'refused')",
        "new Promise((done) => { const own = new Image(); own.onload = () => done('went');"
        " own.onerror = () => done('refused'); own.src = 'https://localhost/x.png'; })",
    ]
    assert [opened.page.evaluate(each) for each in tries] == ["refused", "refused"]
    opened.errors.clear()


def test_the_page_is_read_with_a_keyboard_at_phone_width_and_in_the_dark(opened, tmp_path):
    page = opened.page
    opened.ask(*written(tmp_path, {f"{'long_name_' * 15}.jpg": GOOD["plain.jpg"]}))
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    page.locator("#pictures").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SELECT"
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(21, 25, 29)"]
    assert page.get_by_label("Choose pictures").get_attribute("type") == "file"
    page.set_viewport_size({"width": 1000, "height": 800})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [360, 1000])
def test_axe_finds_nothing(opened, axe, tmp_path, scheme, width_px):
    opened.ask(*written(tmp_path, {"one.jpg": GOOD["plain.jpg"], "broken.jpg": b"no picture"}))
    opened.page.set_viewport_size({"width": width_px, "height": 800})
    opened.page.emulate_media(color_scheme=scheme)
    found = axe(opened.page)
    assert found["broken"] == []
    assert {"color-contrast", "label"} <= set(found["kept"])
    opened.page.set_viewport_size({"width": 1000, "height": 800})


def test_the_page_says_what_it_is(opened):
    text = opened.page.inner_text("main")
    assert NOT_A_DEVICE in text
    assert "Smoke run: its answers do not show what the method can do." in text
    assert "Ask DSNet & sons" in text
    assert "A <test> (smoke)" in text
    assert "melanocytic nevus (NV)" in text
    assert "pictures of noise" in text


def test_a_student_without_maps_says_so(browser, ship, tmp_path):
    student = ship("dsc", {"width": 0.25}, steps=1)
    opened = Opened(browser, student.path)
    paths = written(tmp_path, {"one.jpg": GOOD["plain.jpg"]})
    check_same(opened, student, paths)
    assert opened.articles.locator("select").count() == 0
    assert "need gradients" in opened.articles.text_content()


def test_the_page_is_the_same_each_time_and_marks_no_full_study(student, runtime, tmp_path):
    path = student.path.with_name(ONNX)
    (tmp_path / "ort.wasm").write_bytes(b"small")
    small = runtime | {"binary": tmp_path / "ort.wasm"}
    pages = [page_of_student(student.about, "noise", path, small, PARTS) for _ in range(2)]
    assert pages[0] == pages[1]
    full = page_of_student(described("dsnet", {}, "full"), "noise", path, small, PARTS)
    assert "do not show what the method can do" in pages[0]
    assert "do not show what the method can do" not in full
    assert "://" not in re.sub(r"<script.*?</script>", "", pages[0], flags=re.DOTALL)


def test_data_are_told_in_words():
    from skinkd.config import check_config, read_config
    from skinkd.study import BASE

    sources = check_config(read_config(BASE)).sources
    assert describe_data(sources, "demo").startswith("pictures that a program drew (source demo; ")
    assert describe_data(sources, "isic_2019").endswith("(source isic_2019; CC-BY-NC 4.0)")


def test_exports_become_members_and_other_scripts_are_refused():
    module = "var a=1;export{a as A,b as default};\n//# sourceMappingURL=x.map\n"
    assert as_global(module, "ort") == "var a=1;globalThis.ort={A:a,default:b};"
    with pytest.raises(InputError, match=f"{SCRIPT} does not end with its exports"):
        as_global("var a=1;", "ort")
    with pytest.raises(InputError, match="A page would cut it there"):
        inline("x = '</SCRIPT>'")


def test_packages_are_pinned_with_digests_and_no_address():
    lock = (PARTS / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock and "resolved" not in lock
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')
    assert f'"onnxruntime-web": "{version_of(PARTS / "package-lock.json")}"' in lock


def test_without_npm_or_its_registry_the_message_says_what_to_do(tmp_path, monkeypatch):
    paths = {"script": tmp_path / "ort.mjs", "binary": tmp_path / "ort.wasm"}
    given = PARTS / "package.json", PARTS / "package-lock.json", paths
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"there is no npm .* apt-get install npm"):
        fetch_runtime(*given)
    (tmp_path / "npm").write_text(f"#!{shutil.which('sh', path='/bin:/usr/bin')}\necho no way >&2\nexit 7\n")
    (tmp_path / "npm").chmod(0o755)
    with pytest.raises(InputError, match=r"npm ci ended with 7: no way"):
        fetch_runtime(*given)
    assert not paths["script"].exists()
