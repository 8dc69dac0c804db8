"""How often an answer is right that is given with such a probability, before and after a temperature."""

from skinkd import formats
from skinkd.figures import BLUE, INK, LINE, ORANGE, canvas, say_absent, wrapped
from skinkd.lookups import arm_label, protocol_label, protocols_of, score_of
from skinkd.validated_choice import validated_arms

SIDES = {"before": (ORANGE, "o"), "after": (BLUE, "s")}
COLUMNS = 3
FRAME_IN, ROW_IN = 0.7, 2.2


def figure(results, paper, _):
    """A row of panels for each protocol, one for each arm that validation chose."""
    panels = {
        protocol: [
            arm
            for arm in validated_arms(results, paper, protocol)
            if score_of(results, paper, protocol, arm).get("calibration")
        ][:COLUMNS]
        for protocol in protocols_of(results, paper)
    }
    panels = {protocol: arms for protocol, arms in panels.items() if arms}
    drawn = canvas(FRAME_IN + ROW_IN * max(len(panels), 1))
    axes = drawn.subplots(max(len(panels), 1), COLUMNS, sharex=True, sharey=True, squeeze=False)
    if not panels:
        say_absent(axes[0, 0], "not run")
    for row, (protocol, arms) in zip(axes, panels.items(), strict=False):
        for axis, arm in zip(row, arms, strict=False):
            name = f"{protocol_label(protocol)}: {arm_label(results, paper, arm)}"
            axis.set_title(wrapped(name, 30))
            draw_reliability(axis, score_of(results, paper, protocol, arm)["calibration"])
        for axis in row[len(arms) :]:
            if panels:
                axis.set_axis_off()
    _frame(drawn, axes)
    return drawn


def _frame(drawn, axes):
    axes[0, 0].set(xlim=(0, 1), ylim=(0, 1))
    axes[-1, COLUMNS // 2].set_xlabel("Highest probability, mean of the bin")
    drawn.supylabel("Share that is right", size=8)
    for side, (colour, mark) in SIDES.items():
        axes[0, 0].plot([], [], mark, color=colour, markersize=4, label=f"{side} temperature scaling")
    drawn.legend(loc="outside lower center", ncols=2)


def draw_reliability(axis, record):
    """The bins before and after, on their intervals, and what they rest on."""
    axis.plot([0, 1], [0, 1], color=LINE, linewidth=0.8)
    for side, (colour, mark) in SIDES.items():
        if record[side] is None:
            continue
        bins = record[side]["reliability"]
        at, right = ([own[key] for own in bins] for key in ("confidence", "right"))
        for own in bins:
            axis.plot(
                [own["confidence"]] * 2, [own["low"], own["high"]], color=colour, linewidth=0.6, alpha=0.6
            )
        axis.plot(at, right, mark, color=colour, markersize=3)
    axis.set(xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
    axis.text(0.04, 0.97, words_of(record), transform=axis.transAxes, size=6, va="top", color=INK)


def words_of(record) -> str:
    """Calibration error, temperature and answers in a bin, in lines."""
    before, after = (record[side] and record[side]["expected_calibration_error"]["value"] for side in SIDES)
    counts = sorted({own["answers"] for own in record["before"]["reliability"]})
    per_bin = " or ".join(map(formats.count, counts))
    change = f"ECE {formats.number(before)}"
    scaled = "no temperature: no validation"
    if after is not None:
        change, scaled = f"{change} → {formats.number(after)}", f"T = {record['temperature']:.2f}"
    return f"{change}\n{scaled}\n{per_bin} answers a bin"
