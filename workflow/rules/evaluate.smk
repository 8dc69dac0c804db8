"""Predictions and scores. Predictions on disk are the interface: no score loads a network.

needs   RESULTS/teachers/RUN.safetensors or RESULTS/students/RUN.safetensors
makes   RESULTS/predictions/RUN.csv                     logits of validation and test images
        RESULTS/scores/{paper}/{protocol}/{arm}.json    every metric with its interval
"""


rule predict:
    """Writes a network's logits of the validation and test images."""
    input:
        array=lambda wc: ingested(wc, "images.npy"),
        split=f"{RESULTS}/split/{{paper}}/{{protocol}}/fold{{fold}}.csv",
        network=lambda wc: network_of(wc.paper, wc.protocol, wc.arm, wc.fold, wc.seed),
        code=lambda wc: imports_of(
            "predict.py",
            "skinkd.augmentations.identity",
            *STUDY.modules(wc.paper, wc.protocol, wc.arm)[:1],
        ),
    output:
        predictions=f"{RESULTS}/predictions/{RUN}.csv",
    log:
        f"{RESULTS}/logs/predict/{RUN}.log",
    benchmark:
        f"{RESULTS}/benchmarks/predict/{RUN}.tsv"
    conda:
        "../../envs/torch.yaml"
    threads: DEVICE["threads"]
    resources:
        gpu=GPU,
    params:
        device=DEVICE,
    script:
        "../scripts/predict.py"


rule score:
    """Computes every metric of an arm, with intervals over lesions, and its gain over the baseline."""
    input:
        predictions=lambda wc: of_arm(f"{RESULTS}/predictions/{RUN}.csv", wc.paper, wc.protocol, wc.arm),
        baseline=lambda wc: baseline_of(wc),
        code=imports_of("score.py"),
    output:
        scores=f"{RESULTS}/scores/{{paper}}/{{protocol}}/{{arm}}.json",
    log:
        f"{RESULTS}/logs/score/{{paper}}/{{protocol}}/{{arm}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score/{{paper}}/{{protocol}}/{{arm}}.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        resamples=STUDY.config.statistics.resamples,
        confidence=STUDY.config.statistics.confidence,
        seed=STUDY.config.statistics.seed,
    script:
        "../scripts/score.py"
