"""Train one network, with or without teachers; write its weights, its learning curve and its predictions."""

from dataclasses import asdict

from skinkd.companions import TrainingJob, pools_of, told_to
from skinkd.findings import check_findings
from skinkd.jobs import logged_to
from skinkd.repetitions import marked_where_in_vain
from skinkd.training_jobs import do


def train(folder_of_companions=None, **told) -> float:
    """Train the network of a job, from a checkpoint where there is one; write all outputs.

    With it, in the same steps, students of its companions; or take what a companion's job made of this one.

    Returns:
        the seconds in which it only waited for another job.
    """
    job = TrainingJob(**told)
    return do(job, pools_of(job, folder_of_companions) if folder_of_companions else ())


if __name__ == "__main__":
    with (
        logged_to(snakemake.log[0], snakemake.output.cost) as cost,
        marked_where_in_vain(snakemake.params.checkpoint),
    ):
        check_findings(snakemake.input.validated)
        cost.waited_s = train(folder_of_companions=snakemake.params.companions, **asdict(told_to(snakemake)))
