"""Networks, teachers and students alike, and what teachers hand to students.

needs   RESULTS/ingest/{source}/images.npy, RESULTS/split/{paper}/{protocol}/fold{fold}.csv and .json
makes   RESULTS/networks/RUN.safetensors, RESULTS/histories/RUN.csv, RESULTS/predictions/RUN.csv
        RESULTS/logs/train/RUN.not-finite.csv   pictures of the batch whose loss is no number, if one is
        RESULTS/targets/RUN.safetensors       a teacher's logits of every image in every view
        RESULTS/projections/RUN.safetensors   a teacher's self-supervision head
"""

COMPANIONS = f"{RESULTS}/unfinished/companions"
# How often a job goes on that was stopped, was killed, or had too many students for its GPU; with each try
# half as many step together. Jobs that refuse an input are not repeated, see skinkd.repetitions.
# Within a submission to a cluster nothing is repeated: that would be in the same allocation.
CUT_SHORT = 0 if workflow.remote_exec else 3
# Snakemake lends whole GPUs; where several jobs share one, it is as if there were more.
if GPU and workflow.local_exec and "gpu" in workflow.global_resources:
    workflow.register_resource(
        "gpu", workflow.global_resources["gpu"].value * STUDY.config.device.jobs_per_gpu
    )


rule train:
    """Trains a network on hard labels or from its teachers, and writes its predictions."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        summary=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.json",
        initial=weights_of,
        validated=validated_for,
        teachers=lambda wc: taught_by(wc, "networks"),
        targets=lambda wc: taught_by(wc, "targets", teaches=("cached",)),
        projections=projections_of,
        code=training_code,
    output:
        network=f"{RESULTS}/networks/{RUN}.safetensors",
        history=f"{RESULTS}/histories/{RUN}.csv",
        predictions=f"{RESULTS}/predictions/{RUN}.csv",
        cost=f"{RESULTS}/costs/train/{RUN}.json",
    log:
        f"{RESULTS}/logs/train/{RUN}.log",
    retries: CUT_SHORT
    # On a cluster, students of whom nobody learns can share a submission.
    group:
        lambda wc: None if STUDY.teaches_others(wc.paper, wc.protocol, wc.arm) else "students"
    conda:
        "../../envs/torch.yaml"
    threads: DEVICE["threads"]
    resources:
        gpu=GPU,
    params:
        run=run_of,
        device=DEVICE,
        checkpoint=f"{RESULTS}/unfinished/networks/{RUN}.pt",
        companions=COMPANIONS,
    script:
        "../scripts/train.py"


rule cache_targets:
    """Runs a teacher over every image in every view, once, for all its students."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        summary=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.json",
        teacher=f"{RESULTS}/networks/{RUN}.safetensors",
        code=lambda wc: imports_of(
            "cache_targets.py",
            *STUDY.modules(wc.paper, wc.protocol, wc.arm)[:2],
        ),
    output:
        targets=f"{RESULTS}/targets/{RUN}.safetensors",
        cost=f"{RESULTS}/costs/cache_targets/{RUN}.json",
    log:
        f"{RESULTS}/logs/cache_targets/{RUN}.log",
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


rule train_projection:
    """Trains a teacher's self-supervision head on frozen features: the first phase of SSKD."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        summary=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.json",
        teacher=f"{RESULTS}/networks/{RUN}.safetensors",
        code=lambda wc: imports_of(
            "train_projection.py",
            *STUDY.modules(wc.paper, wc.protocol, wc.arm)[:2],
        ),
    output:
        projection=f"{RESULTS}/projections/{RUN}.safetensors",
        history=f"{RESULTS}/projections/{RUN}.csv",
        cost=f"{RESULTS}/costs/train_projection/{RUN}.json",
    log:
        f"{RESULTS}/logs/train_projection/{RUN}.log",
    priority: 1
    retries: CUT_SHORT
    conda:
        "../../envs/torch.yaml"
    threads: DEVICE["threads"]
    resources:
        gpu=GPU,
    params:
        run=projection_run_of,
        device=DEVICE,
        checkpoint=f"{RESULTS}/unfinished/projections/{RUN}.pt",
    script:
        "../scripts/train_projection.py"
