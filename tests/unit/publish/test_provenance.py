"""Provenance has the commit of the checkout that contains the workflow, if any."""

import os
import subprocess
from pathlib import Path

import pytest

from builders import put
from idxpng.publish.provenance import checkout


def git(folder: Path, *arguments: str) -> str:
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(folder), *author, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with one commit of a Snakefile and a configuration."""
    folder = tmp_path / "clone"
    for name in ("Snakefile", "config.yaml"):
        put(folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "One")
    return folder


def test_a_clone_with_changed_configuration_and_results_has_its_commit(clone: Path) -> None:
    (clone / "config.yaml").write_text("limit: 10")
    put(clone / "results/made", "x")
    assert checkout(clone) == {"commit": git(clone, "rev-parse", "HEAD"), "modified": False}


def test_a_change_of_the_workflow_is_reported(clone: Path) -> None:
    (clone / "Snakefile").write_text("# mine")
    assert checkout(clone) == {"commit": git(clone, "rev-parse", "HEAD"), "modified": True}


def test_a_second_worktree_has_its_own_commit(clone: Path, tmp_path: Path) -> None:
    git(clone, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
    git(tmp_path / "other", "commit", "--quiet", "--allow-empty", "--message", "Two")
    assert checkout(tmp_path / "other")["commit"] == git(clone, "rev-parse", "other")
    assert checkout(clone)["commit"] == git(clone, "rev-parse", "HEAD") != git(clone, "rev-parse", "other")


def test_a_download_inside_a_different_repository_has_no_commit(clone: Path) -> None:
    (clone / "download").mkdir()
    assert checkout(clone / "download") == {}


def test_the_commit_is_left_out_when_git_cannot_find_it(
    tmp_path: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    assert checkout(tmp_path / "empty") == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout(clone) == {}


def test_the_repository_of_a_git_hook_is_ignored(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "empty/.git"))
    assert checkout(clone)["commit"] == git(clone, "rev-parse", "HEAD")
