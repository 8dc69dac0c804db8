"""Say everything that was found wrong in the whole study, look at batches and folds, and try the device."""

from collections import defaultdict
from pathlib import Path

import pandas as pd
import torch

from skinkd.batch_sizes import findings_of_batches
from skinkd.device import choose_device
from skinkd.errors import InputError, InputErrors
from skinkd.findings import check_findings, write_findings
from skinkd.records import write_record
from skinkd.split_findings import findings_of_tests


def validate(paths_to_records, paths_to_splits, batches: list[dict], device: dict, path_to_study) -> None:
    """Write what was looked at, where no record has a problem and the device computes.

    Args:
        batches: for each split, images in a batch by what is trained on it.

    Raises:
        InputErrors: all problems of all records, those of batches and folds, and the device's.
    """
    own = Path(path_to_study).with_name("recipes.json")
    write_findings(own, "the study", {}, findings_of_study(paths_to_splits, batches))
    problems = []
    for look in (lambda: check_findings([*paths_to_records, own]), lambda: try_device(device)):
        try:
            look()
        except InputError as problem:
            problems.append(problem)
    if problems:
        raise InputErrors(problems)
    write_record(path_to_study, {"records": paths_to_records, "device": device})


def findings_of_study(paths_to_splits, batches: list[dict]):
    """Yield folds of a paper and protocol with other test images than the first, and batches too large."""
    folds = defaultdict(dict)
    for path, recipes in zip(paths_to_splits, batches, strict=True):
        folds[Path(path).parent][str(path)] = pd.read_csv(path, dtype=str, keep_default_na=False)
        yield from findings_of_batches(recipes, Path(path).with_suffix(".json"))
    for splits in folds.values():
        yield from findings_of_tests(splits)


def try_device(told: dict) -> None:
    """Multiply on the device that the config asks for.

    Raises:
        InputError: where it is not there, or is there and does not compute.
    """
    device = choose_device(**told)
    try:
        ones = torch.ones(8, 8, device=device.name)
        with device.autocast():
            total = float((ones @ ones).sum())
    except RuntimeError as error:
        what = f"{device.name} does not compute: {str(error).splitlines()[0]}"
        fix = "look at the driver, or set device.name to cpu"
        raise InputError("device", what, "Every training would end at its start", fix) from None
    print(f"{device} computes: {total:.0f} of 512")


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        validate(
            paths_to_records=list(snakemake.input.records),
            paths_to_splits=list(snakemake.input.splits),
            batches=list(snakemake.params.batches),
            device=dict(snakemake.params.device),
            path_to_study=snakemake.output.study,
        )
