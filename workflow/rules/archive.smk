"""Archives and pretrained weights.

needs   nothing but a folder or a network, where the study asks for real data
makes   RESULTS/archive/{source}/images.zip, ground_truth.csv, metadata.csv
        RESULTS/weights/{file}
"""

SYNTHETIC = [name for name, source in STUDY.config.sources.items() if source.kind == "synthetic"]
REMOTE = [name for name in STUDY.config.sources if name not in SYNTHETIC]
ARCHIVE_FILES = {
    "images.zip": "images",
    "ground_truth.csv": "ground_truth",
    "metadata.csv": "metadata",
}


def remote_of(wildcards):
    """The config's entry for a file of an archive."""
    source = STUDY.config.sources[wildcards.source]
    return source, getattr(source.files, ARCHIVE_FILES[wildcards.file])


def places_of(remote, mirror):
    """Where to look for a file, the mirror first."""
    return ([f"{mirror}/{remote.name}"] if mirror else []) + remote.urls


localrules:
    download,
    fetch_weights,


rule draw_archive:
    """Draws the synthetic archive of the embedded demo."""
    input:
        code=imports_of("draw_archive.py"),
    output:
        images=f"{RESULTS}/archive/{{source}}/images.zip",
        ground_truth=f"{RESULTS}/archive/{{source}}/ground_truth.csv",
        metadata=f"{RESULTS}/archive/{{source}}/metadata.csv",
    log:
        f"{RESULTS}/logs/draw_archive/{{source}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_archive/{{source}}.tsv"
    conda:
        "../../envs/torch.yaml"
    wildcard_constraints:
        source="|".join(SYNTHETIC) or "(?!)",
    params:
        images=lambda wc: STUDY.config.sources[wc.source].images,
        seed=lambda wc: STUDY.config.sources[wc.source].seed,
        width_px=lambda wc: STUDY.config.sources[wc.source].width_px,
    script:
        "../scripts/draw_archive.py"


rule download:
    """Fetches one file of an archive from a mirror or its url, and checks its digest."""
    input:
        code=imports_of("download.py"),
    output:
        file=f"{RESULTS}/archive/{{source}}/{{file}}",
    log:
        f"{RESULTS}/logs/download/{{source}}/{{file}}.log",
    conda:
        "../../envs/torch.yaml"
    wildcard_constraints:
        source="|".join(REMOTE) or "(?!)",
        file="|".join(ARCHIVE_FILES),
    params:
        sources=lambda wc: places_of(remote_of(wc)[1], remote_of(wc)[0].mirror),
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
    conda:
        "../../envs/torch.yaml"
    wildcard_constraints:
        weights="[a-z0-9_]+",
    params:
        sources=lambda wc: places_of(
            STUDY.config.weights[wc.weights], STUDY.config.weights[wc.weights].mirror
        ),
        sha256=lambda wc: STUDY.config.weights[wc.weights].sha256,
        size_bytes=lambda wc: STUDY.config.weights[wc.weights].size_bytes,
    script:
        "../scripts/download.py"
