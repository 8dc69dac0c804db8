"""Teachers, their cached targets, and students.

needs   RESULTS/ingest/{source}/images.npy, RESULTS/split/{paper}/{protocol}/fold{fold}.csv and .json
makes   RESULTS/teachers/RUN.safetensors and .csv     the network and its learning curve
        RESULTS/targets/RUN.safetensors               a teacher's logits of every image in every view
        RESULTS/students/RUN.safetensors and .csv
"""


rule train_teacher:
    """Trains a teacher on hard labels."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        summary=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.json",
        initial=weights_of,
        code=training_code,
    output:
        network=f"{RESULTS}/teachers/{RUN}.safetensors",
        history=f"{RESULTS}/teachers/{RUN}.csv",
    log:
        f"{RESULTS}/logs/train_teacher/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_teacher/{RUN}.tsv"
    priority: 2
    conda:
        "../../envs/torch.yaml"
    threads: DEVICE["threads"]
    resources:
        gpu=GPU,
    params:
        run=run_of,
        device=DEVICE,
        checkpoint=f"{RESULTS}/unfinished/teachers/{RUN}.pt",
    script:
        "../scripts/train.py"


rule cache_targets:
    """Runs a teacher over every image in every view, once, for all its students."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        teacher=f"{RESULTS}/teachers/{RUN}.safetensors",
        code=lambda wc: imports_of(
            "cache_targets.py",
            *STUDY.modules(wc.paper, wc.protocol, wc.arm)[:2],
        ),
    output:
        targets=f"{RESULTS}/targets/{RUN}.safetensors",
    log:
        f"{RESULTS}/logs/cache_targets/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/cache_targets/{RUN}.tsv"
    priority: 1
    conda:
        "../../envs/torch.yaml"
    threads: DEVICE["threads"]
    resources:
        gpu=GPU,
    params:
        views=lambda wc: STUDY.paper(wc.paper, wc.protocol).views,
        view_seed=STUDY.config.view_seed,
        augmentation=lambda wc: STUDY.paper(wc.paper, wc.protocol).augmentation.name,
        device=DEVICE,
    script:
        "../scripts/cache_targets.py"


rule train_student:
    """Trains a student, on hard labels or from a teacher's targets."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        summary=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.json",
        initial=weights_of,
        teacher=lambda wc: teacher_of(wc, "teachers"),
        targets=lambda wc: teacher_of(wc, "targets"),
        code=training_code,
    output:
        network=f"{RESULTS}/students/{RUN}.safetensors",
        history=f"{RESULTS}/students/{RUN}.csv",
    log:
        f"{RESULTS}/logs/train_student/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train_student/{RUN}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: DEVICE["threads"]
    resources:
        gpu=GPU,
    params:
        run=run_of,
        device=DEVICE,
        checkpoint=f"{RESULTS}/unfinished/students/{RUN}.pt",
    script:
        "../scripts/train.py"
