"""Every loss and its gradient equal another implementation, or the formula written out with loops.

torchdistill 1.1.5 where it has the loss. It takes student's and teacher's outputs by module.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from loss_examples import (
    CASES,
    cases_of,
    counts_of,
    inputs_for,
    is_students,
    load,
    supplied_to,
    whole_part,
    with_gradients,
)
from torchdistill.losses.mid_level import DISTLoss, KDLoss, LogitStdKDLoss, RKDLoss, SSKDLoss

PLACES = ("module", "output", "module", "output")


def called(loss, student, teacher, targets=None):
    """A loss of torchdistill on one output of each model."""
    return loss({"module": {"output": student}}, {"module": {"output": teacher}}, targets)


def softmax(logits, temperature=1.0):
    """As in a textbook."""
    powers = (logits / temperature).exp()
    return powers / powers.sum(dim=-1, keepdim=True)


def divergence(p, q):
    """KL(p || q), mean over the rows."""
    return (p * (p / q).log()).sum(dim=-1).mean()


def cross_entropy(case, student, labels):
    return -torch.stack(
        [softmax(row)[label].log() for row, label in zip(student, labels, strict=True)]
    ).mean()


def weighted_cross_entropy(case, student, labels):
    counts = counts_of(case.classes).tolist()
    weights = torch.tensor([round(sum(counts) / count, 3) for count in counts], dtype=student.dtype)
    return F.cross_entropy(student, labels, weight=weights)


def multiclass_hinge(case, student, labels, margin, squared):
    total = 0
    for row, label in zip(student, labels, strict=True):
        for index, score in enumerate(row):
            violation = max(score * 0, margin - score if index == label else margin + score)
            total += violation**2 if squared else violation
    return total / len(student)


def softened_divergence(case, student, teacher, temperature, scaled, direction):
    forward = direction == "teacher_to_student"
    loss = KDLoss(*PLACES, temperature=temperature, beta=1.0, alpha=0)
    value = called(loss, *((student, teacher) if forward else (teacher, student)))
    return value * (temperature**2 if scaled else 1)


def softened_cross_entropy(case, student, teacher, temperature, scaled):
    entropy = -(softmax(teacher, temperature) * softmax(student, temperature).log()).sum(dim=1).mean()
    return entropy * (temperature**2 if scaled else 1)


def multi_teacher_divergence(case, student, teachers, temperature, scaled):
    mean = sum(softmax(teacher, temperature) for teacher in teachers) / len(teachers)
    return divergence(mean, softmax(student, temperature)) * (temperature**2 if scaled else 1)


def transformed_teacher_matching(case, student, teacher, temperature):
    """The power transform of the paper's section 3.1: probabilities to the power 1 / T."""
    powers = softmax(teacher) ** (1 / temperature)
    return divergence(powers / powers.sum(dim=1, keepdim=True), softmax(student))


def logit_standardisation(case, student, teacher, temperature):
    loss = LogitStdKDLoss(*PLACES, temperature=temperature, beta=1.0, alpha=0)
    return called(loss, student, teacher) * temperature**2


def dist(case, student, teacher, inter_weight, intra_weight, temperature):
    return called(DISTLoss(*PLACES, inter_weight, intra_weight, temperature), student, teacher)


def dkd(case, student, teacher, labels, target_weight, non_target_weight, temperature):
    total = 0
    for row, taught, label in zip(student, teacher, labels, strict=True):
        p, q = softmax(taught, temperature), softmax(row, temperature)
        binary = [torch.stack([one[label], 1 - one[label]]) for one in (p, q)]
        others = [torch.cat([one[:label], one[label + 1 :]]) / (1 - one[label]) for one in (p, q)]
        total += target_weight * divergence(*binary) + non_target_weight * divergence(*others)
    return total * temperature**2 / len(student)


def cross_entropy_of_probabilities(case, student, labels):
    return cross_entropy(case, softmax(student), labels)


