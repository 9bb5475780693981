"""Names as people have them are read by their words, and files are found by what their names say."""

from collections import Counter
from pathlib import Path

import pytest

from builders import put
from idxpng.dataset import file_names
from idxpng.dataset.file_names import alike, find, fits, words


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("train-images-idx3-ubyte.gz", "train images"),
        ("train-images.idx3-ubyte", "train images"),
        ("train-images-idx3-ubyte (1).gz", "train images"),
        ("train-images.idx3-ubyte(1).gz", "train images"),
        ("Train_Images.idx", "train images"),
        ("trainImages.idx", "train images"),
        ("trainimages.idx3-ubyte", "train images"),
        ("train-targets.idx", "train labels"),
        ("t10k-labels-idx1-ubyte.zip", "test labels"),
        ("qmnist-train-labels-idx2-int", "qmnist train labels"),
        ("X_kannada_MNIST_test-idx3-ubyte", "images kannada mnist test"),
        ("train/images-idx3-ubyte", "train images"),
        ("train-images-idx3-ubyte/train-images.idx3-ubyte", "train images"),
        ("MNIST/raw/t10k-labels-idx1-ubyte", "mnist raw test labels"),
        ("t10k-labels-idx1-ubyte.gz.crdownload", "test labels crdownload"),
        ("latest-images", "latest images"),
        ("ubyte", ""),
    ],
)
def test_a_name_says_its_split_and_its_role_however_it_is_spelled(name: str, said: str) -> None:
    assert " ".join(words(name)) == said


def test_a_name_without_a_word_says_nothing() -> None:
    assert not fits("ubyte", "idx")


@pytest.mark.parametrize(
    ("path", "expected", "does"),
    [
        ("else/images.idx", "test/images.idx", True),
        ("MNIST/t10k/images.idx", "test/images.idx", True),
        ("train-test-split/test/images.idx", "test/images.idx", True),
        ("train/images.idx", "images.idx", True),
        ("test/Images-idx3-ubyte", "t10k-images-idx3-ubyte.gz", True),
        ("train/images.idx", "test/images.idx", False),
        ("train/img.idx", "test/images.idx", False),
        ("train-test-split/train/images.idx", "test/images.idx", False),
        ("test/labels.idx", "test/images.idx", False),
    ],
)
def test_a_path_of_a_different_split_does_not_fit(path: str, expected: str, does: bool) -> None:
    assert fits(path, expected) == does


def test_files_are_found_by_their_names_or_with_their_folders(tmp_path: Path) -> None:
    found = ["MNIST/raw/train-images-idx3-ubyte", "train/Images.idx", "train-images (1).zip"]
    others = ["test/Images.idx", "train-images.gz.part", ".hidden/train-images", "a/b/c/d/train-images", "train-labels"]
    for name in found + others:
        put(tmp_path / name)
    names = [str(path.relative_to(tmp_path)) for path in find(tmp_path, "train-images-idx3-ubyte.gz")]
    assert sorted(names) == sorted(found)
    assert alike(tmp_path, "train-images.gz")[0] == "train-images.gz.part"
    assert find(tmp_path / "none", "train-images") == alike(tmp_path / "none", "train-images") == []


def test_what_a_name_means_is_asked_once_however_many_files_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()

    def counted(name: str) -> tuple[str, ...]:
        asked[name] += 1
        return words(name)

    monkeypatch.setattr(file_names, "words", counted)
    names = [f"scan{number}-images" for number in range(30)]
    for name in names:
        (tmp_path / f"{name} (1)").touch()
    for name in names:
        assert find(tmp_path, name) == [tmp_path / f"{name} (1)"]
    assert max(asked.values()) <= 3, "as a path, as a name, and as a part"
