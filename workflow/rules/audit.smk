"""What joins test images to training images, from the splits and again from the predictions.

needs   RESULTS/ingest/{source}/images.npy and .csv, RESULTS/split/{paper}/, RESULTS/predictions/{paper}/
makes   RESULTS/ingest/{source}/looks.npz       a perceptual hash and a small copy of each picture
        RESULTS/audit/{paper}.json              counts, and what an injected leak adds
        RESULTS/audit/{paper}.csv               near duplicates across the parts of each split
"""


rule hash_pictures:
    """Takes a hash and a small copy of every picture of an archive, so that look-alikes can be found."""
    input:
        array=f"{RESULTS}/ingest/{{source}}/images.npy",
        code=imports_of("hash_pictures.py"),
    output:
        looks=f"{RESULTS}/ingest/{{source}}/looks.npz",
    log:
        f"{RESULTS}/logs/hash_pictures/{{source}}.log",
    conda:
        "../../envs/report.yaml"
    script:
        "../scripts/hash_pictures.py"


rule audit:
    """Counts what joins test images to training images, and refuses a leak where none is promised."""
    input:
        tables=lambda wc: [
            f"{RESULTS}/ingest/{source}/images.csv" for source in grid.sources_of(STUDY, wc.paper)
        ],
        looks=lambda wc: [
            f"{RESULTS}/ingest/{source}/looks.npz" for source in grid.sources_of(STUDY, wc.paper)
        ],
        splits=lambda wc: [
            f"{RESULTS}/split/{wc.paper}/{split['protocol']}/fold{split['fold']}.csv"
            for split in grid.splits_of(STUDY, wc.paper)
        ],
        predictions=lambda wc: [
            path
            for cell in grid.cells_of(STUDY, wc.paper)
            for path in of_arm(f"{RESULTS}/predictions/{RUN}.csv", *cell)
        ],
        code=imports_of("audit.py"),
    output:
        record=f"{RESULTS}/audit/{{paper}}.json",
        pairs=f"{RESULTS}/audit/{{paper}}.csv",
    log:
        f"{RESULTS}/logs/audit/{{paper}}.log",
    conda:
        "../../envs/report.yaml"
    params:
        splits=lambda wc: grid.splits_of(STUDY, wc.paper),
        sources=lambda wc: grid.sources_of(STUDY, wc.paper),
        injections=lambda wc: {
            arm: {
                protocol: of_arm(f"{RESULTS}/predictions/{RUN}.csv", wc.paper, protocol, arm)
                for protocol in (CLEAN, INJECTED)
            }
            for arm in STUDY.injected(wc.paper)
        },
        near=STUDY.config.audit.model_dump(),
        statistics=STUDY.config.statistics.model_dump(),
    script:
        "../scripts/audit.py"
