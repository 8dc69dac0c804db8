"""Fetch onnxruntime for browsers from npm."""

from skinkd.deploy.web_runtime import fetch_runtime
from skinkd.jobs import logged_to

if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        fetch_runtime(snakemake.input.package, snakemake.input.lock, dict(snakemake.output.items()))
