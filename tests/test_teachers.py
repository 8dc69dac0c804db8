"""What a student is told is what its teacher says of the student's very pictures, and no teacher changes."""

import numpy as np
import pytest
import torch
from training_examples import (
    CPU,
    DISTILLED,
    IMITATING,
    RUN,
    TRAINING,
    assert_equal_bits,
    network_of,
    online_teacher,
    parts_of,
    quiet,
    teachers_logits,
    trainer_of,
    weights_of,
)

from skinkd.dataset import DEVIATION, MEAN
from skinkd.runs import make_trainer
from skinkd.signals import Signals
from skinkd.targets import compute_targets
from skinkd.teachers import TeacherLogits, altered

TOLERANCE = {"atol": 1e-5, "rtol": 1e-4}


@pytest.fixture(scope="module")
def data(packed):
    return packed(3, size_px=40)


def imitating(data, teacher, **training):
    """A trainer whose terms ask for all that there is."""
    return trainer_of(
        data, network=("mobilenet_v2", {"width": 0.35}), teacher=teacher, run={"loss": IMITATING}, **training
    )


def pictures_by_hand(part, chosen, turns, parameters):
    """Turned by numpy, then augmented, then normalised, (chosen, 3, S, S)."""
    turned = np.rot90(part.packed.take(chosen, chosen).numpy(), turns, axes=(1, 2)).copy()
    pictures = torch.from_numpy(turned).permute(0, 3, 1, 2) / 255
    if parameters is not None:
        pictures = part.augmentation.apply(pictures, parameters[chosen])
    return (pictures - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]


def said_of(teacher, pictures):
    """Logits, last map and projection of a teacher, from its layers."""
    maps = []
    with torch.no_grad():
        hook = teacher.network.layer4.register_forward_hook(
            lambda layer, given, put_out: maps.append(put_out)
        )
        logits = teacher.network(pictures)
        hook.remove()
        return logits, maps[0], teacher.projection(maps[0].mean(dim=(2, 3)))


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_the_teacher_sees_the_students_pictures_in_all_four_turns(data, epoch):
    """Epoch e of two views: view e modulo 2 upright, the next views but two for each quarter turn."""
    teacher = online_teacher(data)
    trainer = imitating(data, teacher)
    seen = {"student": [], "teacher": []}
    for who, network in (("student", trainer.network), ("teacher", teacher.network)):
        network.register_forward_pre_hook(lambda network, given, who=who: seen[who].append(given[0]))
    part, chosen, view = trainer.train_part, torch.tensor([5, 0, 11]), epoch % 2
    found = trainer.signals_of(part, chosen, view, trainer._parameters(epoch))
    expected = [
        pictures_by_hand(part, chosen, turns, part.parameters(view + 2 * turns)) for turns in range(4)
    ]
    assert len(seen["student"]) == len(seen["teacher"]) == 1
    for pictures in (seen["student"][0], seen["teacher"][0]):
        torch.testing.assert_close(pictures, torch.cat(expected), **TOLERANCE)
    logits, maps, projections = said_of(teacher, torch.cat(expected))
    torch.testing.assert_close(found["teacher"], logits[:3], **TOLERANCE)
    torch.testing.assert_close(found["rotated_teacher"], logits[3:].unflatten(0, (3, 3)), **TOLERANCE)
    torch.testing.assert_close(found["teacher_map"], maps, **TOLERANCE)
    torch.testing.assert_close(found["teacher_embedding"], maps.mean(dim=(2, 3)), **TOLERANCE)
    torch.testing.assert_close(found["teacher_projection"], projections.unflatten(0, (4, 3)), **TOLERANCE)


def test_every_turn_of_every_view_is_augmented_otherwise(data):
    trainer = imitating(data, online_teacher(data))
    rows = [rows for epoch in range(2) for rows in trainer._parameters(epoch)]
    assert len(rows) == 8
    for index, one in enumerate(rows):
        assert all((one != other).any() for other in rows[:index])


def test_validation_pictures_are_turned_and_not_augmented(data):
    teacher = online_teacher(data)
    trainer = imitating(data, teacher)
    part, chosen = trainer.validation_part, torch.arange(4)
    trainer.network.eval()
    found = trainer.signals_of(part, chosen, None)
    for turns in range(4):
        pictures = pictures_by_hand(part, chosen, turns, None)
        said = found["rotated_teacher"][turns - 1] if turns else found["teacher"]
        torch.testing.assert_close(said, said_of(teacher, pictures)[0], **TOLERANCE)


