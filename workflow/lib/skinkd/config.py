"""The config: every key that exists, and what it may be. Closed: a misspelt key stops the run."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from skinkd import strict_yaml
from skinkd.domains import Count, Positive, Seed, Share
from skinkd.errors import InputError
from skinkd.signatures import did_you_mean, problems_of

PROTOCOLS = {
    "as_published": "The paper's text: images are split one by one, so one lesion may be on both sides.",
    "leak_free": "Corrected losses, one selection rule for all arms, every lesion on one side of the split.",
}
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Place = Annotated[str, Field(min_length=1, pattern=r"^[^\n\r]+$")]


class Closed(BaseModel):
    """A mapping in which only the named keys may stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(BaseModel):
    """A mapping that names a file of the library; its other keys are that file's parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def parameters(self) -> dict:
        """What the named function takes."""
        return {key: value for key, value in (self.model_extra or {}).items()}


class Study(Closed):
    """What this run is and how far it may be trusted."""

    name: Name
    title: str
    scale: Literal["smoke", "scaled", "full"]
    statements: list[str]


class Remote(Closed):
    """One file of an archive or one set of weights: where it is and how it is known."""

    name: Place
    urls: list[str] = []
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None
    size_bytes: Count | None = None


class Synthetic(Closed):
    """An archive that the project draws by itself."""

    kind: Literal["synthetic"]
    licence: str
    images: Count
    seed: Seed
    width_px: Count


class Files(Closed):
    """The three files of an ISIC challenge."""

    images: Remote
    ground_truth: Remote
    metadata: Remote


class IsicChallenge(Closed):
    """An archive in the form of the ISIC 2019 challenge; `mirror` is a folder that is tried first."""

    kind: Literal["isic_challenge"]
    licence: str
    citation: str
    mirror: Place | None = None
    on_bad_image: Literal["error", "drop"] = "error"
    unknown: Literal["error", "drop"] = "error"
    files: Files


class Weights(Remote):
    """Pretrained weights, with the folder that is tried before the urls."""

    licence: str
    mirror: Place | None = None


class Optimizer(Closed):
    """The optimiser and its parameters."""

    name: Literal["sgd", "adam"]
    learning_rate: Positive
    momentum: Share = 0.0
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


class Plateau(Closed):
    """The learning rate falls by `factor` after `patience` epochs without a better validation value."""

    factor: Share
    patience: Count
    minimum: Positive


class Training(Closed):
    """One recipe."""

    epochs: Count
    batch_size: Count
    optimizer: Optimizer
    plateau: Plateau | None = None
    early_stop_epochs: Count | None = None


class Arm(Closed):
    """One row of a paper's table."""

    label: str
    role: Literal["teacher", "student", "distilled"]
    network: Name
    loss: Annotated[list[Named], Field(min_length=1)]
    teacher: Name | None = None
    baseline: Name | None = None
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
    training: dict = {}


class Paper(Closed):
    """One paper under one protocol, everything resolved."""

    label: str
    citation: str
    reproduces: str
    tables: dict[str, str]
    source: Name
    folds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    split: Named
    augmentation: Named
    views: Count
    selection: Literal["last", "validation_loss", "validation_balanced_accuracy"]
    networks: dict[Name, Named]
    training: Training
    arms: dict[Name, Arm]

    @model_validator(mode="after")
    def _references_exist(self):
        """Every network, teacher and baseline that an arm names is there."""
        for key, arm in self.arms.items():
            for what, known in (("network", self.networks), ("teacher", self.arms), ("baseline", self.arms)):
                value = getattr(arm, what)
                if value is not None and value not in known:
                    raise ValueError(
                        f"arms.{key}.{what}: unknown {what} '{value}'; {did_you_mean(value, known)}"
                    )
            if (arm.role == "distilled") != (arm.teacher is not None):
                raise ValueError(f"arms.{key}: a distilled arm, and no other, names its teacher")
        return self


class Device(Closed):
    """Where and how networks run."""

    name: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "float32", "bfloat16"]
    threads: Count


class Statistics(Closed):
    """Intervals: lesions are resampled."""

    resamples: Count
    confidence: Share
    seed: Seed


