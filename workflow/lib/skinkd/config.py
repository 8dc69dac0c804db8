"""The config: every key that exists, and what it may be. Closed: a misspelt key stops the run."""

import os
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from skinkd import strict_yaml
from skinkd.domains import Confidence, Count, NonNegative, Positive, Seed, Share, Switch
from skinkd.errors import InputError
from skinkd.optimizers import KEYS as OPTIMIZER_KEYS
from skinkd.quantities import METRICS
from skinkd.signatures import (
    ONLINE,
    classes_of,
    did_you_mean,
    inputs_of,
    minimum_classes,
    names_in,
    needs_teacher,
    problems_of,
)
from skinkd.split_shares import problems_of_shares

PROTOCOLS = {
    "as_published": "The paper's text: images are split one by one, so one lesion may be on both sides.",
    "as_coded": "What the authors' code does, its quirks included, where there is code.",
    "leak_free": "Corrected losses, one selection rule for all arms, "
    "every known lesion on one side of the split.",
}
# What trains on siblings of its own test images, and the protocol that it is held against.
INJECTED, CLEAN = "leak_injected", "leak_free"
# What the pipeline gives to a loss that asks for it; see `skinkd.losses`.
SUPPLIED = ("class_counts", "teacher_logits")
Protocol = Literal[tuple(PROTOCOLS)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
LONGEST_NAME_BYTES = 255  # of a file or folder, on nearly every file system


def _short(place: str) -> str:
    """The place, if no name in it is too long for a folder."""
    if max(len(os.fsencode(name)) for name in place.split("/")) > LONGEST_NAME_BYTES:
        raise ValueError(f"a name in it takes more than {LONGEST_NAME_BYTES} bytes, which no folder may")
    return place


Place = Annotated[str, Field(min_length=1, pattern=r"^[^\n\r]+$"), AfterValidator(_short)]


def _distinct(values: list) -> list:
    """The list, if nothing in it stands twice."""
    if len(set(values)) < len(values):
        raise ValueError("repeats an entry: one run would count as two")
    return values


Distinct = AfterValidator(_distinct)
# A word or a list, told apart by what is given: a wrong one gets one message. No key looks like these tags.
WORD, LIST, NUMBER = "a word", "a list", "a number"
WordOrList = Discriminator(lambda value: LIST if isinstance(value, list) else WORD)
WordOrNumber = Discriminator(lambda value: WORD if isinstance(value, str) else NUMBER)


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


# Images without a lesion id: each a lesion of its own, left out, or refused.
MissingGroup = Literal["own", "drop", "error"]


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
    """An archive that the project draws by itself, in the form of the challenge or as folders by class."""

    kind: Literal["synthetic"]
    form: Literal["isic_challenge", "class_folders"] = "isic_challenge"
    licence: str
    images: Count
    seed: Seed
    width_px: Count

    @property
    def reading(self) -> dict:
        """Options of the reader: its own."""
        return {}


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
    missing_group: MissingGroup = "own"
    on_mixed_lesion: Literal["error", "drop"] = "error"
    files: Files

    @property
    def form(self) -> str:
        """The form in which it is read."""
        return self.kind

    @property
    def reading(self) -> dict:
        """Options of the reader."""
        return self.model_dump(include={"unknown", "missing_group", "on_mixed_lesion"})


class ClassFolders(Closed):
    """Pictures in one folder per class, perhaps below Train/ and Test/; a zip or a folder on this machine."""

    kind: Literal["class_folders"]
    licence: str
    citation: str
    page: Place
    path: Place | None = None
    lesions_from: Name | None = None
    classes: Annotated[dict[str, Annotated[str, Field(pattern=r"^[A-Z]+$")]], Field(min_length=2)]
    on_conflict: Literal["error", "drop", "keep"] = "error"
    on_bad_image: Literal["error", "drop"] = "error"
    missing_group: MissingGroup = "own"

    @property
    def form(self) -> str:
        """The form in which it is read."""
        return self.kind

    @property
    def reading(self) -> dict:
        """Options of the reader."""
        return self.model_dump(include={"classes", "on_conflict", "missing_group"})


class Weights(Remote):
    """Pretrained weights, with the folder that is tried before the urls."""

    licence: str
    mirror: Place | None = None


class Optimizer(Closed):
    """The optimiser and its parameters; what is left out is torch's default."""

    name: Literal[tuple(OPTIMIZER_KEYS)]
    learning_rate: Positive
    momentum: Share | None = None
    nesterov: Switch | None = None
    beta1: Share | None = None
    beta2: Share | None = None
    rho: Share | None = None
    epsilon: Positive | None = None
    momentum_decay: NonNegative | None = None
    initial_accumulator: NonNegative | None = None
    weight_decay: NonNegative | None = None

    @model_validator(mode="after")
    def _takes_what_is_given(self):
        """Each optimiser takes its own parameters only."""
        known = OPTIMIZER_KEYS[self.name]
        for key in self.model_dump(exclude={"name"}, exclude_none=True):
            if key not in known:
                raise ValueError(f"{self.name} takes no '{key}'; it takes {', '.join(known)}")
        return self


class Sampler(Closed):
    """Which training images an epoch shows, and in which order.

    `weighted` draws as many images as there are, each class equally often in expectation;
    `weighted_frozen` draws once for all epochs. Confidence is the teacher's.
    """

    draw: Literal["every_image", "weighted", "weighted_frozen"] = "every_image"
    order: Literal["random", "confident_first", "confident_last"] = "random"


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
    sampler: Sampler = Sampler()


class SelfSupervision(Closed):
    """How a teacher's self-supervision head is trained: the first of SSKD's two phases."""

    epochs: Count
    batch_size: Annotated[int, Field(ge=2, strict=True)]
    learning_rate: Positive
    momentum: Share
    weight_decay: NonNegative
    milestones: list[Count]
    early_stop_epochs: Count | None = None


Selection = Literal["last", "validation_loss", "validation_hard_loss", "validation_balanced_accuracy"]
GREY = "#57606a"


Teachers = Annotated[
    Annotated[Name, Tag(WORD)] | Annotated[list[Name], Field(min_length=2), Distinct, Tag(LIST)], WordOrList
]
Pictures = Annotated[Annotated[Place, Tag(WORD)] | Annotated[list[Place], Tag(LIST)], WordOrList]
Arms = Annotated[
    Annotated[Literal["all"], Tag(WORD)] | Annotated[list[Name], Distinct, Tag(LIST)], WordOrList
]


class Arm(Closed):
    """One row of a paper's table."""

    label: str
    role: Literal["teacher", "student", "distilled"]
    network: Name
    loss: Annotated[list[Named], Field(min_length=1)]
    teacher: Teachers | None = None
    control: Literal["shuffled", "uniform"] | None = None
    baseline: Name | None = None
    family: Name | None = None
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] = GREY
    selection: Selection | None = None
    seed_offset: Seed = 0
    training: dict = {}

    @property
    def teachers(self) -> tuple[str, ...]:
        """The arms that this one learns from."""
        if self.teacher is None:
            return ()
        return (self.teacher,) if isinstance(self.teacher, str) else tuple(self.teacher)


