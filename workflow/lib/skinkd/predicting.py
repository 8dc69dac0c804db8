"""What a network says of whole parts of a split."""

import numpy as np
import torch

from skinkd.dataset import Part, predict_logits
from skinkd.predictions import Predictions


def predict_parts(network, parts: list[Part], device, run: dict) -> Predictions:
    """Logits of every image of the parts, unaugmented.

    Args:
        network: on the device; left in evaluation mode.
        run: names the paper, protocol, arm, fold and seed of the predictions.
    """
    logits = torch.cat([predict_logits(network, part, device) for part in parts])
    tables = {
        column: np.concatenate([part.table[column].to_numpy(object) for part in parts])
        for column in ("image", "lesion", "part")
    }
    return Predictions(
        **{key: run[key] for key in ("paper", "protocol", "arm", "fold", "seed")},
        classes=parts[0].classes,
        images=tables["image"],
        lesions=tables["lesion"],
        parts=tables["part"],
        labels=torch.cat([part.labels for part in parts]).cpu().numpy(),
        logits=logits.cpu().double().numpy(),
    )
