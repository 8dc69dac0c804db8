"""Terms of a loss that hardly move the network: distillation by name only."""

INERT_SHARE = 0.01


def inert_terms(training: list[dict]) -> list[dict]:
    """Terms with less than `INERT_SHARE` of the gradient, mean over epochs and runs.

    A term's share is the norm of its gradient among the norms of all terms' gradients, so
    that a large term with a flat slope counts as what it is.

    Args:
        training: histories with `terms`, each `{name, value, gradient}` with one number per epoch.

    Returns:
        `{paper, protocol, arm, term, gradient, value}`, in the order of `training` and its terms.
    """
    runs: dict[tuple, list] = {}
    for history in training:
        for position, term in enumerate(history["terms"]):
            place = (history["paper"], history["protocol"], history["arm"], position, term["name"])
            runs.setdefault(place, []).append(term)
    found = []
    for (paper, protocol, arm, _, name), terms in runs.items():
        gradient = _mean([share for term in terms for share in term["gradient"]])
        if gradient < INERT_SHARE:
            value = _mean([value for term in terms for value in term["value"]])
            place = {"paper": paper, "protocol": protocol, "arm": arm, "term": name}
            found.append(place | {"gradient": gradient, "value": value})
    return found


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
