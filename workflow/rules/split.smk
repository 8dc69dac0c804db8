"""Train, validation and test.

needs   RESULTS/ingest/{source}/images.csv, manifest.json
makes   RESULTS/split/{paper}/{protocol}/fold{fold}.csv, and .json: counts, leakage and digests
"""


rule split:
    """Divides the images by a paper's rule, or by its twin that keeps lesions together."""
    input:
        table=lambda wc: ingested(wc, "images.csv"),
        manifest=lambda wc: ingested(wc, "manifest.json"),
        code=lambda wc: imports_of(
            "split.py", f"skinkd.splits.{STUDY.paper(wc.paper, wc.protocol).split.name}"
        ),
    output:
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        summary=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.json",
    log:
        f"{RESULTS}/logs/split/{{paper}}/{{protocol}}/fold{{fold}}.log",
    conda:
        "../../envs/torch.yaml"
    params:
        split=lambda wc: STUDY.paper(wc.paper, wc.protocol).split.name,
        parameters=lambda wc: STUDY.paper(wc.paper, wc.protocol).split.parameters,
        injection_seed=lambda wc: STUDY.config.statistics.seed if wc.protocol == INJECTED else None,
    script:
        "../scripts/split.py"
