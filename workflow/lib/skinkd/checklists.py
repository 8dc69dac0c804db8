"""Checklists of the field: what this study answers by its own record, and what somebody declared."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from skinkd import formats
from skinkd.config import Closed
from skinkd.declared_files import read_declared
from skinkd.domains import Switch, Words

Answer = Literal["yes", "partly", "no", "not applicable"]


class Item(Closed):
    """One item, in our words.

    Attributes:
        number: of the item in its list.
        answer, where: declared; where the answer can be seen, or why it is what it is.
        computed: in their place, the name of a function of `ANSWERS`.
        needs_full: below full scale a `yes` becomes `partly`.
    """

    number: Words
    item: Words
    answer: Answer | None = None
    where: Words | None = None
    computed: Words | None = None
    needs_full: Switch = False

    @model_validator(mode="after")
    def _one_way(self):
        declared = self.answer is not None and self.where is not None
        if declared == (self.computed is not None) or (self.computed and (self.answer or self.where)):
            raise ValueError("needs answer and where, or computed alone")
        if self.computed and self.computed not in ANSWERS:
            raise ValueError(f"computed is one of {', '.join(ANSWERS)}")
        return self


class Checklist(Closed):
    """A list of items.

    Attributes:
        source: where the list was published.
    """

    name: Words
    title: Words
    source: Words
    items: list[Item] = Field(min_length=1)


def read_checklist(path) -> Checklist:
    """A checklist from its file.

    Raises:
        InputError: naming each item without an answer, or with two.
    """
    why = "The report would answer something else"
    return read_declared(path, Checklist, "checklists", why, name=Path(path).stem)


def answered(checklist: Checklist, results: dict) -> dict:
    """A checklist with every answer, as results.json holds it."""
    return {
        **{"name": checklist.name, "title": checklist.title, "source": checklist.source},
        "items": [_answered(item, results) for item in checklist.items],
    }


def _answered(item: Item, results: dict) -> dict:
    answer, where = ANSWERS[item.computed](results) if item.computed else (item.answer, item.where)
    if item.needs_full and results["study"]["scale"] != "full" and answer == "yes":
        answer, where = "partly", f"{where}; but this is a {results['study']['scale']} study"
    by = "results.json" if item.computed else "declared"
    return {"number": item.number, "item": item.item, "answer": answer, "where": where, "by": by}


def _claims(results: dict) -> tuple[str, str]:
    claims = results["claims"]
    tested = sum(claim["verdict"] != "untestable" for claim in claims)
    answer = "yes" if claims and tested == len(claims) else "partly" if tested else "no"
    return answer, f"{tested} of {formats.plural(len(claims), 'claim')} could be judged; section Claims"


def _beside(results: dict) -> tuple[str, str]:
    printed = [cell for cell in results["cells"] if cell["published"] is not None]
    ours = sum(cell["reproduced"] is not None for cell in printed)
    answer = "yes" if ours == len(printed) else "partly" if ours else "no"
    return answer, f"{ours:,} of {len(printed):,} printed numbers have ours beside them; section Every number"


def _intervals(results: dict) -> tuple[str, str]:
    values = [one for score in results["scores"] for one in score["metrics"] if one["value"] is not None]
    with_ends = sum(one["low"] is not None for one in values)
    answer = "yes" if values and with_ends == len(values) else "partly" if with_ends else "no"
    return answer, f"{with_ends:,} of {len(values):,} scores have an interval over lesions"


def _seeds(results: dict) -> tuple[str, str]:
    fewest = min((score["n_seeds"] for score in results["scores"]), default=0)
    answer = "yes" if fewest > 1 else "no"
    return answer, f"{formats.plural(fewest, 'seed')} of each arm at least; one alone tells of no spread"


def _code(results: dict) -> tuple[str, str]:
    made = results["provenance"]
    if made["commit"] == "unknown":
        return "no", "the code was not under git"
    words = f"commit {made['commit'][:10]}"
    return ("partly", f"{words} with uncommitted changes") if made["dirty"] else ("yes", words)


def _settings(results: dict) -> tuple[str, str]:
    return "yes", f"the whole configuration, sha256 {results['provenance']['config_sha256'][:10]}; Provenance"


def _versions(results: dict) -> tuple[str, str]:
    versions = results["provenance"]["versions"]
    return "yes", ", ".join(f"{name} {version}" for name, version in versions.items())


def _computing(results: dict) -> tuple[str, str]:
    hardware = results["provenance"]["hardware"]
    machine = f"{hardware['cpu']}, accelerator {hardware['accelerator']}" if hardware else "unknown machine"
    return "yes", f"{machine}; times in section Cost"


def _licences(results: dict) -> tuple[str, str]:
    return "yes", "; ".join(results["provenance"]["licences"])


def _partitions(results: dict) -> tuple[str, str]:
    protocols = {split["protocol"] for split in results["splits"]}
    return "yes", f"images and lesions of each part under {formats.plural(len(protocols), 'protocol')}; Data"


def _disjoint(results: dict) -> tuple[str, str]:
    sharing = {
        protocol: sum(
            split["leakage"]["test_images_sharing_a_lesion"]
            for split in results["splits"]
            if split["protocol"] == protocol
        )
        for protocol in dict.fromkeys(split["protocol"] for split in results["splits"])
    }
    words = ", ".join(f"{protocol.replace('_', ' ')} {n:,}" for protocol, n in sharing.items())
    answer = "yes" if not sum(sharing.values()) else "partly" if not sharing.get("leak_free", 1) else "no"
    return answer, f"test images that share a lesion with training or validation: {words}"


def _excluded(results: dict) -> tuple[str, str]:
    sources = results["data"]["sources"].values()
    notices = sum(len(source["notices"]) for source in sources)
    images = sum(source["n_images"] for source in sources)
    return (
        "yes",
        f"{images:,} images; {formats.plural(notices, 'notice')} of what was changed or left out; Data",
    )


def _ended(results: dict) -> tuple[str, str]:
    missing = len(results["missing"])
    if missing:
        return "partly", f"{formats.plural(missing, 'arm')} did not end, each with its reason"
    return "yes", "all arms of the study ended"


def _imbalance(results: dict) -> tuple[str, str]:
    losses = {
        term["name"]
        for paper in results["papers"].values()
        for arm in paper["arms"].values()
        for terms in arm["losses"].values()
        for term in terms
    }
    weighted = "weighted_cross_entropy" in losses
    words = "the loss weighs classes in some arms" if weighted else "no loss weighs classes"
    return "yes", f"{words}; balanced accuracy and scores of each class are shown"


ANSWERS: dict[str, Callable[[dict], tuple[str, str]]] = {
    **{"claims": _claims, "beside": _beside, "intervals": _intervals, "seeds": _seeds, "code": _code},
    **{"settings": _settings, "versions": _versions, "computing": _computing, "licences": _licences},
    **{"partitions": _partitions, "disjoint": _disjoint, "excluded": _excluded, "ended": _ended},
    "imbalance": _imbalance,
}
