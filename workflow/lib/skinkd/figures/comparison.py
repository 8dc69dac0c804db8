"""Published and reproduced, dot and whisker: one row per arm, one column per metric, protocols together."""

from math import ceil

from skinkd.figures import INK, LINE, MUTED, PROTOCOL_MARKS, canvas, say_absent, wrapped
from skinkd.lookups import (
    FACTS,
    arm_label,
    cells_of,
    metric_label,
    metric_of,
    protocol_label,
    protocols_of,
    score_of,
)

ROW_IN, BAND_IN, FRAME_IN = 0.19, 0.55, 0.55
COLUMNS = 6


def figure(results, paper, _):
    """Bands of at most six metrics; the numbers about all classes first. Facts of networks are no scores."""
    bands = list(_bands(results, paper))
    if not bands:
        return _nothing()
    heights = [BAND_IN + ROW_IN * len(arms) for _, arms in bands]
    drawn = canvas(FRAME_IN + sum(heights))
    grid = drawn.add_gridspec(len(bands), 1, height_ratios=heights)
    for place, (metrics, arms) in enumerate(bands):
        axes = grid[place].subgridspec(1, len(metrics)).subplots(sharey=True, squeeze=False)[0]
        for axis, metric in zip(axes, metrics, strict=True):
            axis.set_title(wrapped(metric_label(metric[1], metric[0]), 60 // len(metrics)))
            for y, arm in enumerate(arms):
                draw_row(axis, y, _row(results, paper, arm, *metric))
        _label(axes, [arm_label(results, paper, arm) for arm in arms])
    protocols = protocols_of(results, paper)
    drawn.legend(*_legend(protocols), loc="outside lower center", ncols=len(protocols) + 2)
    return drawn


def _nothing():
    drawn = canvas(1)
    say_absent(drawn.subplots(), "the paper prints no score")
    return drawn


def _bands(results, paper):
    """Metrics that stand beside each other, and the arms for which the paper prints any of them."""
    printed = {}
    for cell in cells_of(results, paper):
        if cell["published"] is not None and cell["metric"] not in FACTS:
            printed.setdefault((cell["class"], cell["metric"]), {})[cell["arm"]] = True
    overall = [metric for metric in printed if not metric[0]]
    by_class = [metric for metric in printed if metric[0]]
    for metrics in (overall, by_class):
        width = ceil(len(metrics) / max(ceil(len(metrics) / COLUMNS), 1))
        for start in range(0, len(metrics), max(width, 1)):
            chosen = metrics[start : start + width]
            named = {arm for metric in chosen for arm in printed[metric]}
            yield chosen, [arm for arm in results["papers"][paper]["arms"] if arm in named]


def _row(results, paper, arm, of_class, metric):
    """The published value, and each protocol's record."""
    cells = [
        c for c in cells_of(results, paper) if (c["arm"], c["class"], c["metric"]) == (arm, of_class, metric)
    ]
    published = next((c["published"] for c in cells if c["published"] is not None), None)
    protocols = protocols_of(results, paper)
    records = {p: metric_of(score_of(results, paper, p, arm), metric, of_class) for p in protocols}
    return published, records


def draw_row(axis, y, row):
    """One row at height `y`: published diamond, and per protocol a mark on its interval with its seeds."""
    published, records = row
    if published is not None:
        axis.plot(published, y, "D", markersize=4.5, markerfacecolor="none", markeredgecolor=INK, zorder=4)
    for place, (protocol, record) in enumerate(records.items()):
        height = y + 0.26 * (place - (len(records) - 1) / 2)
        colour, mark = PROTOCOL_MARKS[protocol]
        if record is None or record["value"] is None:
            continue
        if record["low"] is not None:
            axis.plot([record["low"], record["high"]], [height] * 2, color=colour, linewidth=1)
        if len(record["by_seed"]) > 1:
            axis.plot(record["by_seed"], [height] * len(record["by_seed"]), "|", color=colour, markersize=3.5)
        axis.plot(record["value"], height, mark, color=colour, markersize=3, zorder=3)


def _label(axes, labels):
    axes[0].set_ylim(len(labels) - 0.5, -0.5)
    axes[0].set_yticks(range(len(labels)), [wrapped(label, 48) for label in labels])
    for axis in axes:
        axis.locator_params(axis="x", nbins=3)
        axis.tick_params(axis="y", length=0, labelcolor=INK)
        axis.grid(axis="y", visible=False)
        axis.spines["left"].set_visible(False)
        for y in range(1, len(labels)):
            axis.axhline(y - 0.5, color=LINE, linewidth=0.4)


def _legend(protocols):
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker="D", linestyle="", markerfacecolor="none", markeredgecolor=INK, markersize=5)
    ]
    for protocol in protocols:
        colour, mark = PROTOCOL_MARKS[protocol]
        marks.append(Line2D([], [], marker=mark, color=colour, markersize=4, linewidth=1))
    seeds = Line2D([], [], marker="|", linestyle="", color=MUTED, markersize=6)
    return [*marks, seeds], ["published", *map(protocol_label, protocols), "single seed"]
