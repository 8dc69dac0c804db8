"""The student that ships: `make deploy`. No part of the report; nothing of it is made unless it is asked for.

needs   RESULTS/predictions/RUN.csv, RESULTS/networks/RUN.safetensors, the packed pictures and the splits
makes   RESULTS/deploy/model/               what one copies: student.onnx, student-int8.onnx, model.json, the card
        RESULTS/deploy/choice.json          the candidates and the rule, by validation
        RESULTS/deploy/export.json          parity with torch, temperature, calibration
        RESULTS/deploy/quantisation.json    how the eight bits came about
        RESULTS/deploy/evaluation.json      metrics on the test part, what eight bits cost, subgroups
        RESULTS/deploy/latency.json         size and time of every kind of network of the study
"""


localrules:
    deploy,


rule deploy:
    """The student that ships: its folder, its checks, its times."""
    input:
        f"{MODEL}/student.onnx",
        f"{MODEL}/student-int8.onnx",
        f"{MODEL}/model.json",
        f"{MODEL}/MODEL_CARD.md",
        f"{DEPLOY}/latency.json",


rule choose_student:
    """Chooses the best student by validation."""
    input:
        predictions=of_candidates("predictions", "csv"),
        networks=of_candidates("networks", "safetensors"),
        splits=of_shipped_task("csv"),
        summaries=of_shipped_task("json"),
        code=imports_of("choose_student.py"),
    output:
        choice=f"{DEPLOY}/choice.json",
    log:
        f"{RESULTS}/logs/deploy/choose_student.log",
    conda:
        "../../envs/deploy.yaml"
    params:
        arms=lambda wc: deployed.arms_described(STUDY),
        study=STUDY_TOLD,
        repository=".",
    script:
        "../scripts/choose_student.py"


rule export_student:
    """Exports the chosen student to ONNX and compares it with torch."""
    input:
        choice=f"{DEPLOY}/choice.json",
        networks=of_candidates("networks", "safetensors"),
        splits=of_shipped_task("csv"),
        summaries=of_shipped_task("json"),
        array=ingested_for_shipped("images.npy"),
        code=imports_of("export_student.py", "skinkd.augmentations.identity"),
    output:
        onnx=f"{MODEL}/student.onnx",
        network=f"{MODEL}/network.safetensors",
        about=f"{MODEL}/model.json",
        record=f"{DEPLOY}/export.json",
    log:
        f"{RESULTS}/logs/deploy/export_student.log",
    conda:
        "../../envs/deploy.yaml"
    params:
        study=STUDY_TOLD,
        repository=".",
    script:
        "../scripts/export_student.py"


rule quantise_student:
    """Writes the exported student in eight bits."""
    input:
        choice=f"{DEPLOY}/choice.json",
        onnx=f"{MODEL}/student.onnx",
        splits=of_shipped_task("csv"),
        summaries=of_shipped_task("json"),
        array=ingested_for_shipped("images.npy"),
        code=imports_of("quantise_student.py"),
    output:
        int8=f"{MODEL}/student-int8.onnx",
        record=f"{DEPLOY}/quantisation.json",
    log:
        f"{RESULTS}/logs/deploy/quantise_student.log",
    conda:
        "../../envs/deploy.yaml"
    params:
        pictures=256,
        seed=STUDY.config.statistics.seed,
        repository=".",
    script:
        "../scripts/quantise_student.py"


rule evaluate_student:
    """Scores both files of the student on the test part."""
    input:
        about=f"{MODEL}/model.json",
        onnx=f"{MODEL}/student.onnx",
        int8=f"{MODEL}/student-int8.onnx",
        splits=of_shipped_task("csv"),
        summaries=of_shipped_task("json"),
        array=ingested_for_shipped("images.npy"),
        table=ingested_for_shipped("images.csv"),
        code=imports_of("evaluate_student.py"),
    output:
        record=f"{DEPLOY}/evaluation.json",
    log:
        f"{RESULTS}/logs/deploy/evaluate_student.log",
    conda:
        "../../envs/deploy.yaml"
    params:
        source=lambda wc: STUDY.paper(*deployed.task_of(STUDY)).source,
        statistics=STUDY.config.statistics.model_dump(),
        repository=".",
    script:
        "../scripts/evaluate_student.py"


rule time_networks:
    """Times every kind of network of the study and both files of the student, in one run."""
    input:
        networks=lambda wc: of_runs("networks", "safetensors", deployed.timed(STUDY)),
        about=f"{MODEL}/model.json",
        onnx=f"{MODEL}/student.onnx",
        int8=f"{MODEL}/student-int8.onnx",
        code=imports_of("time_networks.py"),
    output:
        record=f"{DEPLOY}/latency.json",
    log:
        f"{RESULTS}/logs/deploy/time_networks.log",
    conda:
        "../../envs/deploy.yaml"
    # It computes with one: no other job shall run meanwhile. Where jobs are submitted, there are no cores to fill.
    threads: workflow.resource_settings.cores or 1
    params:
        told=timed_arms,
        turns=7,
        repeats=25,
        repository=".",
    script:
        "../scripts/time_networks.py"


rule write_card:
    """Writes the model card from what was measured."""
    input:
        **{
            name: f"{DEPLOY}/{name}.json"
            for name in ("choice", "export", "quantisation", "evaluation", "latency")
        },
        about=f"{MODEL}/model.json",
        splits=of_shipped_task("csv"),
        summaries=of_shipped_task("json"),
        manifest=ingested_for_shipped("manifest.json"),
        template="report/model_card.md.jinja",
        code=imports_of("write_card.py"),
    output:
        card=f"{MODEL}/MODEL_CARD.md",
    log:
        f"{RESULTS}/logs/deploy/write_card.log",
    conda:
        "../../envs/deploy.yaml"
    params:
        source=lambda wc: STUDY.config.sources[STUDY.paper(*deployed.task_of(STUDY)).source].model_dump(),
        statements=STUDY.config.study.statements,
        citation=lambda wc: STUDY.paper(*deployed.task_of(STUDY)).citation,
    script:
        "../scripts/write_card.py"
