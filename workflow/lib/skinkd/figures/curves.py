"""Loss and accuracy over the epochs, one row per arm that was run."""

from skinkd.domains import Names
from skinkd.figures import BLUE, INK, ORANGE, canvas, say_absent, those_run, wrapped
from skinkd.lookups import arm_label, training_of

ROW_IN, FRAME_IN = 1.15, 0.75
PARTS = {"train": ("training part", ORANGE, "--"), "validation": ("validation part", BLUE, "-")}


def figure(results, paper, protocol, *, arms: Names):
    """Left: loss. Right: accuracy. All runs of an arm share its row; a dot marks the epoch that was kept."""
    training = training_of(results, paper, protocol)
    arms = those_run(arms, training)
    drawn = canvas(FRAME_IN + ROW_IN * len(arms))
    axes = drawn.subplots(len(arms), 2, sharex="col", squeeze=False)
    axes[0, 0].set_title("Loss")
    axes[0, 1].set_title("Accuracy")
    for (left, right), arm in zip(axes, arms, strict=True):
        left.set_ylabel(wrapped(arm_label(results, paper, arm), 18), color=INK)
        for axis, measure in ((left, "loss"), (right, "accuracy")):
            if arm not in training:
                say_absent(axis, "not run")
            for run in training.get(arm, []):
                if run["epochs"]:
                    draw_curves(axis, run, measure)
                else:
                    say_absent(axis, "diverged in the first epoch")
    for axis in axes[-1]:
        axis.set_xlabel("Epoch")
    drawn.legend(*_legend(), loc="outside lower center", ncols=3)
    return drawn


def draw_curves(axis, run, measure):
    """One measure of one run on both parts, and a dot on the epoch that was kept."""
    for part, (_, colour, style) in PARTS.items():
        axis.plot(run["epochs"], run[f"{part}_{measure}"], color=colour, linestyle=style, linewidth=1.1)
    kept = dict(zip(run["epochs"], run[f"validation_{measure}"], strict=True))[run["best_epoch"]]
    axis.plot(run["best_epoch"], kept, "o", color=BLUE, markersize=4)
    axis.locator_params(integer=True, axis="x")
    axis.locator_params(nbins=4, axis="y")
    if measure == "accuracy":
        axis.set_ylim(0, 1)


def _legend():
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=colour, linestyle=style) for _, colour, style in PARTS.values()]
    kept = Line2D([], [], marker="o", linestyle="", color=BLUE, markersize=4)
    return [*lines, kept], [*(words for words, _, _ in PARTS.values()), "epoch kept"]
