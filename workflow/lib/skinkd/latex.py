"""LaTeX: text that cannot break a document, and numbers as macros."""

import re
import unicodedata

from skinkd import formats
from skinkd.lookups import SCALES

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    # Two hyphens would become a dash, two question marks a Spanish one.
    "-": "{-}",
    "?": "{?}",
    "!": "{!}",
    **{char: f"\\{char}" for char in "&%$#_"},
}
MATHEMATICS = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi",
    "ρ": "rho", "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "χ": "chi", "ψ": "psi",
    "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi",
    "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega", "≥": "geq", "≤": "leq", "≈": "approx",
    "≠": "neq", "±": "pm", "×": "times", "·": "cdot", "∞": "infty", "∑": "sum", "√": "surd", "∈": "in",
    "‖": "Vert", "→": "to", "←": "gets", "∂": "partial", "∅": "emptyset", "▲": "blacktriangle",
    "▼": "blacktriangledown", "●": "bullet", "○": "circ", "◐": "odot", "◇": "diamond",
}  # fmt: skip
SCRIPTS = {
    "ᵀ": "^T",
    **{char: f"^{i}" for i, char in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{char: f"_{i}" for i, char in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}
TYPOGRAPHY = {
    formats.MINUS: "$-$",
    "–": "--",
    "—": "---",
    "…": r"\ldots{}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "\u00a0": "~",
    "\u202f": r"\,",
    "µ": r"$\mu$",
    "°": r"\textdegree{}",
    "€": r"\texteuro{}",
    "ſ": "s",
}
DIGITS = {
    "0": "Zero", "1": "One", "2": "Two", "3": "Three", "4": "Four",
    "5": "Five", "6": "Six", "7": "Seven", "8": "Eight", "9": "Nine",
}  # fmt: skip
# What the tables need beyond booktabs and siunitx; a paper that has such a command keeps its own.
COMMANDS = (
    r"\providecommand{\ci}[2]{[#1, #2]}",
    r"\providecommand{\below}[1]{{\scriptsize #1}}",
    r"\providecommand{\stacked}[2]{\begin{tabular}[t]{@{}r@{}}#1\\[-2pt]#2\end{tabular}}",
    r"\providecommand{\head}[2]{\begin{tabular}[b]{@{}#1@{}}#2\end{tabular}}",
    r"\providecommand{\tablenote}[1]{\textsuperscript{\,#1}}",
    r"\ProvideTextCommandDefault{\textquotedbl}{\symbol{34}}",
    r"\AtBeginDocument{\providecommand{\blacktriangle}{\bigtriangleup}%",
    r"  \providecommand{\blacktriangledown}{\bigtriangledown}}",
)
# The letters that T1 fonts hold and inputenc knows, beyond ASCII.
T1_LETTERS = "".join(map(chr, [*range(0xC0, 0xD7), *range(0xD8, 0xF7), *range(0xF8, 0x17F)]))


def escape(value) -> str:
    """Text as LaTeX sets it literally; a letter that its fonts lack becomes `[U+6F22]`."""
    return "".join(map(_character, unicodedata.normalize("NFC", str(value))))


def _character(char):
    if char in SPECIAL:
        return SPECIAL[char]
    if char in MATHEMATICS:
        return f"$\\{MATHEMATICS[char]}$"
    if char in SCRIPTS:
        return f"${SCRIPTS[char]}$"
    if char in TYPOGRAPHY:
        return TYPOGRAPHY[char]
    if char.isascii():
        return char if char.isprintable() else " "
    if char in T1_LETTERS:
        return char
    plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    return "".join(map(_character, plain)) if plain else f"[U+{ord(char):04X}]"


def breakable(value) -> str:
    """`escape` for paths and digests, which may break where they have no blank; decimals do not."""
    parts = re.split(r"(?<=[/_:])|(?<=\.)(?!\d)|(?<=[0-9a-f]{8})(?=[0-9a-f]{8})", str(value))
    return r"\allowbreak{}".join(map(escape, parts))


def comment(text: str) -> str:
    """One comment line."""
    return f"% {' '.join(str(text).split())}\n"


def macros(results: dict) -> str:
    """Commands that the tables need, and one for each score over all classes: no number is typed by hand."""
    study = results["study"]
    commands = [*COMMANDS, f"\\newcommand{{\\StudyScale}}{{{escape(SCALES[study['scale']])}}}"]
    commands += [
        f"\\newcommand{{\\{name}}}{{{escape(value)}}}"
        for name, value in sorted(score_macros(results).items())
    ]
    return "\n".join(commands) + "\n"


def score_macros(results: dict) -> dict[str, str]:
    """Macro name to formatted value: `SsdKdLeakFreeBlkdBalancedAccuracy`, its `Low` and its `High`.

    Scores of single classes would be tens of thousands; they are in the tables.

    Raises:
        ValueError: if two scores would share a name.
    """
    found = {}
    for score in results["scores"]:
        for metric in (metric for metric in score["metrics"] if not metric["class"]):
            words = (score["paper"], score["protocol"], score["arm"], metric["metric"])
            name = "".join(map(_letters, words))
            if name in found:
                raise ValueError(
                    f"two scores would be \\{name}: {metric['metric']} of {score['arm']} is one of them"
                )
            ends = {"": metric["value"], "Low": metric["low"], "High": metric["high"]}
            found |= {name + end: formats.number(v) for end, v in ends.items() if v is not None}
    return found


def _letters(name):
    """A name as TeX allows it in a command: letters only, `resnet50` becoming `ResnetFiveZero`."""
    spelled = re.sub(r"\d", lambda digit: f" {DIGITS[digit[0]]} ", name)
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z]+", spelled))
