"""Published and reproduced, dot and whisker: one panel per protocol, one row per number."""

from skinkd.figures import INK, LINE, MUTED, canvas
from skinkd.lookups import arm_label, cells_of, metric_label, metric_of, protocol_label, score_of

ROW_IN, FRAME_IN = 0.19, 0.75


def figure(results, paper, _):
    """All numbers of one paper, grouped by metric, protocols side by side on one scale."""
    rows = list(_rows(results, paper))
    drawn = canvas(FRAME_IN + ROW_IN * len(rows))
    protocols = list(results["protocols"])
    axes = drawn.subplots(1, len(protocols), sharex=True, sharey=True, squeeze=False)[0]
    for axis, protocol in zip(axes, protocols, strict=True):
        axis.set_title(protocol_label(protocol))
        for y, row in enumerate(rows):
            draw_row(axis, y, row, row.get(protocol))
    _label(axes[0], rows)
    drawn.legend(*_legend(), loc="outside lower center", ncols=3)
    return drawn


def _rows(results, paper):
    """For each metric that the paper prints, a heading and then one row for each arm."""
    seen = {}
    for cell in cells_of(results, paper):
        arms = seen.setdefault((cell["class"], cell["metric"]), {})
        arms.setdefault(cell["arm"], {"published": cell["published"]})[cell["protocol"]] = cell
    for (of_class, metric), arms in seen.items():
        if all(row["published"] is None for row in arms.values()):
            continue
        yield {"heading": metric_label(metric, of_class)}
        for arm, row in arms.items():
            for protocol in results["protocols"]:
                score = score_of(results, paper, protocol, arm)
                record = metric_of(score, metric, of_class)
                if protocol in row:
                    row[protocol] = row[protocol] | {"by_seed": record["by_seed"] if record else []}
            about = results["papers"][paper]["arms"][arm]
            yield row | {"label": arm_label(results, paper, arm), "colour": about["colour"]}


def draw_row(axis, y, row, cell):
    """One row at height `y`: published diamond, seeds, interval, dot; or why there is no dot."""
    if "heading" in row:
        axis.axhspan(y - 0.5, y + 0.5, color=LINE, alpha=0.35, linewidth=0)
        return
    if row["published"] is not None:
        axis.plot(
            row["published"], y, "D", markersize=5, markerfacecolor="none", markeredgecolor=INK, zorder=4
        )
    if cell is None or cell["reproduced"] is None:
        axis.text(
            0.02, y, "not run", transform=axis.get_yaxis_transform(), va="center", color=MUTED, size=6.5
        )
        return
    if cell["low"] is not None:
        axis.plot(
            [cell["low"], cell["high"]], [y, y], color=row["colour"], linewidth=1.6, solid_capstyle="butt"
        )
    axis.plot(
        cell["by_seed"],
        [y] * len(cell["by_seed"]),
        "|",
        color=row["colour"],
        markersize=7,
        markeredgewidth=0.8,
    )
    axis.plot(cell["reproduced"], y, "o", color=row["colour"], markersize=4.5, zorder=3)


def _label(axis, rows):
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_yticks(range(len(rows)), [row.get("heading") or row["label"] for row in rows])
    for tick, row in zip(axis.get_yticklabels(), rows, strict=True):
        tick.set(color=INK, fontweight="bold" if "heading" in row else "normal")
    for shared in axis.figure.axes:
        shared.tick_params(axis="y", length=0)
        shared.grid(axis="y", visible=False)
        shared.spines["left"].set_visible(False)


def _legend():
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], marker="D", linestyle="", markerfacecolor="none", markeredgecolor=INK, markersize=5),
        Line2D([], [], marker="o", color=MUTED, linewidth=1.6, markersize=4.5),
        Line2D([], [], marker="|", linestyle="", color=MUTED, markersize=7),
    ]
    return marks, ["published", "reproduced, with interval", "single seed"]
