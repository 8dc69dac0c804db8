"""A small but complete results.json, made up, with the names and gaps that break careless reports."""

import copy
import math
from pathlib import Path

import numpy as np
from details_example import details_example
from PIL import Image

from skinkd.checklists import answered, read_checklist
from skinkd.comparisons.family import comparisons
from skinkd.comparisons.sign_flips import sign_flip_p
from skinkd.energy import Power, energies
from skinkd.lookups import RELATIVES
from skinkd.panel import run_checks
from skinkd.plates import files_of
from skinkd.trials.claims import claims
from skinkd.trials.declared import Above, Alike, Measured, Reaches, Untested

PROTOCOLS = {
    "as_published": "The paper's own rule: images are split, so one lesion may be on both sides.",
    "as_coded": "What the authors' code does, its quirks included, where there is code.",
    "leak_free": "All images of a lesion stay on one side of the split; one selection rule for all arms.",
}
ISIC = {"AK": 87, "BCC": 332, "BKL": 262, "DF": 24, "MEL": 452, "NV": 1288, "SCC": 63, "VASC": 25}
BINARY = {"benign": 1500, "malignant": 1500}
CHECKLISTS = Path(__file__).resolve().parents[1] / "report/checklists"
NASTY = "a_b & <b>"
GAP = "rule train failed for this arm: loss became infinite at epoch 3"
SMOKE = "this is a smoke study, not the paper's experiment"
OVERALL = {"balanced_accuracy": 0.0, "accuracy": 0.06, "auc": 0.22, "map": -0.05, "f1_weighted": -0.01}
PER_CLASS = ("recall", "precision", "f1", "auc", "specificity", "false_positive_rate")
SHIFT = {"as_published": 0.0, "as_coded": -0.03, "leak_free": -0.09}
OPTIMISERS = ("adam", "adamax", "sgd")
STRATEGIES = ("standard", "reversed", "self")
QUALITY = {
    "resnet50": 0.68,
    "mobilenet_v2": 0.58,
    "blkd": 0.63,
    "nasty": 0.52,
    "shuffled_teacher": 0.57,
    "dkd": 0.66,
    "dsnet": 0.71,
    "dsnet_t10": 0.7,
    **{f"dsnet_t{t}": 0.7 - t / 1000 for t in (1, 3, 50, 100)},
    "dsc_alone": 0.6,
    **{
        f"{o}_{s}": 0.6 + 0.02 * i + 0.01 * j
        for i, o in enumerate(OPTIMISERS)
        for j, s in enumerate(STRATEGIES)
    },
}
# Arms that a study left out, as (paper, protocol, arm).
NOT_RUN = {
    ("dsnet", "leak_free", "dsnet_t10"),
    ("ssd_kd", "as_coded", "nasty"),
    ("ssd_kd", "as_coded", "dkd"),
    ("ssd_kd", "as_coded", "shuffled_teacher"),
}
PUBLISHED = {
    "Table 1": {"resnet50": {"accuracy": 0.82}, "mobilenet_v2": {"accuracy": 0.754}},
    "Table 2": {
        "resnet50": {"accuracy": 0.82, "balanced_accuracy": 0.822, "auc": 0.975, "map": 0.74},
        "mobilenet_v2": {"accuracy": 0.754, "balanced_accuracy": 0.767, "auc": 0.959, "map": 0.62},
        "blkd": {"accuracy": 0.838, "balanced_accuracy": 0.824, "auc": 0.976, "map": 0.75},
    },
}
CURVE = {"dsnet_t3": 0.828, "dsnet_t10": 0.917, "dsnet_t50": 0.813, "dsnet_t100": 0.772}
DSC = {"accuracy": 0.9936, "f1_weighted": 0.9937}
REPORT = {
    "resnet50": {"malignant": (1.0, 0.99, 1.0), "benign": (0.99, 1.0, 1.0)},
    "dsnet_t10": {"malignant": (0.96, 0.87, 0.91), "benign": (0.88, 0.97, 0.92)},
}


