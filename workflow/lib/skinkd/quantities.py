"""Every number that the study knows by a name: what it is called, what it means, in which unit it stands.

Apart from `skinkd.metrics`, which computes: names are also needed where importing numpy would cost more
than the job itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A score, computed from predictions. All are shares of 1.

    Args:
        overall: one value for all evaluated images.
        by_class: one value for each class against the rest.
        mean_of_classes: its overall value is the plain mean of its classes.
    """

    name: str
    label: str
    meaning: str
    overall: bool = False
    by_class: bool = False
    mean_of_classes: bool = False
    unit: str = "share"


@dataclass(frozen=True)
class Fact:
    """A number that papers print beside scores.

    Args:
        unit: count, share, or a unit of measurement.
        incomparable: why a printed value can be shown but not judged; empty where it can.
    """

    name: str
    label: str
    meaning: str
    unit: str
    incomparable: str = ""


_METRICS = (
    Metric("accuracy", "Accuracy", "images whose most probable class is the true one", overall=True),
    Metric(
        "balanced_accuracy",
        "Balanced accuracy",
        "mean of the classes' recalls",
        overall=True,
        mean_of_classes=True,
    ),
    Metric(
        "auc",
        "AUC",
        "area under the ROC of a class against the rest, ties counted half; overall, mean of the classes",
        overall=True,
        by_class=True,
        mean_of_classes=True,
    ),
    # ASSUME: SSD-KD's authors' code computes no average precision for the mAP that the paper prints;
    # its values stand beside both our mean average precision and our macro precision.
    Metric(
        "map",
        "mAP",
        "mean over classes of the average precision of a class against the rest",
        overall=True,
        mean_of_classes=True,
    ),
    Metric(
        "macro_precision",
        "Macro precision",
        "mean of the classes' precisions",
        overall=True,
        mean_of_classes=True,
    ),
    Metric("f1_macro", "Macro F1", "mean of the classes' F1", overall=True, mean_of_classes=True),
    Metric("f1_weighted", "Weighted F1", "mean of the classes' F1, weighted by their images", overall=True),
    Metric(
        "matthews_correlation",
        "Matthews correlation",
        "correlation of true and predicted class over all classes, from −1 to 1; 0 for a constant prediction",
        overall=True,
    ),
    Metric("recall", "Recall", "images of a class that are predicted so", by_class=True),
    Metric(
        "precision",
        "Precision",
        "images predicted as a class that are of it; 0 if none is predicted so",
        by_class=True,
    ),
    Metric("f1", "F1", "harmonic mean of a class's precision and recall", by_class=True),
    Metric(
        "specificity", "Specificity", "images of the rest that are not predicted as the class", by_class=True
    ),
    Metric(
        "negative_predictive_value",
        "Negative predictive value",
        "images not predicted as a class that are of the rest; 0 if none is predicted so",
        by_class=True,
    ),
    Metric("false_positive_rate", "False positive rate", "1 minus specificity", by_class=True),
    Metric("false_discovery_rate", "False discovery rate", "1 minus precision", by_class=True),
    Metric("false_negative_rate", "False negative rate", "1 minus recall", by_class=True),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _METRICS}

OTHER_HARDWARE = "a time on other hardware says nothing of this one"
_FACTS = (
    Fact("trainable_parameters", "Parameters", "numbers that training changes", "count"),
    Fact("gmacs", "Multiply-accumulates, G", "multiplications with addition for one image, in 10⁹", "10⁹"),
    Fact(
        "model_size_mb",
        "Size, MB",
        "the network's file, 32-bit numbers",
        "MB",
        "the size of a file depends on its format and, in the last layer, on the classes",
    ),
    Fact("training_runtime_s", "Training time", "wall time of all epochs", "s", OTHER_HARDWARE),
    Fact("prediction_runtime_s", "Prediction time", "wall time of predicting", "s", OTHER_HARDWARE),
    Fact("inference_step_ms", "Inference step, ms", "wall time of one image", "ms", OTHER_HARDWARE),
    # ASSUME: Figure 6 of DSNet does not say what it softens; its values fit probabilities (0, 1) that are
    # divided by the temperature in place of logits, and this is what stands beside them.
    Fact(
        "softened_probability",
        "Softened probability",
        "softmax of the probabilities (0, 1) divided by the temperature",
        "share",
        "a formula gives our value, not a run: it shows what the paper softened",
    ),
    Fact("accuracy_gain", "Gain in accuracy", "accuracy minus that of the student alone", "share"),
    Fact("f1_weighted_gain", "Gain in weighted F1", "weighted F1 minus that of the student alone", "share"),
    Fact(
        "largest_seed_sd",
        "Largest deviation over seeds",
        "standard deviation over seeds of accuracy, balanced accuracy, AUC and mAP, the largest of the four",
        "share",
    ),
    Fact(
        "corrected_from_bkl",
        "Corrected, no longer BKL",
        "images that the student alone takes for BKL and the distilled student gets right",
        "count",
        "other test images and another training correct other images",
    ),
)
FACTS: dict[str, Fact] = {fact.name: fact for fact in _FACTS}
QUANTITIES: dict[str, Metric | Fact] = METRICS | FACTS
