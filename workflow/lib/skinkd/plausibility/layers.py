"""Does each layer of a printed network put out the shape that is printed beside it?"""

from typing import Literal

from pydantic import Field, model_validator

from skinkd.config import Closed
from skinkd.domains import Count, Words
from skinkd.plausibility.finding import Finding, listed
from skinkd.plausibility.printed import printed
from skinkd.plausibility.stated import Stated
from skinkd.plausibility.values import Values

Shape = tuple[int, ...]


class Layer(Closed):
    """One row of a printed table of layers, which does one thing or, as a batch norm, keeps the shape.

    Attributes:
        filters, kernel: of a convolution with stride 1.
        padding: `same` keeps the sides, `valid` takes `kernel` − 1 from them.
        pool: side and stride of a pooling, which leaves what does not fill a window.
        flatten: whether all values become one row.
        units: of a linear layer.
        prints: the shape that is printed beside it, channels last; none where there is none.
    """

    layer: Words
    filters: Count | None = None
    kernel: Count | None = None
    padding: Literal["same", "valid"] = "valid"
    pool: Count | None = None
    flatten: bool = False
    units: Count | None = None
    prints: list[Count] = Field(default=[])

    @model_validator(mode="after")
    def _one_thing(self):
        done = [self.filters is not None, self.pool is not None, self.flatten, self.units is not None]
        if sum(done) > 1 or (self.filters is None) != (self.kernel is None):
            raise ValueError("a layer convolves (filters and kernel), pools, flattens or has units")
        return self


class Claim(Stated):
    """That layers, one after the other, have the printed shapes, and the printed parameters if any are."""

    check: Literal["layers"]
    input: list[Count] = Field(min_length=3, max_length=3)
    layers: list[Layer] = Field(min_length=1)
    parameters: Words | None = None


def shape_after(layer: Layer, shape: Shape) -> Shape:
    """What a layer makes of (height, width, channels), or of (values,)."""
    if layer.filters:
        cut = layer.kernel - 1 if layer.padding == "valid" else 0
        return shape[0] - cut, shape[1] - cut, layer.filters
    if layer.pool:
        return shape[0] // layer.pool, shape[1] // layer.pool, *shape[2:]
    if layer.flatten:
        return (shape[0] * shape[1] * shape[2],)
    return (layer.units,) if layer.units else shape


def parameters_of(layer: Layer, shape: Shape) -> int:
    """Weights and biases of a layer behind that shape; batch norms are not counted."""
    if layer.filters:
        return (layer.kernel**2 * shape[2] + 1) * layer.filters
    return (shape[0] + 1) * layer.units if layer.units else 0


def findings(claim: Claim, values: Values) -> list[Finding]:
    """One finding on the shapes where some are printed, one on the parameters where they are."""
    shape, wrong, right, total = tuple(claim.input), [], 0, 0
    for layer in claim.layers:
        total += parameters_of(layer, shape)
        shape = shape_after(layer, shape)
        if layer.prints and tuple(layer.prints) != shape:
            wrong.append(f"{layer.layer} {_told(shape)}, printed {_told(tuple(layer.prints))}")
        right += bool(layer.prints) and tuple(layer.prints) == shape
    found = [_of_shapes(claim, wrong, right)] if wrong or right else []
    return found + ([_of_parameters(claim, total)] if claim.parameters else [])


def _told(shape: Shape) -> str:
    return " × ".join(f"{side:,}" for side in shape)


def _of_shapes(claim: Claim, wrong: list[str], right: int) -> Finding:
    if not wrong:
        return Finding(claim.place, claim.says, f"All {right} printed shapes follow.", "consistent")
    said = f"Layer by layer: {listed(wrong, most=9)}; {right} printed shapes follow."
    return Finding(claim.place, claim.says, said, "contradicts")


def _of_parameters(claim: Claim, total: int) -> Finding:
    number = printed(claim.parameters)
    said = f"Layer by layer these have {total:,} parameters; printed are {number.text}."
    fits = number.holds(total) or number.holds(total, cut_off=True)
    return Finding(claim.place, claim.says, said, "consistent" if fits else "contradicts")
