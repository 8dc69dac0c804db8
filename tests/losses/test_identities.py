"""What must hold between losses, at their limits, and where a paper prints a number."""

import inspect
import math

import pytest
import torch
import torch.nn.functional as F
from loss_examples import N, cases_of, counts_of, inputs_for, load, with_gradients

from skinkd.adapters import adapt, build_adapter, projection_head
from skinkd.errors import InputError
from skinkd.losses.angle_relation import angle_relation
from skinkd.losses.channel_relation import channel_relation, squared_gap
from skinkd.losses.cross_entropy import cross_entropy
from skinkd.losses.cross_entropy_of_probabilities import cross_entropy_of_probabilities
from skinkd.losses.dist import correlation
from skinkd.losses.distance_relation import distance_relation
from skinkd.losses.dkd import decoupled_terms
from skinkd.losses.logit_standardisation import logit_standardisation, z_scores
from skinkd.losses.multi_teacher_divergence import multi_teacher_divergence
from skinkd.losses.softened_cross_entropy import softened_cross_entropy
from skinkd.losses.softened_cross_entropy_of_probabilities import softened_cross_entropy_of_probabilities
from skinkd.losses.softened_divergence import softened_divergence
from skinkd.losses.transformed_teacher_matching import transformed_teacher_matching
from skinkd.losses.weighted_cross_entropy import class_weights, weighted_cross_entropy

# Losses in which a temperature divides both models' logits.
SOFTENED = (
    *("softened_divergence", "softened_cross_entropy", "multi_teacher_divergence"),
    *("dist", "dkd", "rotated_divergence"),
)
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


def batch_of(classes, seed=0, pictures=N):
    """Student's and teacher's logits (pictures, classes) in float64, and labels."""
    generator = torch.Generator().manual_seed(seed)
    student, teacher = 3 * torch.randn(2, pictures, classes, dtype=torch.float64, generator=generator)
    return student, teacher, torch.arange(pictures) % classes


def gradient_of(function, value):
    """The gradient of a function's sum at a value."""
    value = value.clone().requires_grad_()
    function(value).sum().backward()
    return value.grad


# --- probabilities ---


@pytest.mark.parametrize("case", cases_of(*SOFTENED))
def test_twice_the_logits_at_twice_the_temperature_are_the_same_probabilities(case):
    inputs = inputs_for(case)
    doubled = {name: value * 2 if value.is_floating_point() else value for name, value in inputs.items()}
    factor = 4 if case.parameters.get("scaled", True) else 1
    hot = load(case, temperature=2 * case.parameters["temperature"])(doubled)
    torch.testing.assert_close(hot, factor * load(case)(inputs))


@pytest.mark.parametrize("case", cases_of("softened_divergence", "multi_teacher_divergence"))
def test_at_a_high_temperature_the_scaled_divergence_compares_centred_logits(case):
    inputs = inputs_for(case)
    teacher = inputs["teacher"] if "teacher" in inputs else inputs["teachers"].mean(dim=0)
    gap = inputs["student"] - teacher
    limit = (gap - gap.mean(dim=1, keepdim=True)).square().mean(dim=1) / 2
    torch.testing.assert_close(load(case, temperature=1e4, scaled=True)(inputs), limit, rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 5.0, 10.0])
def test_cross_entropy_is_divergence_plus_the_teachers_entropy(temperature, scaled):
    student, teacher, _ = batch_of(8)
    how = {"temperature": temperature, "scaled": scaled}
    functions = [
        lambda logits: softened_cross_entropy(logits, teacher, **how),
        lambda logits: softened_divergence(logits, teacher, **how),
    ]
    entropy = torch.distributions.Categorical(logits=teacher / temperature).entropy()
    entropy = entropy * (temperature**2 if scaled else 1)
    torch.testing.assert_close(functions[0](student) - functions[1](student), entropy)
    torch.testing.assert_close(gradient_of(functions[0], student), gradient_of(functions[1], student))


