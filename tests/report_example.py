"""A small but complete results.json, made up, with the names and gaps that break careless reports."""

import copy

import numpy as np

PROTOCOLS = {
    "as_published": "The paper's own rule: images are split, so one lesion may be on both sides.",
    "leak_free": "All images of a lesion stay on one side of the split; one selection rule for all arms.",
}
ISIC = {"AK": 87, "BCC": 332, "BKL": 262, "DF": 24, "MEL": 452, "NV": 1288, "SCC": 63, "VASC": 25}
BINARY = {"benign": 1500, "malignant": 1500}
NASTY = "a_b & <b>"
GAP = "rule train_student failed for this arm: loss became infinite at epoch 3"
SMOKE = "this is a smoke study, not the paper's experiment"
OVERALL = ("accuracy", "balanced_accuracy", "auc", "map", "macro_precision")
PER_CLASS = ("recall", "precision", "f1", "auc")
QUALITY = {
    "resnet50": 0.68,
    "mobilenet_v2": 0.58,
    "blkd": 0.63,
    "shuffled": 0.52,
    "dsnet_alone": 0.71,
    "dsnet_t10": 0.7,
}
PUBLISHED = {
    "Table 1": {"resnet50": {"accuracy": 0.82}, "mobilenet_v2": {"accuracy": 0.754}},
    "Table 2": {
        "resnet50": {"accuracy": 0.82, "balanced_accuracy": 0.822, "auc": 0.975, "map": 0.74},
        "mobilenet_v2": {"accuracy": 0.754, "balanced_accuracy": 0.767, "auc": 0.959, "map": 0.62},
        "blkd": {"accuracy": 0.838, "balanced_accuracy": 0.824, "auc": 0.976, "map": 0.75},
    },
}
REPORT = {
    "resnet50": {"malignant": (1.0, 0.99, 1.0), "benign": (0.99, 1.0, 1.0)},
    "dsnet_t10": {"malignant": (0.96, 0.87, 0.91), "benign": (0.88, 0.97, 0.92)},
}


def example(scale: str = "smoke") -> dict:
    """The whole dictionary; equal calls give equal content."""
    generator = np.random.default_rng(0)
    papers = {"ssd_kd": _ssd_kd(), "dsnet": _dsnet()}
    supports = {"ssd_kd": ISIC, "dsnet": BINARY}
    scores = [
        _score(generator, paper, protocol, arm, about, supports[paper])
        for paper, described in papers.items()
        for protocol in PROTOCOLS
        for arm, about in described["arms"].items()
        if (protocol, arm) != ("leak_free", "dsnet_t10")
    ]
    splits = [_split(p, protocol, supports[p]) for p in papers for protocol in PROTOCOLS]
    return {
        "study": _study(scale),
        "papers": papers,
        "protocols": PROTOCOLS,
        "cells": _cells(scores, scale),
        "scores": scores,
        "splits": splits,
        "data": {"source": _source()},
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
            {"rule": "ingest", "jobs": 1, "runtime_s": 4.25, "max_memory_mb": 312.5},
            {"rule": "train_teacher", "jobs": 4, "runtime_s": 605.0, "max_memory_mb": 1204.0},
            {"rule": "train_student", "jobs": 10, "runtime_s": 8123.0, "max_memory_mb": 987.0},
            {"rule": "score", "jobs": 14, "runtime_s": 31.4, "max_memory_mb": None},
        ],
        "training": [_training(generator, score) for score in scores],
        "provenance": _provenance(),
    }


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


def _arm(label, role, network, loss, teacher, colour, parameters):
    names = ("label", "role", "network", "loss", "teacher", "colour", "parameters")
    return dict(zip(names, (label, role, network, loss, teacher, colour, parameters), strict=True))


def _ssd_kd():
    kd = "0.5·WCE + 0.5·τ²·KL(t‖s), τ = 5"
    return {
        "label": "SSD-KD",
        "citation": "Wang, Müller & al., self-supervised diverse knowledge distillation, 2023",
        "classes": list(ISIC),
        "reproduces": "The teacher, the student alone and its plain distillation (Table 2).",
        "tables": {"Table 1": "cost of the networks", "Table 2": "comparison with other methods"},
        "arms": {
            "resnet50": _arm("ResNet50", "teacher", "ResNet50", "WCE", None, "#000000", 23524424),
            "mobilenet_v2": _arm("MobileNetV2", "student", "MobileNetV2", "WCE", None, "#D55E00", 2234120),
            "blkd": _arm("BLKD", "distilled", "MobileNetV2", kd, "resnet50", "#0072B2", 2234120),
            "shuffled": _arm(NASTY, "distilled", "MobileNetV2", kd, "resnet50", "#009E73", 2234120),
        },
    }


def _dsnet():
    kd = "0.1·CE + 0.9·CE(tᵀ, sᵀ), T = 10"
    return {
        "label": "DSNet",
        "citation": "Khan & al., Knowledge distillation approach towards melanoma detection, 2022",
        "classes": list(BINARY),
        "reproduces": "The teacher and the distilled student at T = 10 (Tables 1 and 3).",
        "tables": {"Table 1": "temperature", "Table 3": "scores of each class"},
        "arms": {
            "resnet50": _arm("ResNet50", "teacher", "ResNet50", "CE", None, "#000000", 23516226),
            "dsnet_alone": _arm("DSNet, hard labels", "student", "DSNet", "CE", None, "#D55E00", 268898),
            "dsnet_t10": _arm("DSNet, T = 10", "distilled", "DSNet", kd, "resnet50", "#0072B2", 268898),
        },
    }


