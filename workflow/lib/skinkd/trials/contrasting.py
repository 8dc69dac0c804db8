"""Paired differences of the arms that a claim sets against each other."""

from collections.abc import Callable

import numpy as np

from skinkd.arm_numbers import by_seed, entries, resampled_numbers
from skinkd.intervals import Resampled
from skinkd.tested_arms import Arm, check_same_images
from skinkd.trials.declared import Above, Alike, Trial


def contrasts(
    trials: list[Trial], runs: set[str], arm_of: Callable[[str], Arm], *, confidence: float, **drawn
) -> list[dict]:
    """One record for each pair and metric of each claim whose arms both ran, under one protocol.

    Both sides are seen under the same resamples of lesions, those of the arms' own scores. Beside the
    interval stands a wider one, which all comparisons of a claim keep together (Bonferroni).

    Args:
        trials: the paper's claims.
        runs: names of the arms that ran.
        arm_of: an arm on its test images, by name.
        confidence: share of the resamples inside an interval.
        drawn: `resamples` and `seed`.

    Raises:
        InputError: where two arms were tested on different images.
    """
    wanted = [(trial, _pairs_that_ran(trial, runs)) for trial in trials if isinstance(trial, Above | Alike)]
    names = list(dict.fromkeys(arm for _, pairs in wanted for pair in pairs for arm in pair))
    if not names:
        return []
    arms = {name: arm_of(name) for name in names}
    for name in names[1:]:
        check_same_images(names[0], name, arms[names[0]], arms[name])
    seen = Seen(arms, resampled_numbers(list(arms.values()), **drawn))
    return [
        record
        for trial, pairs in wanted
        for metric in trial.metrics
        for pair in pairs
        for record in [seen.difference(trial, metric, pair, len(pairs) * len(trial.metrics), confidence)]
    ]


def _pairs_that_ran(trial, runs: set[str]) -> list[list[str]]:
    return [pair for pair in trial.pairs if set(pair) <= runs]


class Seen:
    """The numbers of several arms, as they are and under the same resamples.

    Args:
        arms: by name.
        draws: (resamples, arms, entries).
    """

    def __init__(self, arms: dict[str, Arm], draws: Resampled):
        self.places = {name: place for place, name in enumerate(arms)}
        self.entries = entries(next(iter(arms.values())).classes)
        self.values = np.stack([by_seed(arm)[:, 0].mean(axis=0) for arm in arms.values()])
        self.draws = draws

    def difference(self, trial: Trial, metric: str, pair: list[str], together: int, confidence: float):
        """First arm minus second of a pair, with both intervals."""
        entry = self.entries.index((metric, ""))
        first, second = (self.places[name] for name in pair)
        draws = self.draws.of(lambda numbers: numbers[:, first, entry] - numbers[:, second, entry])
        low, high = draws.interval(confidence)
        wide_low, wide_high = draws.interval(1 - (1 - confidence) / together)
        numbers = {
            **{"value": self.values[first, entry] - self.values[second, entry], "low": low, "high": high},
            **{"wide_low": wide_low, "wide_high": wide_high},
        }
        named = {"claim": trial.id, "arm": pair[0], "other": pair[1], "metric": metric}
        return named | {key: None if np.isnan(value) else float(value) for key, value in numbers.items()}
