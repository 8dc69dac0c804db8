"""The share of the gradient that each term of a loss carries: a term with next to none trains nothing."""

from skinkd.figures import INK, MUTED, PALETTE, VERMILION, canvas, say_absent, wrapped
from skinkd.lookups import arm_label, protocol_label, protocols_of
from skinkd.terms import terms_of

ROW_IN, FRAME_IN = 0.24, 0.85


def figure(results, paper, _):
    """One row per arm with several terms, one panel per protocol, one colour per loss."""
    terms, protocols = terms_of(results, paper), protocols_of(results, paper)
    arms = [arm for arm in results["papers"][paper]["arms"] if arm in {term.arm for term in terms}]
    names = list(dict.fromkeys(term.name for term in terms))
    drawn = canvas(FRAME_IN + ROW_IN * max(len(arms), 3) + 0.17 * (len(names) // 3))
    axes = drawn.subplots(1, len(protocols), sharey=True, squeeze=False)[0]
    for axis, protocol in zip(axes, protocols, strict=True):
        axis.set_title(protocol_label(protocol))
        if not any(term.protocol == protocol for term in terms):
            say_absent(axis, "no loss with several terms was run")
            continue
        for y, arm in enumerate(arms):
            mine = [term for term in terms if (term.protocol, term.arm) == (protocol, arm)]
            draw_row(axis, y, mine, [PALETTE[names.index(term.name) % len(PALETTE)] for term in mine])
        axis.set(xlim=(0, 100), xlabel="% of the gradient")
        axis.grid(axis="y", visible=False)
    if arms:
        _finish(drawn, axes, [arm_label(results, paper, arm) for arm in arms], names)
    return drawn


def _finish(drawn, axes, labels, names):
    from matplotlib.patches import Patch

    axes[0].set_yticks(range(len(labels)), [wrapped(label, 34) for label in labels])
    axes[0].set_ylim(len(labels) - 0.5, -0.5)
    for axis in axes:
        axis.tick_params(axis="y", length=0, labelcolor=INK, labelsize=6.5)
    patches = [Patch(color=PALETTE[place % len(PALETTE)]) for place in range(len(names))]
    words = [name.replace("_", " ") for name in names]
    drawn.legend(patches, words, loc="outside lower center", ncols=3)


def draw_row(axis, y, terms, colours):
    """One stacked bar; how many of its terms are inert stands in it, in words."""
    left = 0.0
    for term, colour in zip(terms, colours, strict=True):
        axis.barh(y, 100 * term.share, left=left, height=0.74, color=colour, linewidth=0)
        left += 100 * term.share
    inert = sum(term.inert for term in terms)
    if not terms:
        axis.text(2, y, "not run", va="center", size=6, color=MUTED)
    if inert:
        words = "inert term" if inert == 1 else f"{inert} inert terms"
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": VERMILION, "linewidth": 0.7}
        axis.text(98, y, words, va="center", ha="right", size=6, color=VERMILION, bbox=box)
