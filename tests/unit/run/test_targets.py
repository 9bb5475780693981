import pytest

from idxpng.errors import DataError
from plans import plan


def made(words: list[str], results: str = "results") -> dict[str, list[str]]:
    """The targets for each folder among some words, with the path variable filled in."""
    folders = plan(results).folder_targets(words)
    return {word: [path.replace("<results>", results) for path in paths] for word, paths in folders.items()}


def test_the_folder_of_a_dataset_is_a_target_for_all_of_its_files() -> None:
    (files,) = made(["results/mnist"]).values()
    assert "results/mnist/header/train.json" in files
    assert "results/mnist/png/test/7" in files
    assert "results/mnist/index.html" in files


@pytest.mark.parametrize(
    ("word", "count"), [("results/mnist/png", 20), ("results/mnist/png/test", 10), ("results/mnist/png/test/", 10)]
)
def test_a_folder_of_images_is_a_target_for_its_label_directories(word: str, count: int) -> None:
    files = made(["--cores", "4", word])[word]
    assert len(files) == count
    assert all(path.startswith("results/mnist/png/") for path in files)


def test_targets_follow_the_results_folder() -> None:
    (files,) = made(["/scratch/out/mnist/png/test"], "/scratch/out").values()
    assert files[0] == "/scratch/out/mnist/png/test/0"


def test_other_words_of_the_command_are_ignored() -> None:
    words = ["all", "--config", "datasets=mnist", "results/mnist/png/train/7", "results", "resources/mnist"]
    assert made(words) == {}


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("results/mnits", "did you mean mnist?"),
        ("results/mnist/png/t10k", "one of train, test"),
        ("results/mnist/png/test/07", "one of 0, 1, 2"),
    ],
)
def test_an_unknown_folder_is_refused_with_the_known_ones(word: str, advice: str) -> None:
    with pytest.raises(DataError) as error:
        made([word])
    assert advice in str(error.value)
