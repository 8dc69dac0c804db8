"""Every loss, with the parameters of every arm that uses it, does what its kind of loss must."""

import inspect
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from skinkd import strict_yaml
from skinkd.config import PROTOCOLS
from skinkd.losses import load_terms, objective
from skinkd.losses.softened_cross_entropy import softened_cross_entropy
from skinkd.losses.softened_divergence import softened_divergence
from skinkd.losses.weighted_cross_entropy import class_weights, weighted_cross_entropy
from skinkd.signatures import names_in
from skinkd.splits import load_split

PAPERS = sorted((Path(__file__).parents[1] / "config" / "papers").glob("*.yaml"))
N = 6
# ISIC 2019, classes in alphabetical order.
OFFICIAL = {
    "AK": (867, 29.217),
    "BCC": (3323, 7.623),
    "BKL": (2624, 9.654),
    "DF": (239, 105.987),
    "MEL": (4522, 5.602),
    "NV": (12875, 1.967),
    "SCC": (628, 40.336),
    "VASC": (253, 100.123),
}


def arms():
    """Every arm of every paper under every protocol: its name, its terms and its number of classes."""
    for path in PAPERS:
        values = strict_yaml.load(path)
        for protocol in PROTOCOLS:
            paper = strict_yaml.merge(values, values["protocols"].get(protocol, {}))
            classes = len(load_split(paper["split"]["name"]).classes)
            for arm, entry in paper["arms"].items():
                yield f"{path.stem}-{protocol}-{arm}", entry["loss"], classes


ARMS = [pytest.param(terms, classes, id=name) for name, terms, classes in arms()]
TERMS = [
    pytest.param(term, classes, id=f"{name}-{term['name']}")
    for name, terms, classes in arms()
    for term in terms
]


def needs_teacher(term) -> bool:
    """Whether a loss takes no None in the teacher's place."""
    function = getattr(import_module(f"skinkd.losses.{term['name']}"), term["name"])
    return inspect.signature(function).parameters["teacher"].annotation is torch.Tensor


SOFT = [param for param in TERMS if needs_teacher(param.values[0])]
HARD = [param for param in TERMS if not needs_teacher(param.values[0])]
HARD_ARMS = [param for param in ARMS if not any(map(needs_teacher, param.values[0]))]


def counts_of(classes):
    """Images of each class, all different."""
    return torch.arange(1, classes + 1) ** 2 * 7


def load(term, classes, counts=None):
    """A term's function, without its weight."""
    [(_, _, loss)] = load_terms([term], counts_of(classes) if counts is None else counts)
    return loss


def batch_of(classes, seed=0):
    """Student's and teacher's logits (N, classes) in float64, and labels."""
    generator = torch.Generator().manual_seed(seed)
    student, teacher = 3 * torch.randn(2, N, classes, dtype=torch.float64, generator=generator)
    return student, teacher, torch.arange(N) % classes


def test_every_loss_file_is_used_by_an_arm():
    assert {param.values[0]["name"] for param in TERMS} == set(names_in("losses"))


@pytest.mark.parametrize(("term", "classes"), TERMS)
def test_one_finite_value_per_image(term, classes):
    values = load(term, classes)(*batch_of(classes))
    assert values.shape == (N,)
    assert values.dtype == torch.float64
    assert (values >= 0).all()
    assert torch.isfinite(values).all()


@pytest.mark.parametrize(("term", "classes"), TERMS)
def test_gradient_matches_finite_differences(term, classes):
    student, teacher, labels = batch_of(classes)
    loss = load(term, classes)
    assert torch.autograd.gradcheck(lambda logits: loss(logits, teacher, labels), student.requires_grad_())


@pytest.mark.parametrize(("term", "classes"), TERMS)
def test_no_gradient_reaches_the_teacher(term, classes):
    student, teacher, labels = batch_of(classes)
    load(term, classes)(student.requires_grad_(), teacher.requires_grad_(), labels).sum().backward()
    assert teacher.grad is None
    assert student.grad.abs().sum() > 0


