"""Does a published value agree with the one obtained here?"""

from skinkd.intervals import wilson

VERDICTS = ("reproduced", "consistent", "lower", "higher", "untestable", "not run", "not published")


def verdict(
    published: float,
    n_published: int | None,
    low: float,
    high: float,
    scale: str,
    *,
    confidence: float = 0.95,
    least: float | None = None,
    most: float | None = None,
) -> tuple[str, str]:
    """The verdict on one published value with an interval of ours, and its reason in words.

    `reproduced`: the published value, as it is rounded, lies in our interval.
    `consistent`: the intervals of both overlap. `lower` and `higher`: ours is.
    `untestable`: no comparison would be fair.

    Args:
        published: what the paper prints, in the unit of our interval.
        n_published: the test images behind it; None if the paper does not say.
        low, high: our interval.
        scale: of this study: smoke, scaled or full.
        confidence: of our interval, and then of theirs.
        least, most: the values that are printed as `published`; itself, if left out.
    """
    if scale != "full":
        return _other_scale(scale)
    ours = f"[{low:.3f}, {high:.3f}]"
    if low <= (published if most is None else most) and high >= (published if least is None else least):
        return "reproduced", f"the published value lies in our interval {ours}"
    if n_published is None:
        return (
            "untestable",
            "outside our interval; the paper says too little for an interval of its own value",
        )
    # ASSUME: A paper prints no interval. Its value is taken as a share of its test images; where
    # rare classes weigh more, as in balanced accuracy, its true interval is wider than this one.
    their_low, their_high = wilson(published, n_published, confidence)
    theirs = f"[{their_low:.3f}, {their_high:.3f}] of the published value on {n_published:,} images"
    if their_low <= high and low <= their_high:
        return "consistent", f"our interval {ours} overlaps {theirs}"
    return ("lower" if high < published else "higher"), f"our interval {ours} does not reach {theirs}"


def verdict_of_exact(least: float, most: float, value: float, scale: str) -> tuple[str, str]:
    """The verdict on one published value that no sampling moves, such as a count of parameters.

    Args:
        least, most: what is printed so stands from `least` up to, but not including, `most`.
        value: ours.
        scale: of this study.
    """
    if scale != "full":
        return _other_scale(scale)
    printed = f"{_plain(least)} up to {_plain(most)} is"
    if least <= value < most:
        return "reproduced", f"ours, {_plain(value)}, would be printed so, as {printed}"
    return (
        "lower" if value < least else "higher"
    ), f"ours, {_plain(value)}, would not be printed so, as {printed}"


def _plain(value: float) -> str:
    """A number that may be small or large, without idle digits."""
    return f"{round(value):,}" if abs(value) >= 1000 else f"{value:.4g}"


def _other_scale(scale: str) -> tuple[str, str]:
    return "untestable", f"this is a {scale} study, not the paper's experiment"
