"""Figures made of photographs: what the networks say of single pictures, and where they look.

needs   RESULTS/predictions/RUN.csv, RESULTS/networks/RUN.safetensors, the packed pictures and the split
makes   REPORT/pictures/{paper}-{protocol}-{figure}.json    what the report says of them
        REPORT/pictures/{paper}-{protocol}-{figure}/        PNG files
"""

from skinkd import picture_catalogue

PICTURES = picture_catalogue.catalogue(STUDY)
PICTURES_OF = "{paper}-{protocol}-{figure}"


rule explain:
    """Chooses pictures by a stated rule and shows them with what the networks say of them."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        split=lambda wc: "{}/split/{paper}/{protocol}/fold{fold}.csv".format(
            RESULTS, **PICTURES[PICTURES_OF.format(**wc)]
        ),
        summary=lambda wc: "{}/split/{paper}/{protocol}/fold{fold}.json".format(
            RESULTS, **PICTURES[PICTURES_OF.format(**wc)]
        ),
        predictions=lambda wc: [
            f"{RESULTS}/predictions/{run}.csv" for run in PICTURES[PICTURES_OF.format(**wc)]["runs"]
        ],
        networks=lambda wc: [
            f"{RESULTS}/networks/{run}.safetensors" for run in PICTURES[PICTURES_OF.format(**wc)]["networks"]
        ],
        code=lambda wc: imports_of(
            "explain.py", "skinkd.augmentations.identity", *PICTURES[PICTURES_OF.format(**wc)]["modules"]
        ),
    output:
        record=f"{REPORT}/pictures/{PICTURES_OF}.json",
        pictures=directory(f"{REPORT}/pictures/{PICTURES_OF}"),
        cost=f"{RESULTS}/costs/explain/{PICTURES_OF}.json",
    log:
        f"{RESULTS}/logs/explain/{PICTURES_OF}.log",
    wildcard_constraints:
        figure="[a-z0-9_-]+",
    conda:
        "../../envs/torch.yaml"
    threads: DEVICE["threads"]
    params:
        about=lambda wc: PICTURES[PICTURES_OF.format(**wc)],
    script:
        "../scripts/explain.py"
