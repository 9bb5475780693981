import pytest

from idxpng.errors import DataError
from plans import plan


def made(words: list[str], results: str = "results") -> dict[str, list[str]]:
    """What folders among some words stand for, with the path variable filled in."""
    folders = plan(results).folder_targets(words)
    return {word: [path.replace("<results>", results) for path in paths] for word, paths in folders.items()}


def test_the_folder_of_a_dataset_stands_for_all_that_is_made_of_it() -> None:
    (files,) = made(["results/mnist"]).values()
    assert "results/mnist/header/train.json" in files
    assert "results/mnist/png/test/7" in files
    assert "results/mnist/index.html" in files


@pytest.mark.parametrize(
    ("word", "count"), [("results/mnist/png", 20), ("results/mnist/png/test", 10), ("results/mnist/png/test/", 10)]
)
def test_a_folder_of_images_stands_for_its_label_directories(word: str, count: int) -> None:
    files = made(["--cores", "4", word])[word]
    assert len(files) == count
    assert all(path.startswith("results/mnist/png/") for path in files)


def test_results_may_lie_elsewhere() -> None:
    (files,) = made(["/scratch/out/mnist/png/test"], "/scratch/out").values()
    assert files[0] == "/scratch/out/mnist/png/test/0"


def test_other_words_are_left_alone() -> None:
    words = ["all", "--config", "datasets=mnist", "results/mnist/png/train/7", "results", "resources/mnist"]
    assert made(words) == {}


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("results/mnits", "did you mean mnist?"),
        ("results/mnist/png/t10k", "one of train, test"),
        ("results/mnist/png/test/07", "one of 0, 1, 2"),
    ],
)
def test_a_folder_that_nobody_knows_is_refused_with_those_that_are_known(word: str, told: str) -> None:
    with pytest.raises(DataError) as error:
        made([word])
    assert told in str(error.value)