def test_the_scale_keeps_the_size_of_the_gradient():
    """Without T² the gradient of the divergence falls as 1/T², so ten times T is a hundredth of the push."""
    student, teacher, _ = batch_of(8)

    def size(temperature, scaled):
        how = {"temperature": temperature, "scaled": scaled}
        return float(gradient_of(lambda logits: softened_divergence(logits, teacher, **how), student).norm())

    assert size(1000.0, True) == pytest.approx(size(100.0, True), rel=0.05)
    assert size(1000.0, False) == pytest.approx(size(100.0, False) / 100, rel=0.05)


def test_the_gradient_of_transformed_teacher_matching_needs_no_scale():
    student, teacher, _ = batch_of(8)

    def size(temperature):
        function = lambda logits: transformed_teacher_matching(logits, teacher, temperature=temperature)  # noqa: E731
        return float(gradient_of(function, student).norm())

    assert size(1000.0) == pytest.approx(size(100.0), rel=0.05)


def test_the_two_directions_are_each_others_with_the_models_exchanged():
    student, teacher, _ = batch_of(8)
    how = {"temperature": 3.0, "scaled": True}
    torch.testing.assert_close(
        softened_divergence(student, teacher, **how, direction="student_to_teacher"),
        softened_divergence(teacher, student, **how, direction="teacher_to_student"),
    )


def test_a_config_without_a_direction_means_hintons():
    default = inspect.signature(softened_divergence).parameters["direction"].default
    assert default == "teacher_to_student"


def test_decoupled_terms_add_up_to_plain_distillation():
    """KD = TCKD + (1 - p(label)) NCKD."""
    student, teacher, labels = batch_of(5)
    target, non_target = decoupled_terms(student, teacher, labels)
    doubt = 1 - F.softmax(teacher, dim=1).gather(1, labels[:, None])[:, 0]
    plain = softened_divergence(student, teacher, temperature=1.0, scaled=False)
    torch.testing.assert_close(target + doubt * non_target, plain)


def test_one_teacher_among_several_equal_ones_is_plain_distillation():
    student, teacher, _ = batch_of(5)
    how = {"temperature": 3.0, "scaled": True}
    several = multi_teacher_divergence(student, teacher.expand(4, -1, -1), **how)
    torch.testing.assert_close(several, softened_divergence(student, teacher, **how))


def test_standardised_logits_forget_their_size_and_place():
    student, teacher, _ = batch_of(5)
    torch.testing.assert_close(
        logit_standardisation(student, teacher, temperature=2.0),
        logit_standardisation(7 * student - 3, 0.1 * teacher + 5, temperature=2.0),
        rtol=1e-5,
        atol=0,
    )


def test_two_classes_have_the_same_z_scores_whatever_the_logits():
    student, _, _ = batch_of(2)
    torch.testing.assert_close(z_scores(student).abs(), torch.full((N, 2), math.sqrt(0.5)).double())


def test_two_classes_correlate_by_one_or_minus_one_whatever_the_logits():
    student, teacher, _ = batch_of(2)
    found = correlation(F.softmax(student, dim=1), F.softmax(teacher, dim=1))
    torch.testing.assert_close(found.abs(), torch.ones(N).double())
    assert gradient_of(lambda z: correlation(z, teacher), student).abs().max() < 1e-9


def test_deep_skin_cancers_objective_is_a_sum_of_two_terms():
    """(1 - α) CE + 2 α T² CE(p_t, p_s): weights 1 - α and 2 α, the second term scaled."""
    student, teacher, labels = batch_of(9)
    alpha, temperature = 0.3, 4.0
    p, q = F.softmax(teacher / temperature, dim=1), F.log_softmax(student / temperature, dim=1)
    printed = (1 - alpha) * F.cross_entropy(student, labels) - 2 * alpha * temperature**2 * (p * q).sum() / N
    soft = softened_cross_entropy(student, teacher, temperature=temperature, scaled=True)
    found = (1 - alpha) * cross_entropy(student, labels).mean() + 2 * alpha * soft.mean()
    torch.testing.assert_close(found, printed)


# --- class weights ---


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


