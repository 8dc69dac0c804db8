"""onnxruntime for browsers, from npm: the files that the student's page holds."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from skinkd.atomic import whole
from skinkd.errors import InputError

PACKAGE = "onnxruntime-web"
# For the CPU alone, with all its script in one file: a page that opens from a disk can import no other.
SCRIPT, BINARY = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"
# Packages may run programs when they are installed; none of these has to.
COMMAND = (
    "npm",
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--prefer-offline",
)
EXPORTS = re.compile(r"export\s*\{([^{}]*)\};?\s*(?://# sourceMappingURL=\S*\s*)?$")


def fetch_runtime(path_to_package, path_to_lock, outputs: dict) -> None:
    """Install the pinned package in a folder that is removed again, and keep two of its files.

    Args:
        path_to_package, path_to_lock: npm's package.json and package-lock.json.
        outputs: paths of `script` and `binary`.

    Raises:
        InputError: where there is no npm, or it cannot install what the lock pins.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in (path_to_package, path_to_lock):
            shutil.copy(path, folder)
        _install(folder)
        files = Path(folder, "node_modules", PACKAGE, "dist")
        for name, path in ((SCRIPT, outputs["script"]), (BINARY, outputs["binary"])):
            with whole(path) as partial:
                shutil.copyfile(files / name, partial)


def _install(folder) -> None:
    try:
        done = subprocess.run(COMMAND, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise InputError(
            "page",
            "there is no npm on this machine",
            f"The page holds {PACKAGE}, which comes from npm",
            "install npm (Debian and Ubuntu: apt-get install npm; conda: conda install nodejs)",
        ) from None
    if done.returncode != 0:
        raise InputError(
            "page",
            f"npm ci ended with {done.returncode}: {done.stderr.strip()[-500:]}",
            f"{PACKAGE} is not there",
            "run again with a connection to npm's registry, or name a mirror (npm config set registry)",
        )


def version_of(path_to_lock) -> str:
    """The version of onnxruntime-web that the lock pins."""
    lock = json.loads(Path(path_to_lock).read_text(encoding="utf-8"))
    return lock["packages"][f"node_modules/{PACKAGE}"]["version"]


def as_global(module: str, name: str) -> str:
    """A JavaScript module whose exports become the members of a global: what stands in a page has no address.

    Raises:
        InputError: where it does not end with its exports.
    """
    found = EXPORTS.search(module)
    if not found:
        raise InputError(
            "page",
            f"{SCRIPT} does not end with its exports",
            "The page could not call it",
            f"install the {PACKAGE} of package-lock.json",
        )
    pairs = [pair.split(" as ") for pair in found[1].split(",")]
    members = ",".join(f"{outside.strip()}:{inside.strip()}" for inside, outside in pairs)
    return f"{module[: found.start()]}globalThis.{name}={{{members}}};"
