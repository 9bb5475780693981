"""Lists of digests can be checked with sha256sum."""

import subprocess
from pathlib import Path

import pytest

import list_digests
from builders import put
from idxpng.errors import DataError

NAMES = ("png/train/0/00001.png", "png/train/0/00010.png", "a b.csv", "ü", "Z")


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        put(tmp_path / "set" / name, name)
    return tmp_path / "set"


def test_sha256sum_checks_every_listed_file(folder: Path) -> None:
    (folder / "png/train/0/.snakemake_timestamp").touch()
    list_digests.main(str(folder), str(folder / "SHA256SUMS"))
    first = (folder / "SHA256SUMS").read_bytes()
    passed = check(folder)
    assert (passed.returncode, len(passed.stdout.splitlines())) == (0, len(NAMES))
    list_digests.main(str(folder), str(folder / "SHA256SUMS"))
    assert (folder / "SHA256SUMS").read_bytes() == first, "the list does not list itself"


def test_sha256sum_finds_an_edited_and_a_missing_file(folder: Path) -> None:
    list_digests.main(str(folder), str(folder / "SHA256SUMS"))
    (folder / NAMES[0]).write_text("other")
    (folder / NAMES[2]).unlink()
    failed = check(folder)
    assert failed.returncode == 1
    assert f"{NAMES[0]}: FAILED" in failed.stdout
    assert f"{NAMES[2]}: FAILED open or read" in failed.stdout


def test_folders_behind_links_are_listed_and_a_link_to_a_folder_above_is_not_followed(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "png").rename(tmp_path / "elsewhere")
    (folder / "png").symlink_to(tmp_path / "elsewhere")
    (folder / "png/train/above").symlink_to(folder / "png")
    list_digests.main(str(folder), str(folder / "SHA256SUMS"))
    passed = check(folder)
    assert (passed.returncode, len(passed.stdout.splitlines())) == (0, len(NAMES))


def test_folders_that_link_to_each_other_are_listed_once_each(folder: Path, tmp_path: Path) -> None:
    others = [tmp_path / f"other{number}" for number in range(3)]
    for other in others:
        put(other / "file", other.name)
    for one in (folder, *others):
        for other in others:
            (one / other.name).symlink_to(other)
    list_digests.main(str(folder), str(folder / "SHA256SUMS"))
    passed = check(folder)
    assert (passed.returncode, len(passed.stdout.splitlines())) == (0, len(NAMES) + 3 + 3 * 2 + 3 * 2)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing to list"):
        list_digests.main(str(tmp_path), str(tmp_path / "SHA256SUMS"))
    assert list(tmp_path.iterdir()) == []
