"""The study: which papers, protocols, arms, folds and seeds run, and with what.

Mappings of the config say what exists, lists say what runs. A paper's file is overlaid by its protocol's
part and then by what `changes` holds for this study; an arm that is `like` another takes over what it does
not say itself. The result is checked, so that whatever a rule asks for is known to be right.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from skinkd import strict_yaml
from skinkd.config import CLEAN, INJECTED, PROTOCOLS, Arm, Config, Paper, check_config, check_paper
from skinkd.errors import InputError, examples
from skinkd.signatures import ONLINE, did_you_mean, inputs_of

# What makes two arms of one paper and protocol the same run, beside network and recipe.
RUN = {"loss", "teacher", "control", "seed_offset"}
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
        """One paper under one protocol; injected it is as leak-free, but for the images that it trains on.

        Raises:
            InputError: where this study does not run it.
        """
        if paper not in self.config.papers:
            raise _unknown("paper", paper, self.config.papers, place="this study")
        if protocol == INJECTED and self.injected(paper):
            protocol = CLEAN
        if protocol not in self.protocols(paper):
            raise _unknown("protocol", protocol, self.protocols(paper), place=f"{paper} in this study")
        return self.papers[paper, protocol]

    def protocols(self, paper: str) -> list[str]:
        """The protocols under which a paper runs, in the order of the study."""
        return [protocol for protocol in self.config.protocols if (paper, protocol) in self.papers]

    def arm(self, paper: str, protocol: str, arm: str) -> Arm:
        """One arm.

        Raises:
            InputError: where there is none of that name.
        """
        arms = self.paper(paper, protocol).arms
        if arm not in arms:
            raise _unknown("arm", arm, arms, place=f"{paper} {protocol}")
        return arms[arm]

    def arms(self, paper: str, protocol: str) -> list[str]:
        """The arms of a paper that run under a protocol; `all` trains nothing twice.

        Arms that differ under one protocol may be one run under another, such as two directions of a
        divergence of which one is the protocol's own. The first of them stands for both.
        """
        wanted = self.config.arms[paper][protocol]
        return self._different[paper, protocol] if wanted == "all" else wanted

    @cached_property
    def _different(self) -> dict[tuple[str, str], list[str]]:
        """The arms of each paper and protocol, without those that are the same run as an earlier one."""
        return {key: self._different_arms(*key) for key in self.papers}

    def _different_arms(self, paper: str, protocol: str) -> list[str]:
        earlier: list[dict] = []
        names = []
        for name, arm in self.papers[paper, protocol].arms.items():
            run = arm.model_dump(include=RUN) | {
                "network": self.network(paper, protocol, name),
                "training": self.training(paper, protocol, name),
            }
            if run not in earlier:
                earlier.append(run)
                names.append(name)
        return names

    def injected(self, paper: str) -> list[str]:
        """A paper's arms that also train on siblings of their test images; none unless leak-free runs."""
        return self.config.leak_injection.get(paper, []) if (paper, CLEAN) in self.papers else []

    def injected_cells(self) -> list[tuple[str, str, str]]:
        """Every (paper, protocol, arm) that runs to say what a leak adds: with the leak, and without."""
        return [
            (paper, protocol, arm)
            for paper in self.config.papers
            for arm in self.injected(paper)
            for protocol in (CLEAN, INJECTED)
        ]

    def runs(self, paper: str, protocol: str) -> list[tuple[int, int]]:
        """Folds and seeds that run, as pairs."""
        return [(fold, seed) for fold in self.paper(paper, protocol).folds for seed in self.config.seeds]

    def check_fold(self, paper: str, protocol: str, fold: str) -> None:
        """Let a fold pass as a path writes it.

        Raises:
            InputError: where the paper is not run on it.
        """
        known = [str(number) for number in self.paper(paper, protocol).folds]
        if fold not in known:
            raise _unknown("fold", fold, known, place=f"{paper} {protocol}")

    def cells(self) -> list[tuple[str, str, str]]:
        """Every (paper, protocol, arm) that runs."""
        return [(*key, arm) for key in self.papers for arm in self.arms(*key)]

    @cached_property
    def trained(self) -> tuple[tuple[str, str, str], ...]:
        """Every (paper, protocol, arm) that is trained: those that run, and the teachers that they need."""
        found = self.cells()
        for paper, protocol, arm in found:  # grows: a teacher may have teachers
            teachers = [(paper, protocol, teacher) for teacher in self.arm(paper, protocol, arm).teachers]
            found += [cell for cell in teachers if cell not in found]
        return tuple(found)

    def sources(self) -> list[str]:
        """The archives that the study uses."""
        return sorted({resolved.source for resolved in self.papers.values()})

    def training(self, paper: str, protocol: str, arm: str) -> dict:
        """An arm's recipe: the paper's, with what the arm changes."""
        resolved = self.paper(paper, protocol)
        recipe = strict_yaml.merge(resolved.training.model_dump(), resolved.arms[arm].training)
        recipe = type(resolved.training).model_validate(recipe).model_dump()
        return recipe | {"selection": resolved.arms[arm].selection or resolved.selection}

    def network(self, paper: str, protocol: str, arm: str) -> dict:
        """What builds an arm's network: file name, parameters, and the name of its weights or None."""
        resolved = self.paper(paper, protocol)
        spec = resolved.networks[resolved.arms[arm].network]
        parameters = dict(spec.parameters)
        weights = parameters.pop("weights", None)
        return {"name": spec.name, "parameters": parameters, "weights": weights}

    def inputs(self, paper: str, protocol: str, arm: str) -> set[str]:
        """What an arm's losses are computed from, see `skinkd.losses`."""
        return {name for term in self.arm(paper, protocol, arm).loss for name in inputs_of(term.name)}

    def teaches(self, paper: str, protocol: str, arm: str) -> str:
        """How an arm is taught: `""`, `cached` (its teachers' logits), or `online` (maps and embeddings)."""
        if not self.arm(paper, protocol, arm).teachers:
            return ""
        return "online" if self.inputs(paper, protocol, arm) & ONLINE else "cached"

    def teaches_others(self, paper: str, protocol: str, arm: str) -> bool:
        """Whether another arm of the paper learns from this one."""
        return any(arm in other.teachers for other in self.paper(paper, protocol).arms.values())

    def modules(self, paper: str, protocol: str, arm: str) -> list[str]:
        """Library modules that training an arm loads by name: its network first, then the augmentation."""
        resolved = self.paper(paper, protocol)
        trained = [
            arm,
            *(resolved.arms[arm].teachers if self.teaches(paper, protocol, arm) == "online" else ()),
        ]
        own, *others = [f"skinkd.networks.{self.network(paper, protocol, name)['name']}" for name in trained]
        losses = [f"skinkd.losses.{term.name}" for term in resolved.arms[arm].loss]
        return [own, f"skinkd.augmentations.{resolved.augmentation.name}", *others, *losses]


