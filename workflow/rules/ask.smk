"""Asking the student that ships: in a browser, or here about pictures that the config names.

needs   RESULTS/deploy/model, and onnxruntime-web from npm for the page
makes   RESULTS/deploy/runtime/               what a browser runs ONNX files with
        RESULTS/deploy/student.html           the student in one file, which opens from a disk
        RESULTS/deploy/predictions/           predictions.csv and predictions.html
"""

from skinkd.deploy.asked import pictures_asked
from skinkd.deploy.student_page import PARTS, STYLE, TEMPLATE, describe_data
from skinkd.deploy.web_runtime import BINARY, SCRIPT

PAGE_PARTS = "report/student_page"


localrules:
    fetch_runtime,


rule fetch_runtime:
    """Fetches onnxruntime for browsers from npm, by the digests in package-lock.json."""
    input:
        package=f"{PAGE_PARTS}/package.json",
        lock=f"{PAGE_PARTS}/package-lock.json",
        code=imports_of("fetch_runtime.py"),
    output:
        script=f"{DEPLOY}/runtime/{SCRIPT}",
        binary=f"{DEPLOY}/runtime/{BINARY}",
    log:
        f"{RESULTS}/logs/deploy/fetch_runtime.log",
    conda:
        "../../envs/deploy.yaml"
    script:
        "../scripts/fetch_runtime.py"


rule student_page:
    """Writes the page that runs the student in a browser: one file, no server."""
    input:
        about=f"{MODEL}/model.json",
        onnx=f"{MODEL}/student.onnx",
        script=f"{DEPLOY}/runtime/{SCRIPT}",
        binary=f"{DEPLOY}/runtime/{BINARY}",
        lock=f"{PAGE_PARTS}/package-lock.json",
        style="report/answers.css",
        parts=[f"{PAGE_PARTS}/{name}" for name in (TEMPLATE, STYLE, *PARTS)],
        code=imports_of("write_student_page.py"),
    output:
        page=f"{DEPLOY}/student.html",
    log:
        f"{RESULTS}/logs/deploy/student_page.log",
    conda:
        "../../envs/deploy.yaml"
    params:
        data=lambda wc: describe_data(STUDY.config.sources, STUDY.paper(*deployed.task_of(STUDY)).source),
    script:
        "../scripts/write_student_page.py"


rule predict:
    """Asks the student about pictures: --config 'predict=[a.jpg, b.png]'."""
    input:
        about=f"{MODEL}/model.json",
        onnx=f"{MODEL}/student.onnx",
        network=f"{MODEL}/network.safetensors",
        template="report/predictions.html.jinja",
        style=["report/answers.css", "report/predictions.css"],
        code=imports_of("predict.py"),
    output:
        table=f"{DEPLOY}/predictions/predictions.csv",
        page=f"{DEPLOY}/predictions/predictions.html",
    log:
        f"{RESULTS}/logs/deploy/predict.log",
    conda:
        "../../envs/deploy.yaml"
    params:
        # No input: Snakemake would take braces in a name for a wildcard. A changed picture has another digest.
        pictures=lambda wc: pictures_asked(STUDY.config.predict),
    script:
        "../scripts/predict.py"
