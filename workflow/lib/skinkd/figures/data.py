"""Images and lesions of each class and part; test images that share a lesion with training or validation."""

from skinkd import formats
from skinkd.figures import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, VERMILION, canvas, say_absent
from skinkd.lookups import protocol_label, protocols_of, splits_of

PARTS = {"train": BLUE, "validation": ORANGE, "test": GREEN}
SHADES = (VERMILION, PURPLE, MUTED)
ROW_IN, FRAME_IN = 0.3, 1.0


def figure(results, paper, _):
    """A panel of counts for each protocol, then one panel of shared lesions for all."""
    classes, splits = results["papers"][paper]["classes"], splits_of(results, paper)
    protocols = protocols_of(results, paper)
    drawn = canvas(FRAME_IN + ROW_IN * len(classes))
    axes = drawn.subplots(1, len(protocols) + 1, sharey=True, squeeze=False)[0]
    for axis, protocol in zip(axes, protocols, strict=False):
        axis.set_title(protocol_label(protocol))
        if protocol in splits:
            draw_counts(axis, splits[protocol]["counts"], classes)
        else:
            say_absent(axis, "not run")
    axes[-1].set_title("Shared lesions")
    for place, split in enumerate(splits.values()):
        draw_shares(axes[-1], split["leakage"]["by_class"], classes, place, len(splits))
    axes[-1].set(xlim=(0, 100), xlabel="% of test images")
    axes[0].set_yticks(range(len(classes)), classes)
    axes[0].set_ylim(len(classes) - 0.5, -0.5)
    for axis in axes:
        axis.tick_params(axis="y", length=0, labelcolor=INK)
    drawn.legend(
        *_legend(splits),
        loc="outside lower center",
        ncols=3 + len(splits),
        columnspacing=0.9,
        handlelength=1.2,
    )
    return drawn


def draw_counts(axis, counts, classes):
    """Filled: images. Hollow: lesions. Parts stand above each other within a class's row."""
    for place, (part, by_class) in enumerate(counts.items()):
        for y, of_class in enumerate(classes):
            found = by_class.get(of_class, {"images": 0, "groups": 0})
            height, colour = y + 0.24 * (place - 1), PARTS.get(part, MUTED)
            if not found["images"]:
                axis.text(1, height, "0", color=colour, size=6, va="center", ha="center")
                continue
            axis.plot([found["groups"], found["images"]], [height] * 2, color=colour, linewidth=0.8)
            axis.plot(
                found["groups"], height, "o", markersize=3.6, markerfacecolor="white", markeredgecolor=colour
            )
            axis.plot(found["images"], height, "o", markersize=3.6, color=colour)
    axis.set(xscale="log", xlabel="images, lesions")
    axis.set_xlim(left=0.7)
    axis.xaxis.set_major_formatter(lambda value, _: formats.count(round(value)))
    axis.minorticks_off()
    axis.grid(axis="y", visible=False)


def draw_shares(axis, by_class, classes, place, among):
    """One bar per class, in percent of its test images."""
    for y, of_class in enumerate(classes):
        share = by_class.get(of_class, {"share": None})["share"]
        if share is None:
            continue
        height = y + 0.3 * (place - (among - 1) / 2)
        axis.barh(height, 100 * share, height=0.26, color=SHADES[place % len(SHADES)], linewidth=0)
        axis.text(100 * share + 1.5, height, f"{100 * share:.0f}", size=6, va="center", color=MUTED)
    axis.grid(axis="y", visible=False)


def _legend(splits):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks = [
        Line2D([], [], marker="o", linestyle="", color=colour, markersize=4) for colour in PARTS.values()
    ]
    bars = [Patch(color=SHADES[place % len(SHADES)]) for place in range(len(splits))]
    return marks + bars, [*PARTS, *(f"shared, {protocol_label(p).lower()}" for p in splits)]
