"""The figures of the report, one file each; a figure's name is its file's name.

Each file has `figure(results, paper, protocol, *, ...)`, which lays out axes, and `draw_*`
functions, which put given values on a given axis and compute nothing. A paper's file names its
figures and their keyword parameters; `OWN` stand once for every paper.
"""

import re
from importlib import import_module

from skinkd.atomic import whole
from skinkd.cells import slug

# Ours, once for every paper, all its protocols in one.
OWN = ("comparison", "protocols", "terms", "data", "calibration", "subgroups")
# A paper's figures that are made of photographs: another rule draws them, as pictures.
PICTURES = ("grad_cam", "sample_predictions")

# The text width of the LaTeX report, so that font sizes are true there.
WIDTH_IN = 6.5
INK, MUTED, LINE = "#1b1f24", "#57606a", "#d0d7de"
# Okabe and Ito's colours, told apart by colour-blind readers too.
ORANGE, GREEN, BLUE, VERMILION, PURPLE = "#E69F00", "#009E73", "#0072B2", "#D55E00", "#CC79A7"
SKY, BROWN, WINE, OLIVE, TEAL, INDIGO = "#56B4E9", "#8C6D31", "#882255", "#999933", "#44AA99", "#332288"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, INK, BROWN, MUTED, WINE, OLIVE, TEAL, INDIGO)
# Colour and mark of each protocol, the same in every figure.
PROTOCOL_MARKS = {"as_published": (BLUE, "o"), "as_coded": (VERMILION, "s"), "leak_free": (GREEN, "^")}
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
    """The file name, without suffix, of one figure: `dsnet-as_published-figure-7`, `dsnet-comparison`."""
    return slug(*filter(None, (paper, protocol, figure)))


def catalogue(papers: dict) -> dict[str, dict]:
    """Every figure of a report that is drawn, by its stem.

    Args:
        papers: for each paper its `protocols`, and its `figures`: label to title, name and parameters.

    Returns:
        `{label, name, paper, protocol, parameters}` by stem; label and protocol are None for `OWN`.

    Raises:
        ValueError: if two figures would share a file.
    """
    wanted = []
    for paper, about in papers.items():
        wanted += [(None, name, paper, None, {}) for name in OWN]
        wanted += [
            (label, figure["name"], paper, protocol, parameters_of(figure))
            for label, figure in about["figures"].items()
            for protocol in about["protocols"]
            if figure["name"] not in PICTURES
        ]
    keys = ("label", "name", "paper", "protocol", "parameters")
    found = [dict(zip(keys, values, strict=True)) for values in wanted]
    by_stem = {stem_of(f["label"] or f["name"], f["paper"], f["protocol"]): f for f in found}
    if len(by_stem) < len(found):
        raise ValueError(f"two figures share a file name among {list(by_stem)}")
    return by_stem


def parameters_of(figure: dict) -> dict:
    """What a paper's file gives to the function of a figure."""
    return {key: value for key, value in figure.items() if key not in ("title", "name")}


def arms_of(parameters: dict) -> list[str]:
    """The arms that a figure's parameters name."""
    named = [*filter(None, [parameters.get("arm")]), *parameters.get("arms", [])]
    return [*named, *(arm for members in parameters.get("series", {}).values() for arm in members)]


def those_run(arms: list[str], found: dict) -> list[str]:
    """The arms that have something to show; all where none has, so that the figure says that none was run."""
    return [arm for arm in arms if arm in found] or list(arms)


def draw(name: str, results: dict, paper: str, protocol: str | None, parameters: dict):
    """The matplotlib figure called `name`, in the one style."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        return import_module(f"skinkd.figures.{name}").figure(results, paper, protocol, **parameters)


def colours_of(abouts: dict[str, dict]) -> dict[str, str]:
    """A colour for each arm of one panel: its own, unless another arm there has it too."""
    own = [about["colour"] for about in abouts.values()]
    free = [colour for colour in PALETTE if colour not in own]
    return {
        arm: about["colour"]
        if about["colour"] and about["colour"] != MUTED and own.count(about["colour"]) == 1
        else free.pop(0)
        if free
        else PALETTE[place % len(PALETTE)]
        for place, (arm, about) in enumerate(abouts.items())
    }


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

    return "\n".join(textwrap.wrap(words, width, break_long_words=False))


def set_apart(svg: str, prefix: str) -> str:
    """An SVG document as an element for an HTML page, its ids prefixed so that many can share the page.

    The document's declaration, metadata and style sheet are dropped: the page has its own, and a style
    sheet within one picture would rule them all. So is what together makes half of a document: ids to
    which nothing refers, names of fonts, turns by nothing, and digits beyond a hundredth of a point.
    """
    svg = svg[re.search(r"<svg\b", svg).start() :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style\b.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\sxmlns(:\w+)?=\"[^\"]*\"", "", svg)
    svg = re.sub(r"\bxlink:href=", "href=", svg)
    used = set(re.findall(r"(?:href=\"|url\()#([^\")]+)", svg))
    svg = re.sub(r"\sid=\"([^\"]*)\"", lambda found: found[0] if found[1] in used else "", svg)
    svg = re.sub(r"font-family: [^;\"]*; | transform=\"rotate\(-0 [^\"]*\"", "", svg)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"-?\d+\.\d{3,}", _hundredths, tag[0]), svg)
    svg = re.sub(r'(\bid=")', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r'(\bhref="#)', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r"(url\(#)", rf"\g<1>{prefix}-", svg)
    return re.sub(r"\n\s*", "\n", svg).strip()


def _hundredths(found: re.Match) -> str:
    """A number with at most two decimals."""
    return f"{round(float(found[0]), 2):.7g}"
