"""Look whether pretrained weights are the pinned file and fit every network that starts from them."""

from skinkd.atomic import digest_of
from skinkd.errors import InputError
from skinkd.findings import Finding, write_findings
from skinkd.networks import build_network


def validate_weights(path, path_to_record, weights: str, sha256: str | None, networks, size_px: int) -> None:
    """Check a file's digest, and build each network from it.

    Args:
        weights: their name in the config.
        sha256: the digest that the config pins, or its first digits.
        networks: name, parameters and number of classes of each.
    """
    found, findings = digest_of(path), []
    if sha256 and not found.startswith(sha256):
        findings.append(Finding("weights", str(path), f"sha256 is {found}, expected {sha256}"))
    for name, parameters, classes in networks:
        try:
            build_network(name, classes, size_px, dict(parameters), path)
        except InputError as error:
            findings.append(Finding("weights", name, error.what))
    checked = {"sha256": found, "networks": [name for name, _, _ in networks]}
    write_findings(path_to_record, f"weights.{weights}", checked, findings)


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        validate_weights(
            path=snakemake.input.weights,
            path_to_record=snakemake.output.validated,
            weights=snakemake.wildcards.weights,
            sha256=snakemake.params.sha256,
            networks=snakemake.params.networks,
            size_px=snakemake.params.size_px,
        )
