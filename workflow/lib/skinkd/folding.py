"""Batch norms folded into their neighbours: a frozen network that says the same with less work."""

import copy

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

FUSES = {nn.Conv2d: fuse_conv_bn_eval, nn.Linear: fuse_linear_bn_eval}
NORMS = (nn.BatchNorm2d, nn.BatchNorm1d)


def folded(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode in which `nn.Identity` stands for each batch norm that could be folded away.

    A norm goes into the convolution or linear layer before it, or into the linear layer after it,
    where nothing else reads what is between the two. `last_map` puts out what it did before.

    Args:
        network: one that `build_network` made.
    """
    network = copy.deepcopy(network).eval()
    for first, second in _pairs(network):
        _fold(network, first, second)
    return network


def _fold(network: nn.Module, first: str, second: str) -> None:
    """Fold one of two neighbours, a norm, into the other."""
    one, other = network.get_submodule(first), network.get_submodule(second)
    if isinstance(other, NORMS):
        network.set_submodule(first, _fuse_of(one)(one, other))
        network.set_submodule(second, nn.Identity())
    else:
        network.set_submodule(first, nn.Identity())
        network.set_submodule(second, _after_norm(one, other))


def _fuse_of(layer: nn.Module):
    """Torch's function that folds a norm into this kind of layer before it."""
    return next(fuse for kind, fuse in FUSES.items() if isinstance(layer, kind))


@torch.no_grad()
def _after_norm(norm: nn.BatchNorm1d, linear: nn.Linear) -> nn.Linear:
    """A linear layer that does first what the norm did."""
    factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    shift = norm.bias - norm.running_mean * factor
    # A new layer would draw random weights, and what is drawn after them would change.
    layer = copy.deepcopy(linear)
    layer.weight = nn.Parameter(linear.weight.detach() * factor)
    layer.bias = nn.Parameter(linear.weight @ shift + (0 if linear.bias is None else linear.bias))
    return layer


def _pairs(network: nn.Module) -> list[tuple[str, str]]:
    """Names of neighbours that can be one layer, none of them twice."""
    try:
        graph = fx.Tracer().trace(network)
    except fx.proxy.TraceError:
        # Its forward pass depends on what it sees, so that no layer has one fixed neighbour.
        return []
    calls = [node for node in graph.nodes if node.op == "call_module"]
    targets = [node.target for node in calls]
    found, taken = [], set()
    for node in calls:
        before = _only_source(node)
        pair = (before.target, node.target) if before is not None else ()
        once = all(targets.count(target) == 1 for target in pair)
        if pair and once and not taken & set(pair) and _fits(network, *pair):
            found.append(pair)
            taken |= set(pair)
    return found


def _only_source(node: fx.Node) -> fx.Node | None:
    """The module call that `node` reads from, if nothing else reads it."""
    source = node.args[0]
    return source if source.op == "call_module" and len(source.users) == 1 else None


def _fits(network: nn.Module, first: str, second: str) -> bool:
    """Whether the two are a norm and a layer that can take it in, on one side of the last map's end."""
    one, other = network.get_submodule(first), network.get_submodule(second)
    if _in_map(network, first) != _in_map(network, second):
        return False
    after = isinstance(other, NORMS) and isinstance(one, tuple(FUSES))
    before = isinstance(one, nn.BatchNorm1d) and isinstance(other, nn.Linear)
    norm = other if after else one
    return (after or before) and norm.affine and norm.track_running_stats


def _in_map(network: nn.Module, name: str) -> bool:
    """Whether a module is the one whose output is the last map, or a part of it."""
    return f"{name}.".startswith(f"{network.last_map}.")
