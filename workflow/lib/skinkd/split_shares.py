"""What a split's shares and folds leave to its parts: plain arithmetic, before anything is fetched."""

from skinkd.signatures import defaults_of, keywords_of


def problems_of_shares(split: str, given: dict, folds: list[int]) -> list[str]:
    """What is wrong with the shares and folds of a split whose parameters are valid one by one.

    Args:
        split: its file's name.
        given: the config's parameters; the others are at their defaults.
        folds: those that are run.
    """
    values = defaults_of("splits", split) | given
    shares = {
        name: values[name] for name, (words, _) in keywords_of("splits", split).items() if words == "Share"
    }
    return [*_problems_of_each(shares), *_problems_of_sum(shares), *_problems_of_folds(values, folds)]


def _problems_of_each(shares: dict[str, float]):
    """Yield the shares that leave nothing on one side; `share` is of the paper's counts, and may be all."""
    for name, share in shares.items():
        if share == 0 or (share == 1 and name != "share"):
            left = "nothing to its part" if share == 0 else "nothing beside its part"
            yield f"split.{name}: {share} leaves {left}; it must lie between 0 and 1"


def _problems_of_sum(shares: dict[str, float]):
    """Yield whether training and validation take all that should be tested on."""
    if {"train_share", "validation_share"} <= shares.keys():
        train, validation = shares["train_share"], shares["validation_share"]
        if 0 < train < 1 and 0 < validation < 1 and train + validation >= 1:
            yield f"split: train_share {train} and validation_share {validation} leave nothing to test on"


def _problems_of_folds(values: dict, folds: list[int]):
    """Yield folds that the split does not deal; those that count from 1 say how many there are."""
    if "folds" not in values:
        return
    if values["folds"] < 2:
        yield f"split.folds: {values['folds']} leaves nothing to validate on; it must be 2 or more"
    for fold in folds:
        if not 1 <= fold <= values["folds"]:
            yield f"folds: {fold} is not one of the split's folds, 1 to {values['folds']}"
