"""Which class a user wants found, and what a threshold for it must keep; names alone, without numpy."""

MELANOMA_OR_MALIGNANT = ("MEL", "malignant")
# What a threshold must keep, and how much of it.
WANTED = (
    *(("specificity", share) for share in (0.9, 0.95)),
    *(("sensitivity", share) for share in (0.8, 0.9, 0.95)),
)
OTHER = {"specificity": "sensitivity", "sensitivity": "specificity"}
LEAST_SENSITIVITY = 0.8  # of the partial area under the ROC


def class_to_find(classes) -> str | None:
    """Melanoma where the task has it, else malignant lesions; None where it has neither."""
    return next((name for name in MELANOMA_OR_MALIGNANT if name in classes), None)
