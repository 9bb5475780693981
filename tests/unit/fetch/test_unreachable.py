import os
import time
from pathlib import Path

import pytest

from idxpng.fetch.unreachable import VALID, Unreachable


def test_a_server_is_remembered_by_others_whatever_file_they_want(tmp_path: Path) -> None:
    Unreachable(tmp_path).add("https://alice:xyzzy@host:8443/a?token=plugh")
    known = Unreachable(tmp_path)
    assert "https://host:8443/b" in known
    assert "https://host/b" not in known
    assert "https://other:8443/a" not in known
    (path,) = tmp_path.iterdir()
    assert path.name.startswith(".")
    assert not [secret for secret in ("alice", "xyzzy", "plugh") if secret in path.name]


def test_a_server_that_answers_again_is_forgotten(tmp_path: Path) -> None:
    known = Unreachable(tmp_path)
    known.add("http://host/a")
    known.add("http://host/b")
    known.discard("http://host/c")
    known.discard("http://never/a")
    assert "http://host/a" not in known
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("age", [VALID + 1, -VALID - 1], ids=["old", "of a clock that was wrong"])
def test_what_was_found_long_ago_is_forgotten_and_leaves_nothing(tmp_path: Path, age: float) -> None:
    Unreachable(tmp_path).add("http://host/a")
    (path,) = tmp_path.iterdir()
    os.utime(path, (time.time() - age,) * 2)
    assert "http://host/a" not in Unreachable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_planted_link_is_neither_followed_nor_in_the_way(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "resources"
    secret.write_bytes(b"keep")
    folder.mkdir()
    known = Unreachable(folder)
    known.add("http://host/a")
    (path,) = folder.iterdir()
    path.unlink()
    path.symlink_to(secret)
    os.utime(secret, (0, 0))
    known.add("http://host/a")
    known.discard("http://host/a")
    assert (secret.read_bytes(), secret.stat().st_mtime) == (b"keep", 0)


def test_a_folder_that_may_not_be_written_does_no_harm(tmp_path: Path) -> None:
    known = Unreachable(tmp_path / "none")
    known.add("http://host/a")
    assert "http://host/a" not in known
