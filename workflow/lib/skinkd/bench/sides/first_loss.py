"""The objective of our first batch before any step; it is not timed."""

from skinkd.bench.ours import first_loss, trainer_of


def prepare(**settings):
    """Computed once; `settings` as `trainer_of` takes them."""
    loss = first_loss(trainer_of(**settings))
    return lambda: {"images": 0, "loss": loss}