def test_an_arm_without_turned_terms_passes_each_picture_once(data):
    trainer = trainer_of(data, teacher=online_teacher(data), run={"loss": [*DISTILLED, IMITATING[3]]})
    found = trainer.signals_of(trainer.train_part, torch.arange(5), 0, [trainer.train_part.parameters(0)])
    assert trainer.signals.quarter_turns == (0,)
    assert found["student_embedding"].shape[0] == found["teacher_embedding"].shape[0] == 5
    assert not {name for name in found if name.startswith("rotated_")}


def test_the_students_features_are_its_own_and_carry_its_gradient(data):
    trainer = imitating(data, online_teacher(data))
    found = trainer.signals_of(trainer.train_part, torch.arange(4), 0, trainer._parameters(0))
    for name, value in found.items():
        assert value.requires_grad == ("student" in name), name
    pooled = found["student_map"].mean(dim=(2, 3))
    torch.testing.assert_close(found["student_embedding"], pooled)
    torch.testing.assert_close(
        found["student_projection"].flatten(0, 1), trainer.signals.projection(pooled), **TOLERANCE
    )


def hooks_of(network):
    """How many functions watch a network's modules."""
    return sum(len(module._forward_hooks) for module in network.modules())


def test_a_teacher_never_changes(data):
    """Neither its weights nor its batch norms; it stays frozen, and hooks do not pile up."""
    teacher = online_teacher(data)
    modules = (teacher.network, teacher.projection)
    before = [weights_of(module) for module in modules]
    trainer = imitating(data, teacher, epochs=2)
    watched = hooks_of(teacher.network), hooks_of(trainer.network)
    trainer.run(say=quiet)
    for module, state in zip(modules, before, strict=True):
        assert_equal_bits(module.state_dict(), state)
        assert not any(part.training for part in module.modules())
        assert all(parameter.grad is None for parameter in module.parameters())
    assert (hooks_of(teacher.network), hooks_of(trainer.network)) == watched == (1, 1)
    trained = {id(tensor) for group in trainer.optimizer.param_groups for tensor in group["params"]}
    assert trained == {
        id(tensor) for module in (trainer.network, trainer.helpers) for tensor in module.parameters()
    }


def test_what_is_thrown_away_is_trained_and_is_not_the_network(data):
    """The adapter and the student's head move; the network's state has no trace of them."""
    trainer = imitating(data, online_teacher(data), epochs=1)
    before = weights_of(trainer.helpers)
    plain = network_of(data, "mobilenet_v2", width=0.35)
    trainer.run(say=quiet)
    after = trainer.helpers.state_dict()
    assert all((after[key] != before[key]).any() for key in before if key.endswith("weight"))
    assert trainer.network.state_dict().keys() == plain.state_dict().keys()


def cached_of(teacher, parts, views=2):
    """What the job `cache_targets` would hand to a student."""
    tensors = compute_targets(teacher.network, parts["train"], parts["validation"], CPU, views, say=quiet)
    return TeacherLogits(tensors["train"][None], tensors["validation"][None])


def test_cached_logits_are_what_the_teacher_says_online(data):
    teacher, parts = online_teacher(data, projects=False), parts_of(data)
    cached, chosen = cached_of(teacher, parts), torch.tensor([7, 2, 9])
    signals = Signals(network_of(data), {"student", "teacher", "labels"}, device=CPU, teacher=teacher)
    for view, part in ((0, parts["train"]), (1, parts["train"]), (None, parts["validation"])):
        parameters = None if view is None else part.parameters(view)
        online = signals.of([part.batch(chosen, parameters)], part.labels[chosen], {})
        told = cached.of_batch(chosen, view)
        torch.testing.assert_close(told["teacher"], online["teacher"], **TOLERANCE)
        assert torch.equal(told["teachers"][0], told["teacher"])


def test_a_student_learns_the_same_from_the_cache_as_online(data):
    teacher, parts = online_teacher(data, projects=False), parts_of(data)
    runs = [
        trainer_of(data, run={"loss": DISTILLED}, epochs=2, **told)
        for told in ({"cached": cached_of(teacher, parts)}, {"teacher": teacher})
    ]
    for trainer in runs:
        trainer.run(say=quiet)
    for cached, online in zip(runs[0].history, runs[1].history, strict=True):
        assert cached == pytest.approx(online, rel=1e-3)


