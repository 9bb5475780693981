import os
import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from builders import put
from idxpng.errors import DataError
from idxpng.run.plan import OUTPUTS
from idxpng.run.targets import Targets, refuse_name
from plans import SPLIT, Wildcards, plan, write_own_file
from project import PROJECT
from refusals import refusal


@pytest.fixture(autouse=True)
def folder_without_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def targets_of(asked: Collection[str] = (), results: str = "results", **config: Any) -> Targets:
    return Targets(plan(results, **config), lambda: set(asked))


def made(words: list[str], results: str = "results") -> dict[str, list[str]]:
    """The targets for each folder among some words, with the path variable filled in."""
    return filled_in(targets_of(results=results), words, results)


def filled_in(targets: Targets, words: list[str], results: str = "results") -> dict[str, list[str]]:
    found = targets.folder_targets(words)
    folders = {word: paths(None) if callable(paths) else paths for word, paths in found.items()}
    return {word: [path.replace("<results>", results) for path in paths] for word, paths in folders.items()}


def test_the_folder_of_a_dataset_is_a_target_for_all_of_its_files() -> None:
    (files,) = made(["results/mnist"]).values()
    assert "results/mnist/header/train.json" in files
    assert "results/mnist/png/test/7" in files
    assert "results/mnist/index.html" in files


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("results/mnist/png", 20),
        ("results/mnist/png/test", 10),
        ("results/mnist/png/test/", 10),
        ("results/qmnist/png/test10k", 10),
    ],
)
def test_a_folder_of_images_is_a_target_for_its_label_directories_and_the_manifest(word: str, count: int) -> None:
    files = made(["--cores", "4", word])[word]
    assert len([path for path in files if re.fullmatch(r"results/\w+/png/\w+/\d", path)]) == count
    assert len([path for path in files if re.fullmatch(r"results/\w+/manifest/\w+\.csv", path)]) == count // 10
    assert len(files) == count + count // 10


RESULTS = {path.replace("<results>", "results") for target in OUTPUTS for path in plan("none").outputs(target, "mnist")}
FOLDERS = {os.path.dirname(path) for path in RESULTS if "/png/" not in path} - {"results/mnist"}


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_every_folder_of_results_is_a_target(folder: str) -> None:
    files = made([folder])[folder]
    assert sorted(files) == sorted(path for path in RESULTS if path.startswith(f"{folder}/"))


def test_every_output_is_left_to_snakemake() -> None:
    outputs = [path.replace("<results>", "results") for target in OUTPUTS for path in plan().outputs(target)]
    assert made(outputs) == {}


def test_a_wrong_word_is_refused_only_if_it_is_asked_for() -> None:
    (refuse,) = targets_of().folder_targets(["results/mnits"]).values()
    assert callable(refuse) and "did you mean mnist?" in refusal(refuse, None)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("verfy", "did you mean verify?"),
        ("al", "did you mean all?"),
        ("mnist", "all --config datasets=mnist"),
        ("datasets=mnist", "write it last, after --config: --config datasets=mnist"),
        ("folders={f: my}", "after --config: --config 'folders={f: my}'"),
        ("my.yaml", "all --config datasets=my.yaml"),
        ("png", "such as results/mnist/png"),
        ("", "such as results/mnist/png"),
    ],
)
def test_a_misspelled_target_is_refused_with_the_one_that_is_meant(word: str, advice: str) -> None:
    assert advice in refusal(refuse_name, word, [*OUTPUTS, "idx"], ["mnist"])
    message = f"No rule to produce {word} (if you use input functions"
    assert advice in targets_of([word]).why_missing(message, ["mnist"])
    assert targets_of([word]).why_missing(message) == ""
    assert targets_of().why_missing(message, ["mnist"]) == ""


def test_targets_follow_the_results_folder() -> None:
    (files,) = made(["/scratch/out/mnist/png/test"], "/scratch/out").values()
    assert files[0] == "/scratch/out/mnist/png/test/0"


def test_the_paths_that_the_docs_call_targets_are_targets_and_the_others_are_not() -> None:
    page = (PROJECT / "docs/reference.md").read_text(encoding="utf-8")
    passage = " ".join(page.partition("## Targets")[2].partition("Some targets have names")[0].split())
    paths = [re.findall(r"`([^`]+)`", part) for part in passage.split("These are not targets")]
    (*targets, idx), others = (
        [path.format(dataset="mnist", split="test", name="x") for path in part] for part in paths
    )
    assert list(made(targets)) == targets
    assert idx == "results/x/idx", "which needs a folder of images"
    for word in others:
        with suppress(DataError):
            assert made([word]) == {}
    assert {"results", "logs", "benchmarks"} <= {*others}