def example(scale: str = "smoke") -> dict:
    """The whole dictionary; equal calls give equal content."""
    generator = np.random.default_rng(0)
    papers = {"ssd_kd": _ssd_kd(), "dsnet": _dsnet(), "dsc": _dsc()}
    supports = {"ssd_kd": ISIC, "dsnet": BINARY, "dsc": BINARY}
    scores = [
        _score(generator, paper, protocol, arm, about, supports[paper])
        for paper, described in papers.items()
        for protocol in described["protocols"]
        for arm, about in described["arms"].items()
        if (paper, protocol, arm) not in NOT_RUN
    ]
    results = {
        "study": _study(scale),
        "papers": papers,
        "protocols": PROTOCOLS,
        "cells": _cells(papers, scores, scale),
        "scores": scores,
        "comparisons": comparisons(papers, scores),
        "splits": [_split(p, q, supports[p]) for p, about in papers.items() for q in about["protocols"]],
        # DSC's did not run; DSNet's test lesions have one picture each.
        "audits": {"ssd_kd": _audit(papers, "ssd_kd"), "dsnet": _audit(papers, "dsnet", injected=0)},
        "data": {"sources": {name: _source(name) for name in ("demo", "demo_folders")}},
        "assumptions": [
            {
                "file": "workflow/lib/skinkd/networks.py",
                "line": 41,
                "text": f"The paper names no head for {NASTY}.",
            },
            {
                "file": "config/papers/ssd_kd.yaml",
                "line": 12,
                "text": "λ ≥ 0.5 weighs the soft term; τ² is kept.",
            },
        ],
        "cost": [
            {"rule": "ingest", "jobs": 1, "runtime_s": 4.25, "cpu_s": 7.5, "max_memory_mb": 312.5},
            {"rule": "train", "jobs": 14, "runtime_s": 8728.0, "cpu_s": 8650.0, "max_memory_mb": 1204.0},
            {"rule": "score", "jobs": 14, "runtime_s": 31.4, "cpu_s": 30.0, "max_memory_mb": 298.0},
        ],
        "training": [_training(generator, papers, score) for score in scores],
        "networks": [_network(papers, score) for score in scores],
        "pictures": _pictures(papers),
        "plausibility": _plausibility(),
        "fidelity": _fidelity(papers, scores),
        "deviations": [
            {"paper": "ssd_kd", "under": under, "n": 2, "what": f"views: 150 → 2; {NASTY}"}
            | {"why": "There are fewer epochs.", "effect": "Little."}
            for under in ("leak_free", "study")
        ],
        "energy": _energies([_network(papers, score) for score in scores]),
        "missing": [],
        "provenance": _provenance(),
    }
    results["claims"] = _claims(results)
    lists = [answered(read_checklist(path), results) for path in sorted(CHECKLISTS.glob("*.yaml"))]
    return results | {"checks": run_checks(results), "checklists": lists}


def _claims(results):
    """A claim of each kind of test, one of which nothing was run, and one that nothing tests."""
    said = {"place": "Section 3, Table 2"}
    student = [["blkd", "mobilenet_v2"], ["nasty", "mobilenet_v2"]]
    trials = {
        "ssd_kd": [
            Above(
                id="better", says=f"{NASTY} helps.", test="above", metrics=["accuracy"], pairs=student, **said
            ),
            Alike(
                **{"id": "same", "says": "It is close.", "test": "alike", "metrics": ["auc"]},
                **{"within": 0.05, "pairs": student[:1], **said},
            ),
            Untested(id="looks", says="The maps align.", test="none", why="nothing measures it", **said),
        ],
        "dsnet": [
            Reaches(
                **{"id": "level", "says": "It is 91.7 % right.", "test": "reaches", "metric": "accuracy"},
                **{"arm": "dsnet_t10", "at_least": 0.917, **said},
            ),
            Measured(
                **{
                    "id": "smaller",
                    "says": "It is 15 times smaller.",
                    "test": "measured",
                    "arms": ["resnet50"],
                },
                **{"fact": "trainable_parameters", "beside": "dsnet_t10", "at_least": 14.5, **said},
            ),
        ],
    }
    differences = [
        {"paper": "ssd_kd", "protocol": protocol, "claim": claim, "arm": arm, "other": "mobilenet_v2"}
        | {"metric": metric, "value": value, "low": value - 0.03, "high": value + 0.03}
        | {"wide_low": value - 0.04, "wide_high": value + 0.04}
        for protocol in ("as_published", "leak_free")
        for claim, arm, metric, value in (
            *(("better", "blkd", "accuracy", 0.05), ("better", "nasty", "accuracy", -0.06)),
            ("same", "blkd", "auc", 0.01),
        )
    ]
    records = {"scores": results["scores"], "networks": results["networks"], "missing": results["missing"]}
    contrasted = {"differences": differences, "fidelity": []}
    return claims(trials, results["papers"], results["study"]["scale"], contrasts=contrasted, **records)


def _energies(networks):
    """Estimates, of one arm on an accelerator of which no power is stated."""
    networks[0] |= {"hardware": networks[0]["hardware"] | {"accelerator": "an odd board"}}
    return energies(networks, 2, Power(thread_w=8, accelerators_w={"H100": 700}))


