"""The jobs of a project as its Snakefile has them: `python graph.py PATH_TO_JOBS CONFIG... -- TARGET...`."""

import os
import pickle
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.iocontainers import Snakemake
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings


def jobs_of_graph(configs: list[str], targets: list[str]) -> list[tuple[str, Snakemake]]:
    """Each job's script and what Snakemake injects into it, in an order in which they could run."""
    with SnakemakeApi(OutputSettings(dryrun=True, quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            ResourceSettings(cores=1),
            ConfigSettings(configfiles=tuple(map(Path, configs))),
            snakefile=Path("Snakefile"),
        )
        graph = workflow.dag(DAGSettings(targets=frozenset(targets)))
        graph.execute_workflow(executor="local", pseudo_executor="dryrun")
        dag = workflow._workflow.dag
        levels = [sorted(level, key=str) for level in dag.toposorted()]
    return [
        (Path(job.rule.script).name, told_to(job)) for level in levels for job in level if job.rule.script
    ]


def told_to(job) -> Snakemake:
    """What Snakemake injects into the script of a job."""
    told = (job.input, job.output, job.params, job.wildcards, job.threads, job.resources, job.log)
    return Snakemake(*told, {}, job.rule.name, None, "")


if __name__ == "__main__":
    path_to_jobs, *words = sys.argv[1:]
    between = words.index("--")
    jobs = jobs_of_graph(words[:between], words[between + 1 :])
    Path(path_to_jobs).write_bytes(pickle.dumps(jobs))
    # What the Snakefile started has nothing to wait for.
    os._exit(0)