class Paper(Closed):
    """One paper under one protocol, everything resolved."""

    label: str
    citation: str
    reproduces: str
    tables: dict[str, str]
    figures: dict[str, Named] = {}
    source: Name
    folds: Annotated[list[Annotated[int, Field(ge=0, strict=True)]], Field(min_length=1), Distinct]
    split: Named
    augmentation: Named
    views: Count
    selection: Selection
    evaluate_everything: Switch = False
    networks: dict[Name, Named]
    training: Training
    self_supervision: SelfSupervision | None = None
    arms: dict[Name, Arm]


class Device(Closed):
    """Where and how networks run; see `skinkd.device`."""

    name: Literal["auto", "cpu", "cuda"]
    precision: Literal["auto", "float32", "bfloat16"]
    threads: Count
    deterministic: Switch
    compile: Literal["auto", "never", "always"]
    students_together: Annotated[
        Annotated[Literal["auto"], Tag(WORD)] | Annotated[Count, Tag(NUMBER)], WordOrNumber
    ]
    jobs_per_gpu: Count

    @property
    def of_jobs(self) -> dict:
        """What jobs are told, and what their results may depend on; the rest is the scheduler's business."""
        return self.model_dump(include={"name", "precision", "threads", "deterministic", "compile"})


class Statistics(Closed):
    """Intervals: lesions are resampled."""

    resamples: Count
    confidence: Confidence
    seed: Seed


class Audit(Closed):
    """What counts as a near duplicate; see `skinkd.picture_hashes`."""

    most_bits: Annotated[int, Field(ge=0, le=64, strict=True)]
    least_correlation: Share


