"""Scores. Predictions on disk are the interface: no score loads a network.

needs   RESULTS/predictions/RUN.csv                     logits, see train
        RESULTS/networks/RUN.safetensors                their headers, which know the digest of the logits
        RESULTS/split/{paper}/{protocol}/fold{fold}.csv and .json
        RESULTS/ingest/{source}/images.csv              what is known of each image: sex, age, site, origin
makes   RESULTS/scores/{paper}/{protocol}/{arm}.json    every metric with its interval
"""


rule score:
    """Computes every metric of an arm, with intervals over lesions, and its gain over the baseline."""
    input:
        predictions=lambda wc: of_arm(f"{RESULTS}/predictions/{RUN}.csv", wc.paper, wc.protocol, wc.arm),
        networks=lambda wc: of_arm(f"{RESULTS}/networks/{RUN}.safetensors", wc.paper, wc.protocol, wc.arm),
        baseline=lambda wc: baseline_of(wc, f"{RESULTS}/predictions/{RUN}.csv"),
        baseline_networks=lambda wc: baseline_of(wc, f"{RESULTS}/networks/{RUN}.safetensors"),
        splits=lambda wc: splits_of(wc, "csv"),
        summaries=lambda wc: splits_of(wc, "json"),
        table=lambda wc: ingested(wc, "images.csv"),
        code=imports_of("score.py"),
    output:
        scores=report(
            f"{RESULTS}/scores/{{paper}}/{{protocol}}/{{arm}}.json",
            caption="../../report/captions/score.rst",
            category="Scores",
            subcategory="{paper}",
            labels={"protocol": "{protocol}", "arm": "{arm}"},
        ),
        cost=f"{RESULTS}/costs/score/{{paper}}/{{protocol}}/{{arm}}.json",
    log:
        f"{RESULTS}/logs/score/{{paper}}/{{protocol}}/{{arm}}.log",
    conda:
        "../../envs/report.yaml"
    params:
        source=lambda wc: STUDY.paper(wc.paper, wc.protocol).source,
        resamples=STUDY.config.statistics.resamples,
        confidence=STUDY.config.statistics.confidence,
        seed=STUDY.config.statistics.seed,
    script:
        "../scripts/score.py"
