"""One metric by class, several arms beside each other: ours with its interval, published as hollow marks."""

from skinkd.domains import Name, Names
from skinkd.figures import INK, canvas, colours_of, say_absent
from skinkd.lookups import arm_label, metric_label, metric_of, score_of
from skinkd.selections import published_of

ARM_IN, CLASS_IN, FRAME_IN = 0.085, 0.14, 0.95


def figure(results, paper, protocol, *, metric: Name, arms: Names):
    """One group of rows per class, in the paper's order of classes; one mark per arm."""
    about = results["papers"][paper]
    classes, colours = about["classes"], colours_of({arm: about["arms"][arm] for arm in arms})
    drawn = canvas(FRAME_IN + (CLASS_IN + ARM_IN * len(arms)) * len(classes))
    axis = drawn.subplots()
    if not any(score_of(results, paper, protocol, arm) for arm in arms):
        say_absent(axis, "not run")
    for y, of_class in enumerate(classes):
        for place, arm in enumerate(arms):
            height = y + 0.8 * ((place + 0.5) / len(arms) - 0.5)
            record = metric_of(score_of(results, paper, protocol, arm), metric, of_class)
            published = published_of(results, paper, arm, metric, of_class)
            draw_mark(axis, height, record, published, colours[arm])
    axis.set_yticks(range(len(classes)), classes)
    axis.set_ylim(len(classes) - 0.5, -0.5)
    axis.tick_params(axis="y", length=0, labelcolor=INK)
    axis.grid(axis="y", visible=False)
    axis.set(xlabel=metric_label(metric), xlim=(-0.01, 1.01))
    for height in range(1, len(classes)):
        axis.axhline(height - 0.5, color="#d0d7de", linewidth=0.5)
    for arm in arms:
        axis.plot([], [], "o-", color=colours[arm], markersize=4, label=arm_label(results, paper, arm))
    axis.plot([], [], "D", markerfacecolor="none", markeredgecolor=INK, markersize=4.5, label="published")
    drawn.legend(loc="outside lower center", ncols=3)
    return drawn


def draw_mark(axis, height, record, published, colour):
    """A dot on its interval, and a hollow diamond where the paper prints a value."""
    if published is not None:
        axis.plot(published, height, "D", markerfacecolor="none", markeredgecolor=colour, markersize=4.5)
    if not record or record["value"] is None:
        return
    if record["low"] is not None:
        axis.plot([record["low"], record["high"]], [height] * 2, color=colour, linewidth=1.2)
    axis.plot(record["value"], height, "o", color=colour, markersize=3.5, zorder=3)
