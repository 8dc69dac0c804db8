"""Which arms stand for a paper where there is no room for all, and which are no arms of the paper itself."""

from skinkd.lookups import HEADLINE, arms_with_role, cells_of, metric_of, protocols_of, score_of

# The family of the arms whose method is newer than the paper that they stand beside.
BEYOND = "beyond"
MAIN_RULE = (
    "the distilled student that the paper prints most often (of equals, the one with the highest accuracy), "
    "the one with the best test score here, their teachers, and the same students alone"
)


def is_own(about: dict) -> bool:
    """Whether an arm tests what the paper proposes: no control, nothing newer."""
    return not about["control"] and about["family"] != BEYOND


def own_distilled(results: dict, paper: str) -> list[str]:
    """The distilled arms that test what the paper proposes."""
    arms = results["papers"][paper]["arms"]
    return [arm for arm in arms_with_role(results, paper, "distilled") if is_own(arms[arm])]


def controls(results: dict, paper: str) -> list[str]:
    """Distilled arms whose teacher knows nothing."""
    return [arm for arm, about in results["papers"][paper]["arms"].items() if about["control"]]


def beyond(results: dict, paper: str) -> list[str]:
    """Arms whose method is newer than the paper."""
    return [arm for arm, about in results["papers"][paper]["arms"].items() if about["family"] == BEYOND]


def teachers_of(about: dict) -> list[str]:
    """The arms that an arm learns from."""
    teacher = about["teacher"]
    return [] if teacher is None else [teacher] if isinstance(teacher, str) else list(teacher)


def printed_most(results: dict, paper: str) -> str | None:
    """The distilled arm that the paper prints most often; of equals, the one with the highest accuracy."""
    printed = {arm: [] for arm in own_distilled(results, paper)}
    for cell in cells_of(results, paper):
        if cell["arm"] in printed and cell["table"] and cell["published"] is not None:
            printed[cell["arm"]].append(cell)
    if not any(printed.values()):
        return None
    return max(printed, key=lambda arm: (len(printed[arm]), _highest_score(printed[arm])))


def _highest_score(cells):
    return max((cell["published"] for cell in cells if cell["metric"] == "accuracy"), default=0.0)


def best_here(results: dict, paper: str) -> str | None:
    """The paper's distilled arm with the highest headline metric under its first protocol that has any."""
    for protocol in protocols_of(results, paper):
        found = {arm: _headline(results, paper, protocol, arm) for arm in own_distilled(results, paper)}
        found = {arm: value for arm, value in found.items() if value is not None}
        if found:
            return max(found, key=found.get)
    return None


def _headline(results, paper, protocol, arm):
    record = metric_of(score_of(results, paper, protocol, arm), HEADLINE)
    return record["value"] if record else None


def main_arms(results: dict, paper: str) -> list[str]:
    """The arms of `MAIN_RULE`, in the paper's order; all arms of a paper that has none of them."""
    arms = results["papers"][paper]["arms"]
    chosen = [*filter(None, (printed_most(results, paper), best_here(results, paper)))]
    around = {name for arm in chosen for name in (*teachers_of(arms[arm]), arms[arm]["baseline"])}
    return [arm for arm in arms if arm in around or arm in chosen] or list(arms)


def others_than_main(results: dict, paper: str) -> int:
    """How many arms with scores are left out where `main_arms` are shown."""
    shown = main_arms(results, paper)
    scored = {score["arm"] for score in results["scores"] if score["paper"] == paper}
    return len(scored - set(shown))


def published_of(results: dict, paper: str, arm: str, metric: str, of_class: str = "") -> float | None:
    """What a paper prints for an arm, in whichever of its tables, or None."""
    wanted = (arm, metric, of_class)
    found = (c for c in cells_of(results, paper) if (c["arm"], c["metric"], c["class"]) == wanted)
    return next((cell["published"] for cell in found if cell["published"] is not None), None)
