"""Say everything that was found wrong in the whole study, and try its device."""

import torch

from skinkd.device import choose_device
from skinkd.errors import InputError, InputErrors
from skinkd.findings import check_findings
from skinkd.records import write_record


def validate(paths_to_records, device: dict, path_to_study) -> None:
    """Write what was looked at, where no record has a problem and the device computes.

    Raises:
        InputErrors: all problems of all records, and the device's.
    """
    problems = []
    for look in (lambda: check_findings(paths_to_records), lambda: try_device(device)):
        try:
            look()
        except InputError as problem:
            problems.append(problem)
    if problems:
        raise InputErrors(problems)
    write_record(path_to_study, {"records": paths_to_records, "device": device})


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
            device=dict(snakemake.params.device),
            path_to_study=snakemake.output.study,
        )
