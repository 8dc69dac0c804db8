"""A part makes batches from the packed array; a picture costs the same however many there are."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from training_examples import CPU, network_of

from skinkd import dataset
from skinkd.augmentations import keys_of, ssd_kd
from skinkd.dataset import DEVIATION, MEAN, Part, open_array, predict_logits
from skinkd.packed_pictures import PackedPictures

ON_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


def part_of(images, size_px=16, augmentation="ssd_kd", device="cpu", array=None):
    """A part of noise whose rows lie in the array backwards."""
    if array is None:
        shape = (images, size_px, size_px, 3)
        array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    names = [f"I{index:06d}" for index in range(images)]
    table = pd.DataFrame({"image": names, "row": np.arange(images)[::-1], "label": "a"})
    return Part(array, table, ["a", "b"], augmentation=augmentation, view_seed=3, device=device)


def by_hand(part, array, chosen, parameters, turns):
    """Turned by numpy, scaled, augmented and normalised, as one reads it."""
    packed = array[part.table["row"].to_numpy()[chosen]]
    turned = np.rot90(packed, turns, axes=(1, 2)).copy()
    pictures = torch.from_numpy(turned).permute(0, 3, 1, 2).contiguous() / 255
    if parameters is not None:
        pictures = part.augmentation.apply(pictures, parameters[chosen])
    return (pictures - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("augmentation", ["ssd_kd", "identity", None])
@pytest.mark.parametrize("at_once_bytes", [1, 2**14, 2**22])
def test_a_batch_is_its_pictures_turned_augmented_and_normalised(
    augmentation, turns, at_once_bytes, monkeypatch
):
    """In pieces of any size, in any order, with repetitions."""
    monkeypatch.setattr(dataset, "MADE_AT_ONCE_BYTES", at_once_bytes)
    array = np.random.default_rng(1).integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    part = part_of(20, augmentation=augmentation or "identity", array=array)
    chosen = torch.tensor([7, 0, 19, 7, 3, 11, 12])
    parameters = part.parameters(2) if augmentation else None
    batch = part.batch(chosen, parameters, turns)
    assert batch.dtype == torch.float32
    assert batch.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(batch, by_hand(part, array, chosen, parameters, turns), atol=1e-6, rtol=1e-6)


def test_a_batch_of_nothing_has_the_shape_of_a_batch():
    part = part_of(3)
    assert part.batch(torch.arange(0), part.parameters(0)).shape == (0, 3, 16, 16)


def test_a_memory_map_is_read_when_asked_and_never_written(packed):
    """No copy, no warning, and what is done to a batch stays in the batch."""
    data = packed(3)
    array, split = open_array(data.path_to_array, data.path_to_split)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        part = Part(array, split, data.classes, augmentation="ssd_kd", view_seed=0, device="cpu")
        part.batch(torch.arange(5), part.parameters(0)).zero_()
        part.packed.take(torch.arange(5), torch.arange(5)).zero_()
    assert np.shares_memory(part.packed.array, array)
    assert np.array_equal(np.load(data.path_to_array), data.array)


def test_a_part_takes_no_memory_for_its_pictures():
    """20 MB of pictures: opened and looked at, under one."""
    array = np.zeros((400, 128, 128, 3), dtype=np.uint8)
    tracemalloc.start()
    part = part_of(400, array=array)
    part.batch(torch.arange(4), part.parameters(0))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 1e6 < array.nbytes / 10


class Watch(TorchDispatchMode):
    """Keeps the size of the greatest tensor that an operation made, and the operations' names."""

    def __init__(self):
        super().__init__()
        self.greatest, self.operations = 0, []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        self.operations.append(function.overloadpacket._qualified_op_name)
        self.greatest = max([self.greatest, *(m.numel() for m in [made] if isinstance(m, torch.Tensor))])
        return made


def test_a_batch_costs_the_same_in_a_part_of_any_size():
    """The same operations on tensors of the same sizes; none as long as the tables."""
    seen = []
    for images in (100, 10_000):
        part = part_of(images, size_px=8)
        parameters, chosen = part.parameters(0), torch.arange(32)
        with Watch() as watch:
            part.batch(chosen, parameters, 1)
        seen.append((watch.greatest, watch.operations))
    assert seen[0] == seen[1]
    assert seen[0][0] == 32 * 3 * 8 * 8


def test_nothing_in_a_batch_asks_the_device_for_a_number():
    """Such an answer would have to be waited for."""
    part = part_of(64)
    with Watch() as watch:
        part.batch(torch.arange(64), part.parameters(0), 1)
    assert "aten::grid_sampler_2d" in watch.operations
    assert not {"aten::_local_scalar_dense", "aten::nonzero", "aten::equal"} & set(watch.operations)


def test_images_are_named_once_and_views_are_drawn_once(monkeypatch):
    named, drawn = [], []
    monkeypatch.setattr(dataset, "keys_of", lambda images: named.append(len(images)) or keys_of(images))
    part, draw = part_of(50), ssd_kd.draw
    monkeypatch.setattr(ssd_kd, "draw", lambda keys, *which: drawn.append(which) or draw(keys, *which))
    for view in (0, 1, 0, 1):
        part.batch(torch.arange(8), part.parameters(view))
    assert named == [50]
    assert drawn == [(0, 3), (1, 3)]


