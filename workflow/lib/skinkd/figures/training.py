"""Loss and validation balanced accuracy over the epochs, one row per arm."""

from skinkd.figures import INK, MUTED, canvas, say_absent, wrapped
from skinkd.lookups import training_of

ROW_IN, FRAME_IN = 1.05, 0.7


def figure(results, paper, protocol):
    """Left: both losses. Right: balanced accuracy. All runs of an arm share its row."""
    arms = results["papers"][paper]["arms"]
    training = training_of(results, paper, protocol)
    drawn = canvas(FRAME_IN + ROW_IN * len(arms))
    axes = drawn.subplots(len(arms), 2, squeeze=False)
    axes[0, 0].set_title("Loss")
    axes[0, 1].set_title("Balanced accuracy, validation")
    for (left, right), (arm, about) in zip(axes, arms.items(), strict=True):
        left.set_ylabel(wrapped(about["label"], 14), color=INK)
        for axis in (left, right):
            if arm not in training:
                say_absent(axis, "not run")
        for run in training.get(arm, []):
            draw_loss(left, run, about["colour"])
            draw_balanced_accuracy(right, run, about["colour"])
        if arm in training:
            left.set_xlabel("Epoch" if arm == list(training)[-1] else "")
            right.set_xlabel(left.get_xlabel())
    drawn.legend(*_legend(), loc="outside lower center", ncols=3)
    return drawn


def draw_loss(axis, run, colour):
    """Training loss dashed, validation loss solid."""
    axis.plot(run["epochs"], run["train_loss"], color=colour, linestyle="--", linewidth=1)
    axis.plot(run["epochs"], run["validation_loss"], color=colour)
    axis.locator_params(integer=True, axis="x")
    axis.locator_params(nbins=4, axis="y")


def draw_balanced_accuracy(axis, run, colour):
    """Balanced accuracy of each epoch, and a dot on the epoch that was kept."""
    axis.plot(run["epochs"], run["validation_balanced_accuracy"], color=colour)
    points = zip(run["epochs"], run["validation_balanced_accuracy"], strict=True)
    for epoch, value in ((e, v) for e, v in points if e == run["best_epoch"]):
        axis.plot(epoch, value, "o", color=colour, markersize=4.5)
    axis.set_ylim(0, 1)
    axis.locator_params(integer=True, axis="x")


def _legend():
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=MUTED, linestyle="--", linewidth=1),
        Line2D([], [], color=MUTED),
        Line2D([], [], marker="o", linestyle="", color=MUTED, markersize=4.5),
    ]
    return marks, ["training part", "validation part", "epoch kept"]
