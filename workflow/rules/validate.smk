"""What trainings rest on, looked at before any of them: classes, folds, pictures, batches, weights, the device.

A check that a training waits for depends on nothing that this training does not depend on, its own code
included: if the check runs again, all that waits for it is trained again.

needs   RESULTS/ingest/{source}/, RESULTS/split/{paper}/{protocol}/, RESULTS/weights/
makes   RESULTS/validated/splits/{paper}/{protocol}/fold{fold}.json    what is wrong, if anything
        RESULTS/validated/weights/{weights}/{network}.json
        RESULTS/validated/study.json                                   where nothing is wrong
"""

# Networks and what they start from, by the names of their records.
STARTS = grid.starts(STUDY)


rule validate_split:
    """Checks an archive and a fold of it; trainings stop at what it finds."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        table=lambda wc: ingested(wc, "images.csv"),
        manifest=lambda wc: ingested(wc, "manifest.json"),
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        summary=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.json",
    output:
        validated=f"{RESULTS}/validated/splits/{{paper}}/{{protocol}}/fold{{fold}}.json",
    log:
        f"{RESULTS}/logs/validate_split/{{paper}}/{{protocol}}/fold{{fold}}.log",
    priority: 2
    conda:
        "../../envs/torch.yaml"
    params:
        classes=lambda wc: list(classes_of(STUDY.paper(wc.paper, wc.protocol).split.name)),
        size_px=STUDY.config.size_px,
    script:
        "../scripts/validate_split.py"


rule validate_weights:
    """Checks pretrained weights against their digest and a network; trainings stop at what it finds."""
    input:
        weights=lambda wc: path_to_weights(wc.weights),
    output:
        validated=f"{RESULTS}/validated/weights/{{weights}}/{{network}}.json",
    log:
        f"{RESULTS}/logs/validate_weights/{{weights}}/{{network}}.log",
    wildcard_constraints:
        weights="[a-z0-9_]+",
        network="[a-z0-9_]+-[0-9a-f]+",
    priority: 2
    conda:
        "../../envs/torch.yaml"
    params:
        network=lambda wc: STARTS[f"{wc.weights}/{wc.network}"],
        sha256=lambda wc: STUDY.config.weights[wc.weights].sha256,
        size_px=STUDY.config.size_px,
    script:
        "../scripts/validate_weights.py"


rule validate:
    """Checks everything that the study's trainings rest on, and the device, and trains nothing."""
    input:
        records=[
            *(
                f"{RESULTS}/validated/splits/{paper}/{protocol}/fold{fold}.json"
                for paper, protocol, fold in grid.splits(STUDY)
            ),
            *(f"{RESULTS}/validated/weights/{start}.json" for start in STARTS),
        ],
        splits=[
            f"{RESULTS}/split/{paper}/{protocol}/fold{fold}.csv"
            for paper, protocol, fold in grid.splits(STUDY)
        ],
        code=imports_of("validate.py"),
    output:
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
        batches=lambda wc: [grid.batches(STUDY, *split[:2]) for split in grid.splits(STUDY)],
    script:
        "../scripts/validate.py"
