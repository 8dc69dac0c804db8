"""The first phase of SSKD: a teacher's self-supervision head learns to find a turned picture's own picture.

Source: Xu et al., Knowledge Distillation Meets Self-Supervision, ECCV 2020, section 3.2; Wang et al., SSD-KD,
MedIA 2023, section 2.4.
"""

from skinkd.dataset import Part
from skinkd.device import Device
from skinkd.losses import Term
from skinkd.self_supervision import contrastive
from skinkd.signals import Signals
from skinkd.training import Recipe, Trainer


def make_projection_trainer(network, head, parts: dict[str, Part], run: dict, device: Device) -> Trainer:
    """A trainer of `head` alone on the features of a frozen network.

    # ASSUME: The head that is kept has the lowest contrastive loss on the validation part, as in the
    # authors' code; neither paper says.

    Args:
        network: the teacher, a `torch.nn.Module`; no parameter of it is changed.
        head: the self-supervision head.
        run: seed, views, and the recipe as in the config.
    """
    recipe = run["recipe"]
    sgd = {key: recipe[key] for key in ("learning_rate", "momentum", "weight_decay")}
    for module in (network, head):
        module.to(device.name)
    return Trainer(
        Signals(
            network.requires_grad_(False),
            {"student_projection"},
            device=device,
            projection=head,
            trains_network=False,
        ),
        parts["train"],
        parts["validation"],
        terms=[Term("contrastive", 1.0, contrastive, ("student_projection",), needs_teacher=False)],
        cached=None,
        recipe=Recipe(
            epochs=recipe["epochs"],
            batch_size=recipe["batch_size"],
            optimizer={"name": "sgd", **sgd},
            selection="validation_loss",
            early_stop_epochs=recipe["early_stop_epochs"],
            milestones=tuple(recipe["milestones"]),
        ),
        views=run["views"],
        seed=run["seed"],
        device=device,
    )