class Config(Closed):
    """The whole study."""

    study: Study
    results: Place
    size_px: Count
    papers: Annotated[list[Name], Field(min_length=1), Distinct]
    protocols: Annotated[list[Protocol], Field(min_length=1), Distinct]
    arms: dict[Name, dict[Protocol, Arms]]
    leak_injection: dict[Name, Annotated[list[Name], Distinct]] = {}
    audit: Audit
    seeds: Annotated[list[Seed], Field(min_length=1), Distinct]
    teacher_seed: Seed
    view_seed: Seed
    sources: dict[Name, Annotated[Synthetic | IsicChallenge | ClassFolders, Field(discriminator="kind")]]
    weights: dict[Name, Weights]
    device: Device
    statistics: Statistics
    changes: dict[Name, dict[Name, dict]] = {}
    # No part of the study: nothing else depends on it, and no record has it.
    predict: Pictures = Field(default=[], exclude=True)


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
    problems = [*_problems_of_names(paper), *_problems_of_figures(paper)]
    for key, arm in paper.arms.items():
        problems += [f"arms.{key}{problem}" for problem in _problems_of_arm(paper, arm)]
    if problems:
        raise _refused(file, problems)
    return paper


def _problems_of_names(paper: Paper):
    """Yield what is wrong with the parts that name files of the library."""
    of_split = problems_of("splits", paper.split.name, paper.split.parameters, "split", supplied=("fold",))
    yield from of_split or problems_of_shares(paper.split.name, paper.split.parameters, paper.folds)
    yield from problems_of(
        "augmentations", paper.augmentation.name, paper.augmentation.parameters, "augmentation"
    )
    for key, network in paper.networks.items():
        given = {name: value for name, value in network.parameters.items() if name != "weights"}
        yield from problems_of("networks", network.name, given, f"networks.{key}")


def _problems_of_figures(paper: Paper):
    """Yield what is wrong with the figures: their parameters, and the arms that they name."""
    for title, figure in paper.figures.items():
        place = f"figures.{title}"
        given = {key: value for key, value in figure.parameters.items() if key != "title"}
        kind = "pictures" if figure.name in names_in("pictures") else "figures"
        problems = problems_of(kind, figure.name, given, place)
        yield from problems
        metric = given.get("metric")
        if metric is not None and not problems and metric not in METRICS:
            yield f"{place}.metric: unknown metric '{metric}'; {did_you_mean(metric, METRICS)}"
        for arm in [] if problems else arms_of_figure(given):
            if arm not in paper.arms:
                yield f"{place}: unknown arm '{arm}'; {did_you_mean(arm, paper.arms)}"


def arms_of_figure(parameters: dict) -> list[str]:
    """The arms that a figure's parameters name, under `arm`, `arms`, `series` or `cells`."""
    named = [*filter(None, [parameters.get("arm")]), *parameters.get("arms", [])]
    for key in ("series", "cells"):
        named += [arm for members in parameters.get(key, {}).values() for arm in members]
    return named


def _problems_of_arm(paper: Paper, arm: Arm):
    """Yield what is wrong with an arm: its references, its recipe, its loss; each opens with its place."""
    yield from _problems_of_references(paper, arm)
    yield from _problems_of_recipe(paper, arm)
    if (arm.selection or paper.selection) == "validation_hard_loss" and not _has_hard_term(arm):
        yield ": validation_hard_loss selects by terms without a teacher, and the arm has none"
    for index, term in enumerate(arm.loss):
        yield from _problems_of_term(paper, term, arm, f".loss[{index}]")


def _problems_of_recipe(paper: Paper, arm: Arm):
    """Yield what is wrong with what an arm changes in the paper's training."""
    try:
        training = Training.model_validate(strict_yaml.merge(paper.training.model_dump(), arm.training))
    except ValidationError as error:
        yield from (f".training: {problem}" for problem in _problems_in(error, Training))
        return
    order = training.sampler.order
    if order != "random" and arm.teacher is None:
        yield f".training.sampler.order: {order} needs a teacher, and the arm names none"
    online = sorted({name for term in arm.loss for name in _inputs_of(term)} & ONLINE)
    if order != "random" and online:
        yield (
            f".training.sampler.order: {order} goes by what the teacher said of its fixed views; "
            f"{online[0]}, which a loss asks for, comes from a teacher that sees each batch anew"
        )


