"""Faults of what the user writes: keys, values, names."""

from faults.fault import FAILED, fault
from faults.scene import CONFIGS, Scene

TERM = "{name: softened_cross_entropy, weight: 0.9, temperature: 1.0, scaled: true}"


def laid_over(scene: Scene, text: str, target: str = "report"):
    """How a dry run of Snakemake ends where `text` is laid over the config."""
    (scene.folder / "mine.yaml").write_text(f"{text}\n", encoding="utf-8")
    return scene.snakemake(target, flags=("-n",), config=(*CONFIGS, "mine.yaml"))


def term(scene: Scene, old: str, new: str):
    """How a dry run ends where the term of a loss has another word or value."""
    loss = TERM.replace(old, new)
    return laid_over(scene, f"changes: {{smoke: {{dsnet: {{arms: {{dsnet_t100: {{loss: [{loss}]}}}}}}}}}}")


def recipe(scene: Scene, text: str):
    """How a dry run ends with another recipe of training."""
    return laid_over(scene, f"changes: {{smoke: {{dsnet: {{training: {{{text}}}}}}}}}")


@fault(32, "a misspelt key", FAILED, "unknown key 'temprature'; did you mean 'temperature'?")
def misspelt_key(scene):
    return term(scene, "temperature", "temprature")


@fault(32, "a misspelt key of the study", FAILED, "unknown key 'seedz' at seedz (did you mean 'seeds'?")
def misspelt_key_of_study(scene):
    return laid_over(scene, "seedz: [0]")


@fault(33, "a quoted number", FAILED, "learning_rate: Input should be a valid number", "(got '1e-4')")
def quoted_number(scene):
    return recipe(scene, "optimizer: {learning_rate: '1e-4'}")


@fault(33, "1e-4, which most readers of YAML take for a word", 0, "Job stats")
def bare_exponent(scene):
    return recipe(scene, "optimizer: {learning_rate: 1e-4}")


@fault(34, "a key that stands twice", FAILED, "the key 'size_px' stands twice, in lines 1 and 2")
def doubled_key(scene):
    return laid_over(scene, "size_px: 32\nsize_px: 48")


@fault(35, "a temperature of 0", FAILED, "temperature: input should be greater than 0 (got 0)")
def no_temperature(scene):
    return term(scene, "1.0", "0")


@fault(35, "a temperature that is no number", FAILED, ".nan in line 1 is not a number")
def temperature_nan(scene):
    return term(scene, "1.0", ".nan")


@fault(35, "a learning rate of 0", FAILED, "learning_rate: Input should be greater than 0 (got 0)")
def no_learning_rate(scene):
    return recipe(scene, "optimizer: {learning_rate: 0}")


@fault(35, "no epoch", FAILED, "training.epochs: Input should be greater than or equal to 1 (got 0)")
def no_epoch(scene):
    return recipe(scene, "epochs: 0")


@fault(36, "an unknown network", FAILED, "unknown network 'resnt'; did you mean 'resnet'?")
def unknown_network(scene):
    return laid_over(scene, "changes: {smoke: {dsnet: {networks: {resnet50: {name: resnt}}}}}")


@fault(
    36, "an unknown loss", FAILED, "unknown loss 'soft_cross_entropy'; did you mean 'softened_cross_entropy'?"
)
def unknown_loss(scene):
    return term(scene, "softened", "soft")


@fault(36, "an unknown optimiser", FAILED, "Input should be 'sgd', 'adam', 'adamw'")
def unknown_optimiser(scene):
    return recipe(scene, "optimizer: {name: adamm}")


@fault(
    37,
    "a seed that stands twice",
    FAILED,
    "seeds: repeats an entry: one run would count as two (got [1, 1, 2])",
)
def doubled_seed(scene):
    return laid_over(scene, "seeds: [1, 1, 2]")


@fault(37, "no seed", FAILED, "seeds: List should have at least 1 item")
def no_seed(scene):
    return laid_over(scene, "seeds: []")


@fault(
    37,
    "a seed beyond 32 bits",
    FAILED,
    "seeds.0: Input should be less than or equal to 4294967295 (got 4294967296)",
)
def large_seed(scene):
    return laid_over(scene, "seeds: [4294967296]")
