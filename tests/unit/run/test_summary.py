import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import yaml

from builders import put
from dataset_files import SCHEMA
from idxpng.dataset.file import load
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.dataset.writer import dump
from idxpng.run.summary import summary
from plans import plan
from project import PROJECT


def summary_of(results: Path, rules: set[str], seconds: float = 0, targets: Collection[str] = (), **config: Any) -> str:
    return summary(plan(str(results), str(results / "resources"), **config), rules, seconds, targets=targets)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of results whose manifests list three images and one image."""
    for split, count in (("train", 3), ("test", 1)):
        put(tmp_path / f"mnist-sample/manifest/{split}.csv", "path,label\n" + "0/0.png,0\n" * count)
    return tmp_path


def test_the_summary_counts_the_images_in_manifests_and_leads_from_the_sample_to_mnist(results: Path) -> None:
    words = summary_of(results, {"all", "export"}, 90)
    assert f"3 PNG files in {results}/mnist-sample/png/train" in words
    assert f"1 PNG file in {results}/mnist-sample/png/test" in words
    assert "4 images in 1 min 30 s" in words
    assert "--config datasets=mnist" in words
    assert "sample" not in summary_of(results, {"all"}, datasets="mnist")


def test_the_summary_counts_the_configured_splits_alone(results: Path) -> None:
    words = summary_of(results, {"all"}, 4, splits="test")
    assert f"in {results}/mnist-sample/png/train" not in words
    assert "        1 image in 4 s" in words


@pytest.mark.parametrize(
    ("limit", "also", "total"), [(None, " (also in train)", 3), (60_000, " (also in train)", 3), (2, "", 5)]
)
def test_the_summary_counts_images_of_two_splits_once(results: Path, limit: int | None, also: str, total: int) -> None:
    (results / "mnist-sample").rename(results / "mnist")
    (results / "mnist/manifest/validation.csv").write_text("path,label\n" + "0/0.png,0\n" * 2)
    words = summary_of(results, {"all"}, 4, datasets="mnist", splits=["train", "validation"], limit=limit)
    assert f"        2 PNG files in {results}/mnist/png/validation, a directory per label{also}\n" in words
    assert f"        {total} images in 4 s" in words


def test_the_summary_says_how_to_look_at_the_images(results: Path) -> None:
    words = summary_of(results, {"all"})
    for path in ("preview/train.png", "preview/test.png", "index.html"):
        assert f"{results}/mnist-sample/{path}" in words
    assert "--report report.html" in words


def test_the_summary_of_shards_has_their_numbers(results: Path) -> None:
    put(results / "mnist-sample/webdataset/train.json", '{"images": 1000, "shards": [{}, {}]}')
    assert f"1,000 images in 2 shards, {results}/mnist-sample/webdataset" in summary_of(
        results, {"webdataset"}, splits="train"
    )


def test_the_summary_of_proofs_names_the_report_of_each_split_whether_requested_or_not(results: Path) -> None:
    for split in ("train", "test"):
        (results / f"mnist-sample/png/{split}").mkdir(parents=True)
    words = summary_of(results, {"verify"}, splits="train")
    assert words.startswith("\nVerified in 0 s: ") and "verify/train.json" in words and "verify/test.json" in words
    assert "Made" not in words
    assert "verify/test.json" not in summary_of(results, {"verify"}, splits="train", limit=3)


def test_the_summary_of_results_in_a_storage_says_where_they_are_and_names_no_page(results: Path) -> None:
    words = summary(plan("results", "resources"), {"all"}, 75, "s3://digits")
    assert words == "\nThe results are in s3://digits/results, made in 1 min 15 s"


def test_the_summary_names_the_files_of_each_other_format(results: Path) -> None:
    lines = summary_of(results, {"archive", "npz", "csv", "checksums"}, 3, datasets="mnist").splitlines()
    made = [f"archive/{split}.tar" for split in ("train", "test")] + ["npz/mnist.npz", "csv/train.csv", "csv/test.csv"]
    assert lines[1:] == ["Made in 3 s:", *(f"  {results}/mnist/{path}" for path in [*made, "SHA256SUMS"])]


def test_the_summary_names_the_folders_and_files_that_were_asked_for(results: Path) -> None:
    asked = [f"{results}/mnist-sample", f"{results}/mnist-sample/manifest/test.csv", "docs", f"{results}/lost"]
    words = summary_of(results, {"export"}, 3, asked)
    assert words.splitlines()[1:4] == ["Made in 3 s:", *(f"  {path}" for path in asked[:2])]
    assert "lost" not in words
    assert "sample. For" not in words, "what was asked for may be of a different dataset"
    npz = put(results / "mnist-sample/npz/mnist-sample.npz")
    beside = summary_of(results, {"export", "npz"}, 3, [*asked, str(npz)])
    assert beside.splitlines()[1:6] == ["Made in 3 s:", f"  {npz}", *words.splitlines()[2:4], ""]
    assert summary_of(results, {"export", "download"}) == ""


@pytest.mark.parametrize("path", sorted((PROJECT / "datasets").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_written_text_of_a_split_keeps_every_fact(path: Path) -> None:
    splits = read_yaml(path, str(path))["splits"]
    assert yaml.safe_load(dump({"splits": splits})) == {"splits": yaml.safe_load(path.read_text())["splits"]}


@pytest.fixture
def unpinned(tmp_path: Path) -> Path:
    """A dataset file without pins or mirrors, with the files that a run leaves behind."""
    document = yaml.safe_load((PROJECT / "datasets/mnist-sample.yaml").read_text()) | {"mirrors": []}
    for split in document["splits"].values():
        split |= {role: {"file": split[role]["file"]} for role in ("images", "labels")}
    shutil.copytree(PROJECT / "datasets/mnist-sample", tmp_path / "resources/mine")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(document))
    return tmp_path / "mine.yaml"


def to_pin(dataset_file: Path) -> str:
    folders = (str(dataset_file.parent / name) for name in ("results", "resources"))
    return summary(plan(*folders, datasets=str(dataset_file)), {"validate"}, 1)


def test_the_advised_command_pins_every_file_to_its_digest(unpinned: Path) -> None:
    sentence, _, command = to_pin(unpinned).partition("from now on: ")
    assert sentence.strip().startswith(f"{unpinned} does not pin the digest of every file.")
    subprocess.run(["bash", "-c", command], check=True)
    assert load(unpinned, SCHEMA).splits == load(PROJECT / "datasets/mnist-sample.yaml", SCHEMA).splits
    assert to_pin(unpinned) == ""


def test_no_files_are_pinned_before_all_are_there(unpinned: Path) -> None:
    (unpinned.parent / "resources/mine/t10k-images-idx3-ubyte.gz").unlink()
    assert to_pin(unpinned) == ""
