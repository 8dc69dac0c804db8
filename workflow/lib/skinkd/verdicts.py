"""Does a published value agree with the one obtained here?"""

from skinkd.intervals import wilson

VERDICTS = ("reproduced", "consistent", "lower", "higher", "untestable", "not run", "not published")


def verdict(
    published: float | None,
    n_published: int | None,
    low: float,
    high: float,
    scale: str,
    *,
    confidence: float = 0.95,
    half_unit: float = 0.0,
) -> tuple[str, str]:
    """The verdict on one published value, and its reason in words.

    `reproduced`: the published value, as it is rounded, lies in our interval.
    `consistent`: the intervals of both overlap. `lower` and `higher`: ours is.
    `untestable`: no comparison would be fair. `not published`: nothing to compare with.

    Args:
        published: what the paper prints, in the unit of our interval.
        n_published: the test images behind it; None if the paper does not say.
        low, high: our interval.
        scale: of this study: smoke, scaled or full.
        confidence: of our interval, and then of theirs.
        half_unit: half of the last printed digit, 0.005 for 0.74.
    """
    if published is None:
        return "not published", "the paper prints no value"
    if scale != "full":
        return "untestable", f"this is a {scale} study, not the paper's experiment"
    ours = f"[{low:.3f}, {high:.3f}]"
    if low - half_unit <= published <= high + half_unit:
        return "reproduced", f"the published value lies in our interval {ours}"
    if n_published is None:
        return "untestable", "outside our interval, and the paper does not say how many images it tested"
    # ASSUME: A paper prints no interval. Its value is taken as a share of its test images; where
    # rare classes weigh more, as in balanced accuracy, its true interval is wider than this one.
    their_low, their_high = wilson(published, n_published, confidence)
    theirs = f"[{their_low:.3f}, {their_high:.3f}] of the published value on {n_published:,} images"
    if their_low <= high and low <= their_high:
        return "consistent", f"our interval {ours} overlaps {theirs}"
    return ("lower" if high < published else "higher"), f"our interval {ours} does not reach {theirs}"