def open_study(values: dict) -> Study:
    """The study that the config `values` describe.

    Raises:
        InputError: whatever is wrong with the config or a paper's file; nothing has run by then.
    """
    config = check_config(values)
    known = sorted(path.stem for path in PAPERS.glob("*.yaml"))
    for paper in [*config.papers, *config.arms, *config.leak_injection, *_changes(config)]:
        if paper not in known:
            raise _unknown("paper", paper, known)
    _check_names_of_changes(config)
    papers, changes = {}, {paper: [] for paper in config.papers}
    for paper in config.papers:
        for protocol in _protocols_that_run(config, paper):
            papers[paper, protocol], lines = _resolve(config, paper, protocol)
            changes[paper] += [line for line in lines if line not in changes[paper]]
    study = Study(config, papers, changes)
    _check_what_runs(study)
    _check_what_it_may_claim(study)
    return study


def _check_names_of_changes(config: Config) -> None:
    """Changes stand under a study that exists, or a misspelt one would run without them."""
    files = [strict_yaml.load(path) for path in CONFIGS.glob("*.yaml")]
    known = {config.study.name, *(file["study"]["name"] for file in files if "study" in file)}
    for study in config.changes:
        if study not in known:
            raise _unknown("study", study, known, place="changes")


def _protocols_that_run(config: Config, paper: str) -> list[str]:
    """The study's protocols that its lists name for a paper.

    Raises:
        InputError: where the lists name none, or one that the paper does not have.
    """
    wanted = config.arms.get(paper, {})
    known = _protocols_of(paper, _read_paper(paper))
    for protocol in known:
        if protocol not in PROTOCOLS:
            raise _unknown("protocol", protocol, PROTOCOLS, place=f"config/papers/{paper}.yaml protocols")
    for protocol in wanted:
        if protocol not in known:
            raise _unknown("protocol", protocol, known, place=f"arms.{paper}")
    # An overlay cannot take a protocol out of a mapping, but it can empty its list.
    running = [protocol for protocol in config.protocols if wanted.get(protocol)]
    if not running:
        raise InputError(
            "config",
            f"arms has no list for {paper} under {', '.join(config.protocols)}",
            "Nothing of it would run",
            f"add arms.{paper}, such as {{{config.protocols[0]}: all}}",
        )
    return running


