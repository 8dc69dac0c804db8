"""Time every kind of network of the study, and both files of the student, in one run."""

import os
from functools import partial

import numpy as np

from skinkd.checkpoints import load_network
from skinkd.deploy.onnx_model import OnnxModel, export
from skinkd.deploy.packaged import PackagedNetwork
from skinkd.deploy.records import read_record_of, write_sealed
from skinkd.deploy.timing import HOW, time_in_turns
from skinkd.device import choose_device
from skinkd.jobs import logged_to


def time_networks(
    paths_to_networks,
    told,
    path_to_about,
    student,
    turns,
    repeats,
    repository,
    path_to_record,
):
    """Export each network, run all of them in turns, write size and time of each.

    Args:
        told: of each network, the arms that have it, with their roles.
        student: path of the student's file by precision.
        turns, repeats: see `time_in_turns`.
    """
    choose_device("cpu", "float32", threads=1)
    about = read_record_of(path_to_about)
    picture = np.random.default_rng(0).integers(0, 256, (1, about["size_px"], about["size_px"], 3), np.uint8)
    rows, models = {}, {}
    for path, arms in zip(paths_to_networks, told, strict=True):
        network, description = load_network(path)
        content = export(PackagedNetwork(network, description["size_px"], 1.0), description["size_px"])
        name = "/".join(arms[0]["arm"])
        rows[name] = row_of(description, arms, len(content)) | {"network_bytes": os.path.getsize(path)}
        models[name] = OnnxModel(content)
    for precision, path in student.items():
        name = f"shipped {precision}"
        rows[name] = row_of(about, [], os.path.getsize(path)) | {"precision": precision, "shipped": True}
        models[name] = OnnxModel(path)
    times = time_in_turns(
        {name: partial(model.probabilities, picture) for name, model in models.items()},
        turns=turns,
        repeats=repeats,
    )
    table = [row | times[name] for name, row in rows.items()]
    # What else the machine did makes all networks slower alike.
    load = {"load_average_1_min": round(os.getloadavg()[0], 2)}
    record = {
        "how": HOW,
        **load,
        "turns": turns,
        "repeats": repeats,
        "size_px": about["size_px"],
        "networks": table,
    }
    write_sealed(path_to_record, record, {"about": path_to_about, **student}, repository)
    for row in table:
        print(
            f"{row['network']['name']:16}{row['precision']:9}{row['bytes']:>12,} bytes{row['p50_ms']:9.3f} ms"
        )


def row_of(description: dict, arms: list[dict], size_bytes: int) -> dict:
    """What one network is; its times follow."""
    return {
        "network": description["network"],
        "classes": len(description["classes"]),
        "parameters": description.get("parameters"),
        "roles": sorted({arm["role"] for arm in arms}),
        "arms": ["/".join(arm["arm"]) for arm in arms],
        "precision": "float32",
        "shipped": False,
        "bytes": size_bytes,
    }


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        time_networks(
            paths_to_networks=list(snakemake.input.networks),
            told=list(snakemake.params.told),
            path_to_about=snakemake.input.about,
            student={"float32": snakemake.input.onnx, "int8": snakemake.input.int8},
            turns=snakemake.params.turns,
            repeats=snakemake.params.repeats,
            repository=snakemake.params.repository,
            path_to_record=snakemake.output.record,
        )
