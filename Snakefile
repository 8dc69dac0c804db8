"""skinkd: from an archive of dermoscopic images to a report beside the published numbers.

snakemake --cores 2 report                                        the embedded demo, minutes, no network
snakemake --cores 2 report --configfile config/ham10000.yaml      the same graph on real images
snakemake --list-rules                                            what each rule is for
"""

import os
import sys
import time
from contextlib import suppress
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

# Libraries of linear algebra would each start a thread per core, in every job; sums would depend on their number.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
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
include: "workflow/rules/report.smk"


# Snakemake refuses a second run in this folder; who runs the first, it does not say.
RUN_OF_GRAPH = Claim(f"{RESULTS}/unfinished/run")
if workflow.is_main_process and (holder := RUN_OF_GRAPH.holder()):
    print(f"{Path(RESULTS).resolve()} is in use by {holder}: wait for that run, or end it.", file=sys.stderr)


onstart:
    if not workflow.touch:
        try:
            preflight.check_surroundings(workflow, STUDY)
        except InputError as error:
            raise WorkflowError(str(error)) from None
    with suppress(WithoutLocks):
        RUN_OF_GRAPH.take()
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


onsuccess:
    RUN_OF_GRAPH.release()
    # Other targets leave an older page as it was, or none; make names the page by itself.
    page = Path(REPORT, "report.html")
    if "MAKELEVEL" not in os.environ and page.exists() and page.stat().st_mtime >= STARTED_S:
        print(f"\nThe report is {page.resolve()}")