@pytest.mark.parametrize(("term", "classes"), TERMS)
def test_finite_for_extreme_logits(term, classes):
    teacher = torch.linspace(1e4, -1e4, classes)[None]
    student = teacher.flip(1).clone().requires_grad_()
    value = load(term, classes)(student, teacher, torch.tensor([0]))
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(student.grad).all()


@pytest.mark.parametrize(("term", "classes"), SOFT)
def test_least_and_flat_where_the_student_equals_the_teacher_up_to_a_shift(term, classes):
    student, teacher, labels = batch_of(classes)
    loss = load(term, classes)
    equal = (teacher + 3).requires_grad_()
    least = loss(equal, teacher, labels)
    least.sum().backward()
    torch.testing.assert_close(equal.grad, torch.zeros_like(teacher), atol=1e-12, rtol=0)
    assert (loss(student, teacher, labels) > least).all()


@pytest.mark.parametrize(("term", "classes"), HARD)
def test_hard_labels_need_no_teacher(term, classes):
    student, teacher, labels = batch_of(classes)
    loss = load(term, classes)
    torch.testing.assert_close(loss(student, None, labels), loss(student, teacher, labels))


@pytest.mark.parametrize(("term", "classes"), HARD)
def test_zero_for_a_student_that_is_sure_and_right(term, classes):
    _, teacher, labels = batch_of(classes)
    sure = 1e3 * F.one_hot(labels, classes).double()
    assert load(term, classes)(sure, teacher, labels).abs().max() < 1e-12


@pytest.mark.parametrize(("term", "classes"), TERMS)
def test_the_loss_of_a_batch_is_the_loss_of_its_rows(term, classes):
    student, teacher, labels = batch_of(classes)
    loss = load(term, classes)
    whole = unnormalised(term, loss(student, teacher, labels), labels, classes)
    rows = [
        unnormalised(
            term, loss(student[i : i + 1], teacher[i : i + 1], labels[i : i + 1]), labels[i : i + 1], classes
        )
        for i in range(N)
    ]
    torch.testing.assert_close(whole, torch.cat(rows))


def unnormalised(term, values, labels, classes):
    """The values before the weighted cross-entropy divides them by the batch's mean weight."""
    if term["name"] != "weighted_cross_entropy":
        return values
    return values * class_weights(counts_of(classes))[labels].mean()


@pytest.mark.parametrize(("term", "classes"), TERMS)
def test_the_order_of_the_classes_does_not_matter(term, classes):
    student, teacher, labels = batch_of(classes)
    order = torch.arange(classes).roll(1)
    moved = load(term, classes, counts_of(classes)[order])
    torch.testing.assert_close(
        moved(student[:, order], teacher[:, order], order.argsort()[labels]),
        load(term, classes)(student, teacher, labels),
    )


def probabilities(logits, temperature=1.0):
    """Softmax as in a textbook."""
    powers = np.exp(logits / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def literal_cross_entropy(student, teacher, labels, counts):
    return -np.log(probabilities(student)[np.arange(N), labels])


def literal_weighted_cross_entropy(student, teacher, labels, counts):
    weights = np.array([round(counts.sum() / counts[label], 3) for label in labels])
    return weights / weights.mean() * literal_cross_entropy(student, teacher, labels, counts)


def literal_softened_divergence(student, teacher, labels, counts, temperature, scaled):
    p, q = probabilities(teacher, temperature), probabilities(student, temperature)
    return (temperature**2 if scaled else 1) * (p * np.log(p / q)).sum(axis=1)


def literal_softened_cross_entropy(student, teacher, labels, counts, temperature, scaled):
    p, q = probabilities(teacher, temperature), probabilities(student, temperature)
    return (temperature**2 if scaled else 1) * -(p * np.log(q)).sum(axis=1)


@pytest.mark.parametrize(("term", "classes"), TERMS)
def test_equals_its_formula_written_out(term, classes):
    student, teacher, labels = batch_of(classes, seed=1)
    parameters = {key: value for key, value in term.items() if key not in ("name", "weight")}
    arrays = (tensor.numpy() for tensor in (student, teacher, labels, counts_of(classes)))
    expected = globals()[f"literal_{term['name']}"](*arrays, **parameters)
    np.testing.assert_allclose(load(term, classes)(student, teacher, labels), expected, rtol=1e-6)


@pytest.mark.parametrize("classes", [2, 8])
def test_at_a_high_temperature_the_scaled_divergence_compares_centred_logits(classes):
    student, teacher, labels = batch_of(classes)
    gap = (student - student.mean(dim=1, keepdim=True)) - (teacher - teacher.mean(dim=1, keepdim=True))
    limit = 0.5 * (gap**2).sum(dim=1) / classes
    found = softened_divergence(student, teacher, labels, temperature=1e4, scaled=True)
    torch.testing.assert_close(found, limit, rtol=2e-3, atol=0)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 5.0, 10.0])
