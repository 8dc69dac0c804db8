"""What is said of an arm beside its metrics: calibration, operating points, subgroups."""

from skinkd.details.calibration import calibration_of
from skinkd.details.operating_points import operating_points_of
from skinkd.details.subgroups import subgroups_of
from skinkd.tested_arms import tested


def details_of(files, about: dict[str, dict[str, str]] | None, **drawn) -> dict[str, dict]:
    """The records of an arm by their names in its score.

    Args:
        files: from `read_runs`.
        about: what is known of each image, from `read_about`; None where nothing is.
        drawn: `resamples`, `seed` and `confidence` of the intervals.
    """
    return {
        "calibration": calibration_of(files, **drawn),
        "operating_points": operating_points_of(files, **drawn),
        "subgroups": subgroups_of(tested(files), about, **drawn),
    }