def _fidelity(papers, scores):
    """Agreement of each distilled student, lower the better the student is."""
    return [
        {key: score[key] for key in ("paper", "protocol", "arm")}
        | {"teacher": "resnet50", "agreement": 0.9 - own, "low": 0.85 - own, "high": 0.95 - own}
        | {"divergence_nats": own, "n_images": 253, "n_runs": 3}
        for score in scores
        if papers[score["paper"]]["arms"][score["arm"]]["role"] == "distilled"
        for own in [score["metrics"][1]["value"] / 2]
    ]


def _study(scale):
    statements = {
        "smoke": [
            "2,400 drawn images instead of 25,331 photographs",
            "64 px instead of 224 px",
            "3 epochs, not 150",
        ],
        "scaled": ["one seed instead of ten", "60 epochs instead of 150"],
        "full": [],
    }[scale]
    return {
        "name": "skinkd",
        "title": "Distillation on skin lesions",
        "scale": scale,
        "statements": statements,
    }


def _arm(label, role, network, loss, teacher, colour, parameters, **more):
    names = ("label", "role", "network", "loss", "teacher", "colour", "parameters")
    about = dict(zip(names, (label, role, network, loss, teacher, colour, parameters), strict=True))
    # One loss under all protocols, unless `more` says otherwise.
    losses = {protocol: [{"name": loss, "weight": 1.0}] for protocol in ("as_published", "leak_free")}
    chosen = {"selections": dict.fromkeys(PROTOCOLS, "last")}
    return about | {"baseline": None, "control": None, "family": None, "losses": losses} | chosen | more


def _ssd_kd():
    kd = "0.5·WCE + 0.5·τ²·KL(t‖s), τ = 5"
    student = {"baseline": "mobilenet_v2"}
    return {
        "label": "SSD-KD",
        "citation": "Wang, Müller & al., self-supervised diverse knowledge distillation, 2023",
        "classes": list(ISIC),
        "reproduces": "The teacher, the student alone and its plain distillation (Table 2)",
        "tables": {
            "Table 1": "cost of the networks",
            "Table 2": "comparison with other methods",
            "Figure 9": "a drawing without numbers",
        },
        "protocols": ["as_published", "as_coded", "leak_free"],
        "source": dict.fromkeys(PROTOCOLS, "demo"),
        "figures": {
            "Figure 3": {
                "title": "confusion matrices",
                "name": "confusion",
                "arms": ["resnet50", "mobilenet_v2", "blkd", "nasty"],
            },
            "Figure 4": {"title": "ROC curves", "name": "roc", "arms": ["resnet50", "mobilenet_v2", "blkd"]},
            "Figure 5": {"title": "where they look", "name": "grad_cam", "arms": ["mobilenet_v2", "blkd"]},
            "Classes": {
                "title": "F1 by class",
                "name": "class_scores",
                "metric": "f1",
                "arms": ["blkd", "nasty"],
            },
        },
        "arms": {
            "resnet50": _arm("ResNet50", "teacher", "ResNet50", "WCE", None, "#000000", 23524424),
            "mobilenet_v2": _arm("MobileNetV2", "student", "MobileNetV2", "WCE", None, "#D55E00", 2234120),
            "blkd": _arm("BLKD", "distilled", "MobileNetV2", kd, "resnet50", "#0072B2", 2234120, **student),
            "nasty": _arm(NASTY, "distilled", "MobileNetV2", kd, "resnet50", "#009E73", 2234120, **student),
            "shuffled_teacher": _arm(
                "Shuffled",
                "distilled",
                "MobileNetV2",
                kd,
                "resnet50",
                None,
                2234120,
                control="shuffled",
                **student,
            ),
            "dkd": _arm(
                "DKD", "distilled", "MobileNetV2", kd, "resnet50", None, 2234120, family="beyond", **student
            ),
        },
    }


