"""Training steps of the pipeline's own trainer."""

from itertools import islice

from skinkd.bench.ours import added, first_loss, steps_of, trainer_of


def prepare(steps: int, **settings):
    """`steps` steps each time; `settings` as `trainer_of` takes them."""
    trainer = trainer_of(**settings)
    loss, costs = first_loss(trainer), steps_of(trainer)
    return lambda: added(list(islice(costs, steps))) | {"loss": loss}
