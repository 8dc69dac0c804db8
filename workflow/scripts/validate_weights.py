"""Look whether pretrained weights are the pinned file and fit the network that will start from them."""

from skinkd.atomic import digest_of
from skinkd.errors import InputError
from skinkd.findings import Finding, write_findings
from skinkd.networks import build_network


def validate_weights(
    path, path_to_record, weights: str, sha256: str | None, network: dict, size_px: int
) -> None:
    """Check a file's digest, and build the network from it.

    Args:
        weights: their name in the config.
        sha256: the digest that the config pins, or its first digits.
        network: `name`, `parameters` and number of `classes`.
    """
    found, findings = digest_of(path), []
    if sha256 and not found.startswith(sha256):
        findings.append(Finding("weights", str(path), f"sha256 is {found}, expected {sha256}"))
    try:
        build_network(network["name"], network["classes"], size_px, dict(network["parameters"]), path)
    except InputError as error:
        findings.append(Finding("weights", network["name"], error.what))
    about = f"weights.{weights} in {network['name']}"
    write_findings(path_to_record, about, {"sha256": found, "network": network}, findings)
    print(f"{about}: {len(findings)} problems")


if __name__ == "__main__":
    from skinkd.jobs import logged_to

    with logged_to(snakemake.log[0]):
        validate_weights(
            path=snakemake.input.weights,
            path_to_record=snakemake.output.validated,
            weights=snakemake.wildcards.weights,
            sha256=snakemake.params.sha256,
            network=dict(snakemake.params.network),
            size_px=snakemake.params.size_px,
        )
