"""Confusion matrices: counts and share of the row, one panel per arm, classes in the paper's order."""

from math import ceil

from skinkd.figures import INK, canvas, say_absent
from skinkd.lookups import score_of


def figure(results, paper, protocol):
    """One panel per arm; two beside each other, or three for few classes."""
    about = results["papers"][paper]
    columns = 2 if len(about["classes"]) > 4 else 3
    rows = ceil(len(about["arms"]) / columns)
    drawn = canvas((6.5 / columns + 0.15) * rows)
    axes = drawn.subplots(rows, columns, squeeze=False).ravel()
    for axis, (arm, described) in zip(axes, about["arms"].items(), strict=False):
        axis.set_title(described["label"])
        score = score_of(results, paper, protocol, arm)
        if score is None:
            say_absent(axis, "not run")
        else:
            draw_matrix(axis, score["confusion"], score["classes"])
    for axis in axes[len(about["arms"]) :]:
        axis.set_axis_off()
    return drawn


def draw_matrix(axis, counts, classes):
    """Rows are the truth; a row without images is left white."""
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    size = 5.2 if len(classes) > 4 else 8
    for i, row in enumerate(counts):
        for j, count in enumerate(row):
            words = f"{count}\n{100 * shares[i][j]:.0f} %" if count else "0"
            axis.text(
                j, i, words, ha="center", va="center", size=size, color="white" if shares[i][j] > 0.6 else INK
            )
    axis.set_xticks(range(len(classes)), classes, rotation=45 if len(classes) > 4 else 0)
    axis.set_yticks(range(len(classes)), classes)
    axis.tick_params(length=0)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.set(xlabel="Predicted", ylabel="True")
