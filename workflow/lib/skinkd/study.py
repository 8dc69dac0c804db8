"""The study: which papers, protocols, arms, folds and seeds run, and with what.

Mappings of the config say what exists, lists say what runs. A paper's file is
overlaid by its protocol's part and then by what `changes` holds for this study; the result is
checked, so that whatever a rule asks for is known to be right.
"""

from dataclasses import dataclass, field
from pathlib import Path

from skinkd import strict_yaml
from skinkd.config import PROTOCOLS, Arm, Config, Paper, check_config, check_paper
from skinkd.errors import InputError, examples
from skinkd.signatures import did_you_mean

CONFIGS = Path(__file__).resolve().parents[3] / "config"
BASE, PAPERS = CONFIGS / "config.yaml", CONFIGS / "papers"


@dataclass(frozen=True)
class Study:
    """A checked config and its papers.

    Attributes:
        config: the config.
        papers: one `Paper` per (paper, protocol) that runs.
        changes: what the study changes in the papers' files, as readable lines by paper.
    """

    config: Config
    papers: dict[tuple[str, str], Paper] = field(default_factory=dict)
    changes: dict[str, list[str]] = field(default_factory=dict)

    def paper(self, paper: str, protocol: str) -> Paper:
        """One paper under one protocol.

        Raises:
            InputError: where this study does not run it.
        """
        for kind, name, known in (
            ("paper", paper, self.config.papers),
            ("protocol", protocol, self.config.protocols),
        ):
            if name not in known:
                raise _unknown(kind, name, known, place="this study")
        return self.papers[paper, protocol]

    def arm(self, paper: str, protocol: str, arm: str) -> Arm:
        """One arm.

        Raises:
            InputError: where there is none of that name.
        """
        arms = self.paper(paper, protocol).arms
        if arm not in arms:
            raise _unknown("arm", arm, arms, place=f"{paper} {protocol}")
        return arms[arm]

    def stage_of(self, paper: str, protocol: str, arm: str) -> str:
        """The stage that trains an arm: teachers or students."""
        return "teachers" if self.arm(paper, protocol, arm).role == "teacher" else "students"

    def runs(self, paper: str, protocol: str) -> list[tuple[int, int]]:
        """Folds and seeds that run, as pairs."""
        return [(fold, seed) for fold in self.paper(paper, protocol).folds for seed in self.config.seeds]

    def cells(self) -> list[tuple[str, str, str]]:
        """Every (paper, protocol, arm) that runs."""
        return [
            (paper, protocol, arm)
            for paper in self.config.papers
            for protocol in self.config.protocols
            for arm in self.config.arms[paper]
        ]

    def training(self, paper: str, protocol: str, arm: str) -> dict:
        """An arm's recipe: the paper's, with what the arm changes."""
        resolved = self.paper(paper, protocol)
        recipe = strict_yaml.merge(resolved.training.model_dump(), resolved.arms[arm].training)
        return type(resolved.training).model_validate(recipe).model_dump()

    def network(self, paper: str, protocol: str, arm: str) -> dict:
        """What builds an arm's network: file name, parameters, and the name of its weights or None."""
        resolved = self.paper(paper, protocol)
        spec = resolved.networks[resolved.arms[arm].network]
        parameters = dict(spec.parameters)
        weights = parameters.pop("weights", None)
        return {"name": spec.name, "parameters": parameters, "weights": weights}

    def modules(self, paper: str, protocol: str, arm: str) -> list[str]:
        """Library modules that training an arm loads by name."""
        resolved = self.paper(paper, protocol)
        losses = [f"skinkd.losses.{term.name}" for term in resolved.arms[arm].loss]
        return [
            f"skinkd.networks.{self.network(paper, protocol, arm)['name']}",
            f"skinkd.augmentations.{resolved.augmentation.name}",
            *losses,
        ]


def open_study(values: dict) -> Study:
    """The study that the config `values` describe.

    Raises:
        InputError: whatever is wrong with the config or a paper's file; nothing has run by then.
    """
    config = check_config(values)
    known = sorted(path.stem for path in PAPERS.glob("*.yaml"))
    for paper in [*config.papers, *config.arms, *_changes(config)]:
        if paper not in known:
            raise _unknown("paper", paper, known)
    papers, changes = {}, {paper: [] for paper in config.papers}
    for paper in config.papers:
        for protocol in config.protocols:
            papers[paper, protocol], lines = _resolve(config, paper, protocol)
            changes[paper] += [line for line in lines if line not in changes[paper]]
    study = Study(config, papers, changes)
    _check_what_runs(study)
    _check_what_it_may_claim(study)
    return study


def _resolve(config: Config, paper: str, protocol: str) -> tuple[Paper, list[str]]:
    """A paper under a protocol with the study's changes, and those changes as lines."""
    values = strict_yaml.load(PAPERS / f"{paper}.yaml")
    protocols = values.pop("protocols", {})
    for name in protocols:
        if name not in PROTOCOLS:
            raise _unknown("protocol", name, PROTOCOLS, place=f"config/papers/{paper}.yaml protocols")
    published = strict_yaml.merge(values, protocols.get(protocol, {}))
    # Apart, or a mistake in the paper's file would hide behind what this study changes.
    check_paper(published, paper, protocol)
    changes = _changes(config).get(paper, {})
    changed = strict_yaml.merge(published, changes)
    return check_paper(changed, paper, protocol), _differences(published, changes)