def test_epochs_take_the_views_in_turn(packed):
    """Epoch e uses view e modulo views, and the teacher's answers to that very view."""
    cached = teachers_logits(packed(3))
    trainer = trainer_of(packed(3), run={"loss": DISTILLED}, cached=cached)
    chosen = torch.tensor([3, 1])
    for epoch in range(4):
        view = epoch % 2
        assert torch.equal(trainer._parameters(epoch)[0], trainer.train_part.parameters(view))
        found = trainer.signals_of(trainer.train_part, chosen, view, trainer._parameters(epoch))
        assert torch.equal(found["teacher"], cached.train[0, view, chosen])


def test_several_teachers_are_stacked_in_their_order(packed):
    said = teachers_logits(packed(3), teachers=3)
    chosen = torch.tensor([4, 0])
    for view, expected in ((1, said.train[:, 1, chosen]), (None, said.validation[:, chosen])):
        told = said.of_batch(chosen, view)
        assert told["teachers"].shape == (3, 2, 3)
        assert torch.equal(told["teachers"], expected)
        assert torch.equal(told["teacher"], expected[0])


def test_confidence_is_the_first_teachers_greatest_probability_in_the_first_view():
    logits = torch.tensor([[[[0.0, 0.0], [2.0, 0.0]], [[9.0, 0.0], [9.0, 0.0]]]])
    said = TeacherLogits(torch.cat([logits, 5 + 2 * logits]), torch.zeros(2, 1, 2))
    expected = torch.tensor([0.5, 1 / (1 + np.exp(-2.0))], dtype=torch.float32)
    torch.testing.assert_close(said.confidence(), expected)


def rows_of(logits):
    """Rows of logits as a sorted list."""
    return sorted(map(tuple, logits.tolist()))


@pytest.fixture
def said(packed):
    return teachers_logits(packed(3), teachers=2, views=3)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_shuffled_teacher_gives_the_same_answers_to_other_pictures(said, seed):
    """The same other picture's, in all views and by all teachers."""
    told = altered(said, "shuffled", seed)
    for part in ("train", "validation"):
        before, after = getattr(said, part), getattr(told, part)
        for teacher in range(2):
            assert rows_of(after[teacher].flatten(0, -2)) == rows_of(before[teacher].flatten(0, -2))
        assert (after != before).any(dim=-1).float().mean() > 0.7
    origin = [(said.train[0, 0] == row).all(dim=1).nonzero().item() for row in told.train[0, 0]]
    assert sorted(origin) == list(range(len(origin)))
    assert torch.equal(told.train, said.train[:, :, origin])


def test_another_seed_shuffles_otherwise_and_the_same_seed_alike(said):
    first, again, other = (altered(said, "shuffled", seed).train for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_uniform_teacher_gives_every_class_the_same_probability(said):
    told = altered(said, "uniform", 0)
    for part in ("train", "validation"):
        assert getattr(told, part).shape == getattr(said, part).shape
        probabilities = getattr(told, part).softmax(dim=-1)
        torch.testing.assert_close(probabilities, torch.full_like(probabilities, 1 / 3))


def test_without_a_control_nothing_is_altered(said):
    assert altered(said, None, 0) is said


def test_a_term_that_asks_for_several_teachers_gets_all_of_them(packed):
    """Two teachers that contradict each other leave a flat mean: the same as one uniform teacher."""
    data, parts = packed(3), parts_of(packed(3))
    one = teachers_logits(data)
    terms = {"temperature": 1.0, "scaled": False}
    losses = {
        "several": [{"name": "multi_teacher_divergence", "weight": 1.0, **terms}],
        "one": [{"name": "softened_divergence", "weight": 1.0, **terms}],
    }

    def validated(loss, cached):
        torch.manual_seed(0)
        run = RUN | {"loss": losses[loss], "training": TRAINING}
        return make_trainer(network_of(data), parts, run, CPU, cached, None).validate()["validation_loss"]

    turned = [
        torch.cat([getattr(one, part).roll(k, -1) for k in range(3)]) for part in ("train", "validation")
    ]
    assert validated("several", one) == pytest.approx(validated("one", one), rel=1e-5)
    assert validated("several", TeacherLogits(*turned)) == pytest.approx(
        validated("one", altered(one, "uniform", 0)), rel=1e-5
    )


def test_an_online_teacher_may_be_without_a_head(data):
    teacher = online_teacher(data, projects=False)
    trainer = trainer_of(data, teacher=teacher, run={"loss": [*DISTILLED, IMITATING[3]]}, epochs=1)
    trainer.run(say=quiet)
    assert np.isfinite(trainer.history[0]["term3_value"])
