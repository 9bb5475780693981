import pytest

from idxpng.dataset.file import load
from idxpng.dataset.model import PublishedFile
from idxpng.formats.idx import IdxHeader
from project import PROJECT


@pytest.mark.parametrize(
    ("file", "published", "idx"),
    [
        ("train-images-idx3-ubyte.gz", "train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"),
        ("xnist-images-idx3-ubyte.xz", "xnist-images-idx3-ubyte.xz", "xnist-images-idx3-ubyte"),
        ("train-images-idx3-ubyte", "train-images-idx3-ubyte.plain", "train-images-idx3-ubyte"),
        ("train-images.idx3-ubyte", "train-images.idx3-ubyte.plain", "train-images.idx3-ubyte"),
        ("a.b.gz", "a.b.gz", "a.b"),
    ],
)
def test_the_published_and_the_decompressed_file_have_different_names(file: str, published: str, idx: str) -> None:
    names = PublishedFile(file, IdxHeader.of("uint8", (1,)))
    assert (names.published, names.idx) == (published, idx)


def test_a_file_of_a_dataset_is_found_by_either_name() -> None:
    dataset = load(PROJECT / "datasets/mnist.yaml")
    files = dataset.files
    assert len(files) == 8
    assert files["t10k-labels-idx1-ubyte.gz"] is files["t10k-labels-idx1-ubyte"] is dataset.splits["test"].labels


def test_labels_are_named_once_however_many_jobs_ask_for_them() -> None:
    dataset = load(PROJECT / "datasets/emnist-byclass.yaml")
    assert dataset.labels is dataset.labels
    assert list(dataset.labels.items())[6:8] == [("06", 6), ("07", 7)]


@pytest.mark.parametrize(
    ("names", "limit", "expected"),
    [
        (["test", "test10k", "test50k"], None, ["test10k", "test50k"]),
        (["test", "test10k", "test50k"], 100, ["test10k"]),
        (["test", "test50k"], 60_000, ["test50k"]),
        (["test10k", "train"], None, []),
    ],
)
def test_a_part_is_in_its_split_too_if_a_limit_leaves_all_its_images_there(
    names: list[str], limit: int | None, expected: list[str]
) -> None:
    dataset = load(PROJECT / "datasets/qmnist.yaml")
    assert dataset.also_in(names, limit) == dict.fromkeys(expected, " (also in test)")
