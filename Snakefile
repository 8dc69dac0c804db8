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

from skinkd import standby
from skinkd.claims import Claim, WithoutLocks
from skinkd.companions import write_companions_of

# Libraries of linear algebra would each start a thread per core, in every job; sums would depend on their number.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
# Snakemake puts this into a shell's command as it is.
sys.executable = standby.interpreter()


include: "workflow/rules/common.smk"


rule report:
    """The page, the document, the tables, and results.json behind them."""
    default_target: True
    input:
        f"{REPORT}/report.html",
        f"{REPORT}/report.tex",
        f"{REPORT}/results.json",


# In the order the data flows.
include: "workflow/rules/archive.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/split.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/explain.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/version.smk"


# Snakemake refuses a second run in this folder; who runs the first, it does not say.
RUN_OF_GRAPH = Claim(f"{RESULTS}/unfinished/run")
if workflow.is_main_process and (holder := RUN_OF_GRAPH.holder()):
    print(f"{Path(RESULTS).resolve()} is in use by {holder}: wait for that run, or end it.", file=sys.stderr)


onstart:
    with suppress(WithoutLocks):
        RUN_OF_GRAPH.take()
    write_companions_of(workflow, COMPANIONS, STUDY.config.device, gpu=GPU)
    if workflow.local_exec:
        # Snakemake 9.27 looks for work again one second after each look: every job that ends adds another chain
        # of looks. Only its limit on submissions asks for that, and nothing is submitted here.
        workflow.scheduler.job_rate_limiter = None
        standby.start()


onerror:
    RUN_OF_GRAPH.release()


onsuccess:
    RUN_OF_GRAPH.release()
    # Other targets leave an older page as it was, or none; make names the page by itself.
    page = Path(REPORT, "report.html")
    if "MAKELEVEL" not in os.environ and page.exists() and page.stat().st_mtime >= STARTED_S:
        print(f"\nThe report is {page.resolve()}")
