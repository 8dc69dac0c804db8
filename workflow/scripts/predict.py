"""Write one network's logits of the validation and test images."""

import pandas as pd
import torch

from skinkd.atomic import digest_of
from skinkd.checkpoints import load_network
from skinkd.dataset import Part, open_array, predict_logits
from skinkd.device import choose_device
from skinkd.errors import InputError
from skinkd.jobs import logged_to
from skinkd.predictions import Predictions, write_predictions


def predict(path_to_array, path_to_split, path_to_network, device, path_to_predictions):
    """Read the network, run it over validation and test, write what it says."""
    device = choose_device(**device)
    network, description = load_network(path_to_network)
    device = device.for_network(network)
    array, split = open_array(path_to_array, path_to_split)
    if description["split"] != digest_of(path_to_split):
        raise InputError(
            "predictions",
            f"{path_to_network} was trained on another split than {path_to_split}",
            "Test images may have been among its training images",
            f"delete {path_to_network} and run again",
        )
    rows = pd.concat([split[split["part"] == part] for part in ("validation", "test")])
    part = Part(array, rows, description["classes"], augmentation="identity", view_seed=0, device=device.name)
    logits = predict_logits(network.to(device.name, memory_format=torch.channels_last), part, device)
    write_predictions(
        path_to_predictions,
        Predictions(
            **{key: description[key] for key in ("paper", "protocol", "arm", "fold", "seed")},
            classes=tuple(description["classes"]),
            images=rows["image"].to_numpy(object),
            lesions=rows["lesion"].to_numpy(object),
            parts=rows["part"].to_numpy(object),
            labels=part.labels.cpu().numpy(),
            logits=logits.cpu().double().numpy(),
        ),
    )


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        predict(
            path_to_array=snakemake.input.array,
            path_to_split=snakemake.input.split,
            path_to_network=snakemake.input.network,
            device=snakemake.params.device,
            path_to_predictions=snakemake.output.predictions,
        )
