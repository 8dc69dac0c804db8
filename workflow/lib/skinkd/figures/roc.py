"""ROC of each class against the rest: teacher, student alone and distilled student."""

from math import ceil

from skinkd import formats
from skinkd.figures import LINE, LINE_STYLES, WIDTH_IN, canvas, say_absent
from skinkd.lookups import metric_of, scores_of

COLUMNS = 4
LARGEST_IN = 2.4


def figure(results, paper, protocol):
    """Small multiples, one panel per class, in the paper's order of classes."""
    about = results["papers"][paper]
    scores = scores_of(results, paper, protocol)
    columns = min(COLUMNS, len(about["classes"]))
    rows = ceil(len(about["classes"]) / columns)
    drawn = canvas(0.45 + (min(WIDTH_IN / columns, LARGEST_IN) + 0.2) * rows)
    axes = drawn.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis, of_class in zip(axes, about["classes"], strict=False):
        _panel(axis, of_class, about["arms"], scores)
    for axis in axes[len(about["classes"]) :]:
        axis.set_axis_off()
    drawn.supxlabel("False positive rate", size=8)
    drawn.supylabel("True positive rate", size=8)
    _legend(drawn, {arm: about["arms"][arm] for arm in scores})
    return drawn


def _panel(axis, of_class, arms, scores):
    axis.set_title(of_class)
    axis.set(xlim=(0, 1), ylim=(0, 1.01), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
    curves = {arm: score["roc"].get(of_class) for arm, score in scores.items()}
    if not any(curves.values()):
        notes = [(metric_of(score, "auc", of_class) or {}).get("note") for score in scores.values()]
        say_absent(axis, f"no curve: {next(filter(None, notes), 'no arm was run')}")
        return
    axis.plot([0, 1], [0, 1], color=LINE, linewidth=0.8)
    drawn = {arm: curve for arm, curve in curves.items() if curve}
    for arm, curve in drawn.items():
        draw_curve(axis, curve, arms[arm])
    areas = [(arms[arm], metric_of(scores[arm], "auc", of_class)) for arm in drawn]
    draw_areas(axis, [(about["colour"], a["value"]) for about, a in areas if a and a["value"] is not None])


def draw_curve(axis, curve, arm):
    """One ROC, in the arm's colour and its role's line."""
    axis.plot(curve["fpr"], curve["tpr"], color=arm["colour"], linestyle=LINE_STYLES[arm["role"]])


def draw_areas(axis, areas):
    """The AUC of each arm, in its colour, in the corner that no good curve visits."""
    for line, (colour, area) in enumerate(reversed(areas)):
        words = f"AUC {formats.number(area)}"
        axis.text(
            0.97, 0.04 + 0.11 * line, words, color=colour, size=6.5, ha="right", transform=axis.transAxes
        )


def _legend(drawn, arms):
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=a["colour"], linestyle=LINE_STYLES[a["role"]]) for a in arms.values()]
    if lines:
        drawn.legend(
            lines, [a["label"] for a in arms.values()], loc="outside upper left", ncols=4, handlelength=2.6
        )