def softened_cross_entropy_of_probabilities(case, student, teacher, temperature):
    """Numpy's softmax without an axis: exp(x) / exp(x).sum()."""
    part = (softmax(whole_part(case)) / temperature).exp()
    targets = (part / part.sum())[: len(teacher)]
    return -(targets * softmax(softmax(student), temperature).log()).sum(dim=1).mean()


def fitnet(case, student_map, teacher_map, adapter):
    return F.mse_loss(adapter(student_map), teacher_map)


def distance_relation(case, student_embedding, teacher_embedding):
    loss = RKDLoss("module", "module", dist_factor=1.0, angle_factor=0, reduction="mean")
    return called(loss, student_embedding, teacher_embedding)


def angle_relation(case, student_embedding, teacher_embedding):
    loss = RKDLoss("module", "module", dist_factor=0, angle_factor=1.0, reduction="mean")
    return called(loss, student_embedding, teacher_embedding)


def channel_relation(case, student_map, teacher_map, adapter, normalisation):
    """K × K Gram matrices."""
    size = teacher_map[0].numel()
    grams = [torch.einsum("bkhw,blhw->bkl", one, one) for one in (adapter(student_map), teacher_map)]
    if normalisation == "printed":
        return sum(torch.linalg.norm(s - t) / size for s, t in zip(*grams, strict=True)) / len(teacher_map)
    return F.mse_loss(grams[0] / size, grams[1] / size).sqrt()


def rotated_divergence(case, rotated_student, rotated_teacher, labels, temperature, kept_share):
    rows = [(image, view) for image in range(len(labels)) for view in range(3)]
    ranks = [rank(rotated_teacher[view, image], labels[image]) for image, view in rows]
    kept = [rows[index] for index in kept_by_loop(ranks, kept_share)]
    values = [
        divergence(softmax(rotated_teacher[v, i], temperature), softmax(rotated_student[v, i], temperature))
        for i, v in kept
    ]
    return temperature**2 * sum(values) / len(kept)


def similarity_divergence(case, student_projection, teacher_projection, temperature, kept_share):
    pictures = range(student_projection.shape[1])
    rows = [(image, view) for image in pictures for view in (1, 2, 3)]

    def cosines(projection, image, view):
        own = projection[view, image]
        return torch.stack([F.cosine_similarity(own, projection[0, other], dim=0) for other in pictures])

    ranks = [rank(cosines(teacher_projection, image, view), image) for image, view in rows]
    kept = [rows[index] for index in kept_by_loop(ranks, kept_share)]
    values = [
        divergence(
            softmax(cosines(teacher_projection, *row), temperature),
            softmax(cosines(student_projection, *row), temperature),
        )
        for row in kept
    ]
    return temperature**2 * sum(values) / len(kept)


def rank(scores, target) -> int:
    """How many choices score above the target."""
    return sum(1 for score in scores if score > scores[target])


def kept_by_loop(ranks, share) -> list[int]:
    """All of rank 0, then the best of the others, earlier ones first, until the share is full."""
    right = [index for index, value in enumerate(ranks) if value == 0]
    wrong = sorted((value, index) for index, value in enumerate(ranks) if value > 0)
    return right + [index for _, index in wrong[: int(len(wrong) * share)]]


