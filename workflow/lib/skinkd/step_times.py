"""How long a unit of work takes on this device: real steps on random pictures, timed."""

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from skinkd.adapters import build_adapter
from skinkd.dataset import Part, predict_logits
from skinkd.device import Device
from skinkd.losses import load_terms
from skinkd.network_cost import multiply_accumulates
from skinkd.networks import Features, build_network, look_once
from skinkd.optimizers import make_optimizer
from skinkd.progress import Progress
from skinkd.signals import QUARTER_TURNS
from skinkd.signatures import inputs_of
from skinkd.workload import Look, Loss, Network, Pass, Update, View

# A CPU takes a batch picture by picture, so few show how long one takes. A GPU is timed with whole batches.
PICTURES_ON_CPU = 4
PICTURES_LOOKED_AT = 64  # at once, as `predict_logits` does
WARM_UPS = {"cpu": 1, "cuda": 3}


@dataclass(frozen=True)
class Measured:
    """One network on this device.

    Attributes:
        macs: multiply-accumulates of one forward pass of one picture.
        map_shape: (K, H, W) of its last convolutional map.
        precision: in which it is timed.
    """

    macs: int
    map_shape: tuple[int, int, int]
    precision: str


class Stopwatch:
    """Times units of work.

    Args:
        device: chosen, its precision perhaps still `auto`.
        steps: timed ones of each unit, of which the median counts; some untimed ones come before.
    """

    def __init__(self, device: Device, size_px: int, steps: int):
        self.device, self.size_px, self.steps = device, size_px, steps
        self.seconds: dict[object, float] = {}
        self.networks: dict[Network, Measured] = {}

    def time_all(self, units: Iterable, say: Callable = print) -> None:
        """Fill `seconds` for each unit, and `networks`; torch's random state is left as it was."""
        units = list(units)
        # Losses last: the shapes of the maps that they compare come from the networks.
        networks = dict.fromkeys(unit.network for unit in units if hasattr(unit, "network"))
        rest = [unit for unit in units if not hasattr(unit, "network")]
        total = len(networks) + len(rest)
        with ExitStack() as stack:
            stack.enter_context(torch.random.fork_rng())
            progress = stack.enter_context(Progress("timing", total=total, unit="units", say=say))
            for network in networks:
                self._time_network(network, [u for u in units if getattr(u, "network", None) == network])
                progress.advance()
            for unit in rest:
                self.seconds[unit] = self._view_s(unit) if isinstance(unit, View) else self._loss_s(unit)
                progress.advance()

    def at_once(self, pictures: int) -> int:
        """How many pictures are timed together, where a job takes `pictures`."""
        return pictures if self.device.name == "cuda" else min(pictures, PICTURES_ON_CPU)

    def _time_network(self, network: Network, units: list) -> None:
        """Build a network with random weights, describe it, and time the units that are about it."""
        built = build_network(network.name, network.classes, self.size_px, dict(network.parameters))
        watched = Features(built)
        look_once(built, self.size_px)
        watched.remove()
        macs = multiply_accumulates(built, self.size_px)
        self.networks[network] = Measured(macs, tuple(watched.map.shape[1:]), self.device.precision)
        built = self.device.place(built)
        times = {Pass: self._pass_s, Look: self._look_s, Update: self._update_s}
        for unit in units:
            self.seconds[unit] = times[type(unit)](unit, built, self.device)

    def _pass_s(self, unit: Pass, network: nn.Module, device: Device) -> float:
        """Seconds of one picture forward and backward."""
        part = self._part(self.at_once(unit.pictures), unit.network.classes)
        pictures = part.batch(torch.arange(len(part)))
        network.train()

        def step():
            network.zero_grad(set_to_none=True)
            with device.autocast():
                logits = network(pictures)
            F.cross_entropy(logits.float(), part.labels).backward()

        return self._median_s(step) / len(part)

    def _look_s(self, unit: Look, network: nn.Module, device: Device) -> float:
        """Seconds of one picture forward in evaluation mode."""
        part = self._part(self.at_once(PICTURES_LOOKED_AT), unit.network.classes)
        return self._median_s(lambda: predict_logits(network, part, device)) / len(part)

    def _update_s(self, unit: Update, network: nn.Module, device: Device) -> float:
        """Seconds of one step of Adam, which no optimiser of the study exceeds by much."""
        for parameter in network.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer = make_optimizer(network.parameters(), "adam", learning_rate=1e-3)
        return self._median_s(optimizer.step)

    def _view_s(self, unit: View) -> float:
        """Seconds of drawing and making one view of one picture."""
        part = self._part(PICTURES_LOOKED_AT, 1, unit.augmentation)
        everyone = torch.arange(len(part))
        return self._median_s(lambda: part.batch(everyone, part.parameters(0), 1)) / len(part)

    def _loss_s(self, unit: Loss) -> float:
        """Seconds of one term of one batch, on random signals of the networks' shapes."""
        signals = self._signals(unit)
        student, teacher = (net and self.networks[net].map_shape[0] for net in (unit.student, unit.teacher))
        (term,) = load_terms(
            [{"name": unit.name, "weight": 1.0, **dict(unit.parameters)}],
            {"class_counts": torch.ones(unit.student.classes, device=self.device.name)},
            lambda kind: build_adapter(kind, student, teacher).to(self.device.name),
        )
        return self._median_s(lambda: term.value(signals).backward())

    def _signals(self, unit: Loss) -> dict[str, Tensor]:
        """Random values of what a term is computed from; gradients flow to the student's."""
        device, turned = self.device.name, len(QUARTER_TURNS) - 1
        signals = {"labels": torch.arange(unit.batch, device=device) % unit.student.classes}
        for who, network in (("student", unit.student), ("teacher", unit.teacher)):
            if network is None:
                continue
            channels, height, width = self.networks[network].map_shape
            shapes = {
                who: (unit.batch, network.classes),
                f"{who}_embedding": (unit.batch * unit.turns, channels),
                f"{who}_map": (unit.batch * unit.turns, channels, height, width),
                f"rotated_{who}": (turned, unit.batch, network.classes),
                f"{who}_projection": (unit.turns, unit.batch, channels),
            }
            for name in shapes.keys() & set(inputs_of(unit.name)):
                signals[name] = torch.randn(shapes[name], device=device, requires_grad=who == "student")
        return signals

    def _part(self, pictures: int, classes: int, augmentation: str = "identity") -> Part:
        """Random pictures with labels."""
        generator = np.random.default_rng(0)
        array = generator.integers(0, 256, (pictures, self.size_px, self.size_px, 3), dtype=np.uint8)
        names = [f"C{index}" for index in range(classes)]
        rows = range(pictures)
        table = pd.DataFrame(
            {"image": [f"I{n}" for n in rows], "row": rows, "label": [names[n % classes] for n in rows]}
        )
        return Part(array, table, names, augmentation=augmentation, view_seed=0, device=self.device.name)

    def _median_s(self, step: Callable) -> float:
        """Seconds of a step: the median of `steps`, warmed up, the device's work included."""
        times_s = []
        for _ in range(WARM_UPS[self.device.name] + self.steps):
            self._synchronise()
            started_s = time.perf_counter()
            step()
            self._synchronise()
            times_s.append(time.perf_counter() - started_s)
        return median(times_s[-self.steps :])

    def _synchronise(self) -> None:
        """Wait for what the device still does."""
        if self.device.name == "cuda":
            torch.cuda.synchronize()
