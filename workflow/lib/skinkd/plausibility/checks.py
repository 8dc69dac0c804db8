"""Every check that a claim may ask for, by the name of its file."""

from types import ModuleType

from skinkd.plausibility import (
    arithmetic,
    auc,
    class_sizes,
    division,
    errors,
    grim,
    layers,
    lists,
    orders,
    sampling,
    settings,
    sizes,
    smaller,
    softening,
    spread,
    sums,
    totals,
    two_classes,
)

CHECKS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        *(grim, two_classes, totals, auc, errors, sizes, smaller, layers, arithmetic, orders, sampling),
        *(sums, lists, class_sizes, division, settings, softening, spread),
    )
}