def _protocols_of(paper: str, values: dict) -> dict[str, dict]:
    """What each protocol changes in a paper."""
    given = values.get("protocols", {})
    if isinstance(given, dict) and all(isinstance(changes, dict | None) for changes in given.values()):
        return {protocol: changes or {} for protocol, changes in given.items()}
    raise InputError(
        "config",
        f"config/papers/{paper}.yaml: protocols is {given!r}",
        "What a protocol changes stands there",
        "write each as a key with the keys that it changes, or with {}",
    )


def _read_paper(name: str, *extending: str) -> dict:
    """A paper's file, on top of the one that it extends."""
    values = strict_yaml.load(PAPERS / f"{name}.yaml")
    base = values.pop("extends", None)
    if base is None:
        return values
    if base in (name, *extending):
        raise InputError(
            "config",
            f"config/papers/{name}.yaml: papers extend each other in a circle",
            "None of them says what it is",
            "write one of them out",
        )
    return strict_yaml.merge(_read_paper(str(base), name, *extending), values)


def with_extended(papers: Iterable[str]) -> list[str]:
    """These papers and those that their files extend, each once."""
    found = {}
    for paper in papers:
        while paper is not None:
            found[paper] = None
            paper = strict_yaml.load(PAPERS / f"{paper}.yaml").get("extends")
    return list(found)


def _resolve(config: Config, paper: str, protocol: str) -> tuple[Paper, list[str]]:
    """A paper under a protocol with the study's changes, and those changes as lines."""
    values = _read_paper(paper)
    protocols = _protocols_of(paper, values)
    values.pop("protocols", None)
    published = strict_yaml.merge(values, protocols[protocol])
    # Apart, or a mistake in the paper's file would hide behind what this study changes.
    check_paper(_with_likes(published, paper), paper, protocol)
    changes = _changes(config).get(paper, {})
    changed = strict_yaml.merge(published, changes)
    return check_paper(_with_likes(changed, paper), paper, protocol), _differences(published, changes)


def _with_likes(values: dict, paper: str) -> dict:
    """The paper's values with every arm's `like` followed: an arm is another one with changes."""
    arms = values.get("arms", {})
    if not isinstance(arms, dict):
        return values
    return values | {"arms": {name: _followed(name, arms, paper, ()) for name in arms}}


def _followed(name: str, arms: dict, paper: str, seen: tuple[str, ...]) -> dict:
    """One arm on top of the one that it is like."""
    if not isinstance(arms[name], dict):
        return {}
    own = dict(arms[name])
    like = own.pop("like", None)
    if like is None:
        return own
    if str(like) not in arms:
        raise _unknown("arm", like, arms, place=f"config/papers/{paper}.yaml arms.{name}.like")
    if like in (name, *seen):
        circle = " → ".join([*seen, name, like])
        raise InputError(
            "config",
            f"config/papers/{paper}.yaml: arms are like each other in a circle: {circle}",
            "None of them says what it is",
            "write one of them out",
        )
    return strict_yaml.merge(_followed(like, arms, paper, (*seen, name)), own)


