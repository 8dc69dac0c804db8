"""The figures of the report, one file each; a figure's name is its file's name.

Each file has `figure(results, paper, protocol)`, which lays out axes, and `draw_*`
functions, which put given values on a given axis and compute nothing.
"""

import re
from importlib import import_module

from skinkd.atomic import whole

# Which figures stand once per paper, and which once per paper and protocol.
PER_PAPER = ("comparison", "data")
PER_PROTOCOL = ("roc", "confusion", "training")

# The text width of the LaTeX report, so that font sizes are true there.
WIDTH_IN = 6.5
INK, MUTED, LINE = "#1b1f24", "#57606a", "#d0d7de"
# Okabe and Ito's colours, told apart by colour-blind readers too.
ORANGE, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
LINE_STYLES = {"teacher": (0, (5, 2)), "student": (0, (1, 1.2)), "distilled": "solid"}
STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "text.color": INK,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "skinkd",
    "pdf.fonttype": 42,
}


def stem_of(figure: str, paper: str, protocol: str | None = None) -> str:
    """The file name, without suffix, of one figure."""
    return "-".join(filter(None, (paper, protocol, figure)))


def catalogue(papers, protocols) -> dict[str, dict]:
    """Every figure of a report: stem to `{figure, paper, protocol}`, the last None where all are shown."""
    wanted = [(figure, paper, None) for paper in papers for figure in PER_PAPER]
    wanted += [(f, paper, protocol) for paper in papers for protocol in protocols for f in PER_PROTOCOL]
    return {
        stem_of(*which): dict(zip(("figure", "paper", "protocol"), which, strict=True)) for which in wanted
    }


def draw(figure: str, results: dict, paper: str, protocol: str | None):
    """The matplotlib figure called `figure`, in the one style."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        return import_module(f"skinkd.figures.{figure}").figure(results, paper, protocol)


def save(figure, path) -> None:
    """Write a figure as .svg or .pdf; equal figures give equal bytes."""
    import matplotlib as mpl

    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    suffix = str(path).rsplit(".", 1)[1]
    with mpl.rc_context(STYLE), whole(path) as partial:
        figure.savefig(partial, format=suffix, metadata=undated[suffix])


def canvas(height_in: float):
    """An empty figure of the report's width."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH_IN, height_in), layout="constrained")


def say_absent(axis, reason: str) -> None:
    """An empty panel that says why it is empty."""
    axis.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
    axis.spines[:].set_visible(False)
    axis.grid(False)
    axis.text(
        0.5, 0.5, wrapped(reason, 28), transform=axis.transAxes, ha="center", va="center", color=MUTED, size=7
    )


def wrapped(words: str, width: int) -> str:
    """Text broken into lines of about `width` letters."""
    import textwrap

    return "\n".join(textwrap.wrap(words, width))


def set_apart(svg: str, prefix: str) -> str:
    """An SVG document as an element for an HTML page, its ids prefixed so that many can share the page.

    The document's declaration, metadata and style sheet are dropped: the page has its own, and a style
    sheet within one picture would rule them all.
    """
    svg = svg[re.search(r"<svg\b", svg).start() :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style\b.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"", "", svg)
    svg = re.sub(r"\bxlink:href=", "href=", svg)
    svg = re.sub(r'(\bid=")', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r'(\bhref="#)', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r"(url\(#)", rf"\g<1>{prefix}-", svg)
    return re.sub(r"\n\s*", "\n", svg).strip()