def test_equal_counts_leave_the_cross_entropy_as_it_is():
    student, _, labels = batch_of(5)
    found = weighted_cross_entropy(student, labels, class_counts=torch.full((5,), 70))
    torch.testing.assert_close(found, cross_entropy(student, labels))


def test_the_loss_of_a_rare_class_counts_more():
    student, _, labels = batch_of(5)
    values = weighted_cross_entropy(student, labels, class_counts=counts_of(5))
    ratio = values / cross_entropy(student, labels)
    weights = class_weights(counts_of(5))[labels]
    torch.testing.assert_close(ratio / ratio[0], weights / weights[0])


# --- DSNet's code ---


def test_two_softmaxes_never_let_the_loss_fall_below_what_the_notebooks_log():
    sure = 1e3 * F.one_hot(torch.tensor([0, 1]), 2).double()
    found = cross_entropy_of_probabilities(sure, torch.tensor([0, 1]))
    torch.testing.assert_close(found, torch.full((2,), 0.3133).double(), atol=5e-5, rtol=0)
    assert F.softmax(F.softmax(sure, dim=1), dim=1).max() == pytest.approx(0.7310586)


@pytest.mark.parametrize("temperature", [1.0, 10.0, 100.0])
def test_dsnets_soft_term_is_inert(temperature):
    """5,596 training pictures; 0.9 × the soft term beside 0.1 × the hard one."""
    _, everything, _ = batch_of(2, pictures=5596)
    student, _, labels = batch_of(2, seed=1, pictures=64)
    how = {"temperature": temperature, "teacher_logits": everything}
    soft = lambda logits: 0.9 * softened_cross_entropy_of_probabilities(logits, everything[:64], **how)  # noqa: E731
    hard = lambda logits: 0.1 * cross_entropy_of_probabilities(logits, labels)  # noqa: E731
    assert 0.9e-4 < float(soft(student).mean()) < 1.3e-4
    sizes = [float(gradient_of(function, student).norm()) for function in (soft, hard)]
    assert 0 < sizes[0] / sum(sizes) < 0.01


def test_dsnets_soft_targets_add_up_to_one_over_all_pictures():
    """A student with probabilities 1/2 throughout has log 2 times the sum of the targets."""
    _, everything, _ = batch_of(2, pictures=100)
    found = softened_cross_entropy_of_probabilities(
        torch.zeros_like(everything), everything, temperature=10.0, teacher_logits=everything
    )
    assert float(found.sum()) == pytest.approx(math.log(2))


def test_the_papers_figure_6_shows_softened_probabilities():
    """The text's 0.41 and 0.59 at T = 3 are softmax((0, 1) / 3), of a sure teacher's probabilities."""
    sure = F.softmax(torch.tensor([[0.0, 1e3]]), dim=1)
    torch.testing.assert_close(F.softmax(sure / 3, dim=1), torch.tensor([[0.417, 0.583]]), atol=5e-4, rtol=0)


# --- relations ---


def orthogonal(size, seed=3):
    """A rotation of `size` dimensions."""
    return torch.linalg.qr(batch_of(size, seed, pictures=size)[0]).Q


@pytest.mark.parametrize("relation", [distance_relation, angle_relation])
def test_relations_do_not_see_where_the_embeddings_lie_nor_how_large_they_are(relation):
    student, teacher, _ = batch_of(5)
    moved = 7 * student @ orthogonal(5) + 100
    torch.testing.assert_close(relation(moved, teacher), relation(student, teacher))
    assert relation(7 * teacher @ orthogonal(5) + 100, teacher).max() < 1e-12


@pytest.mark.parametrize("relation", [distance_relation, angle_relation])
def test_relations_see_more_than_each_embedding_alone(relation):
    student, teacher, _ = batch_of(5)
    assert not torch.allclose(relation(student[:4], teacher[:4]), relation(student, teacher)[:4])


def test_angles_in_single_precision_are_close_to_those_in_double():
    """Where the embeddings' mean is large, as after a ReLU, their products alone would lose it."""
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.rand(2, 48, 2048, dtype=torch.float64, generator=generator) + 5
    exact = angle_relation(student, teacher)
    torch.testing.assert_close(
        angle_relation(student.float(), teacher.float()).double(), exact, rtol=1e-4, atol=0
    )


