"""The forecast of the papers' complete grid on this device."""

from skinkd.config import read_config
from skinkd.forecast import forecast
from skinkd.study import BASE, open_study

STEPS = 5


def prepare():
    """Measures all steps anew each time; says the grid's `hours`, one job at a time, and its `flop`."""
    config = BASE.with_name("full.yaml")
    study = open_study(read_config(BASE, config))

    def work() -> dict:
        record = forecast(study, config.name, STEPS)
        return {"images": record["jobs"]["total"], "hours": record["hours"], "flop": record["flop"]}

    return work
