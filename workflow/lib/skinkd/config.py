"""The config: every key that exists, and what it may be. Closed: a misspelt key stops the run."""

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from skinkd import strict_yaml
from skinkd.domains import Count, NonNegative, Positive, Seed, Share
from skinkd.errors import InputError
from skinkd.signatures import did_you_mean, names_in, needs_teacher, problems_of

PROTOCOLS = {
    "as_published": "The paper's text: images are split one by one, so one lesion may be on both sides.",
    "leak_free": "Corrected losses, one selection rule for all arms, every lesion on one side of the split.",
}
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Place = Annotated[str, Field(min_length=1, pattern=r"^[^\n\r]+$")]


def _distinct(values: list) -> list:
    """The list, if nothing in it stands twice."""
    if len(set(values)) < len(values):
        raise ValueError("repeats an entry: one run would count as two")
    return values


Distinct = AfterValidator(_distinct)


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
    weight_decay: NonNegative = 0.0


class Plateau(Closed):
    """The learning rate falls by `factor` after `patience` epochs without a better validation value."""

    factor: Share
    patience: Count
    minimum: Positive


class Training(Closed):
    """One recipe."""

    epochs: Count
    # Batch norm needs two values to take a deviation of.
    batch_size: Annotated[int, Field(ge=2, strict=True)]
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
    folds: Annotated[list[Annotated[int, Field(ge=0, strict=True)]], Field(min_length=1), Distinct]
    split: Named
    augmentation: Named
    views: Count
    selection: Literal["last", "validation_loss", "validation_balanced_accuracy"]
    networks: dict[Name, Named]
    training: Training
    arms: dict[Name, Arm]


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
    papers: Annotated[list[Name], Field(min_length=1), Distinct]
    protocols: Annotated[list[Literal["as_published", "leak_free"]], Field(min_length=1), Distinct]
    arms: dict[Name, Annotated[list[Name], Distinct]]
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct]
    teacher_seed: Seed
    view_seed: Seed
    sources: dict[Name, Annotated[Synthetic | IsicChallenge, Field(discriminator="kind")]]
    weights: dict[Name, Weights]
    device: Device
    statistics: Statistics
    changes: dict[Name, dict[Name, dict]] = {}


def check_config(values: dict) -> Config:
    """The config as typed values.

    Raises:
        InputError: one that lists every problem, each with its key and the nearest known word.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise _refused("config", _problems_in(error, Config)) from None


def check_paper(values: dict, name: str, protocol: str) -> Paper:
    """One paper under one protocol as typed values; its losses, networks and so on exist and fit.

    Raises:
        InputError: as `check_config`.
    """
    file = f"config/papers/{name}.yaml ({protocol})"
    try:
        paper = Paper.model_validate(values)
    except ValidationError as error:
        raise _refused(file, _problems_in(error, Paper)) from None
    problems = [*_problems_of_names(paper)]
    for key, arm in paper.arms.items():
        problems += [f"arms.{key}{problem}" for problem in _problems_of_arm(paper, arm)]
    if problems:
        raise _refused(file, problems)
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


def _problems_of_arm(paper: Paper, arm: Arm):
    """Yield what is wrong with an arm: its references, its recipe, its loss; each opens with its place."""
    for what, known in (("network", paper.networks), ("teacher", paper.arms), ("baseline", paper.arms)):
        value = getattr(arm, what)
        if value is not None and value not in known:
            yield f".{what}: unknown {what} '{value}'; {did_you_mean(value, known)}"
    if (arm.role == "distilled") != (arm.teacher is not None):
        yield ": a distilled arm, and no other, names its teacher"
    if arm.teacher in paper.arms and paper.arms[arm.teacher].role != "teacher":
        yield f".teacher: '{arm.teacher}' has the role {paper.arms[arm.teacher].role}, not teacher"
    try:
        Training.model_validate(strict_yaml.merge(paper.training.model_dump(), arm.training))
    except ValidationError as error:
        yield from (f".training: {problem}" for problem in _problems_in(error, Training))
    for index, term in enumerate(arm.loss):
        yield from _problems_of_term(term, arm, f".loss[{index}]")


def _problems_of_term(term: Named, arm: Arm, place: str):
    """Yield what is wrong with one term of an arm's loss."""
    given = {name: value for name, value in term.parameters.items() if name != "weight"}
    yield from problems_of("losses", term.name, given, place, supplied=("class_counts",))
    weight = term.parameters.get("weight")
    try:
        TypeAdapter(Positive).validate_python(weight)
    except ValidationError:
        yield f"{place}.weight: must be a number above 0 (got {weight!r})"
    if arm.teacher is None and term.name in names_in("losses") and needs_teacher(term.name):
        yield f"{place}: {term.name} needs a teacher, and the arm names none"


def _problems_in(error: ValidationError, model) -> list[str]:
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
    return problems


def _refused(file: str, problems: list[str]) -> InputError:
    """One error for all problems of a file."""
    shown = "; ".join(problems[:10]) + (f"; and {len(problems) - 10} more" if len(problems) > 10 else "")
    return InputError("config", f"{file}: {shown}", "Nothing was run", "correct these keys")


def _keys_at(model, location) -> list[str]:
    """The keys that `model` knows at `location`."""
    models = [model]
    for part in location:
        fields = [known.model_fields[part] for known in models if part in known.model_fields]
        inner = [leaf for field in fields for leaf in _models_in(field.annotation)]
        # A part that is no field is a mapping's own key, an index, or the kind that a union goes by.
        of_kind = [known for known in models if part in _kinds_of(known)]
        models = inner or of_kind or models
    return sorted({key for known in models for key in known.model_fields})


def _models_in(annotation) -> list:
    """Every mapping that an annotation is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [leaf for part in get_args(annotation) for leaf in _models_in(part)]


def _kinds_of(model) -> tuple:
    """What may stand under `kind` in a mapping that has it."""
    return get_args(model.model_fields["kind"].annotation) if "kind" in model.model_fields else ()


def read_config(*paths, **values) -> dict:
    """The YAML files at `paths`, later ones on top, then `values`: mappings merge, lists are replaced."""
    config: dict = {}
    for path in paths:
        config = strict_yaml.merge(config, strict_yaml.load(Path(path)))
    return strict_yaml.merge(config, values)
