"""Scores. Predictions on disk are the interface: no score loads a network.

needs   RESULTS/predictions/RUN.csv                     logits, see train
makes   RESULTS/scores/{paper}/{protocol}/{arm}.json    every metric with its interval
"""


rule score:
    """Computes every metric of an arm, with intervals over lesions, and its gain over the baseline."""
    input:
        predictions=lambda wc: of_arm(f"{RESULTS}/predictions/{RUN}.csv", wc.paper, wc.protocol, wc.arm),
        baseline=lambda wc: baseline_of(wc),
        code=imports_of("score.py"),
    output:
        scores=f"{RESULTS}/scores/{{paper}}/{{protocol}}/{{arm}}.json",
        cost=f"{RESULTS}/costs/score/{{paper}}/{{protocol}}/{{arm}}.json",
    log:
        f"{RESULTS}/logs/score/{{paper}}/{{protocol}}/{{arm}}.log",
    conda:
        "../../envs/report.yaml"
    params:
        resamples=STUDY.config.statistics.resamples,
        confidence=STUDY.config.statistics.confidence,
        seed=STUDY.config.statistics.seed,
    script:
        "../scripts/score.py"