def test_a_picture_that_is_there_twice_forms_no_angle_with_itself():
    student, teacher, _ = batch_of(5)
    twice = [torch.cat([one, one[:1]]).float() for one in (student, teacher)]

    def cosines(embedding):
        unit = F.normalize(embedding[None] - embedding[:, None], dim=2)
        return unit @ unit.mT

    expected = F.smooth_l1_loss(*map(cosines, twice), reduction="none").mean(dim=(1, 2))
    torch.testing.assert_close(angle_relation(*twice), expected, rtol=1e-4, atol=0)


# --- maps ---


def maps(seed=0, pictures=4, channels=6):
    """Student's and teacher's maps of the same shape."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, pictures, channels, 3, 2, dtype=torch.float64, generator=generator)


def test_the_codes_channel_relation_is_smaller_than_the_printed_one_by_the_channels():
    student, teacher = (one[:1].expand(5, -1, -1, -1) for one in maps())
    how = {"adapter": torch.nn.Identity()}
    printed = channel_relation(student, teacher, **how, normalisation="printed").mean()
    coded = channel_relation(student, teacher, **how, normalisation="coded")
    assert float(printed / coded) == pytest.approx(6)


def test_channels_relate_alike_wherever_the_positions_are():
    """R = F Fᵀ does not see an exchange of positions, the same in all channels."""
    _, teacher = maps()
    moved = teacher.flatten(2)[:, :, torch.tensor([4, 2, 0, 5, 1, 3])].view_as(teacher)
    assert not torch.allclose(moved, teacher)
    assert squared_gap(moved, teacher).max() < 1e-20 * teacher.square().sum() ** 2 + 1e-9


def test_channel_relations_keep_their_digits_where_the_maps_nearly_coincide():
    student, teacher = maps(channels=64)
    near = (teacher + 1e-5 * student).float()
    grams = [torch.einsum("bkhw,blhw->bkl", *(one.double(),) * 2) for one in (near, teacher.float())]
    exact = (grams[0] - grams[1]).square().sum(dim=(1, 2))
    torch.testing.assert_close(squared_gap(near, teacher.float()).double(), exact, rtol=1e-4, atol=0)


@pytest.mark.parametrize(("kind", "parameters"), [("linear", 3 * 4 + 4), ("convolution_batch_norm_relu", 24)])
def test_an_adapter_has_a_convolution_and_what_its_name_says(kind, parameters):
    adapter = build_adapter(kind, 3, 4)
    assert sum(value.numel() for value in adapter.parameters()) == parameters
    adapted = adapter(torch.randn(5, 3, 2, 2))
    assert adapted.shape == (5, 4, 2, 2)
    assert bool((adapted >= 0).all()) == (kind != "linear")


def test_maps_of_different_sizes_are_refused():
    with pytest.raises(InputError, match=r"\(2, 4, 7, 7\).*\(2, 4, 1, 1\)"):
        adapt(build_adapter("linear", 3, 4), torch.zeros(2, 3, 7, 7), torch.zeros(2, 4, 1, 1))


def test_the_papers_head_has_two_square_layers():
    head = projection_head(8)
    assert sum(value.numel() for value in head.parameters()) == 2 * (8 * 8 + 8)
    assert head(torch.zeros(5, 8)).shape == (5, 8)
    ones = torch.ones(1, 8)
    assert not torch.allclose(head(ones) + head(-ones), 2 * head(0 * ones))


def test_a_gradient_reaches_the_adapter():
    for param in cases_of("fitnet", "channel_relation"):
        case = param.values[0]
        adapter = build_adapter(case.parameters["adapter"], 3, 4).double()
        load(case, adapter=adapter)(with_gradients(inputs_for(case))).mean().backward()
        # A bias in front of batch norm has no effect, so its gradient is 0.
        weights = [value for name, value in adapter.named_parameters() if not name.endswith("0.bias")]
        assert all(value.grad.abs().sum() > 0 for value in weights)