class Config(Closed):
    """The whole study."""

    study: Study
    results: Place
    size_px: Count
    papers: Annotated[list[Name], Field(min_length=1)]
    protocols: Annotated[list[Literal["as_published", "leak_free"]], Field(min_length=1)]
    arms: dict[Name, list[Name]]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    teacher_seed: Seed
    view_seed: Seed
    sources: dict[Name, Annotated[Synthetic | IsicChallenge, Field(discriminator="kind")]]
    weights: dict[Name, Weights]
    device: Device
    statistics: Statistics
    changes: dict[Name, dict[Name, dict]] = {}

    @model_validator(mode="after")
    def _seeds_differ(self):
        """Equal seeds are one run counted twice."""
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds: {self.seeds} repeats a seed, which would fake a smaller spread")
        return self


def check_config(values: dict) -> Config:
    """The config as typed values.

    Raises:
        InputError: one that lists every problem, each with its key and the nearest known word.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise _explained(error, Config, "config") from None


def check_paper(values: dict, name: str, protocol: str) -> Paper:
    """One paper under one protocol as typed values; its losses, networks and so on exist and fit.

    Raises:
        InputError: as `check_config`.
    """
    try:
        paper = Paper.model_validate(values)
    except ValidationError as error:
        raise _explained(error, Paper, f"config/papers/{name}.yaml ({protocol})") from None
    problems = list(_problems_of_names(paper))
    if problems:
        raise _refused(f"config/papers/{name}.yaml ({protocol})", problems)
    return paper


def _problems_of_names(paper: Paper):
    """Yield what is wrong with the parts that name files of the library."""
    yield from problems_of("splits", paper.split.name, paper.split.parameters, "split", supplied=("fold",))
    yield from problems_of(
        "augmentations", paper.augmentation.name, paper.augmentation.parameters, "augmentation"
    )
    for key, network in paper.networks.items():
        given = {name: value for name, value in network.parameters.items() if name != "weights"}
        yield from problems_of("networks", network.name, given, f"networks.{key}")
    for key, arm in paper.arms.items():
        for index, term in enumerate(arm.loss):
            given = {name: value for name, value in term.parameters.items() if name != "weight"}
            place = f"arms.{key}.loss[{index}]"
            yield from problems_of("losses", term.name, given, place, supplied=("class_counts",))
            weight = term.parameters.get("weight")
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight > 0:
                yield f"{place}.weight: must be a number above 0 (got {weight!r})"


def _explained(error: ValidationError, model, file: str) -> InputError:
    """A pydantic error in this project's words."""
    problems = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            hint = did_you_mean(str(item["loc"][-1]), _keys_at(model, item["loc"][:-1]))
            problems.append(f"unknown key '{item['loc'][-1]}' at {place} ({hint})")
        elif item["type"] == "missing":
            problems.append(f"{place} is missing")
        else:
            message = item["msg"].removeprefix("Value error, ")
            problems.append(f"{place}: {message} (got {item['input']!r})" if place else message)
    return _refused(file, problems)


def _refused(file: str, problems: list[str]) -> InputError:
    """One error for all problems of a file."""
    shown = "; ".join(problems[:10]) + (f"; and {len(problems) - 10} more" if len(problems) > 10 else "")
    return InputError("config", f"{file}: {shown}", "Nothing was run", "correct these keys")


def _keys_at(model, location) -> list[str]:
    """The keys that `model` knows at `location`, as far as it can be followed."""
    import typing

    for part in location:
        annotation = (
            model.model_fields[part].annotation if part in getattr(model, "model_fields", {}) else model
        )
        inner = [a for a in _flatten(annotation, typing) if isinstance(a, type) and issubclass(a, BaseModel)]
        named = [a for a in inner if a.__name__.lower() == str(part)]
        model = (named or inner or [model])[0]
    return list(model.model_fields)


def _flatten(annotation, typing):
    """Every type that an annotation is made of."""
    parts = typing.get_args(annotation)
    return [annotation] if not parts else [leaf for part in parts for leaf in _flatten(part, typing)]


def read_config(*paths, **values) -> dict:
    """The YAML files at `paths`, later ones on top, then `values`: mappings merge, lists are replaced."""
    config: dict = {}
    for path in paths:
        config = strict_yaml.merge(config, strict_yaml.load(Path(path)))
    return strict_yaml.merge(config, values)