def _dsnet():
    kd = "0.1·CE + 0.9·CE(tᵀ, sᵀ), T = 10"
    swept = {f"dsnet_t{t}": t for t in (1, 3, 10, 50, 100)}
    return {
        "label": "DSNet",
        "citation": "Khan & al., Knowledge distillation approach towards melanoma detection, 2022",
        "classes": list(BINARY),
        "reproduces": "The teacher and the distilled students by temperature (Tables 1 to 3)",
        "tables": {
            "Table 1": "temperature",
            "Table 2": "students by size",
            "Table 3": "scores of each class",
        },
        "protocols": ["as_published", "as_coded", "leak_free"],
        "source": dict.fromkeys(PROTOCOLS, "demo"),
        "figures": {
            "Figure 6": {
                "title": "softened probabilities",
                "name": "softened",
                "arm": "resnet50",
                "temperatures": [1, 3, 10],
            },
            "Figure 8": {"title": "predictions", "name": "sample_predictions", "arms": ["dsnet_t10"]},
            "Temperature": {
                "title": "DSNet by temperature",
                "name": "ablation",
                "metric": "accuracy",
                "x": "Temperature T",
                "series": {"DSNet": swept},
            },
        },
        "arms": {
            "resnet50": _arm("ResNet50", "teacher", "ResNet50", "CE", None, "#000000", 23516226),
            "dsnet": _arm("DSNet, hard labels", "student", "DSNet", "CE", None, "#D55E00", 268898),
            **{
                arm: _arm(
                    f"DSNet, T = {t}", "distilled", "DSNet", kd, "resnet50", None, 268898, baseline="dsnet"
                )
                for arm, t in swept.items()
            },
        },
    }


def _dsc():
    names = [f"{optimiser}_{strategy}" for optimiser in OPTIMISERS for strategy in STRATEGIES]
    about = ("distilled", "DSC", "0.5·CE + 2·0.5·T²·CE(tᵀ, sᵀ)")
    return {
        "label": "DSC",
        "citation": "Deep skin cancer & al., 2023",
        "classes": list(BINARY),
        "reproduces": "Table 4 by optimiser, and the strategies that it names",
        "tables": {"Table 4": "optimisers"},
        "protocols": ["as_published", "leak_free"],
        "source": dict.fromkeys(("as_published", "leak_free"), "demo_folders"),
        "figures": {
            "Figure 5": {
                "title": "training with Adamax",
                "name": "curves",
                "arms": ["adamax_standard", "dsc_alone"],
            },
            "Strategies": {
                "title": "optimiser by strategy",
                "name": "grid",
                "metric": "accuracy",
                "series": {o: {f"{o}_{s}": s for s in STRATEGIES} for o in OPTIMISERS},
            },
        },
        "arms": {
            "resnet50": _arm("ResNet50", "teacher", "ResNet50", "CE", None, "#000000", 23512130),
            "dsc_alone": _arm("DSC alone", "student", "DSC", "CE", None, None, 54663234),
            **{
                name: _arm(
                    name.replace("_", ", "),
                    *about,
                    ["resnet50", "resnet50"] if name.endswith("self") else "resnet50",
                    None,
                    54663234,
                    baseline="dsc_alone",
                )
                for name in names
            },
        },
    }


def _record(generator, metric, of_class, centre, spread=0.03):
    by_seed = np.clip(centre + generator.normal(0, spread / 3, 3), 0, 1)
    value = float(by_seed.mean())
    low, high = max(value - spread, 0.0), min(value + spread, 1.0)
    numbers = {"value": value, "low": low, "high": high, "seed_sd": float(by_seed.std(ddof=1))}
    return {"metric": metric, "class": of_class, **numbers, "by_seed": by_seed.tolist(), "note": ""}


