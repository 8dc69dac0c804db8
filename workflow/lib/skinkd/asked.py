"""What the config asks a job of training to do, and in what that differs from what a file says was done."""

import json
from collections.abc import Iterator

from skinkd.study import Study


def training_asked(study: Study, paper: str, protocol: str, arm: str, fold: int, seed: int) -> dict:
    """Everything that a training job is told."""
    resolved, about = study.paper(paper, protocol), study.arm(paper, protocol, arm)
    network = study.network(paper, protocol, arm)
    return {
        "paper": paper,
        "protocol": protocol,
        "arm": arm,
        "fold": fold,
        "seed": seed,
        "seed_offset": about.seed_offset,
        "source": resolved.source,
        "network": {"name": network["name"], "parameters": network["parameters"]},
        "initial": network["weights"],
        "initial_sha256": study.config.weights[network["weights"]].sha256 if network["weights"] else None,
        "loss": [term.model_dump() for term in about.loss],
        "control": about.control,
        "teaches": study.teaches_others(paper, protocol, arm),
        "training": study.training(paper, protocol, arm),
        "augmentation": resolved.augmentation.name,
        "views": resolved.views,
        "view_seed": study.config.view_seed,
        "predicted": (
            ["train", "validation", "test"] if resolved.evaluate_everything else ["validation", "test"]
        ),
    }


def differences(done, asked) -> list[str]:
    """Lines such as `training.epochs 2, asked for 3`, one for each value that differs.

    Args:
        done: as a JSON file holds it.
        asked: in any form that JSON can hold.
    """
    before, after = (dict(_leaves(value)) for value in (done, json.loads(json.dumps(asked))))
    keys = [*before, *(key for key in after if key not in before)]
    return [
        f"{key} {_said(before, key)}, asked for {_said(after, key)}"
        for key in keys
        if key not in before or key not in after or before[key] != after[key]
    ]


def _said(leaves: dict, key: str) -> str:
    return json.dumps(leaves[key], ensure_ascii=False) if key in leaves else "not set"


def _leaves(value, place: str = "") -> Iterator[tuple[str, object]]:
    """Each value that holds no others, under the keys and positions that lead to it."""
    if isinstance(value, dict) and value:
        inside = value.items()
    elif isinstance(value, list) and value:
        inside = enumerate(value, start=1)
    else:
        yield place, value
        return
    for key, item in inside:
        yield from _leaves(item, f"{place}.{key}" if place else str(key))
