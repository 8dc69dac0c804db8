"""skinkd: from an archive of dermoscopic images to a report beside the published numbers.

snakemake --cores 2 report                                        the embedded demo, minutes, no network
snakemake --cores 2 report --configfile config/ham10000.yaml      the same graph on real images
snakemake --list-rules                                            what each rule is for
"""

import os
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

STARTED_S = time.time()


configfile: "config/config.yaml"


# Scripts and rules import the study's own package from here, uninstalled.
sys.path.insert(0, str(Path(workflow.basedir, "workflow", "lib")))

from skinkd import preflight, standby
from skinkd.claims import Claim, WithoutLocks
from skinkd.companions import write_companions_of
from skinkd.errors import InputError
from skinkd.repetitions import repeat_only_what_was_cut_short
from skinkd.stale_locks import take_over

# Libraries of linear algebra would each start a thread per core, in every job; sums would depend on their number.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Nobody else needs to know what runs here.
os.environ |= {"DO_NOT_TRACK": "1", "DVC_NO_ANALYTICS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
# Snakemake puts this into a shell's command as it is. Where jobs run, it does not know before it starts.
sys.executable = standby.interpreter() if workflow.subprocess_exec else standby.escaped()


include: "workflow/rules/common.smk"


# Of the Containerfile, for --software-deployment-method apptainer; nothing else looks for it.
container: "skinkd.sif"


rule report:
    """The page, the document, the tables, and results.json behind them."""
    default_target: True
    input:
        f"{REPORT}/report.html",
        f"{REPORT}/report.tex",
        f"{REPORT}/results.json",
        f"{REPORT}/provenance.json",
        # A file that is missing only on the way to others, Snakemake does not make.
        NOTED_CONFIG,


# In the order the data flows.
include: "workflow/rules/archive.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/split.smk"
include: "workflow/rules/validate.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/report_files.smk"
include: "workflow/rules/contrast.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/partial_report.smk"
include: "workflow/rules/deploy_files.smk"
include: "workflow/rules/deploy.smk"
include: "workflow/rules/ask.smk"
include: "workflow/rules/version.smk"


# Snakemake refuses a second run in this folder; who runs the first, it does not say, nor whether it still runs.
RUN_OF_GRAPH = Claim(f"{RESULTS}/unfinished/run")


if workflow.is_main_process:
    take_over(
        RUN_OF_GRAPH,
        RESULTS,
        command_of("--unlock"),
        say=partial(print, file=sys.stderr),
        dry_run=workflow.logger_manager.settings.dryrun,
    )
    if holder := RUN_OF_GRAPH.holder():
        print(in_use_by(holder), file=sys.stderr)


onstart:
    if not workflow.touch:
        try:
            preflight.check_surroundings(workflow, STUDY)
        except InputError as error:
            raise WorkflowError(str(error)) from None
    with suppress(WithoutLocks):
        # Snakemake's own lock lets runs of different targets pass, and goes with the first that ends.
        if not RUN_OF_GRAPH.take():
            raise WorkflowError(in_use_by(RUN_OF_GRAPH.holder() or "another process"))
    write_companions_of(workflow, COMPANIONS, STUDY.config.device, gpu=GPU)
    repeat_only_what_was_cut_short(workflow.scheduler)
    if workflow.local_exec:
        # Snakemake 9.27 looks for work again one second after each look: every job that ends adds another chain
        # of looks. Only its limit on submissions asks for that, and nothing is submitted here.
        workflow.scheduler.job_rate_limiter = None
        sys.executable = standby.interpreter()
        standby.start()


onerror:
    RUN_OF_GRAPH.release()
    if "partial_report" not in sys.argv:
        print(f"\nA report of what did end: {command_of('partial_report')}", file=sys.stderr)


onsuccess:
    RUN_OF_GRAPH.release()
    # Other targets leave an older page as it was, or none; make names the page by itself.
    for what, folder in (("The report is", REPORT), ("The report of what did end is", PARTIAL)):
        page = Path(folder, "report.html")
        if "MAKELEVEL" not in os.environ and page.exists() and page.stat().st_mtime >= STARTED_S:
            print(f"\n{what} {page.resolve()}")
