"""ROC of each class against the rest, one panel per arm, with the zone of high sensitivity."""

from math import ceil

from matplotlib.lines import Line2D

from skinkd import formats
from skinkd.detection import LEAST_SENSITIVITY
from skinkd.domains import Names
from skinkd.figures import GREEN, LINE, PALETTE, WIDTH_IN, canvas, say_absent, those_run, wrapped
from skinkd.lookups import arm_label, metric_of, score_of, scores_of

COLUMNS = 3
LARGEST_IN, TITLE_IN = 2.6, 0.08
# What the marked threshold keeps on the validation part.
MARKED = ("sensitivity", 0.9)


def figure(results, paper, protocol, *, arms: Names):
    """One panel per arm that was run, in the order given, one curve per class in the paper's order."""
    arms = those_run(arms, scores_of(results, paper, protocol))
    classes = results["papers"][paper]["classes"]
    columns = min(COLUMNS, len(arms))
    rows = ceil(len(arms) / columns)
    drawn = canvas(0.3 + (min(WIDTH_IN / columns, LARGEST_IN) + TITLE_IN) * rows)
    axes = drawn.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis, arm in zip(axes, arms, strict=False):
        axis.set_title(wrapped(arm_label(results, paper, arm), 34))
        score = score_of(results, paper, protocol, arm)
        if score is None:
            say_absent(axis, "not run")
        else:
            _panel(axis, score, classes)
    for axis in axes[len(arms) :]:
        axis.set_axis_off()
    drawn.supxlabel("False positive rate", size=8)
    drawn.supylabel("True positive rate", size=8)
    return drawn


def _panel(axis, score, classes):
    axis.set(xlim=(0, 1), ylim=(0, 1.01), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
    axis.axhspan(LEAST_SENSITIVITY, 1, color=GREEN, alpha=0.1, linewidth=0)
    axis.plot([0, 1], [0, 1], color=LINE, linewidth=0.8)
    for place, of_class in enumerate(classes):
        if curve := score["roc"].get(of_class):
            draw_curve(axis, curve, PALETTE[place % len(PALETTE)])
    if point := marked_point(score):
        found = classes.index(score["operating_points"]["class"])
        draw_point(axis, point["test"], PALETTE[found % len(PALETTE)])
    areas = [(of_class, metric_of(score, "auc", of_class)) for of_class in classes]
    draw_areas(axis, [(of_class, record["value"] if record else None) for of_class, record in areas])


def marked_point(score) -> dict | None:
    """The operating point of `MARKED`, where validation chose one."""
    points = score.get("operating_points", {}).get("points", [])
    return next((p for p in points if (p["of"], p["at"]) == MARKED and p["test"]), None)


def draw_point(axis, test, colour):
    """What a threshold gives on the test part."""
    at = (1 - test["specificity"]["value"], test["sensitivity"]["value"])
    axis.plot(*at, "D", markersize=5, markerfacecolor="white", markeredgecolor=colour, zorder=4)


def draw_curve(axis, curve, colour):
    """One ROC."""
    axis.plot(curve["fpr"], curve["tpr"], color=colour, linewidth=1)


def draw_areas(axis, areas):
    """The AUC of each class, in its colour, in the corner that no good curve visits."""
    axis.legend(
        [
            Line2D([], [], color=PALETTE[place % len(PALETTE)], linewidth=1.5)
            for place, area in enumerate(areas)
        ],
        [_area_words(*area) for area in areas],
        loc="lower right",
        fontsize=6.5 if len(areas) > 4 else 7.5,
        handlelength=0.9,
        labelspacing=0.25,
        borderpad=0.2,
        alignment="right",
    )


def _area_words(of_class: str, area: float | None) -> str:
    return f"{of_class} {'no curve' if area is None else formats.number(area)}"
