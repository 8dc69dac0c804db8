"""The same arm under each protocol: what a leak is worth, and what the code does beyond the text."""

from skinkd.figures import INK, LINE, PROTOCOL_MARKS, canvas, say_absent
from skinkd.lookups import HEADLINE, METRICS, arm_label, metric_of, protocol_label, protocols_of, score_of

ROW_IN, FRAME_IN = 0.19, 0.8


def figure(results, paper, _):
    """One row per arm that was run, in the paper's order; one mark per protocol, on its interval."""
    protocols = protocols_of(results, paper)
    rows = list(_rows(results, paper, protocols))
    drawn = canvas(FRAME_IN + ROW_IN * max(len(rows), 3))
    axis = drawn.subplots()
    if not rows:
        say_absent(axis, "not run")
        return drawn
    for y, (_, records) in enumerate(rows):
        draw_row(axis, y, records)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks(range(len(rows)), [arm_label(results, paper, arm) for arm, _ in rows])
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel(METRICS[HEADLINE])
    for protocol in protocols:
        colour, mark = PROTOCOL_MARKS[protocol]
        axis.plot([], [], marker=mark, color=colour, markersize=4.5, label=protocol_label(protocol))
    drawn.legend(loc="outside lower center", ncols=3)
    return drawn


def _rows(results, paper, protocols):
    """Each arm with the headline records that it has."""
    for arm in results["papers"][paper]["arms"]:
        records = {p: metric_of(score_of(results, paper, p, arm), HEADLINE) for p in protocols}
        if any(record and record["value"] is not None for record in records.values()):
            yield arm, records


def draw_row(axis, y, records):
    """The marks of one arm, and a line from the lowest to the highest."""
    found = {p: record for p, record in records.items() if record and record["value"] is not None}
    values = [record["value"] for record in found.values()]
    axis.plot([min(values), max(values)], [y, y], color=LINE, linewidth=4, solid_capstyle="round", zorder=1)
    for place, (protocol, record) in enumerate(found.items()):
        colour, mark = PROTOCOL_MARKS[protocol]
        height = y + 0.24 * (place - (len(found) - 1) / 2)
        if record["low"] is not None:
            axis.plot([record["low"], record["high"]], [height] * 2, color=colour, linewidth=0.9, zorder=2)
        axis.plot(record["value"], height, mark, color=colour, markersize=3.6, zorder=3)
