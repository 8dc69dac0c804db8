"""Every claim of the papers beside what the study shows of it, as results.json holds it."""

from skinkd.facts import fact
from skinkd.trials import judging
from skinkd.trials.declared import Above, Alike, Measured, Reaches, Trial, Untested, arms_of, check_arms
from skinkd.trials.wording import WORDS


def claims(
    trials: dict[str, list[Trial]],
    papers: dict,
    scale: str,
    *,
    scores: list[dict],
    networks: list[dict],
    contrasts: dict,
    missing: list[dict],
) -> list[dict]:
    """One record per claim, in the order of the papers and of their files.

    Its verdict is that under the first protocol of its paper, which is the one that the paper describes;
    `under` holds those of all.

    Args:
        trials: by paper; a paper may have none.
        papers: as results.json describes them.
        scale: of the study: smoke, scaled or full.
        contrasts: as the rule contrast wrote them.
        missing: arms that did not end.

    Raises:
        InputError: where a claim is about an arm that its paper does not have.
    """
    trials = {paper: trials[paper] for paper in papers if paper in trials}
    check_arms(trials, papers)
    records = {"scores": scores, "networks": networks, "differences": contrasts["differences"]}
    found = []
    for paper, of_paper in trials.items():
        protocols = papers[paper]["protocols"]
        grounds = {protocol: Grounds(paper, protocol, papers[paper], **records) for protocol in protocols}
        absent = [one for one in missing if one["paper"] == paper]
        found += [_claim(paper, trial, grounds, scale, absent) for trial in of_paper]
    return found


def _claim(paper: str, trial: Trial, grounds: dict[str, "Grounds"], scale: str, absent: list[dict]) -> dict:
    under = [
        {"protocol": protocol} | _judged(trial, ground, scale, absent) for protocol, ground in grounds.items()
    ]
    return {
        **{"paper": paper, "id": trial.id, "place": trial.place, "claim": trial.says},
        **{"tested": WORDS[type(trial)](trial, next(iter(grounds.values())).label_of)},
        **{key: under[0][key] for key in ("verdict", "points", "reason")},
        "under": under,
    }


def _judged(trial: Trial, ground: "Grounds", scale: str, absent: list[dict]) -> dict:
    if isinstance(trial, Untested):
        return judging.nothing(trial.why)
    judged = ground.judged(trial)
    if judged["shown"] is None:
        mine = {(ground.protocol, arm) for arm in arms_of(trial)}
        reasons = [one["reason"] for one in absent if (one["protocol"], one["arm"]) in mine]
        return judged | ({"reason": "; ".join(dict.fromkeys(reasons))} if reasons else {})
    judged = judging.with_reason(judged, scale, ground.label_of)
    broken = ground.diverged(trial)
    if broken and judged["verdict"] != "untestable":
        return judged | {"verdict": "untestable", "reason": f"{broken}; {judged['reason']}"}
    return judged


class Grounds:
    """What a study measured of one paper under one protocol."""

    def __init__(self, paper: str, protocol: str, about: dict, *, scores, networks, differences):
        self.paper, self.protocol, self.about = paper, protocol, about
        self.scores = {one["arm"]: one for one in self._mine(scores)}
        self.networks = self._mine(networks)
        self.differences = self._mine(differences)

    def _mine(self, records: list[dict]) -> list[dict]:
        return [one for one in records if (one["paper"], one["protocol"]) == (self.paper, self.protocol)]

    def label_of(self, arm: str) -> str:
        """What the report calls an arm."""
        return self.about["arms"][arm]["label"]

    def judged(self, trial: Trial) -> dict:
        """What this protocol says of a claim, whatever the scale."""
        if isinstance(trial, Above | Alike):
            mine = [one for one in self.differences if one["claim"] == trial.id]
            ends = (trial.by, None) if isinstance(trial, Above) else (-trial.within, trial.within)
            return judging.judge_differences(mine, len(trial.pairs) * len(trial.metrics), *ends)
        if isinstance(trial, Reaches):
            return judging.judge_level(self._level(trial), trial.at_least)
        return self._measured(trial)

    def _level(self, trial: Reaches) -> dict | None:
        """The score of an arm, or None where it has none."""
        found = self.scores[trial.arm]["metrics"] if trial.arm in self.scores else []
        mine = (one for one in found if (one["metric"], one["class"]) == (trial.metric, ""))
        return next(({"arm": trial.arm} | one for one in mine if one["low"] is not None), None)

    def _measured(self, trial: Measured) -> dict:
        below = 1.0 if trial.beside is None else self._number(trial.beside, trial.fact)
        numbers = {arm: self._number(arm, trial.fact) for arm in trial.arms}
        ran = {arm: value / below for arm, value in numbers.items() if value is not None and below}
        bounds = trial.at_least, trial.at_most
        return judging.judge_numbers(ran, len(trial.arms), *bounds, trial.fact, trial.beside)

    def _number(self, arm: str, name: str) -> float | None:
        networks = [one for one in self.networks if one["arm"] == arm]
        known = {
            "terms": self.about["arms"][arm]["losses"].get(self.protocol, []),
            "classes": self.about["classes"],
        }
        # A time is no value where no network of the arm was timed.
        if name == "inference_step_ms" and any(one[name] is None for one in networks):
            return None
        found = fact(name, "", score=self.scores.get(arm), networks=networks, **known)
        return found["value"] if found else None

    def diverged(self, trial: Trial) -> str:
        """Which arms of a claim left the finite numbers in training; empty where none did."""
        broken = {one["arm"] for one in self.networks if one["diverged_epoch"]} & set(arms_of(trial))
        return f"training diverged: {', '.join(map(self.label_of, sorted(broken)))}" if broken else ""