def changes_of_protocols(study: Study, paper: str) -> dict[str, list[str]]:
    """What each protocol of a study changes in a paper's file, as readable lines."""
    values = _read_paper(paper)
    protocols = _protocols_of(paper, values)
    return {protocol: _differences(values, protocols[protocol]) for protocol in study.protocols(paper)}


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
    challenges = [name for name, source in config.sources.items() if source.kind == "isic_challenge"]
    for name, source in config.sources.items():
        lesions_from = getattr(source, "lesions_from", None)
        if lesions_from not in (None, *challenges):
            raise _unknown(
                "archive with metadata", lesions_from, challenges, place=f"sources.{name}.lesions_from"
            )
    for (paper, protocol), resolved in study.papers.items():
        for arm in study.arms(paper, protocol):
            if arm not in resolved.arms:
                raise _unknown("arm", arm, resolved.arms, place=f"arms.{paper}.{protocol}")
        for arm in study.injected(paper):
            if arm not in resolved.arms:
                raise _unknown("arm", arm, resolved.arms, place=f"leak_injection.{paper}")
        if resolved.source not in config.sources:
            raise _unknown("source", resolved.source, config.sources, place=f"papers {paper}")
        for network in resolved.networks.values():
            weights = network.parameters.get("weights")
            if weights is not None and str(weights) not in config.weights:
                raise _unknown("weights", weights, config.weights, place=f"papers {paper} networks")


def _check_what_it_may_claim(study: Study) -> None:
    """A full study is the papers' own experiment; and changes belong to a study that runs."""
    if study.config.study.scale == "full" and any(study.changes.values()):
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
            "protocols": study.protocols(paper),
            "source": {protocol: study.papers[paper, protocol].source for protocol in study.protocols(paper)},
            "figures": {
                title: {"name": figure.name, **figure.parameters}
                for title, figure in _any(study, paper).figures.items()
            },
            "arms": {
                arm: {
                    **{key: getattr(_any(study, paper).arms[arm], key) for key in SHOWN},
                    "losses": {
                        protocol: [term.model_dump() for term in study.arm(paper, protocol, arm).loss]
                        for protocol in study.protocols(paper)
                    },
                    "selections": {
                        protocol: study.training(paper, protocol, arm)["selection"]
                        for protocol in study.protocols(paper)
                    },
                    "network": describe_network(study, paper, arm),
                    "loss": describe_loss(study, paper, arm),
                    "parameters": parameters.get((paper, arm)),
                }
                for arm in _any(study, paper).arms
            },
        }
        for paper in study.config.papers
    }


SHOWN = ("label", "role", "teacher", "control", "baseline", "family", "colour")


def _any(study: Study, paper: str) -> Paper:
    """A paper under whichever protocol runs: for what no protocol changes."""
    return study.papers[paper, study.protocols(paper)[0]]


def describe_network(study: Study, paper: str, arm: str) -> str:
    """An arm's network in words, such as `resnet (depth 50), from resnet50_imagenet`."""
    spec = study.network(paper, study.protocols(paper)[0], arm)
    inside = ", ".join(f"{key} {value}" for key, value in spec["parameters"].items())
    origin = f"from {spec['weights']}" if spec["weights"] else "from random weights"
    return f"{spec['name']} ({inside}), {origin}" if inside else f"{spec['name']}, {origin}"


def describe_loss(study: Study, paper: str, arm: str) -> str:
    """An arm's objective as a sum, by protocol where the protocols differ."""
    sums = {
        protocol: " + ".join(_term(term.model_dump()) for term in study.arm(paper, protocol, arm).loss)
        for protocol in study.protocols(paper)
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
