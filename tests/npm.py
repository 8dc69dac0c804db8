"""Packages of npm, for tests: those that a lock file names, by its digests, in a folder that goes again."""

import shutil
import subprocess
from pathlib import Path

from debian import why_missing


def why_no_npm() -> str | None:
    """Why there is no npm here, or None."""
    return why_missing({"npm": "npm"}, "npm")


def install(path_to_package, folder) -> Path:
    """Install what `package-lock.json` beside `package.json` names; returns the folder `node_modules`.

    The lock file holds digests and no addresses: the packages come from the registry that npm is set to.

    Raises:
        RuntimeError: if npm fails, with the end of what it said.
    """
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(path_to_package, name), folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", Path(folder, "cache")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"npm ci: {done.stderr.strip()[-600:]}")
    return Path(folder, "node_modules")
