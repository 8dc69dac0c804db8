"""Programs of Debian's packages, for tests that need the real thing."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

# Debian keeps daemons out of a user's path.
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def why_missing(packages: dict[str, str], name: str, install: bool | None = None) -> str | None:
    """Why programs are not here, or None where they are.

    Args:
        packages: Debian's package by program.
        name: what they are together, for the message.
        install: whether the packages may be installed; on a machine of continuous integration, if left out.
    """
    install = bool(os.environ.get("CI")) if install is None else install
    # The processes that run the tests would else install side by side.
    with open(Path(tempfile.gettempdir(), "skinkd-debian.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [package for program, package in packages.items() if not shutil.which(program, path=PATH)]
        if not missing:
            return None
        if not install:
            return f"{name} is not installed: apt-get install {' '.join(missing)}"
        return _why_not_installed(missing)


def _why_not_installed(packages: list[str]) -> str | None:
    """Install Debian's packages; None, or why they cannot be had. Their own daemons are not started."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return f"{' and '.join(packages)} are missing, and there is no root with an apt-get"
    refuse = Path("/usr/sbin/policy-rc.d")
    refused = not refuse.exists()
    if refused:
        refuse.write_text("#!/bin/sh\nexit 101\n")
        refuse.chmod(0o755)
    try:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
            done = subprocess.run(
                ["apt-get", *words], env=environment, capture_output=True, text=True, check=False
            )
        return None if done.returncode == 0 else f"apt-get: {done.stderr.strip()[-300:]}"
    finally:
        if refused:
            refuse.unlink()
