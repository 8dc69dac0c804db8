"""What joins test images to training images, from the splits and again from the predictions.

needs   RESULTS/ingest/{source}/images.npy and .csv, RESULTS/split/{paper}/, RESULTS/predictions/{paper}/
makes   RESULTS/ingest/{source}/looks.npz       a perceptual hash and a small copy of each picture
        RESULTS/audit/{paper}.json              counts, and what an injected leak adds
        RESULTS/audit/{paper}.csv               near duplicates across the parts of each split
"""


def splits_audited(wildcards):
    """Protocol, fold and source of each split of a paper."""
    return [
        {"protocol": protocol, "fold": fold, "source": STUDY.paper(paper, protocol).source}
        for paper, protocol, fold in grid.splits(STUDY)
        if paper == wildcards.paper
    ]


def sources_audited(wildcards):
    """The archives of a paper, once each."""
    return sorted({split["source"] for split in splits_audited(wildcards)})


def cells_audited(wildcards):
    """Every arm of a paper that runs, with the sides of injected leaks."""
    cells = dict.fromkeys([*STUDY.cells(), *STUDY.injected_cells()])
    return [cell for cell in cells if cell[0] == wildcards.paper]


def injections_of(wildcards):
    """The prediction files of each arm that a leak was injected for, with the leak and without."""
    return {
        arm: {
            protocol: of_arm(f"{RESULTS}/predictions/{RUN}.csv", wildcards.paper, protocol, arm)
            for protocol in (CLEAN, INJECTED)
        }
        for arm in STUDY.injected(wildcards.paper)
    }


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
        tables=lambda wc: [f"{RESULTS}/ingest/{source}/images.csv" for source in sources_audited(wc)],
        looks=lambda wc: [f"{RESULTS}/ingest/{source}/looks.npz" for source in sources_audited(wc)],
        splits=lambda wc: [
            f"{RESULTS}/split/{wc.paper}/{split['protocol']}/fold{split['fold']}.csv"
            for split in splits_audited(wc)
        ],
        predictions=lambda wc: [
            path for cell in cells_audited(wc) for path in of_arm(f"{RESULTS}/predictions/{RUN}.csv", *cell)
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
        splits=splits_audited,
        sources=sources_audited,
        injections=injections_of,
        near=STUDY.config.audit.model_dump(),
        statistics=STUDY.config.statistics.model_dump(),
    script:
        "../scripts/audit.py"
