"""Which commit of the workflow is at work, where it is a Git checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

SETTINGS = ":!config.yaml"  # which is there to be edited


def checkout(folder: Path) -> dict[str, Any]:
    """``commit``: 40 letters and digits; ``modified``: whether files differ from it, other than the configuration.

    Empty for a folder that is no checkout itself, as after a download without Git, or where Git does not answer.
    """
    if not (folder / ".git").exists():  # or Git would answer for a repository around it
        return {}
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".", SETTINGS)
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": commit, "modified": bool(changes)}


def _git(folder: Path, *arguments: str) -> str:
    # Without what a hook of another repository sets, in which this may run.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