def test_the_latest_four_views_are_kept_and_no_more():
    part = part_of(50)
    first = [part.parameters(view) for view in range(4)]
    assert part.parameters(0) is first[0]
    part.parameters(4)
    assert part.parameters(0) is first[0]
    again = part.parameters(1)
    assert again is not first[1]
    assert torch.equal(again, first[1])


def test_drawing_in_pieces_is_drawing_at_once(monkeypatch):
    monkeypatch.setattr(dataset, "DRAWN_AT_ONCE", 7)
    part = part_of(20)
    expected = ssd_kd.draw(keys_of(part.table["image"]), 5, 3)
    assert np.array_equal(part.parameters(5), expected)
    assert part_of(0).parameters(5).shape == (0, expected.shape[1])


def test_drawing_takes_little_more_memory_than_what_is_drawn():
    part = part_of(30_000, size_px=1)
    part.parameters(0)
    tracemalloc.start()
    drawn = part.parameters(1)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The pieces and their sum, and what lies between for one piece.
    assert peak_bytes < 2 * drawn.nbytes + 4096 * 21 * 8 * 8


def test_indices_on_the_device_are_sent_once_a_batch():
    part, chosen = part_of(5), torch.tensor([3, 1])
    assert part.on_device(chosen) is part.on_device(chosen)
    assert torch.equal(part.on_device(chosen), chosen)
    assert part.on_device(torch.tensor([0])).tolist() == [0]


def test_students_that_step_together_get_the_same_pictures(monkeypatch):
    """The very same tensor for the very same request in each turn, and a new one for any other."""
    part, chosen = part_of(9), torch.tensor([3, 1])
    parameters = part.parameters(0)
    with part.sharing():
        first = [part.batch(chosen, parameters, turns) for turns in range(4)]
        assert all(part.batch(chosen, parameters, turns) is first[turns] for turns in range(4))
        others = (chosen.clone(), parameters), (chosen, parameters.clone()), (chosen, None)
        for other in others:
            assert part.batch(*other) is not first[0]
        assert part.batch(chosen, parameters, 1) is first[1]
        assert torch.equal(part.batch(chosen, parameters, 0), first[0])
    assert part.batch(chosen, parameters) is not part.batch(chosen, parameters)


def test_sharing_ends_with_an_error_too():
    part, chosen = part_of(9), torch.tensor([3, 1])
    with pytest.raises(KeyError), part.sharing():
        raise KeyError
    assert part.batch(chosen) is not part.batch(chosen)


def test_resident_pictures_are_those_of_the_array(monkeypatch):
    """What another device would be sent, in pieces that do not come out even."""
    monkeypatch.setattr("skinkd.packed_pictures.SENT_AT_ONCE_BYTES", 4 * 8 * 8 * 3)
    array = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 3), dtype=np.uint8)
    rows = np.random.default_rng(1).permutation(30)[:11]
    assert np.array_equal(PackedPictures(array, rows, "cpu")._uploaded(), array[rows])


@pytest.fixture(scope="module")
def seen(packed):
    """A part of 60 pictures and a network with batch norm, which must not look at its neighbours."""
    data = packed(3, images=60)
    table = data.split.sample(frac=1, random_state=0)
    part = Part(data.array, table, data.classes, augmentation="ssd_kd", view_seed=0, device="cpu")
    torch.manual_seed(0)
    return data, part, network_of(data, "mobilenet_v2", width=0.35)


@pytest.mark.parametrize("view", [None, 1])
def test_logits_do_not_depend_on_the_size_of_a_batch(seen, view):
    _, part, network = seen
    parameters = None if view is None else part.parameters(view)
    expected = predict_logits(network, part, CPU, parameters, batch_size=60)
    for size in (1, 7, 64):
        found = predict_logits(network, part, CPU, parameters, batch_size=size)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("view", [None, 1])
def test_logits_do_not_depend_on_the_order_of_the_rows(seen, view):
    data, part, network = seen
    order = np.random.default_rng(0).permutation(len(part))
    other = Part(
        data.array, part.table.iloc[order], data.classes, augmentation="ssd_kd", view_seed=0, device="cpu"
    )
    found, expected = (
        predict_logits(network, one, CPU, None if view is None else one.parameters(view))
        for one in (other, part)
    )
    assert found.std() > 0
    torch.testing.assert_close(found, expected[order], atol=1e-5, rtol=1e-4)
    assert torch.equal(other.labels, part.labels[order])


@ON_CUDA
def test_views_on_cuda_are_those_of_the_cpu_and_nothing_waits():
    parts = [part_of(64, size_px=48, device=device) for device in ("cpu", "cuda")]
    chosen = torch.randperm(64, generator=torch.Generator().manual_seed(0))
    expected, _ = (part.batch(chosen, part.parameters(0), 1) for part in parts)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        found = parts[1].batch(chosen, parts[1].parameters(0), 1)
        labels = parts[1].labels[parts[1].on_device(chosen)]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert labels.is_cuda
    torch.testing.assert_close(found.cpu(), expected, atol=1e-4, rtol=1e-4)