def test_cross_entropy_is_divergence_plus_the_teachers_entropy(temperature, scaled):
    student, teacher, labels = batch_of(8)
    how = {"temperature": temperature, "scaled": scaled}
    values, gradients = [], []
    for loss in (softened_cross_entropy, softened_divergence):
        logits = student.clone().requires_grad_()
        values.append(loss(logits, teacher, labels, **how))
        values[-1].sum().backward()
        gradients.append(logits.grad)
    entropy = torch.distributions.Categorical(logits=teacher / temperature).entropy()
    torch.testing.assert_close(values[0] - values[1], entropy * (temperature**2 if scaled else 1))
    torch.testing.assert_close(*gradients)


def test_the_scale_keeps_the_size_of_the_gradient():
    """Without T² the gradient of the divergence falls as 1/T², so ten times T is a hundredth of the push."""
    student, teacher, labels = batch_of(8)
    sizes = {}
    for temperature in (100.0, 1000.0):
        for scaled in (True, False):
            logits = student.clone().requires_grad_()
            softened_divergence(
                logits, teacher, labels, temperature=temperature, scaled=scaled
            ).sum().backward()
            sizes[temperature, scaled] = float(logits.grad.norm())
    assert sizes[1000.0, True] == pytest.approx(sizes[100.0, True], rel=0.05)
    assert sizes[1000.0, False] == pytest.approx(sizes[100.0, False] / 100, rel=0.05)


def test_class_weights_of_the_official_counts():
    counts = torch.tensor([count for count, _ in OFFICIAL.values()])
    assert int(counts.sum()) == 25331
    assert class_weights(counts).tolist() == [weight for _, weight in OFFICIAL.values()]


def test_class_weights_are_divided_in_full_precision():
    """18238 / 7 is 2605.4286; float32 would round it to 2605.428."""
    rare = torch.arange(1, 60)
    common = 18238 - rare
    found = [class_weights(torch.tensor(pair)).tolist() for pair in zip(rare, common, strict=True)]
    assert found == [[round(18238 / int(n), 3), round(18238 / (18238 - int(n)), 3)] for n in rare]


def test_the_mean_of_the_weighted_cross_entropy_is_torchs():
    student, _, labels = batch_of(8)
    counts = counts_of(8)
    mean = weighted_cross_entropy(student, None, labels, class_counts=counts).mean()
    torch.testing.assert_close(mean, F.cross_entropy(student, labels, weight=class_weights(counts)))


@pytest.mark.parametrize(("terms", "classes"), ARMS)
def test_an_objective_is_the_weighted_sum_of_its_terms(terms, classes):
    student, teacher, labels = batch_of(classes)
    expected = sum(term["weight"] * load(term, classes)(student, teacher, labels).mean() for term in terms)
    found = objective(load_terms(terms, counts_of(classes)), student, teacher, labels)
    assert found.shape == ()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("terms", "classes"), HARD_ARMS)
def test_an_arm_without_a_teacher_takes_none(terms, classes):
    student, teacher, labels = batch_of(classes)
    loaded = load_terms(terms, counts_of(classes))
    torch.testing.assert_close(
        objective(loaded, student, None, labels), objective(loaded, student, teacher, labels)
    )
