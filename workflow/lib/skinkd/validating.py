"""How good a network is on the validation part; everything stays on the device."""

from collections.abc import Generator

import torch
from torch import Tensor

from skinkd.losses import hard_loss, objective


def validation_steps(trainer) -> Generator[None, None, dict[str, Tensor]]:
    """Look at the validation part, pausing after every batch.

    Returns:
        objective, hard loss, accuracy and balanced accuracy; scalars, float64, on the device.
    """
    # Terms that relate the pictures of a batch are a mean over batches; others take all logits at once.
    at_once = asks_for_logits_only(trainer)
    part, logits, sums = trainer.validation_part, [], 0
    for chosen in trainer.schedule.of_validation(part):
        # A mode of torch is the whole thread's, and others use it in the pauses.
        with torch.no_grad():
            if at_once:
                logits.append(trainer.signals.logits_of(part.batch(chosen)))
            else:
                signals = trainer.signals_of(part, chosen, None)
                logits.append(signals["student"])
                sums = sums + len(chosen) * losses_of(trainer.terms, signals)
        yield
    with torch.no_grad():
        logits = torch.cat(logits)
        means = losses_of(trainer.terms, _signals_of_all(trainer, logits)) if at_once else sums / len(part)
        return dict(zip(("validation_loss", "validation_hard_loss"), means, strict=True)) | accuracies(
            logits, part
        )


def asks_for_logits_only(trainer) -> bool:
    """Whether the objective can be computed from the logits of the whole part at once."""
    signals = trainer.signals
    return signals.teacher is None and signals.projection is None and not trainer.helpers


def _signals_of_all(trainer, logits: Tensor) -> dict[str, Tensor]:
    """Logits of the whole validation part, and what cached teachers said of it."""
    part, cached = trainer.validation_part, trainer.cached
    everyone = part.on_device(torch.arange(len(part)))
    return {"student": logits, "labels": part.labels} | (cached.of_batch(everyone, None) if cached else {})


def losses_of(terms, signals: dict[str, Tensor]) -> Tensor:
    """Objective and hard loss, (2,) float64."""
    values = [of(terms, signals) for of in (objective, hard_loss)]
    return torch.stack(
        [torch.as_tensor(value, device=signals["student"].device).double() for value in values]
    )


def accuracies(logits: Tensor, part) -> dict[str, Tensor]:
    """The share of images that are right, and the mean of the shares of each class that the part has.

    Args:
        logits: of the whole part, (n, classes).
    """
    right = (logits.argmax(dim=1) == part.labels).float()
    counts = part.class_counts()
    recalls = torch.zeros(len(counts), device=part.device).index_add_(0, part.labels, right) / counts
    return {
        "validation_accuracy": right.mean().double(),
        "validation_balanced_accuracy": recalls[counts > 0].mean().double(),
    }
