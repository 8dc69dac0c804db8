"""What trainings rest on, looked at before any of them: classes, folds, pictures, batches, weights, the device.

needs   RESULTS/ingest/{source}/, RESULTS/split/{paper}/{protocol}/, RESULTS/weights/
makes   RESULTS/validated/papers/{paper}/{protocol}.json    what is wrong, if anything
        RESULTS/validated/weights/{weights}.json
        RESULTS/validated/study.json                        where nothing is wrong
"""


rule validate_protocol:
    """Checks archive, folds and batches of a paper under a protocol; trainings stop at what it finds."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        table=lambda wc: ingested(wc, "images.csv"),
        manifest=lambda wc: ingested(wc, "manifest.json"),
        splits=lambda wc: splits_of(wc, "csv"),
        summaries=lambda wc: splits_of(wc, "json"),
        code=imports_of("validate_protocol.py"),
    output:
        # Kept if the job is killed: trainings whose record is gone would be trained again.
        validated=update(f"{RESULTS}/validated/papers/{{paper}}/{{protocol}}.json"),
    log:
        f"{RESULTS}/logs/validate_protocol/{{paper}}/{{protocol}}.log",
    priority: 2
    conda:
        "../../envs/torch.yaml"
    params:
        told=lambda wc: {
            "paper": wc.paper,
            "protocol": wc.protocol,
            "classes": list(classes_of(STUDY.paper(wc.paper, wc.protocol).split.name)),
            "size_px": STUDY.config.size_px,
            "batches": grid.batches(STUDY, wc.paper, wc.protocol),
        },
    script:
        "../scripts/validate_protocol.py"


rule validate_weights:
    """Checks pretrained weights against their digest and against every network that starts from them."""
    input:
        weights=lambda wc: path_to_weights(wc.weights),
        code=lambda wc: imports_of(
            "validate_weights.py",
            *sorted({f"skinkd.networks.{name}" for name, _, _ in grid.networks_from(STUDY, wc.weights)}),
        ),
    output:
        validated=update(f"{RESULTS}/validated/weights/{{weights}}.json"),
    log:
        f"{RESULTS}/logs/validate_weights/{{weights}}.log",
    wildcard_constraints:
        weights="[a-z0-9_]+",
    priority: 2
    conda:
        "../../envs/torch.yaml"
    params:
        networks=lambda wc: grid.networks_from(STUDY, wc.weights),
        sha256=lambda wc: STUDY.config.weights[wc.weights].sha256,
        size_px=STUDY.config.size_px,
    script:
        "../scripts/validate_weights.py"


rule validate:
    """Checks everything that the study's trainings rest on, and the device, and trains nothing."""
    input:
        records=lambda wc: [
            *(f"{RESULTS}/validated/papers/{paper}/{protocol}.json" for paper, protocol in STUDY.papers),
            *(f"{RESULTS}/validated/weights/{name}.json" for name in grid.weights_used(STUDY)),
        ],
        code=imports_of("validate.py"),
    output:
        # A rule without output would run where Snakemake runs, not where a cluster trains.
        study=f"{RESULTS}/validated/study.json",
    log:
        f"{RESULTS}/logs/validate.log",
    conda:
        "../../envs/torch.yaml"
    threads: DEVICE["threads"]
    resources:
        gpu=GPU,
    params:
        device=DEVICE,
    script:
        "../scripts/validate.py"
