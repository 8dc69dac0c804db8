"""A table of values, shaded: one row per series, one column per setting, such as optimiser by strategy."""

from skinkd import formats
from skinkd.domains import Name, Series
from skinkd.figures import INK, LINE, MUTED, canvas, wrapped
from skinkd.lookups import metric_label, metric_of, score_of
from skinkd.selections import published_of

ROW_IN, FRAME_IN = 0.5, 1.25


def figure(results, paper, protocol, *, metric: Name, series: Series):
    """Value and interval in each cell, and what the paper prints there."""
    columns = list(dict.fromkeys(column for members in series.values() for column in members.values()))
    drawn = canvas(FRAME_IN + ROW_IN * len(series))
    axis = drawn.subplots()
    values = {}
    for y, members in enumerate(series.values()):
        for arm, column in members.items():
            record = metric_of(score_of(results, paper, protocol, arm), metric)
            values[y, columns.index(column)] = record, published_of(results, paper, arm, metric)
    found = [record["value"] for record, _ in values.values() if record and record["value"] is not None]
    span = (min(found, default=0), max(found, default=1))
    for place, (record, published) in values.items():
        draw_cell(axis, *place, record, published, span)
    axis.set_xlim(-0.5, len(columns) - 0.5)
    axis.set_ylim(len(series) - 0.5, -0.5)
    axis.set_xticks(range(len(columns)), [wrapped(str(column), 14) for column in columns])
    axis.set_yticks(range(len(series)), series)
    axis.xaxis.tick_top()
    axis.tick_params(length=0, labelcolor=INK, labelsize=8)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.set_xlabel(f"{metric_label(metric)}; darker is higher, from {_ends(span)}" if found else "not run")
    return drawn


def _ends(span):
    return " to ".join(formats.number(end) for end in span)


def draw_cell(axis, y, x, record, published, span):
    """One cell: its shade, its value and interval, and the published value."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    lowest, highest = span
    value = record["value"] if record else None
    place = 0.0 if value is None else 0.08 + 0.72 * (value - lowest) / max(highest - lowest, 1e-9)
    colour = colormaps["Blues"](place) if value is not None else "#ffffff"
    axis.add_patch(
        Rectangle((x - 0.48, y - 0.47), 0.96, 0.94, facecolor=colour, edgecolor=LINE, linewidth=0.6)
    )
    ink = "white" if place > 0.55 else INK
    lines = [formats.number(value) if value is not None else "not run"]
    if value is not None and record["low"] is not None:
        lines.append(formats.interval(record["low"], record["high"]))
    if published is not None:
        lines.append(f"paper {formats.number(published)}")
    for line, words in enumerate(lines):
        height = y + 0.27 * (line - (len(lines) - 1) / 2)
        size, weight = (8, "bold") if line == 0 and value is not None else (6.3, "normal")
        shade = ink if value is not None else MUTED
        axis.text(x, height, words, ha="center", va="center", size=size, weight=weight, color=shade)
