"""Confusion matrices: counts, shaded by the share of the row, one panel per arm."""

from math import ceil

from skinkd.domains import Names
from skinkd.figures import INK, canvas, say_absent, those_run, wrapped
from skinkd.lookups import arm_label, score_of, scores_of

COLUMNS = 3
# Of the figure's width, for a panel with its labels, by number of classes.
PANEL_IN, BAR_IN = 2.2, 0.55


def figure(results, paper, protocol, *, arms: Names):
    """One panel per arm that was run, in the order given, three in a row; one colour scale for all."""
    arms = those_run(arms, scores_of(results, paper, protocol))
    columns = min(COLUMNS, len(arms))
    rows = ceil(len(arms) / columns)
    drawn = canvas(PANEL_IN * rows + BAR_IN)
    axes = drawn.subplots(rows, columns, squeeze=False).ravel()
    shown = None
    for place, (axis, arm) in enumerate(zip(axes, arms, strict=False)):
        axis.set_title(wrapped(arm_label(results, paper, arm), 34))
        score = score_of(results, paper, protocol, arm)
        if score is None:
            say_absent(axis, "not run")
            continue
        shown = draw_matrix(axis, score["confusion"], score["classes"])
        axis.set(
            xlabel="Predicted" if place >= len(arms) - columns else "",
            ylabel="" if place % columns else "True",
        )
    for axis in axes[len(arms) :]:
        axis.set_axis_off()
    if shown:
        drawn.colorbar(
            shown, ax=list(axes), location="bottom", label="Share of the row", aspect=60, shrink=0.5, pad=0.02
        )
    return drawn


def draw_matrix(axis, counts, classes):
    """Rows are the truth; a row without images is left white. Returns what a colour bar needs."""
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    shown = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    size = 5 if len(classes) > 4 else 8
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            words = f"{count}\n{100 * shares[i][j]:.0f} %" if len(classes) <= 4 and count else str(count)
            colour = "white" if shares[i][j] > 0.55 else INK
            axis.text(j, i, words, ha="center", va="center", size=size, color=colour)
    axis.set_xticks(range(len(classes)), classes, rotation=60 if len(classes) > 4 else 0)
    axis.set_yticks(range(len(classes)), classes)
    axis.tick_params(length=0, pad=1.5, labelsize=6)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    return shown