def _record(generator, metric, of_class, centre, spread=0.03):
    by_seed = np.clip(centre + generator.normal(0, spread / 3, 3), 0, 1)
    value = float(by_seed.mean())
    low, high = max(value - spread, 0.0), min(value + spread, 1.0)
    numbers = {"value": value, "low": low, "high": high, "seed_sd": float(by_seed.std(ddof=1))}
    return {"metric": metric, "class": of_class, **numbers, "by_seed": by_seed.tolist(), "note": ""}


def _score(generator, paper, protocol, arm, about, support):
    quality = QUALITY[arm] - (0.09 if protocol == "leak_free" else 0.0)
    images = {c: max(n // 10, 2) for c, n in support.items()}
    lift = {"accuracy": 0.06, "balanced_accuracy": 0.0, "auc": 0.22, "map": -0.05, "macro_precision": -0.02}
    metrics = [_record(generator, metric, "", quality + lift[metric]) for metric in OVERALL]
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
    student = {"ssd_kd": "mobilenet_v2", "dsnet": "dsnet_alone"}[paper]
    baseline = student if about["role"] == "distilled" else None
    shift = {"blkd": 0.05, "dsnet_t10": -0.01, "shuffled": -0.06}.get(arm, 0.0)
    differences = [
        {
            "metric": m,
            "class": "",
            "baseline": baseline,
            "value": shift,
            "low": shift - 0.035,
            "high": shift + 0.035,
        }
        for m in OVERALL
        if baseline
    ]
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
        "roc": {c: {"fpr": grid.tolist(), "tpr": (grid ** (1 - quality)).tolist()} for c in classes},
    }


def _cells(scores, scale):
    cells = []
    for paper, table, arm, of_class, metric, published in _published():
        for protocol in PROTOCOLS:
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
                | _ours(score, metric, of_class)
                | _verdict(score, published, scale)
            )
    return cells + [cell for score in scores for cell in _unprinted(score, cells)]


def _unprinted(score, cells):
    """Our overall values that no table prints."""
    place = {key: score[key] for key in ("paper", "protocol", "arm")}
    printed = {(c["paper"], c["arm"], c["metric"]) for c in cells}
    for record in score["metrics"]:
        if not record["class"] and (score["paper"], score["arm"], record["metric"]) not in printed:
            yield (
                place
                | {"table": "", "class": "", "metric": record["metric"], "published": None}
                | _ours(score, record["metric"], "")
                | {"verdict": "not published", "reason": "the paper prints no value"}
            )


def _published():
    for table, by_arm in PUBLISHED.items():
        for arm, numbers in by_arm.items():
            for metric, value in numbers.items():
                yield "ssd_kd", table, arm, "", metric, value
    yield "dsnet", "Table 1", "dsnet_t10", "", "accuracy", 0.917
    for arm, by_class in REPORT.items():
        for of_class, values in by_class.items():
            for metric, value in zip(("precision", "recall", "f1"), values, strict=True):
                yield "dsnet", "Table 3", arm, of_class, metric, value


def _ours(score, metric, of_class):
    if score is None:
        return {"reproduced": None, "low": None, "high": None, "n_seeds": 0}
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


def _training(generator, score):
    epochs = list(range(1, 13))
    falling = [1.9 * 0.85**e for e in epochs]
    rising = [0.7 - 0.5 * 0.75**e for e in epochs]
    jitter = generator.normal(0, 0.02, (2, len(epochs)))
    return {
        **{key: score[key] for key in ("paper", "protocol", "arm")},
        **{"fold": 2, "seed": 0, "epochs": epochs, "train_loss": falling},
        "validation_loss": [value + 0.2 + j for value, j in zip(falling, jitter[0].tolist(), strict=True)],
        "validation_balanced_accuracy": [v + j for v, j in zip(rising, jitter[1].tolist(), strict=True)],
        **{"best_epoch": 9, "learning_rate": [0.001] * len(epochs)},
    }


def _source():
    return {
        **{
            "source": "demo",
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


def _provenance():
    return {
        **{"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": True, "config_sha256": "4c" * 32},
        "config": {"papers": ["ssd_kd", "dsnet"], "seeds": [0, 1, 2], "note": NASTY},
        "versions": {"python": "3.11.2", "torch": "2.13.0", "snakemake": "9.27.0"},
        "hardware": {"cpu": "a processor", "cores": 2, "memory_gb": 8, "accelerator": "none"},
        **{"precision": "float32", "threads": 1, "licences": ["ISIC 2019: CC-BY-NC 4.0"]},
    }


def without(results: dict, *keys: str) -> dict:
    """A copy with one nested key taken out."""
    results = copy.deepcopy(results)
    inner = results
    for key in keys[:-1]:
        inner = inner[key]
    del inner[keys[-1]]
    return results
