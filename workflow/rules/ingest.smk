"""One array and one table of all images.

needs   RESULTS/archive/{source}/images.zip, and the tables that its form has
makes   RESULTS/ingest/{source}/images.npy, images.csv, manifest.json, samples.png
"""


rule ingest:
    """Decodes, checks and resizes every image once."""
    input:
        images=f"{RESULTS}/archive/{{source}}/images.zip",
        tables=tables_of,
        code=lambda wc: imports_of("ingest.py", f"skinkd.readers.{STUDY.config.sources[wc.source].form}"),
    output:
        array=f"{RESULTS}/ingest/{{source}}/images.npy",
        table=f"{RESULTS}/ingest/{{source}}/images.csv",
        manifest=f"{RESULTS}/ingest/{{source}}/manifest.json",
        cost=f"{RESULTS}/costs/ingest/{{source}}.json",
    log:
        f"{RESULTS}/logs/ingest/{{source}}.log",
    conda:
        "../../envs/torch.yaml"
    threads: 8
    params:
        size_px=STUDY.config.size_px,
        licence=lambda wc: STUDY.config.sources[wc.source].licence,
        on_bad_image=lambda wc: getattr(STUDY.config.sources[wc.source], "on_bad_image", "error"),
        form=lambda wc: STUDY.config.sources[wc.source].form,
        reading=lambda wc: STUDY.config.sources[wc.source].reading,
        # No output: Snakemake deletes those of a job that fails, and this is what says why it did.
        bad_images=f"{RESULTS}/ingest/{{source}}/bad_images.csv",
    script:
        "../scripts/ingest.py"


rule draw_samples:
    """Draws some images of each class, for the report."""
    input:
        array=f"{RESULTS}/ingest/{{source}}/images.npy",
        table=f"{RESULTS}/ingest/{{source}}/images.csv",
        manifest=f"{RESULTS}/ingest/{{source}}/manifest.json",
        code=imports_of("draw_samples.py"),
    output:
        picture=f"{RESULTS}/ingest/{{source}}/samples.png",
    log:
        f"{RESULTS}/logs/draw_samples/{{source}}.log",
    conda:
        "../../envs/torch.yaml"
    params:
        per_class=12,
        seed=STUDY.config.statistics.seed,
    script:
        "../scripts/draw_samples.py"
