"""One metric over a setting that varies: reproduced with its interval, published as hollow marks."""

from math import log

from skinkd.domains import Name, Series, Words
from skinkd.figures import INK, MUTED, PALETTE, canvas, say_absent
from skinkd.lookups import arm_label, metric_label, metric_of, score_of
from skinkd.selections import published_of, teachers_of

HEIGHT_IN = 3.2
# From this ratio of the largest setting to the smallest on, the axis is logarithmic.
WIDE = 20


def figure(results, paper, protocol, *, metric: Name, x: Words, series: Series):
    """One line per series over its settings; the teacher and the student alone as lines across."""
    drawn = canvas(HEIGHT_IN)
    axis = drawn.subplots()
    settings = sorted({setting for members in series.values() for setting in members.values()})
    for place, (label, members) in enumerate(series.items()):
        points = [(s, *_values(results, paper, protocol, arm, metric)) for arm, s in members.items()]
        draw_series(axis, sorted(points, key=lambda point: point[0]), label, PALETTE[place % len(PALETTE)])
    arms = [arm for members in series.values() for arm in members]
    if not any(score_of(results, paper, protocol, arm) for arm in arms):
        say_absent(axis, "not run")
    for arm, style in _references(results, paper, arms).items():
        record = metric_of(score_of(results, paper, protocol, arm), metric)
        if record and record["value"] is not None:
            axis.axhline(record["value"], color=MUTED, linestyle=style, linewidth=1)
            axis.plot([], [], color=MUTED, linestyle=style, label=arm_label(results, paper, arm))
    _scale(axis, settings)
    axis.set(xlabel=x, ylabel=metric_label(metric))
    axis.plot([], [], "D", markerfacecolor="none", markeredgecolor=INK, markersize=5, label="published")
    drawn.legend(loc="outside lower center", ncols=4)
    return drawn


def _scale(axis, settings):
    """A tick at every setting, and its value where the one before leaves room."""
    is_wide = settings[-1] / settings[0] > WIDE
    place = log if is_wide else float
    room = (place(settings[-1]) - place(settings[0])) / 24
    axis.set_xscale("log" if is_wide else "linear")
    labels, last = [], None
    for setting in settings:
        fits = last is None or place(setting) - place(last) >= room
        labels.append(f"{setting:g}" if fits else "")
        last = setting if fits else last
    axis.set_xticks(settings, labels)
    axis.minorticks_off()


def _values(results, paper, protocol, arm, metric):
    """Published value, and ours with its interval; None where there is none."""
    record = metric_of(score_of(results, paper, protocol, arm), metric) or {}
    ours = (record.get(key) for key in ("value", "low", "high"))
    return published_of(results, paper, arm, metric), *ours


def _references(results, paper, arms):
    """The teacher and the baseline that all arms share, where they share one."""
    abouts = [results["papers"][paper]["arms"][arm] for arm in arms]
    teachers = {teacher for about in abouts for teacher in teachers_of(about)}
    baselines = {about["baseline"] for about in abouts} - {None}
    shared = {":": baselines, (0, (5, 2)): teachers}
    return {next(iter(found)): style for style, found in shared.items() if len(found) == 1}


def draw_series(axis, points, label, colour):
    """Points are (setting, published, value, low, high): hollow diamonds, a line, and its band."""
    for setting, published, *_ in points:
        if published is not None:
            axis.plot(
                setting,
                published,
                "D",
                markerfacecolor="none",
                markeredgecolor=colour,
                markersize=5,
                zorder=4,
            )
    ours = [(setting, value, low, high) for setting, _, value, low, high in points if value is not None]
    if ours:
        settings, values, *_ = zip(*ours, strict=True)
        axis.plot(settings, values, "o-", color=colour, markersize=3.5, label=label)
    bands = [(setting, low, high) for setting, _, low, high in ours if None not in (low, high)]
    if bands:
        axis.fill_between(*zip(*bands, strict=True), color=colour, alpha=0.13, linewidth=0)