def test_other_words_of_the_command_are_ignored() -> None:
    words = ["", "all", "--config", "datasets=mnist", "results/mnist/png/train/7", "results", "resources/mnist"]
    assert made(words) == {}


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("results/mnits", "did you mean mnist?"),
        ("results/shapes/png", "for a dataset file of your own, add it: --config datasets=FILE"),
        ("results/mnist/png/t10k", "one of train, test"),
        ("results/mnist/png/test/07", "one of 0, 1, 2"),
        ("results/mnist/png/test/seven", "one of 0, 1, 2"),
        ("results/mnist/png/test/7/0000.png", "results/mnist/png/test/7"),
        ("results/mnist/pgn", "in mnist: "),
        ("results/mnist/manifest/tset.csv", "one of train, test"),
        ("results/mnist/manifest/test/10.csv", "one of 0, 1, 2"),
        ("results/mnist/webdataset/test-000001.tar", "from 000000 to 000000"),
        ("results/mnist/webdataset/train-0.tar", "from 000000 to 000005"),
    ],
)
def test_an_unknown_folder_is_refused_with_the_known_ones(word: str, advice: str) -> None:
    assert advice in refusal(made, [word])


@pytest.mark.parametrize("below", ["", "/header"])
def test_a_target_of_a_dataset_without_the_requested_splits_is_refused(below: str, tmp_path: Path) -> None:
    other = write_own_file(tmp_path)(splits={"dig": SPLIT})
    targets = targets_of(datasets=["mnist", other], splits="dig")
    message = refusal(filled_in, targets, [f"results/mnist{below}"])
    assert "mnist has none of these splits" in message and "some of train, test, validation\n  found:    dig" in message
    assert targets.folder_targets(["results/mnist/header/train.json"]) == {}


@pytest.mark.parametrize("below", ["mnist/png/test/7", "mnist/index.html"])
def test_a_file_by_its_whole_path_is_a_target(below: str) -> None:
    word = os.path.abspath(f"results/{below}")
    assert targets_of().folder_targets([word]) == {word: [f"<results>/{below}"]}
    assert targets_of(results=os.path.abspath("results")).folder_targets([word]) == {}


def test_a_single_png_file_is_refused_in_the_same_words_when_it_exists() -> None:
    path = put(Path("results/mnist/png/test/7/0000.png"))
    assert "together with all others of its label" in refusal(made, [str(path)])


def test_a_missing_input_that_is_a_png_file_is_explained_and_others_are_not() -> None:
    path = "results/mnist/png/test/7/0000.png"
    why = targets_of().why_missing(f"affected files:\n    other.txt\n    {path}")
    assert why.startswith(f"\n{path}: a PNG file is made together with all others of its label")
    assert targets_of().why_missing("affected files:\n    other.txt") == ""


def test_the_list_of_digests_waits_for_the_other_targets_of_the_command() -> None:
    job = Wildcards(dataset="mnist-sample")
    files = ["results/mnist-sample/header/test.json", "results/mnist/png/test/7"]
    asked = targets_of(["csv", "checksums", "npz", "results/mnist-sample/png/test", *files])
    (images,) = filled_in(asked, ["results/mnist-sample/png/test"], "<results>").values()
    expected = {*plan().outputs("csv"), *plan().outputs("npz"), f"<results>/{files[0].partition('/')[2]}", *images}
    assert set(asked.others(job)) == expected
    assert targets_of(["checksums"]).others(job) == []


@pytest.mark.parametrize("word", ["./results/mnist/png/test", "results//mnist/png/test/", "{}/results/mnist/png/test"])
def test_a_folder_in_any_spelling_is_made_before_the_list_of_digests(word: str) -> None:
    job = Wildcards(dataset="mnist")
    usual = targets_of(["results/mnist/png/test"], datasets="mnist").others(job)
    spelled = targets_of([word.format(os.getcwd())], datasets="mnist")
    assert spelled.others(job) == usual != []


IMAGES_AND_MANIFESTS = [
    *(f"<results>/mnist/manifest/test{label}.csv" for label in ("", *(f"/{label}" for label in range(10)))),
    *(f"<results>/mnist/png/test/{label}" for label in range(10)),
]


@pytest.mark.parametrize(
    ("targets", "made"),
    [
        ([], []),
        (["verify"], []),
        (["results/mnist/verify/test.json"], []),
        (["all", "verify"], IMAGES_AND_MANIFESTS),
        (["csv", "verify", "checksums"], []),
        (["results/mnist/png/test", "verify"], [IMAGES_AND_MANIFESTS[0], *IMAGES_AND_MANIFESTS[11:]]),
        (["results/mnist/png/test/7", "verify"], ["<results>/mnist/png/test/7"]),
        (["results/mnist/manifest/train.csv", "results/kmnist/png/test/7", "verify"], []),
        (["results/mnist/index.html", "verify"], ["<results>/mnist/manifest/test.csv"]),
    ],
)
def test_verify_makes_no_images_but_comes_after_those_that_other_targets_make(
    targets: list[str], made: list[str]
) -> None:
    paths = targets_of(targets, datasets="mnist").images_of_others(Wildcards(dataset="mnist", split="test"))
    assert paths == made


def test_a_target_makes_nothing_of_a_dataset_that_is_not_configured() -> None:
    asked = targets_of(["all", "results/mnist/SHA256SUMS"], datasets="kmnist")
    assert asked.others(Wildcards(dataset="mnist")) == []