def _inputs_of(term: Named) -> tuple[str, ...]:
    """What a term is computed from; nothing for one that is refused elsewhere."""
    try:
        return inputs_of(term.name) if term.name in names_in("losses") else ()
    except LookupError:
        return ()


def _has_hard_term(arm: Arm) -> bool:
    """Whether a term of the arm's loss asks for no teacher."""
    return not all(term.name in names_in("losses") and needs_teacher(term.name) for term in arm.loss)


def _problems_of_references(paper: Paper, arm: Arm):
    """Yield what is wrong with the network, the teachers and the baseline that an arm names."""
    named = [("network", arm.network, paper.networks), ("baseline", arm.baseline, paper.arms)]
    named += [("teacher", teacher, paper.arms) for teacher in arm.teachers]
    for what, value, known in named:
        if value is not None and value not in known:
            yield f".{what}: unknown {what} '{value}'; {did_you_mean(value, known)}"
    if (arm.role == "distilled") != (arm.teacher is not None):
        yield ": a distilled arm, and no other, names its teacher"
    if arm.control and arm.teacher is None:
        yield f".control: {arm.control} needs a teacher, and the arm names none"
    yield from _problems_of_lineage(paper, arm)


def _problems_of_lineage(paper: Paper, arm: Arm):
    """Yield whether an arm learns from itself by way of its teachers."""
    lineage = list(arm.teachers)
    for teacher in lineage:
        lineage += [name for name in _teachers_of(paper, teacher) if name not in lineage]
    if any(paper.arms.get(name) is arm for name in lineage):
        yield f".teacher: the arm learns from itself by way of {', '.join(arm.teachers)}"


def _teachers_of(paper: Paper, arm: str) -> tuple[str, ...]:
    """The teachers of an arm, none for one that does not exist."""
    return paper.arms[arm].teachers if arm in paper.arms else ()


def _problems_of_term(paper: Paper, term: Named, arm: Arm, place: str):
    """Yield what is wrong with one term of an arm's loss."""
    given = {name: value for name, value in term.parameters.items() if name != "weight"}
    yield from problems_of("losses", term.name, given, place, supplied=SUPPLIED)
    weight = term.parameters.get("weight")
    try:
        TypeAdapter(Positive).validate_python(weight)
    except ValidationError:
        yield f"{place}.weight: must be a number above 0 (got {weight!r})"
    if term.name not in names_in("losses"):
        return
    yield from _problems_of_inputs(paper, term, arm, place)


def _problems_of_inputs(paper: Paper, term: Named, arm: Arm, place: str):
    """Yield what a term asks for that the arm or the task does not have."""
    try:
        inputs = inputs_of(term.name)
    except LookupError as error:
        yield f"{place}: {error.args[0]}"
        return
    if arm.teacher is None and needs_teacher(term.name):
        yield f"{place}: {term.name} needs a teacher, and the arm names none"
    known = paper.split.name in names_in("splits")
    if known and len(classes_of(paper.split.name)) < minimum_classes(term.name):
        yield (
            f"{place}: {term.name} is undefined for {len(classes_of(paper.split.name))} classes; "
            f"it needs {minimum_classes(term.name)}"
        )
    if "teachers" in inputs and len(arm.teachers) < 2:
        yield f"{place}: {term.name} needs several teachers; name them as a list"
    if {"teacher_projection", "student_projection"} & set(inputs) and paper.self_supervision is None:
        yield f"{place}: {term.name} needs the teacher's self-supervision head; add self_supervision"
    online = sorted(set(inputs) & ONLINE)
    if arm.control and online:
        yield f"{place}: {term.name} asks for {online[0]}, which a {arm.control} teacher does not have"
    if len(arm.teachers) > 1 and (online or "teacher" in inputs):
        yield f"{place}: {term.name} asks for one teacher, and the arm names {len(arm.teachers)}"


def _problems_in(error: ValidationError, model) -> list[str]:
    """A pydantic error in this project's words."""
    problems = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"] if part not in (WORD, LIST, NUMBER))
        if item["type"] == "extra_forbidden":
            hint = did_you_mean(str(item["loc"][-1]), _keys_at(model, item["loc"][:-1]))
            problems.append(f"unknown key '{item['loc'][-1]}' at {place} ({hint})")
        elif item["type"] == "missing":
            problems.append(f"{place} is missing")
        else:
            message = item["msg"].removeprefix("Value error, ")
            got = "" if isinstance(item["input"], dict) else f" (got {item['input']!r})"
            problems.append(f"{place}: {message}{got}" if place else message)
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
