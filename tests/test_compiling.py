"""A compiled student learns what it learns uncompiled, and is compiled once for each size of batch."""

import pytest
import torch
from torch import nn

from skinkd import compiling
from skinkd.compiling import compile_training
from skinkd.errors import InputError
from skinkd.gradients import gradient_shares
from skinkd.network_cost import multiply_accumulates
from skinkd.networks import Features, build_network

compiles = pytest.mark.skipif(
    not compiling.can_compile(), reason="no C compiler, or a space in the path of torch"
)
BATCHES = (6, 6, 4, 6, 4)
# Terms are weighed in the middle of an epoch, when plain steps have compiled the backward pass already.
WEIGHED = 3


def learnt(compiled):
    """Weights, maps, logits in evaluation mode and the network after some steps, with dropout."""
    torch.manual_seed(0)
    network = build_network("dsnet", 3, 18, {})
    names, maps = list(network.state_dict()), []
    features = Features(network)
    network = compile_training(network) if compiled else network
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    for index, size in enumerate(BATCHES):
        network.train()
        logits = network(torch.randn(size, 3, 18, 18))
        # A map that a loss reads, so that gradients flow through the hook.
        terms = [nn.functional.cross_entropy(logits, torch.arange(size) % 3), features.map.mean()]
        if index == WEIGHED:
            shares = gradient_shares(terms, list(network.parameters()))
        sum(terms).backward()
        maps.append(features.map.detach().clone())
        optimizer.step()
        optimizer.zero_grad()
        network.eval()
        with torch.no_grad():
            logits = network(torch.randn(3, 3, 18, 18))
    assert list(network.state_dict()) == names
    return [*network.parameters(), *maps, logits, shares], network


@pytest.fixture(scope="module")
def both():
    """What is learnt compiled and uncompiled, and how many graphs were compiled."""
    import torch._dynamo

    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    found, network = learnt(compiled=True)
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    return found, learnt(compiled=False)[0], network, graphs


@compiles
def test_a_compiled_network_learns_the_same(both):
    found, expected, *_ = both
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@compiles
def test_each_size_of_batch_is_compiled_once_and_evaluation_never(both):
    *_, graphs = both
    assert graphs == len(set(BATCHES))


@compiles
def test_a_compiled_network_is_still_seen_through(both):
    *_, network, _ = both
    assert multiply_accumulates(network, 18) == multiply_accumulates(build_network("dsnet", 3, 18, {}), 18)


def test_where_nothing_can_be_compiled_it_is_said_and_not_tried(monkeypatch):
    monkeypatch.setattr(torch, "__file__", "/a folder/torch/__init__.py")
    assert not compiling.pays("cuda", 10**9)
    with pytest.raises(InputError, match=r"set device\.compile to never"):
        compile_training(nn.Linear(1, 1))
