"""What a parameter may be. A keyword annotated with one of these names is checked before anything runs."""

from typing import Annotated, Literal

from pydantic import Field

# Strict: '5' and true are not numbers, though pydantic would make them some.
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
# 0 and 1 leave no interval, or one without an end.
Confidence = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=1, strict=True)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Depth = Literal[10, 18, 50, 101]
Head = Literal["linear", "dropout_batch_norm"]
StrideOn = Literal["conv1", "conv2"]
Variant = Literal["b0", "b7"]
Column = Literal["filters", "activation"]
Words = Annotated[str, Field(min_length=1, strict=True)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$", strict=True)]
Names = Annotated[list[Name], Field(min_length=1)]
Temperatures = Annotated[list[Positive], Field(min_length=1)]
# Arms of a figure: label of a curve or row, then arm, then its place on the x axis or its column.
Settings = Annotated[dict[Name, Positive | Words], Field(min_length=1)]
Series = Annotated[dict[Words, Settings], Field(min_length=1)]
Direction = Literal["teacher_to_student", "student_to_teacher"]
Normalisation = Literal["printed", "coded"]
Adapter = Literal["linear", "convolution_batch_norm_relu"]
