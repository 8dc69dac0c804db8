"""What a teacher says of the test images of each class, softened by a temperature."""

from skinkd.domains import Name, Temperatures
from skinkd.figures import INK, PALETTE, canvas, say_absent
from skinkd.lookups import cells_of

BAR_IN, PANEL_IN, FRAME_IN = 0.15, 0.65, 0.4
READINGS = {"logits": "logits / T", "probabilities": "probabilities / T"}


def figure(results, paper, protocol, *, arm: Name, temperatures: Temperatures):
    """One column per true class, one row per reading, one stacked bar per temperature."""
    classes = results["papers"][paper]["classes"]
    values = _values(results, paper, protocol, arm, temperatures)
    drawn = canvas(FRAME_IN + len(READINGS) * (PANEL_IN + BAR_IN * len(temperatures)))
    axes = drawn.subplots(len(READINGS), len(classes), sharex=True, sharey=True, squeeze=False)
    for row, reading in zip(axes, READINGS, strict=True):
        for axis, of_class in zip(row, classes, strict=True):
            axis.set_title(f"{of_class}, {READINGS[reading]}")
            if not any((reading, of_class, t) in values for t in temperatures):
                say_absent(axis, "not run")
                continue
            for y, temperature in enumerate(temperatures):
                shares = values[reading, of_class, temperature]
                draw_bar(axis, y, [shares[c] for c in classes], show_values=len(classes) <= 4)
            axis.set(xlim=(0, 1))
            axis.set_yticks(range(len(temperatures)), [f"T = {t:g}" for t in temperatures])
            axis.set_ylim(len(temperatures) - 0.5, -0.5)
            axis.tick_params(axis="y", length=0, labelcolor=INK)
            axis.grid(visible=False)
    _mark_published(results, paper, axes.ravel())
    for place, of_class in enumerate(classes):
        axes[0, 0].barh(0, 0, color=PALETTE[place % len(PALETTE)], label=f"says {of_class}")
    for axis in axes[-1]:
        axis.set_xlabel("Softened probability")
    drawn.legend(loc="outside lower center", ncols=5)
    return drawn


def _values(results, paper, protocol, arm, temperatures):
    """Softened probabilities by reading, true class and temperature, of the record of this arm."""
    wanted = ("softened", paper, protocol)
    records = [r for r in results["pictures"].values() if (r["name"], r["paper"], r["protocol"]) == wanted]
    return {
        (value["reading"], value["of"], value["temperature"]): value["probabilities"]
        for record in records
        if arm in record["arms"]
        for value in record["values"]
        if value["temperature"] in temperatures
    }


def draw_bar(axis, y, probabilities, show_values):
    """One stacked bar; with `show_values` each part that is wide enough holds its value."""
    left = 0.0
    for place, probability in enumerate(probabilities):
        axis.barh(y, probability, left=left, height=0.82, color=PALETTE[place % len(PALETTE)], linewidth=0)
        if show_values and probability > 0.12:
            middle = left + probability / 2
            axis.text(middle, y, f"{probability:.2f}", ha="center", va="center", color="white", size=6.5)
        left += probability


def _mark_published(results, paper, axes):
    """Dashed lines where the paper's figure has a boundary between two classes."""
    printed = {c["published"] for c in cells_of(results, paper) if c["metric"] == "softened_probability"}
    for place, value in enumerate(sorted(printed - {None})):
        for axis in axes:
            words = "published" if axis is axes[0] and not place else None
            axis.axvline(value, color=INK, linestyle="--", linewidth=0.8, label=words)
