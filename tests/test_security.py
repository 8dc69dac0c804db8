"""Nothing is let in or out: shells, requirements, telemetry, and what pictures carry."""

import ast
import base64
import hashlib
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from project import ROOT
from render import render
from report_example import NASTY, draw_pictures, example
from test_ingest import Archive, picture

from skinkd import figures
from skinkd.samples import draw_samples

SNAKEFILES = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]
SCRIPTS = sorted((ROOT / "workflow").rglob("*.py"))
PATIENT = "the name of a patient"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><style>*{}</style><g id="a"/></svg>'


def shells_in(snakefile: str) -> list[str]:
    """The commands of the directives `shell:`, as they are written."""
    indented = re.finditer(r"^( *)shell:(.*\n(?:\1 +.*\n|\n)*)", snakefile, flags=re.MULTILINE)
    return [found[2] for found in indented]


def unquoted(command: str) -> list[str]:
    """The placeholders of a command that reach the shell as they are."""
    found = re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", command)
    return [placeholder for placeholder in found if not placeholder.endswith(":q")]


def test_an_unquoted_placeholder_is_seen():
    rules = """
rule a:
    shell:
        "cp {input} {output:q}"
        " ${{x}}"


rule b:
    params:
        x="{d}",
    shell: "rm {wildcards.x}"
"""
    assert [unquoted(shell) for shell in shells_in(rules)] == [["input"], ["wildcards.x"]]


@pytest.mark.parametrize("path", SNAKEFILES, ids=lambda path: path.name)
def test_no_shell_gets_an_unquoted_placeholder(path):
    shells = shells_in(path.read_text(encoding="utf-8"))
    assert [found for shell in shells for found in unquoted(shell)] == []


def test_no_script_hands_a_line_to_a_shell():
    """Lists of words need no quotes."""
    for path in SCRIPTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert not [word for word in node.keywords if word.arg == "shell"], path
                assert ast.unparse(node.func) not in ("os.system", "os.popen", "subprocess.getoutput"), path


def test_every_requirement_is_pinned_with_its_digests_and_installed_by_them():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in lock.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 50
    assert [line for line in lines if not re.match(r"\S+==\S+.*--hash=sha256:[0-9a-f]{64}", line)] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installing = [line for line in makefile.splitlines() if re.search(r"requirements\.lock$", line)]
    assert any("pip sync" in line and "--require-hashes" in line for line in installing)
    assert not re.search(r"pip (install|sync)(?!.*(--require-hashes|==)).*requirements", makefile)


@pytest.fixture
def page(tmp_path):
    """The page of pictures that know where and of whom they were taken, and all its embedded pictures."""
    exif = Image.Exif()
    exif[0x010E] = PATIENT
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 12.0), 3: "E", 4: (11.0, 34.0, 3.0)}
    archive = Archive(tmp_path)
    archive.pictures = {name: picture(n, exif=exif) for n, name in enumerate(archive.pictures)}
    archive.write_tables().write_zip()
    assert PATIENT.encode() in archive.images.read_bytes()
    _, _, manifest = archive.ingest()
    sheet = tmp_path / "samples.png"
    how = {"classes": manifest["classes"], "per_class": 2, "seed": 0}
    draw_samples(tmp_path / "out/images.npy", tmp_path / "out/images.csv", sheet, **how)
    results = example()
    draw_pictures(results, tmp_path / "pictures")
    for path in (tmp_path / "pictures").rglob("*.png"):
        Image.open(path).save(path, exif=exif)
        assert PATIENT.encode() in path.read_bytes()
    html = rendered(results, tmp_path, [sheet])
    found = re.findall(r'src="data:image/(?:webp|png|jpeg);base64,([^"]+)"', html)
    return html, [sheet.read_bytes(), *map(base64.b64decode, found)]


def rendered(results, folder, samples=()):
    """The page, made by the job's own script."""
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    (folder / "figures").mkdir()
    for stem in figures.catalogue(results["papers"]):
        (folder / "figures" / f"{stem}.svg").write_text(SVG, encoding="utf-8")
    render(
        path_to_results=folder / "results.json",
        paths_to_figures=sorted((folder / "figures").glob("*.svg")),
        paths_to_samples=samples,
        sample_captions=["A sheet"] * len(samples),
        path_to_pictures=folder / "pictures",
        path_to_templates=ROOT / "report",
        path_to_html=folder / "report/report.html",
        path_to_latex=folder / "report/report.tex",
        path_to_tables=folder / "report/tables",
    )
    return (folder / "report/report.html").read_text(encoding="utf-8")


def test_no_embedded_picture_knows_where_it_was_taken(page):
    html, pictures = page
    assert len(pictures) > 10
    assert PATIENT not in html
    for content in pictures:
        assert PATIENT.encode() not in content
        with Image.open(io.BytesIO(content)) as image:
            assert dict(image.getexif()) == {}
            assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
            assert np.asarray(image.convert("RGB")).std() > 0 or image.size == (192, 192)


def test_no_value_of_the_results_becomes_script_style_or_an_address(tmp_path):
    evil = f"{NASTY}</style></script><script src='https://example.org/x.js'></script>\u2028{{{{ 7 * 7 }}}}"
    results = example()
    results["study"]["title"] = results["papers"]["ssd_kd"]["label"] = evil
    results["provenance"]["config"]["note"] = results["provenance"]["diff"]["stat"] = evil
    results["missing"] = [
        {"paper": "dsnet", "protocol": "leak_free", "arm": "dsnet_t10", "reason": f"failed: {evil}"}
    ]
    draw_pictures(results, tmp_path / "pictures")
    html = rendered(results, tmp_path)
    assert html.count("<script") == html.count("</script>") == html.count("<style") == 1
    assert "src='https" not in html and 'src="https' not in html
    assert "{{ 7 * 7 }}" in html
    assert "\\input{https" not in (tmp_path / "report/report.tex").read_text(encoding="utf-8")
    addresses = re.findall(r'\b(?:src|href|srcset|action|data|poster)="([^"]*)"', html)
    assert [a for a in addresses if re.match(r"(?i)\s*(https?:|//|javascript:)", a)] == []


def test_the_style_and_the_script_of_the_page_are_the_only_ones_allowed(page):
    html, _ = page
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    for tag, rule in (("script", "script-src"), ("style", "style-src-elem")):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
        assert rules[rule] == f"'sha256-{digest(text)}'"


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
