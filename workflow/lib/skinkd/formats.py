"""How a number is written: once, for every table, caption and figure."""

from skinkd.quantities import QUANTITIES

MINUS = "−"
UP, DOWN = "▲", "▼"


def number(value: float) -> str:
    """A metric in [0, 1] with three digits: `0.812`."""
    return f"{value:.3f}".replace("-", MINUS)


def measured(value: float, metric: str = "") -> str:
    """A value in the unit of its metric: a score as `0.812`, parameters as `268,898`."""
    return UNITS[QUANTITIES[metric].unit if metric else "share"](value)


def interval(low: float, high: float, metric: str = "") -> str:
    """Both ends of an interval of a metric: `[0.794, 0.829]`."""
    return f"[{measured(low, metric)}, {measured(high, metric)}]"


def signed_points(difference: float) -> str:
    """A difference of two metrics in percentage points: `+3.4`, `−0.6`, `0.0`."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", MINUS)


def shaped_points(difference: float) -> str:
    """`signed_points` with a shape for its direction: `▼ −3.4`."""
    text = signed_points(difference)
    return {"+": f"{UP} ", MINUS: f"{DOWN} "}.get(text[0], "") + text


def points(difference: float) -> str:
    """`shaped_points` with its unit: `▼ −3.4 pp`."""
    return f"{shaped_points(difference)} pp"


def points_interval(low: float, high: float) -> str:
    """Both ends of an interval of a difference, in percentage points: `[−1.0, +7.2]`."""
    return f"[{signed_points(low)}, {signed_points(high)}]"


def p_value(value: float) -> str:
    """A p value with three digits: `0.031`, `< 0.001`."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def count(value: int) -> str:
    """A whole number with thousands set apart: `25,331`."""
    return f"{value:,}"


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage: `12.5 %`."""
    return f"{100 * share:.1f} %"


def small_percent(share: float) -> str:
    """A share that may be tiny, with two digits that count: `0.28 %`, `12 %`."""
    return f"{100 * share:.2g} %"


def level(confidence: float) -> str:
    """A confidence level as a percentage without idle digits: `95 %`."""
    return f"{100 * confidence:g} %"


def duration(runtime_s: float) -> str:
    """Seconds in the two units a reader thinks in: `4.2 s`, `3 min 05 s`, `2 h 10 min`."""
    whole_s = round(runtime_s)
    if whole_s < 60:
        return f"{runtime_s:.1f} s"
    if whole_s < 3600:
        return f"{whole_s // 60} min {whole_s % 60:02d} s"
    return f"{whole_s // 3600} h {whole_s % 3600 // 60:02d} min"


def megabytes(value: float) -> str:
    """Memory: `512 MB`, `1,204 MB`."""
    return f"{value:,.0f} MB"


def plural(amount: int, noun: str) -> str:
    """`1 seed`, `3 seeds`, `1,000 resamples`."""
    return f"{count(amount)} {noun}{'' if amount == 1 else 's'}"


def ratio(value: float, other: float) -> str:
    """How many times another value a value is: `1.02 ×`, `0.31 ×`."""
    return f"{value / other:.2f} ×"


def scientific(value: float) -> str:
    """A value whose size alone matters: `0.0412`, `1.8e-05` with a true minus."""
    return f"{value:.3g}".replace("-", MINUS)


UNITS = {
    "share": number,
    "count": lambda value: count(round(value)),
    "10⁹": lambda value: f"{value:.3g}",
    "MB": lambda value: f"{value:,.1f}",
    "s": duration,
    "ms": lambda value: f"{value:.1f}",
}