def _changes(config: Config) -> dict[str, dict]:
    """What this study changes, by paper."""
    return config.changes.get(config.study.name, {})


def _differences(published: dict, changes: dict, place: str = "") -> list[str]:
    """Lines such as `training.epochs: 150 → 6` for every leaf that `changes` sets to another value."""
    lines = []
    for key, value in changes.items():
        before = published.get(key) if isinstance(published, dict) else None
        if isinstance(value, dict):
            lines += _differences(before or {}, value, f"{place}{key}.")
        elif before != value:
            lines.append(f"{place}{key}: {_shown(before)} → {_shown(value)}")
    return lines


def _shown(value) -> str:
    """A value as the config writes it."""
    return "none" if value is None else str(value)


def _check_what_runs(study: Study) -> None:
    """Everything that the lists name exists in the mappings."""
    config = study.config
    for (paper, _), resolved in study.papers.items():
        if paper not in config.arms:
            raise InputError(
                "config", f"arms has no list for {paper}", "Nothing of it would run", f"add arms.{paper}"
            )
        for arm in config.arms[paper]:
            if arm not in resolved.arms:
                raise _unknown("arm", f"{arm}", resolved.arms, place=f"arms.{paper}")
        if resolved.source not in config.sources:
            raise _unknown("source", resolved.source, config.sources, place=f"papers {paper}")
        for network in resolved.networks.values():
            weights = network.parameters.get("weights")
            if weights is not None and str(weights) not in config.weights:
                raise _unknown("weights", weights, config.weights, place=f"papers {paper} networks")


def _check_what_it_may_claim(study: Study) -> None:
    """One archive, which the report describes; and a full study is the papers' own experiment."""
    config = study.config
    sources = sorted({resolved.source for resolved in study.papers.values()})
    if len(sources) > 1:
        raise InputError(
            "config",
            f"the papers take their images from {', '.join(sources)}",
            "The report describes one archive",
            "give them one source under changes, or run them as two studies",
        )
    if config.study.scale == "full" and any(study.changes.values()):
        changed = [line for lines in study.changes.values() for line in lines]
        raise InputError(
            "config",
            f"study.scale is full, but changes has {examples(changed)}",
            "Verdicts on the papers would rest on another experiment",
            "set study.scale to scaled, or drop the changes",
        )


def _unknown(kind: str, value: str, known, place: str = "config") -> InputError:
    """The error for a name that nothing has."""
    return InputError(
        "config",
        f"{place}: unknown {kind} '{value}'; {did_you_mean(value, known)}",
        "Nothing was run",
        "use a known name",
    )


def describe_papers(
    study: Study, classes: dict[str, list[str]], parameters: dict[tuple[str, str], int]
) -> dict:
    """What the report says of each paper and its arms.

    Args:
        classes: class order of each paper.
        parameters: trainable parameters of each (paper, arm) that ran.
    """
    return {
        paper: {
            **{
                key: getattr(_any(study, paper), key) for key in ("label", "citation", "reproduces", "tables")
            },
            "classes": classes[paper],
            "arms": {
                arm: {
                    **{key: getattr(study.arm(paper, study.config.protocols[0], arm), key) for key in SHOWN},
                    "network": describe_network(study, paper, arm),
                    "loss": describe_loss(study, paper, arm),
                    "parameters": parameters.get((paper, arm)),
                }
                for arm in _any(study, paper).arms
            },
        }
        for paper in study.config.papers
    }


SHOWN = ("label", "role", "teacher", "baseline", "colour")


def _any(study: Study, paper: str) -> Paper:
    """A paper under whichever protocol runs: for what no protocol changes."""
    return study.papers[paper, study.config.protocols[0]]


def describe_network(study: Study, paper: str, arm: str) -> str:
    """An arm's network in words, such as `resnet (depth 50), from resnet50_imagenet`."""
    spec = study.network(paper, study.config.protocols[0], arm)
    inside = ", ".join(f"{key} {value}" for key, value in spec["parameters"].items())
    origin = f"from {spec['weights']}" if spec["weights"] else "from random weights"
    return f"{spec['name']} ({inside}), {origin}" if inside else f"{spec['name']}, {origin}"


def describe_loss(study: Study, paper: str, arm: str) -> str:
    """An arm's objective as a sum, by protocol where the protocols differ."""
    sums = {
        protocol: " + ".join(_term(term.model_dump()) for term in study.arm(paper, protocol, arm).loss)
        for protocol in study.config.protocols
    }
    if len(set(sums.values())) == 1:
        return next(iter(sums.values()))
    return "; ".join(f"{protocol}: {words}" for protocol, words in sums.items())


def _term(term: dict) -> str:
    """One term, such as `0.5 · softened_divergence (temperature 5.0, scaled true)`."""
    name, weight = term.pop("name"), term.pop("weight")
    inside = ", ".join(f"{key} {str(value).lower()}" for key, value in term.items())
    return f"{weight} · {name} ({inside})" if inside else f"{weight} · {name}"


def describe_scale(study: Study) -> dict:
    """The study with everything that it changes in the papers' files among its statements."""
    described = study.config.study.model_dump()
    for paper in study.config.papers:
        label = _any(study, paper).label
        described["statements"] += [f"{label}: {line}" for line in study.changes.get(paper, [])]
    return described
