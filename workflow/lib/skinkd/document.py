"""The report on paper: `python -m skinkd.document CONFIG` sets report.tex as report.pdf beside it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from skinkd.errors import InputError
from skinkd.place import report_folder

PACKAGES = "texlive-science latexmk"
INSTALL = f"apt-get install --no-install-recommends {PACKAGES}"
# What TeX must have beyond LaTeX itself: the style files of three of Debian's packages.
STYLES = ("booktabs.sty", "siunitx.sty", "mathpazo.sty")


def build(folder) -> Path:
    """Set `folder`/report.tex with latexmk; nothing but report.pdf is left there.

    Raises:
        InputError: where there is no report, no TeX or part of one, or the document does not compile.
    """
    folder = Path(folder)
    if not (folder / "report.tex").exists():
        raise InputError(
            "document", f"{folder / 'report.tex'} is not there", "There is nothing to set", "make report"
        )
    check_tex()
    with tempfile.TemporaryDirectory() as aside:
        if latexmk(folder, aside).returncode:
            raise InputError(
                "document",
                f"latexmk cannot set {folder / 'report.tex'}: {_complaint(Path(aside, 'report.log'))}",
                "No report.pdf was written",
                f"install what is missing: {INSTALL}; or run latexmk -pdf report.tex there and read its log",
            )
        # A viewer that has the old file open must not read half of the new one.
        shutil.copyfile(Path(aside, "report.pdf"), folder / "report.pdf.part")
    return (folder / "report.pdf.part").replace(folder / "report.pdf")


def latexmk(folder, aside) -> subprocess.CompletedProcess:
    """Set `folder`/report.tex; report.pdf, report.log and all that TeX leaves lie in `aside`."""
    command = ["latexmk", "-pdf", "-interaction=nonstopmode", "-halt-on-error", f"-outdir={aside}"]
    return subprocess.run([*command, "report.tex"], cwd=folder, capture_output=True, check=False)


def check_tex() -> None:
    """Nothing where latexmk, pdfTeX and the style files are there.

    Raises:
        InputError: names what is missing, and Debian's packages that have it.
    """
    missing = [name for name in ("latexmk", "pdflatex", "kpsewhich") if not shutil.which(name)]
    missing = missing or [name for name in STYLES if not _found(name)]
    if missing:
        raise InputError(
            "document", f"{', '.join(missing)} is not installed", "LaTeX cannot set report.tex", INSTALL
        )


def _found(style: str) -> bool:
    return subprocess.run(["kpsewhich", style], capture_output=True, check=False).returncode == 0


def _complaint(log: Path) -> str:
    """The first error in a log of TeX."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    found = re.search(r"^! (.*(?:\n(?!\n).*){0,3})", text, flags=re.MULTILINE)
    return found[1] if found else "its log names no error"


if __name__ == "__main__":
    try:
        print(f"\nThe report: {os.path.realpath(build(report_folder(sys.argv[1])))}")
    except InputError as error:
        sys.exit(str(error))
