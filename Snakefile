"""skinkd: from an archive of dermoscopic images to a report beside the published numbers.

snakemake --cores 2 report                                        the embedded demo, minutes, no network
snakemake --cores 2 report --configfile config/ham10000.yaml      the same graph on real images
snakemake --list-rules                                            what each rule is for
"""

import os
import shlex
import sys
import time
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

STARTED_S = time.time()


configfile: "config/config.yaml"


# Snakemake calls scripts by this path without quoting it; the project's folder may have a space in its name.
if not sys.executable.startswith("'"):
    sys.executable = shlex.quote(sys.executable)

# Scripts and rules import the study's own package from here, uninstalled.
sys.path.insert(0, str(Path(workflow.basedir, "workflow", "lib")))


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


onstart:
    if workflow.local_exec:
        # Snakemake 9.27 looks for work again one second after each look: every job that ends adds another chain
        # of looks. Only its limit on submissions asks for that, and nothing is submitted here.
        workflow.scheduler.job_rate_limiter = None


onsuccess:
    # Other targets leave an older page as it was, or none; make names the page by itself.
    page = Path(REPORT, "report.html")
    if "MAKELEVEL" not in os.environ and page.exists() and page.stat().st_mtime >= STARTED_S:
        print(f"\nThe report is {page.resolve()}")
