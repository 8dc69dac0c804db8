"""Notices what would make the host wait for a device."""

from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

ATEN = torch.ops.aten
# What has to know a tensor's values on the host.
WAITING = {
    ATEN._local_scalar_dense.default,
    ATEN.is_nonzero.default,
    ATEN.nonzero.default,
    ATEN.masked_select.default,
    ATEN.equal.default,
    ATEN._unique2.default,
    ATEN.repeat_interleave.Tensor,
}
INDEXING = {ATEN.index.Tensor, ATEN.index_put_.default, ATEN.index_put.default}


class Waited(AssertionError):
    """Something asked for a value."""


class NoWaiting(TorchDispatchMode):
    """Refuses operations that would make the host wait for a device."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        by_mask = function in INDEXING and any(i is not None and i.dtype == torch.bool for i in args[1])
        if function in WAITING or by_mask:
            raise Waited(str(function))
        return function(*args, **(kwargs or {}))


def trained_without_waiting(trainer):
    """The record of the trainer's first epoch of training, on its device, and how many batches it had.

    Pictures are made from parameters that lie on the host, as do the counters of some of torch's
    optimisers: what is asked of those waits for nothing. And `one_hot` looks at its labels on CPUs alone.
    """
    trainer.train_part.batch = unwatched(trainer.train_part.batch)
    trainer.optimizer.step = unwatched(trainer.optimizer.step)
    steps, batches = trainer._train(0), 0
    with patch("torch.nn.functional.one_hot", unwatched(F.one_hot)), NoWaiting():
        while True:
            try:
                next(steps)
                batches += 1
            except StopIteration as end:
                return end.value, batches


def unwatched(function):
    """The same function, free to fetch whatever it likes."""

    def free(*asked):
        with _disable_current_modes():
            return function(*asked)

    return free
