"""Accuracy by sex, age, site and source, with intervals: one panel per protocol."""

from skinkd.figures import INK, LINE, MUTED, canvas, colours_of, say_absent
from skinkd.lookups import arm_label, protocol_label, protocols_of, score_of
from skinkd.validated_choice import validated_arms

METRIC = "accuracy"
KINDS = ("sex", "age", "site", "source")
ROW_IN, FRAME_IN = 0.26, 1.1


def figure(results, paper, _):
    """One row per group that some arm has; one mark per arm that validation chose."""
    protocols = protocols_of(results, paper)
    found = {protocol: groups_by_arm(results, paper, protocol) for protocol in protocols}
    rows = list(
        dict.fromkeys(place for arms in found.values() for groups in arms.values() for place in groups)
    )
    rows.sort(key=lambda place: KINDS.index(place[0]))
    drawn = canvas(FRAME_IN + ROW_IN * max(len(rows), 3))
    axes = drawn.subplots(1, len(protocols), sharex=True, sharey=True, squeeze=False)[0]
    colours = _colours(results, paper, found)
    for axis, (protocol, arms) in zip(axes, found.items(), strict=True):
        axis.set_title(protocol_label(protocol))
        if not arms:
            say_absent(axis, "not run")
        else:
            draw_groups(axis, rows, arms, colours)
    if rows:
        _frame(drawn, axes, rows, {arm_label(results, paper, arm): colour for arm, colour in colours.items()})
    return drawn


def groups_by_arm(results, paper, protocol) -> dict:
    """For each arm that validation chose, its groups by kind and name."""
    scores = {
        arm: score_of(results, paper, protocol, arm) for arm in validated_arms(results, paper, protocol)
    }
    return {
        arm: {(group["by"], group["group"]): group for group in score["subgroups"]["groups"]}
        for arm, score in scores.items()
        if score.get("subgroups", {}).get("groups")
    }


def _colours(results, paper, found):
    known = results["papers"][paper]["arms"]
    return colours_of({arm: known[arm] for arms in found.values() for arm in arms})


def draw_groups(axis, rows, arms, colours):
    """The marks of every group that is shown, on their intervals; a word where it is too small."""
    for y, place in enumerate(rows):
        axis.axhline(y, color=LINE, linewidth=0.4, zorder=0)
        for turn, (arm, groups) in enumerate(arms.items()):
            own = groups.get(place, {METRIC: {"value": None}})[METRIC]
            height = y + 0.22 * (turn - (len(arms) - 1) / 2)
            if own["value"] is not None:
                axis.plot([own["low"], own["high"]], [height] * 2, color=colours[arm], linewidth=0.8)
                axis.plot(own["value"], height, "o", color=colours[arm], markersize=3)
        if not any(groups.get(place, {METRIC: {"value": None}})[METRIC]["value"] for groups in arms.values()):
            axis.text(0.02, y, "too few", size=6, color=MUTED, va="center")
    axis.set(xlim=(0, 1), xticks=(0, 0.5, 1))
    axis.grid(axis="y", visible=False)


def _frame(drawn, axes, rows, colours):
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    axes[0].set_yticks(range(len(rows)), [f"{by}: {name}" for by, name in rows])
    for axis in axes:
        axis.tick_params(axis="y", length=0, labelcolor=INK)
    axes[len(axes) // 2].set_xlabel("Accuracy")
    for label, colour in colours.items():
        axes[0].plot([], [], "o", color=colour, markersize=4, label=label)
    drawn.legend(loc="outside lower center", ncols=3)