def _score(generator, paper, protocol, arm, about, support):
    quality = QUALITY[arm] + SHIFT[protocol]
    images = {c: max(n // 10, 2) for c, n in support.items()}
    metrics = [_record(generator, metric, "", quality + lift) for metric, lift in OVERALL.items()]
    metrics += [
        _record(generator, m, c, min(quality + generator.normal(0, 0.08), 0.97), 0.1)
        for c in support
        for m in PER_CLASS
    ]
    for record in metrics:
        if record["metric"] == "auc" and not record["class"]:
            record["note"] = f"mean of {len(support)} classes"
    if protocol == "leak_free" and "DF" in support:
        for record in (m for m in metrics if m["class"] == "DF"):
            record |= dict.fromkeys(("value", "low", "high", "seed_sd"), None)
            record |= {"by_seed": [], "note": "no test image of class DF"}
    grid = np.linspace(0, 1, 41)
    classes = [c for c in support if not (protocol == "leak_free" and c == "DF")]
    confusion = [
        generator.multinomial(
            n, (1 - quality) * np.full(len(support), 1 / len(support)) + quality * row
        ).tolist()
        for n, row in zip(images.values(), np.eye(len(support)), strict=True)
    ]
    baseline = about["baseline"]
    shift = {"blkd": 0.05, "dsnet_t10": -0.01, "nasty": -0.06}.get(arm, 0.0)
    compared = [(m, "") for m in OVERALL] + [("auc", c) for c in support]
    absent = set() if "DF" in classes or "DF" not in support else {"DF"}
    differences = [_difference(m, c, baseline, shift, c in absent) for m, c in compared if baseline]
    return {
        **{"paper": paper, "protocol": protocol, "arm": arm, "classes": list(support), "baseline": baseline},
        **{
            "resamples": 1000,
            "confidence": 0.95,
            "runs": [{"fold": 2, "seed": s} for s in range(3)],
            "n_seeds": 3,
        },
        **{"n_images": sum(images.values()), "n_lesions": sum(n - n // 4 for n in images.values())},
        "support": {c: {"images": n, "lesions": n - n // 4} for c, n in images.items()},
        "metrics": metrics,
        "differences": differences,
        "confusion": confusion,
        "everything": _everything(generator) if paper == "dsc" else [],
        "roc": {c: {"fpr": grid.tolist(), "tpr": (grid ** (1 - quality)).tolist()} for c in classes},
        # DSC without lesions on both sides has nothing left to validate on.
        **details_example(
            quality,
            list(support),
            validated=(paper, protocol) != ("dsc", "leak_free"),
            seed=[*f"{paper}{protocol}{arm}".encode()],
        ),
    }


def _difference(metric, of_class, baseline, shift, absent):
    """A paired difference, with the tests of the primary metrics."""
    place = {"metric": metric, "class": of_class, "baseline": baseline}
    if absent:
        return place | dict.fromkeys(("value", "low", "high", "delong_ignoring_lesions"))
    record = place | {"value": shift, "low": shift - 0.035, "high": shift + 0.035}
    error = 0.035 / 1.96
    p = max(math.erfc(abs(shift) / error / math.sqrt(2)), 2 / 1001)
    tested = {"models": 3, "median_p": 0.8 * p, "largest_p": 0.9 * p}
    if of_class:
        return record | {"delong_ignoring_lesions": tested}
    if metric not in ("balanced_accuracy", "accuracy", "auc"):
        return record
    seeds = [shift - 0.01, shift, shift + 0.01]
    record |= {"standard_error": error, "p": p, "by_seed": seeds, "seed_sd": 0.01}
    record["p_sign_flip"] = sign_flip_p(seeds)
    return record | ({"mcnemar_ignoring_lesions": tested} if metric == "accuracy" else {})


def _everything(generator):
    """Scores on all images, training images among them: near 1."""
    records = [_record(generator, metric, "", 0.985, 0.01) for metric in DSC]
    keys = ("metric", "class", "value", "low", "high", "note")
    return [{key: record[key] for key in keys} for record in records]


def _cells(papers, scores, scale):
    cells = []
    for paper, table, arm, of_class, metric, published in _published():
        for protocol in papers[paper]["protocols"]:
            score = next(
                (s for s in scores if (s["paper"], s["protocol"], s["arm"]) == (paper, protocol, arm)), None
            )
            cells.append(
                {
                    "paper": paper,
                    "table": table,
                    "protocol": protocol,
                    "arm": arm,
                    "class": of_class,
                    "metric": metric,
                }
                | {"published": published}
                | _ours(papers, score, metric, of_class)
                | _verdict(score, published, scale)
            )
    return cells + [cell for score in scores for cell in _unprinted(papers, score, cells)]


def _unprinted(papers, score, cells):
    """Our overall values that no table prints."""
    place = {key: score[key] for key in ("paper", "protocol", "arm")}
    printed = {(c["paper"], c["arm"], c["metric"]) for c in cells}
    for record in score["metrics"]:
        if not record["class"] and (score["paper"], score["arm"], record["metric"]) not in printed:
            yield (
                place
                | {"table": "", "class": "", "metric": record["metric"], "published": None}
                | _ours(papers, score, record["metric"], "")
                | {"verdict": "not published", "reason": "the paper prints no value"}
            )


def _published():
    for table, by_arm in PUBLISHED.items():
        for arm, numbers in by_arm.items():
            for metric, value in numbers.items():
                yield "ssd_kd", table, arm, "", metric, value
    for arm, value in CURVE.items():
        yield "dsnet", "Table 1", arm, "", "accuracy", value
    yield "dsnet", "Table 2", "dsnet_t10", "", "trainable_parameters", 268898
    yield "dsnet", "Table 2", "dsnet_t10", "", "training_runtime_s", 340.0
    yield "dsnet", "Table 2", "dsnet_t10", "", "accuracy", 0.917
    for arm, by_class in REPORT.items():
        for of_class, values in by_class.items():
            for metric, value in zip(("precision", "recall", "f1"), values, strict=True):
                yield "dsnet", "Table 3", arm, of_class, metric, value
    for optimiser in OPTIMISERS:
        for metric, value in DSC.items():
            yield "dsc", "Table 4", f"{optimiser}_standard", "", metric, value


def _ours(papers, score, metric, of_class):
    if score is None:
        return {"reproduced": None, "low": None, "high": None, "n_seeds": 0}
    facts = {"trainable_parameters": "parameters", "training_runtime_s": "training_runtime_s"}
    if metric in facts:
        value = _network(papers, score)[facts[metric]]
        return {"reproduced": value, "low": None, "high": None, "n_seeds": 3}
    record = next(m for m in score["metrics"] if (m["metric"], m["class"]) == (metric, of_class))
    return {"reproduced": record["value"], "low": record["low"], "high": record["high"], "n_seeds": 3}


def _verdict(score, published, scale):
    if score is None:
        return {"verdict": "not run", "reason": GAP}
    if scale != "full":
        return {"verdict": "untestable", "reason": SMOKE}
    return {"verdict": "lower", "reason": "the published value lies above our interval"}


def _split(paper, protocol, support):
    groups = {
        part: share for part, share in zip(("train", "validation", "test"), (0.72, 0.18, 0.1), strict=True)
    }
    counts = {
        part: {c: {"images": int(n * share), "groups": int(n * share * 0.7)} for c, n in support.items()}
        for part, share in groups.items()
    }
    rate = 0.42 if protocol == "as_published" else 0.0
    by_class = {
        c: {
            "test_images": n["images"],
            "sharing": int(n["images"] * rate),
            "share": int(n["images"] * rate) / n["images"],
        }
        for c, n in counts["test"].items()
    }
    tested, sharing = (sum(c[key] for c in by_class.values()) for key in ("test_images", "sharing"))
    whole = {"test_images": tested, "test_images_sharing_a_lesion": sharing, "share": sharing / tested}
    return {
        **{"paper": paper, "protocol": protocol, "fold": 2, "classes": list(support), "counts": counts},
        "leakage": whole | {"by_class": by_class},
    }


def _audit(papers, paper, injected=41):
    """Relatives of test images, and a leak that adds 8 points where there was something to inject."""
    protocols = [*papers[paper]["protocols"], "leak_injected"]
    arm = "mobilenet_v2" if paper == "ssd_kd" else "dsnet"
    values = {"clean": 0.5, "injected": 0.58, "value": 0.08, "low": 0.02, "high": 0.13}
    reaches = {"all": (212, 180), "with_sibling": (52, 30)}
    return {
        **{"paper": paper, "near": {"most_bits": 8, "least_correlation": 0.985}},
        "splits": [
            {
                **{"protocol": protocol, "fold": fold, "test_images": 253},
                "links": [
                    {"kind": kind, "train": 40 * (protocol != "leak_free") + fold, "validation": 3}
                    for kind in RELATIVES
                ],
            }
            for fold in (2, 3)
            for protocol in protocols
        ],
        "predictions": [
            {"protocol": protocol, "fold": 2, "test_images": 253, "arm": arm, "seed": seed}
            | dict.fromkeys(("image", "lesion", "bytes", "group"), 37 + seed)
            for protocol in protocols
            for seed in range(2)
        ],
        "injections": [
            {
                **{"arm": arm, "confidence": 0.95, "n_seeds": 1, "images_injected": injected},
                "reaches": [
                    {"reach": reach, "n_images": images, "n_lesions": lesions}
                    | {
                        "metrics": [
                            {"metric": "balanced_accuracy", **values},
                            {"metric": "auc", **dict.fromkeys(values)},
                        ]
                    }
                    for reach, (images, lesions) in reaches.items()
                    if injected or reach == "all"
                ],
            }
        ],
    }


def _diverges(score):
    """One run leaves the finite numbers in its first epoch, and has no history."""
    return (score["paper"], score["protocol"], score["arm"]) == ("dsc", "leak_free", "adamax_standard")


def _training(generator, papers, score):
    epochs = list(range(1, 1 if _diverges(score) else 13))
    falling = [1.9 * 0.85**e for e in epochs]
    rising = [0.7 - 0.5 * 0.75**e for e in epochs]
    jitter = generator.normal(0, 0.02, (2, len(epochs)))
    accuracy = [v + j for v, j in zip(rising, jitter[1].tolist(), strict=True)]
    return {
        **{key: score[key] for key in ("paper", "protocol", "arm")},
        **{"fold": 2, "seed": 0, "epochs": epochs, "train_loss": falling},
        "validation_loss": [value + 0.2 + j for value, j in zip(falling, jitter[0].tolist(), strict=True)],
        "validation_balanced_accuracy": accuracy,
        "validation_accuracy": [value + 0.05 for value in accuracy],
        "train_accuracy": [value + 0.1 for value in rising],
        **{"best_epoch": 9 if epochs else 0, "learning_rate": [0.001] * len(epochs)},
        "terms": _terms(papers, score, len(epochs)),
    }


def _terms(papers, score, epochs):
    """Two terms for a distilled arm; in DSNet as coded the soft one moves nothing."""
    if papers[score["paper"]]["arms"][score["arm"]]["role"] != "distilled":
        return [_term("cross_entropy", 1.0, False, 0.7, 1.0, epochs)]
    if (score["paper"], score["protocol"]) == ("dsnet", "as_coded"):
        values = (0.04, 1.0 - 0.0028), (0.00016, 0.0028)
    else:
        values = (0.4, 0.35), (0.2, 0.65)
    hard, soft = values
    return [
        _term("cross_entropy", 0.1, False, *hard, epochs),
        _term("softened_cross_entropy", 0.9, True, *soft, epochs),
    ]


def _term(name, weight, soft, value, share, epochs):
    return {
        "name": name,
        "weight": weight,
        "soft": soft,
        "value": [value] * epochs,
        "gradient": [share] * epochs,
    }


def _network(papers, score):
    parameters = papers[score["paper"]]["arms"][score["arm"]]["parameters"]
    return {
        **{key: score[key] for key in ("paper", "protocol", "arm")},
        **{"fold": 2, "seed": 0, "parameters": parameters, "macs": 80 * parameters},
        **{"size_mb": parameters * 4 / 1e6, "training_runtime_s": 341.5, "prediction_runtime_s": 2.6},
        **{"best_epoch": 9, "diverged_epoch": 1 if _diverges(score) else None},
        **{"prediction_images": 300, "inference_step_ms": None, "precision": "float32"},
        "hardware": {"cpu": "a processor", "cores": 2, "memory_gb": 8, "accelerator": "none"},
    }


def _pictures(papers):
    """Two plates of photographs, and what a teacher says of softened pictures."""
    cam = _plate(papers, "ssd_kd", "Figure 5", ["mobilenet_v2", "blkd"], maps=True)
    pairs = {true: {wrong: 0 for wrong in ISIC if wrong != true} for true in ISIC}
    cam |= {
        **{"layers": {"mobilenet_v2": "features", "blkd": "features"}},
        "colours": {"name": "cividis", "opacity": 0.5, "lowest": "#00224e", "highest": "#fee838"},
        "corrected": copy.deepcopy(pairs) | {"MEL": pairs["MEL"] | {"BKL": 17}},
        **{"spoiled": copy.deepcopy(pairs), "corrected_total": 17, "spoiled_total": 0},
    }
    softened = _plate(papers, "dsnet", "Figure 6", ["resnet50"], maps=False)
    softened["values"] = [
        {
            **{"of": of, "images": 150, "reading": reading, "temperature": t},
            "probabilities": {"benign": round(share, 3), "malignant": round(1 - share, 3)},
        }
        for of in (*BINARY, "test part", "picture")
        for reading in ("logits", "probabilities")
        for t in (1, 3, 10)
        for share in [0.5 + (0.4 if of == "benign" else -0.4) / (t if reading == "logits" else 3 * t)]
    ]
    plates = (cam, softened, _plate(papers, "dsnet", "Figure 8", ["dsnet_t10"], maps=False))
    return {
        f"{plate['paper']}-as_published-{plate['figure'].lower().replace(' ', '-')}": plate
        for plate in plates
    }


def _plate(papers, paper, figure, arms, maps):
    about = papers[paper]
    stem = f"{paper}-as_published-{figure.lower().replace(' ', '-')}"
    name = about["figures"][figure]["name"]
    return {
        **{"paper": paper, "protocol": "as_published", "figure": figure, "name": name},
        **{
            "title": about["figures"][figure]["title"],
            "source": "demo",
            "fold": 2,
            "seed": 0,
            "draw_seed": 0,
        },
        "classes": about["classes"],
        "arms": {arm: {key: about["arms"][arm][key] for key in ("label", "role")} for arm in arms},
        **{
            "array_px": 48,
            "shown_px": 192,
            "resampling": "enlarged 4 times, nearest pixel",
            "test_images": 253,
        },
        "rules": [
            {"rule": "the teacher is right and the student alone is wrong", "qualified": 1, "shown": 1},
            {"rule": "any", "qualified": 252, "shown": 1},
        ],
        "pictures": [_picture(stem, number, about["classes"][number - 1], arms, maps) for number in (1, 2)],
    }


def _picture(stem, number, true, arms, maps):
    return {
        **{"image": f"ISIC_000000{number}", "lesion": f"IL_{number}", "true": true, "rule": number - 1},
        **{"file": f"{stem}/{number}-picture.png", "alt": f"Picture {number} of {NASTY}"},
        "arms": [
            {
                **{
                    "arm": arm,
                    "predicted": true,
                    "probability": 0.93,
                    "true_probability": 0.93,
                    "right": True,
                },
                "maps": [_map(stem, number, arm, true)] if maps else [],
            }
            for arm in arms
        ],
    }


def _map(stem, number, arm, of_class):
    file = f"{stem}/{number}-{arm}-predicted.png"
    return {
        "of": "predicted",
        "class": of_class,
        "file": file,
        "alt": f"Map of {arm}",
        "brightest": "upper left",
    }


def draw_pictures(results: dict, folder) -> None:
    """The PNG files that the example's plates name, each of one colour."""
    for record in results["pictures"].values():
        for place, name in enumerate(files_of(record)):
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (192, 192), (40 * place % 256, 120, 90)).save(path)


def _source(name):
    return {
        **{
            "source": name,
            "size_px": 64,
            "classes": list(ISIC),
            "n_images": 2400,
            "counts_by_label": dict(ISIC),
        },
        **{"images_sha256": "1f" * 32, "table_sha256": "2e" * 32, "ground_truth_sha256": "3d" * 32},
        **{
            "notices": ["12 images had an EXIF orientation, which was applied"],
            "licence": "drawn by the project, CC0-1.0",
        },
    }


def _plausibility():
    """A finding of each verdict, of two papers; the third has none."""
    found = (
        ("dsnet", "two_classes", "Table 5, EfficientNet-B0", "recall 0.85", "impossible"),
        ("ssd_kd", "sizes", "Table 1, ResNet50", f"25.6 M of {NASTY}", "contradicts"),
        ("ssd_kd", "sampling", "Section 3.6", "SSD-KD is best", "unlikely"),
        ("ssd_kd", "sums", "Figure 2", "25,331 images", "consistent"),
    )
    said = "No confusion matrix of 1,500 and 1,500 images has these metrics: 71.835 % to 71.845 %, α = 0.1."
    names = ("paper", "check", "place", "claim", "verdict")
    return [dict(zip(names, values, strict=True), computation=said) for values in found]


def _provenance():
    return {
        **{"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": True, "config_sha256": "4c" * 32},
        "config": {"papers": ["ssd_kd", "dsnet", "dsc"], "seeds": [0, 1, 2], "note": NASTY},
        "versions": {"python": "3.11.2", "torch": "2.13.0", "snakemake": "9.27.0"},
        "hardware": {"cpu": "a processor", "cores": 2, "memory_gb": 8, "accelerator": "none"},
        "computing": {
            **{"precision": "float32", "deterministic": False, "compiled": False},
            **{"optimizer_kernels": "fused", "allocator": "the system's"},
        },
        **{"threads": 1, "licences": ["ISIC 2019: CC-BY-NC 4.0"]},
        **{
            "source_sha256": "5b" * 32,
            "lock_sha256": "6a" * 32,
            "seeds": {"seeds": [0, 1, 2], "view_seed": 0},
        },
        "diff": {
            "sha256": "7f" * 32,
            "stat": f" workflow/{NASTY}.py | 2 +-\n 1 file changed",
            "untracked": [{"path": f"config/{NASTY}.yaml", "sha256": "8e" * 32}],
        },
        "runs": [
            {
                **{"paper": paper, "protocol": "as_published", "arm": arm, "fold": 0, "seed": 0},
                **{"restarts": restarts, "weights_sha256": "9d" * 32},
                "files": {
                    name: {"path": f"results/{name}", "sha256": digest * 32}
                    for name, digest in (("split", "a1"), ("network", "b2"), ("predictions", "c3"))
                },
            }
            for paper, arm, restarts in (("ssd_kd", "nasty", 2), ("dsnet", "dsnet", 0))
        ],
    }


def without(results: dict, *keys: str) -> dict:
    """A copy with one nested key taken out."""
    results = copy.deepcopy(results)
    inner = results
    for key in keys[:-1]:
        inner = inner[key]
    del inner[keys[-1]]
    return results
