"""Export the chosen student to ONNX, preprocessing and temperature inside, and compare it with torch."""

import shutil

import numpy as np

from skinkd.atomic import digest_of, whole
from skinkd.calibration import describe_calibration, fit_temperature
from skinkd.dataset import predict_logits
from skinkd.deploy.chosen import check_has_pictures, open_network, open_split
from skinkd.deploy.onnx_model import OnnxModel, check_parity, export
from skinkd.deploy.packaged import PackagedNetwork
from skinkd.deploy.records import read_record_of, write_sealed
from skinkd.deploy.shipped import describe_model
from skinkd.device import choose_device
from skinkd.jobs import logged_to


def export_student(path_to_choice, paths_to_networks, splits, path_to_array, study, repository, outputs):
    """Fit the temperature on validation pictures, write the model and its record.

    Args:
        splits: paths of all candidates' tables and summaries.
        study: its name, title, scale, and whether all its pictures are synthetic.
        outputs: `onnx`, `network`, `about`, `record`.

    Raises:
        InputError: where the exported network does not say what torch's does.
    """
    chosen = read_record_of(path_to_choice)["chosen"]
    network, description, path_to_network = open_network(chosen, paths_to_networks)
    split = open_split(chosen, *splits, path_to_array)
    rows, part = split.rows("validation"), split.part("validation")
    check_has_pictures(rows, "validation")
    # As the model is shipped: in single precision, wherever the network was trained.
    logits = predict_logits(network, part, choose_device("cpu", "float32", threads=1)).double().numpy()
    labels = part.labels.numpy()
    temperature = float(np.float32(fit_temperature(logits, labels)))
    packaged = PackagedNetwork(network, description["size_px"], temperature)
    content = export(packaged, description["size_px"])
    parity = check_parity(packaged, OnnxModel(content), split.array, rows, logits)
    with whole(outputs["onnx"]) as partial:
        partial.write_bytes(content)
    with whole(outputs["network"]) as partial:
        shutil.copyfile(path_to_network, partial)
    made_from = {"choice": path_to_choice, "network": path_to_network}
    about = describe_model(chosen, description, packaged, study)
    about["files"] = {name: digest_of(outputs[name]) for name in ("onnx", "network")}
    write_sealed(outputs["about"], about, made_from, repository)
    record = {
        **{"chosen": chosen, "opset": about["opset"], "outputs": about["outputs"], "parity": parity},
        "temperature": temperature,
        "calibration": {"part": "validation", **describe_calibration(logits, labels, temperature)},
    }
    write_sealed(outputs["record"], record, made_from | {"onnx": outputs["onnx"]}, repository)
    print(f"temperature {temperature:.3f}; largest difference {parity['largest_difference']}")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        export_student(
            path_to_choice=snakemake.input.choice,
            paths_to_networks=list(snakemake.input.networks),
            splits=(list(snakemake.input.splits), list(snakemake.input.summaries)),
            path_to_array=snakemake.input.array,
            study=dict(snakemake.params.study),
            repository=snakemake.params.repository,
            outputs=dict(snakemake.output.items()),
        )
