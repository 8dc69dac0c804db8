"""Archives and pretrained weights.

needs   nothing but a folder or a network, where the study asks for real data
makes   RESULTS/archive/{source}/images.zip, and what its form has of ground_truth.csv, metadata.csv
        RESULTS/weights/{file}
"""


localrules:
    prefetch,
    download,
    pack_folders,
    fetch_weights,


rule prefetch:
    """Fetches all that the study takes from servers: for a machine with internet, before others train."""
    input:
        archives=lambda wc: [f"{RESULTS}/archive/{source}/{file}" for source, file in grid.downloads(STUDY)],
        weights=lambda wc: [path_to_weights(name) for name in grid.weights_used(STUDY)],


rule draw_archive:
    """Draws a synthetic archive in the form of ISIC 2019."""
    input:
        code=imports_of("draw_archive.py"),
    output:
        images=f"{RESULTS}/archive/{{source}}/images.zip",
        ground_truth=f"{RESULTS}/archive/{{source}}/ground_truth.csv",
        metadata=f"{RESULTS}/archive/{{source}}/metadata.csv",
        cost=f"{RESULTS}/costs/draw_archive/{{source}}.json",
    log:
        f"{RESULTS}/logs/draw_archive/{{source}}.log",
    wildcard_constraints:
        source=named("synthetic", "isic_challenge"),
    conda:
        "../../envs/torch.yaml"
    params:
        images=lambda wc: STUDY.config.sources[wc.source].images,
        seed=lambda wc: STUDY.config.sources[wc.source].seed,
        width_px=lambda wc: STUDY.config.sources[wc.source].width_px,
    script:
        "../scripts/draw_archive.py"


rule draw_folders:
    """Draws a synthetic archive as folders of nine classes, with that set's faults."""
    input:
        code=imports_of("draw_folders.py"),
    output:
        images=f"{RESULTS}/archive/{{source}}/images.zip",
        metadata=f"{RESULTS}/archive/{{source}}/metadata.csv",
        cost=f"{RESULTS}/costs/draw_folders/{{source}}.json",
    log:
        f"{RESULTS}/logs/draw_folders/{{source}}.log",
    wildcard_constraints:
        source=named("synthetic", "class_folders"),
    conda:
        "../../envs/torch.yaml"
    params:
        images=lambda wc: STUDY.config.sources[wc.source].images,
        seed=lambda wc: STUDY.config.sources[wc.source].seed,
        width_px=lambda wc: STUDY.config.sources[wc.source].width_px,
    script:
        "../scripts/draw_folders.py"


rule pack_folders:
    """Takes an archive of folders by class from its place on this machine."""
    input:
        code=imports_of("pack_folders.py"),
    output:
        images=f"{RESULTS}/archive/{{source}}/images.zip",
    log:
        f"{RESULTS}/logs/pack_folders/{{source}}.log",
    wildcard_constraints:
        source=named("class_folders"),
    conda:
        "../../envs/torch.yaml"
    params:
        path=lambda wc: STUDY.config.sources[wc.source].path,
        page=lambda wc: STUDY.config.sources[wc.source].page,
        # No output: it must outlive the packing that it is compared with.
        digests=f"{RESULTS}/archive/{{source}}/digests.csv",
    script:
        "../scripts/pack_folders.py"


rule download:
    """Fetches one file of an archive from a mirror or its url, and checks its digest."""
    input:
        code=imports_of("download.py"),
    output:
        file=f"{RESULTS}/archive/{{source}}/{{file}}",
    log:
        f"{RESULTS}/logs/download/{{source}}/{{file}}.log",
    wildcard_constraints:
        source=named("isic_challenge"),
        file="|".join(grid.ARCHIVE_FILES),
    conda:
        "../../envs/torch.yaml"
    params:
        sources=lambda wc: places_of(remote_of(wc)[1], remote_of(wc)[0].mirror),
        key=key_of,
        sha256=lambda wc: remote_of(wc)[1].sha256,
        size_bytes=lambda wc: remote_of(wc)[1].size_bytes,
    script:
        "../scripts/download.py"


rule fetch_weights:
    """Fetches pretrained weights from a mirror or their url, and checks their digest."""
    input:
        code=imports_of("download.py"),
    output:
        file=f"{RESULTS}/weights/{{weights}}/{{file}}",
    log:
        f"{RESULTS}/logs/fetch_weights/{{weights}}/{{file}}.log",
    wildcard_constraints:
        weights="[a-z0-9_]+",
    conda:
        "../../envs/torch.yaml"
    params:
        sources=lambda wc: places_of(
            STUDY.config.weights[wc.weights], STUDY.config.weights[wc.weights].mirror
        ),
        key=key_of,
        sha256=lambda wc: STUDY.config.weights[wc.weights].sha256,
        size_bytes=lambda wc: STUDY.config.weights[wc.weights].size_bytes,
    script:
        "../scripts/download.py"
