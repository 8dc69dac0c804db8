"""The losses of the first steps are those that were seen before, for every kind of arm, on a CPU in float32.

`SKINKD_WRITE_GOLDEN=1 .venv/bin/python -m pytest tests/test_golden.py` writes them anew, after a change that
is meant to change them; with `tests/test_workflow.py -k golden` instead, those of the smoke config.
"""

import pandas as pd
import pytest
from arm_families import ARMS, jobs_of
from golden_losses import TOLERANCE, assert_golden, compare

EPOCHS = 2
# Other networks have norms over few numbers: in three steps they make 0.004 of what processors round at 1e-7.
STEADY = {"name": "dsnet", "parameters": {}}


@pytest.fixture(scope="module")
def losses(packed, tmp_path_factory):
    """Of training and of validation, epoch by epoch: six steps of each arm, and of a head."""
    jobs = jobs_of(packed(3), tmp_path_factory.mktemp("teachers"), EPOCHS, network=STEADY)
    found = {}
    for arm, job in jobs.items():
        folder = tmp_path_factory.mktemp(arm)
        job(folder=folder)
        for path in sorted(folder.glob("*.csv")):
            if "predictions" not in path.stem:
                table = pd.read_csv(path)[:EPOCHS]
                found[f"{arm} {path.stem}"] = [*table["train_loss"], *table["validation_loss"]]
    return found


def test_the_first_losses_of_every_kind_of_arm_are_golden(losses):
    assert {name.split()[0] for name in losses} == set(ARMS)
    assert all(len(values) == 2 * EPOCHS and len(set(values)) == len(values) for values in losses.values())
    assert_golden("arms", losses)


@pytest.mark.parametrize("place", [0, -1])
def test_another_loss_is_noticed(losses, place):
    """By twice the tolerance: a term that is weighed otherwise, or divided by another number."""
    for name in losses:
        changed = {key: list(values) for key, values in losses.items()}
        compare(changed, losses, TOLERANCE)
        changed[name][place] *= 1 + 2 * TOLERANCE
        with pytest.raises(AssertionError, match=name):
            compare(changed, losses, TOLERANCE)
        with pytest.raises(AssertionError, match=name):
            compare(changed | {name: losses[name][:-1]}, losses, TOLERANCE)
