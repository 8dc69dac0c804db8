"""Two kinds of training steps in one process, one after the other, so that both meet the same moments."""

from statistics import median

from skinkd.bench.ours import ALONE, steps_of, trainer_of
from skinkd.bench.sides.bare_steps import bare_steps_of


def prepare(steps: int, first: dict, second: dict | None = None, **settings):
    """`steps` pairs each time, of which the median counts.

    Args:
        first, second: what `trainer_of` takes beside `settings`; a second of None is the first's bare
            forward, backward and optimiser.
    """
    ours = steps_of(trainer_of(**first, **settings))
    if second is None:
        other = bare_steps_of(trainer_of(loss=ALONE, **settings))
    else:
        other = steps_of(trainer_of(**second, **settings))

    def work() -> dict:
        pairs = [(next(ours), next(other)) for _ in range(steps)]
        return {
            name: {key: median(cost[key] for cost in costs) for key in costs[0]}
            for name, costs in zip(("ours", "other"), zip(*pairs, strict=True), strict=True)
        }

    return work
