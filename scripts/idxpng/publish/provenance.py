"""The files in a dataset's folder to pass on, with their digests, and where they come from."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import idxpng
from idxpng.dataset.model import Dataset
from idxpng.errors import DataError
from idxpng.files.digest import digest_of
from idxpng.formats.split_header import SplitHeader

# What the published bytes may depend on.
PACKAGES = ("numpy", "pillow", "pyarrow", "PyYAML", "snakemake", "zlib-ng")


@dataclass(frozen=True)
class FileRecord:
    """A file below the dataset's folder; ``path`` is relative to it."""

    path: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path, folder: Path) -> FileRecord:
        below = os.path.relpath(path, folder)
        if below.startswith(os.pardir):
            raise DataError(path, "not in the folder that the card describes", expected=f"a file in {folder}")
        return cls(below, path.stat().st_size, digest_of(path))


def sources(dataset: Dataset, headers: Sequence[SplitHeader]) -> list[dict[str, Any]]:
    """The IDX files that everything was made from.

    Each has ``split`` and ``role`` (images or labels), ``published``: its name and pinned digest, None where nothing
    is pinned; and ``content``: name, bytes and digest of the IDX file in it, as `validate` found them.
    """
    found = []
    for header in headers:
        for role, pinned in dataset.split(header.split).by_role.items():
            content = {key: getattr(header, role)[key] for key in ("file", "bytes", "content_sha256")}
            published = {"file": pinned.file, "sha256": pinned.sha256}
            found.append({"split": header.split, "role": role, "published": published, "content": content})
    return found


def origin(dataset: Dataset, headers: Sequence[SplitHeader], files: Sequence[FileRecord]) -> dict[str, Any]:
    """The files and the software that a folder was made with. Time and place are left out, so that equal runs agree."""
    return {
        "dataset": dataset.name,
        "title": dataset.title,
        "workflow": {"version": idxpng.__version__} | checkout(idxpng.SCRIPTS.parent),
        "software": {"python": platform.python_version()} | _versions(),
        "inputs": sources(dataset, headers),
        "outputs": [vars(file) for file in files],
    }


def _versions() -> dict[str, str]:
    found = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):  # with --sdm conda a job has only the packages that it needs
            found[package.lower()] = version(package)
    return found


def checkout(folder: Path) -> dict[str, Any]:
    """``commit``: 40 letters and digits; ``modified``: whether files differ from it, other than the configuration.

    Empty for a folder that is not a checkout itself, as after a download without Git, or where Git does not answer.
    """
    if not (folder / ".git").exists():  # or Git would answer for a repository around it
        return {}
    options = ["--porcelain=v2", "--branch", "--untracked-files=no", "--", ".", ":!config.yaml"]
    # If a Git hook of another repository runs this, Git's variables are about that repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(folder), "status", *options]
    try:
        answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return {}
    first, *others = answer.stdout.splitlines()
    commit = first.removeprefix("# branch.oid ")
    if not commit.isalnum():  # there is none yet
        return {}
    return {"commit": commit, "modified": any(not line.startswith("#") for line in others)}
