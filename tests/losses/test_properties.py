"""Every loss in the folder, with every choice of its parameters, does what its kind of loss must."""

import pytest
import torch
from loss_examples import (
    CASES,
    LOGITS,
    SECOND,
    N,
    inputs_for,
    is_students,
    is_teachers,
    load,
    supplied_to,
    with_gradients,
)
from torch import nn

from skinkd.errors import InputError
from skinkd.signatures import inputs_of, minimum_classes, names_in

TAUGHT = [param for param in CASES if any(map(is_teachers, inputs_of(param.values[0].name)))]
HARD = [param for param in CASES if param not in TAUGHT]
OF_LOGITS = [param for param in CASES if LOGITS & set(inputs_of(param.values[0].name))]
# Probabilities that go through softmax once more are never sure.
SURE = [param for param in HARD if "probabilities" not in param.values[0].name]
# Which of equally ranked views is kept depends on their order, so a share between none and all does.
ORDERLESS = [param for param in CASES if param.values[0].parameters.get("kept_share", 1.0) in (0.0, 1.0)]


def test_every_loss_in_the_folder_is_in_the_matrix():
    assert {param.values[0].name for param in CASES} == set(names_in("losses"))


@pytest.mark.parametrize("case", CASES)
def test_finite_values_of_at_least_zero(case):
    values = load(case)(inputs_for(case))
    assert values.dtype == torch.float64
    assert values.shape in {(), (N,), (3 * N,)}
    assert torch.isfinite(values).all()
    assert (values > -1e-12).all()
    assert values.mean() > 0


@pytest.mark.parametrize("case", CASES)
def test_gradient_matches_finite_differences(case):
    inputs, loss = inputs_for(case), load(case)
    names = [name for name in inputs if is_students(name)]

    def mean_of(*students):
        return loss(inputs | dict(zip(names, students, strict=True))).mean()

    assert names
    assert torch.autograd.gradcheck(mean_of, [inputs[name].requires_grad_() for name in names])


@pytest.mark.parametrize("case", TAUGHT)
def test_no_gradient_reaches_the_teacher(case):
    inputs = with_gradients(inputs_for(case))
    everything = {
        key: value.requires_grad_() for key, value in supplied_to(case).items() if key == "teacher_logits"
    }
    load(case, **everything)(inputs).sum().backward()
    assert all(value.grad is None for value in everything.values())
    assert all(inputs[name].grad is None for name in inputs if is_teachers(name))
    assert all(inputs[name].grad.abs().sum() > 0 for name in inputs if is_students(name))


def taken(name, value, order):
    """An input with its pictures in another order."""
    return value.index_select(1 if name in SECOND else 0, order)


@pytest.mark.parametrize("case", ORDERLESS)
def test_the_order_of_the_pictures_does_not_matter(case):
    inputs, order = inputs_for(case), torch.tensor([3, 0, 5, 1, 4, 2])
    moved = {name: taken(name, value, order) for name, value in inputs.items()}
    torch.testing.assert_close(load(case)(moved).mean(), load(case)(inputs).mean())


@pytest.mark.parametrize("case", OF_LOGITS)
def test_the_order_of_the_classes_does_not_matter(case):
    inputs, order = inputs_for(case), torch.arange(case.classes).roll(1)
    moved = {name: value[..., order] if name in LOGITS else value for name, value in inputs.items()}
    if "labels" in inputs:
        moved["labels"] = order.argsort()[inputs["labels"]]
    supplied = {key: value[..., order] for key, value in supplied_to(case).items()}
    torch.testing.assert_close(load(case, **supplied)(moved), load(case)(inputs))


def imitated(case, inputs):
    """The inputs of a student that says what its teacher says."""
    same = dict(inputs)
    for name in filter(is_students, inputs):
        teacher = inputs.get(name.replace("student", "teacher"))
        same[name] = inputs["teachers"][0] if teacher is None else teacher
    if "teachers" in inputs:
        same["teachers"] = inputs["teachers"][:1].expand(3, -1, -1)
    if case.name == "transformed_teacher_matching":
        same["student"] = inputs["teacher"] / case.parameters["temperature"]
    return same


@pytest.mark.parametrize("case", TAUGHT)
def test_least_and_flat_where_the_student_says_what_the_teacher_says(case):
    identity = {"adapter": nn.Identity()} if "adapter" in case.parameters else {}
    same = with_gradients(imitated(case, inputs_for(case)))
    least = load(case, **identity)(same).mean()
    least.backward()
    assert all(same[name].grad.abs().max() < 1e-9 for name in same if is_students(name))
    assert load(case)(inputs_for(case)).mean() > least
    if "cross_entropy" not in case.name:
        assert abs(least) < 1e-9


@pytest.mark.parametrize("case", SURE)
def test_zero_for_a_student_that_is_sure_and_right(case):
    inputs = inputs_for(case)
    right = torch.nn.functional.one_hot(inputs["labels"], case.classes).double()
    assert load(case)(inputs | {"student": 1e3 * (2 * right - 1)}).abs().max() < 1e-12


@pytest.mark.parametrize("case", OF_LOGITS)
@pytest.mark.parametrize("size", [0.0, 1e2, 1e4])
def test_finite_for_extreme_logits(case, size):
    """Half of the pictures: the student says the opposite of the teacher; the others: the same."""
    inputs = {
        name: value.float() if value.is_floating_point() else value
        for name, value in inputs_for(case).items()
    }
    opposed = torch.linspace(size, -size, case.classes).expand(N, -1).clone()
    for name in LOGITS & set(inputs):
        side = opposed.flip(1) if is_students(name) else opposed
        side = torch.cat([side[: N // 2], opposed[N // 2 :]])
        inputs[name] = side.expand_as(inputs[name]).clone()
    assert_finite(load(case), inputs)


@pytest.mark.parametrize("case", [param for param in CASES if param not in OF_LOGITS])
@pytest.mark.parametrize("value", [0.0, 1.0, 1e4])
def test_finite_where_all_pictures_are_the_same(case, value):
    same = {name: torch.full(value_.shape, value) for name, value_ in inputs_for(case).items()}
    adapter = supplied_to(case).get("adapter")
    assert_finite(load(case, **({"adapter": adapter.float()} if adapter else {})), same)


def assert_finite(loss, inputs):
    """The values and the gradient are numbers."""
    inputs = with_gradients(inputs)
    values = loss(inputs)
    values.mean().backward()
    assert torch.isfinite(values).all()
    assert all(torch.isfinite(inputs[name].grad).all() for name in inputs if is_students(name))


def test_three_losses_need_three_classes():
    assert {name for name in names_in("losses") if minimum_classes(name) == 3} == {
        *("dist", "dkd", "logit_standardisation")
    }


@pytest.mark.parametrize("name", [name for name in names_in("losses") if minimum_classes(name) > 2])
def test_a_loss_that_two_classes_leave_undefined_refuses_them(name):
    case = next(param.values[0] for param in CASES if param.values[0].name == name)
    inputs = {key: value[..., :2] if key in LOGITS else value % 2 for key, value in inputs_for(case).items()}
    with pytest.raises(InputError, match=rf"ERROR loss: {name} got logits of 2 classes\. .* Fix: "):
        load(case)(inputs)
