"""How a claim is tested, in words."""

from skinkd import formats
from skinkd.quantities import QUANTITIES
from skinkd.trials.declared import Above, Alike, Measured, Reaches, Untested


def _metrics(names: list[str]) -> str:
    return ", ".join(QUANTITIES[name].label for name in names)


def _pairs(pairs: list[list[str]], sign: str, label_of) -> str:
    """`A > B, C; D > E`, one part for each first arm."""
    others: dict[str, list[str]] = {}
    for first, second in pairs:
        others.setdefault(first, []).append(label_of(second))
    return "; ".join(f"{label_of(first)} {sign} {', '.join(seconds)}" for first, seconds in others.items())


def _above(trial: Above, label_of) -> str:
    by = f" by {formats.signed_points(trial.by)} pp" if trial.by else ""
    return f"{_metrics(trial.metrics)}: {_pairs(trial.pairs, '>', label_of)}{by}"


def _alike(trial: Alike, label_of) -> str:
    within = f"{formats.signed_points(trial.within)} pp".replace("+", "±")
    return f"{_metrics(trial.metrics)}: {_pairs(trial.pairs, '≈', label_of)}, within {within}"


def _reaches(trial: Reaches, label_of) -> str:
    return f"{_metrics([trial.metric])} of {label_of(trial.arm)} ≥ {formats.number(trial.at_least)}"


def _measured(trial: Measured, label_of) -> str:
    arms = ", ".join(map(label_of, trial.arms))
    number = QUANTITIES[trial.fact].label + (
        f" over that of {label_of(trial.beside)}" if trial.beside else ""
    )
    if trial.at_least == trial.at_most:
        return f"{number}: {arms} = {trial.at_least:,g}"
    least = f" ≥ {trial.at_least:,g}" if trial.at_least is not None else ""
    most = f" ≤ {trial.at_most:,g}" if trial.at_most is not None else ""
    return f"{number}: {arms}{least}{most}"


WORDS = {
    Above: _above,
    Alike: _alike,
    Reaches: _reaches,
    Measured: _measured,
    Untested: lambda trial, label_of: "not tested",
}
