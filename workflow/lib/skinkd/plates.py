"""Plates of photographs: what a figure made of pictures shows, from its record in results.json."""

from skinkd import formats
from skinkd.lookups import paper_label, protocol_label


def plates_of(results: dict, paper: str, label: str) -> dict[str, dict]:
    """The records of one of a paper's figures, by stem; one per protocol under which its arms ran."""
    return {
        stem: record
        for stem, record in results["pictures"].items()
        if (record["paper"], record["figure"]) == (paper, label)
    }


def files_of(record: dict) -> list[str]:
    """Every picture that a record names, relative to the folder of pictures."""
    maps = (m for picture in record["pictures"] for arm in picture["arms"] for m in arm["maps"])
    return [*(picture["file"] for picture in record["pictures"]), *(found["file"] for found in maps)]


def title(results: dict, record: dict) -> str:
    """The title of one plate."""
    place = f"{paper_label(results, record['paper'])}, {record['figure']}"
    return f"{place}, {protocol_label(record['protocol']).lower()}: {record['title']}"


def caption(record: dict) -> str:
    """How the pictures were chosen, of which run they speak, and how a map is to be read."""
    whole = (
        f"Test images of {record['source']}, drawn with seed {record['draw_seed']}: {_rules(record)}. "
        f"Fold {record['fold']}, seed {record['seed']}, {formats.count(record['test_images'])} test images. "
        f"Shown {record['resampling']}, from {record['array_px']} px."
    )
    return f"{whole} {_maps(record)}" if "layers" in record else whole


def _rules(record):
    """Each rule that pictures were drawn by, in the order tried, and how many qualified."""
    tried = [rule for rule in record["rules"] if rule["shown"]]
    words = [
        f"{formats.plural(rule['shown'], 'picture')} of {formats.count(rule['qualified'])}: {rule['rule']}"
        for rule in tried
    ]
    return "; filled up with ".join(words) or "none qualified"


def _maps(record):
    colours = record["colours"]
    layers = ", ".join(
        f"{record['arms'][arm]['label']} at {layer}" for arm, layer in record["layers"].items()
    )
    return (
        f"Grad-CAM: {layers}; brighter is more, colours {colours['name']} at {colours['opacity']:g} opacity. "
        "Of the predicted class; where the arm is wrong, of the true class, too."
    )


def rows_of(record: dict) -> list[dict]:
    """One row per picture: its own cell, which says the predictions without a map, then one per map."""
    return [
        {"head": _head(picture), "cells": list(_cells(record, picture))} for picture in record["pictures"]
    ]


def _head(picture):
    return f"{picture['image']}, true class {picture['true']}"


def _cells(record, picture):
    says = [_prediction(record, arm) for arm in picture["arms"] if not arm["maps"]]
    words = "; ".join([f"{picture['image']}: {picture['true']}", *says])
    yield {"file": picture["file"], "alt": picture["alt"], "words": words}
    for arm in picture["arms"]:
        for place, found in enumerate(arm["maps"]):
            words = f"{_prediction(record, arm)}; its map" if not place else f"the map of {found['class']}"
            yield {"file": found["file"], "alt": found["alt"], "words": words}


def _prediction(record, arm):
    """What one arm says of one picture; right or wrong in words, for readers without colour."""
    mark = "right" if arm["right"] else "wrong"
    label = record["arms"][arm["arm"]]["label"]
    return f"{label}: {arm['predicted']} {formats.number(arm['probability'])}, {mark}"
