"""What a parameter may be. A keyword annotated with one of these names is checked before anything runs."""

from typing import Annotated, Literal

from pydantic import Field

# Strict: '5' and true are not numbers, though pydantic would make them some.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=1, strict=True)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Depth = Literal[10, 18, 50, 101]
Head = Literal["linear", "dropout_batch_norm"]
StrideOn = Literal["conv1", "conv2"]