def compare(case, expected_of):
    """The loss's mean and its gradient with regard to the student are those of the other function."""
    found = {}
    for name, mean_of in (("ours", lambda inputs: load(case)(inputs).mean()), ("theirs", expected_of)):
        inputs = with_gradients(inputs_for(case))
        value = mean_of(inputs)
        value.backward()
        found[name] = [value.detach(), *(inputs[key].grad for key in inputs if is_students(key))]
    for ours, theirs in zip(found["ours"], found["theirs"], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_equals_another_implementation(case):
    oracle = globals()[case.name]
    adapter = {key: value for key, value in supplied_to(case).items() if key == "adapter"}
    compare(case, lambda inputs: oracle(case, **inputs, **case.parameters | adapter))


def sskd_cases(name):
    """Those that keep all or none of the wrong views: between, SSKD's own sorting leaves open which."""
    return [param for param in cases_of(name) if param.values[0].parameters["kept_share"] != 0.5]


def interleaved(upright, turned):
    """SSKD's order: every picture is followed by its three turned views."""
    return torch.cat([upright[None], turned]).transpose(0, 1).flatten(0, 1)


def sskd(term: int, temperature: float, kept_share: float):
    """One term of torchdistill's SSKD."""
    return SSKDLoss(
        *("linear", "linear", "head", "head"),
        **{"kl_temp": 1.0, "ss_temp": temperature, "tf_temp": temperature},
        **{"ss_ratio": kept_share, "tf_ratio": kept_share},
        loss_weights=[float(index == term) for index in range(4)],
    )


@pytest.mark.parametrize("case", sskd_cases("rotated_divergence"))
def test_rotated_divergence_is_that_of_sskd(case):
    def expected_of(inputs):
        student, teacher = inputs["rotated_student"], inputs["rotated_teacher"].detach()
        outputs = [interleaved(torch.zeros_like(one[0]), one) for one in (student, teacher)]
        return of_sskd(case, 3, outputs, [torch.ones(len(outputs[0]), 2).double()] * 2, inputs["labels"])

    compare(case, expected_of)


@pytest.mark.parametrize("case", sskd_cases("similarity_divergence"))
def test_similarity_divergence_is_that_of_sskd(case):
    def expected_of(inputs):
        student, teacher = inputs["student_projection"], inputs["teacher_projection"].detach()
        heads = [interleaved(one[0], one[1:]) for one in (student, teacher)]
        labels = torch.zeros(student.shape[1], dtype=torch.int64)
        return of_sskd(case, 2, [torch.zeros(len(heads[0]), 2).double()] * 2, heads, labels)

    compare(case, expected_of)


def of_sskd(case, term, outputs, heads, labels):
    """torchdistill's term; its `0 * value` of the others keeps them out."""
    student, teacher = (
        {"linear": {"output": output}, "head": {"output": head}}
        for output, head in zip(outputs, heads, strict=True)
    )
    return sskd(term, **case.parameters)(student, teacher, labels)


@pytest.mark.parametrize("case", cases_of("angle_relation"))
def test_angles_are_those_of_differences_written_out(case):
    def cosines(embedding):
        edges = embedding[None] - embedding[:, None]
        return torch.einsum("abc,adc->abd", *(F.normalize(edges, dim=2),) * 2)

    def expected_of(inputs):
        student, teacher = cosines(inputs["student_embedding"]), cosines(inputs["teacher_embedding"])
        gap = (student - teacher.detach()).abs()
        return torch.where(gap < 1, gap**2 / 2, gap - 0.5).mean()

    compare(case, expected_of)


def test_distances_of_pictures_that_are_all_the_same_are_those_of_torchdistill():
    teacher = torch.arange(6.0).reshape(3, 2)
    ours = load(next(iter(cases_of("distance_relation"))).values[0])(
        {"student_embedding": torch.ones(3, 2), "teacher_embedding": teacher}
    )
    torch.testing.assert_close(ours.mean(), distance_relation(None, torch.ones(3, 2), teacher))


def test_torchdistill_leaves_out_the_factor_that_it_documents():
    """With alpha = 0 its KD has no T², against its own formula; so the oracle above multiplies by hand."""
    student, teacher = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0)).double()
    without = called(
        KDLoss(*PLACES, temperature=4.0, alpha=0, beta=1.0), student, teacher, torch.zeros(4).long()
    )
    tiny = called(
        KDLoss(*PLACES, temperature=4.0, alpha=1e-12, beta=1.0), student, teacher, torch.zeros(4).long()
    )
    assert math.isclose(tiny / without, 16, rel_tol=1e-6)
