import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from idxpng.dataset.file import load
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.dataset.writer import dump, split_facts
from idxpng.run.summary import digests_to_pin, summary
from plans import plan
from project import PROJECT

SCHEMA = read_yaml(PROJECT / "schemas/dataset.schema.yaml", "the schema")
PINS = ("bytes", "sha256", "content_sha256", "verified")


def summary_of(results: Path, rules: set[str], seconds: float = 0, **config: Any) -> str:
    return summary(plan(str(results), str(results / "resources"), **config), rules, seconds)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of results whose manifests list three images and one image."""
    for split, count in (("train", 3), ("test", 1)):
        manifest = tmp_path / f"mnist-sample/manifest/{split}.csv"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text("path,label\n" + "0/0.png,0\n" * count)
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
    assert "png/train" not in words
    assert "        1 image in 4 s" in words


def test_the_summary_says_how_to_look_at_the_images(results: Path) -> None:
    words = summary_of(results, {"all"})
    for path in ("preview/train.png", "preview/test.png", "index.html"):
        assert f"{results}/mnist-sample/{path}" in words
    assert "--report report.html" in words


def test_the_summary_of_shards_and_proofs_has_their_numbers(results: Path) -> None:
    for folder in ("webdataset", "verify"):
        (results / "mnist-sample" / folder).mkdir()
        document = {"images": 1000, "shards": [{}, {}], "files": 1000, "pinned": {"images": True}}
        (results / f"mnist-sample/{folder}/train.json").write_text(json.dumps(document))
    assert f"1,000 images in 2 shards, {results}/mnist-sample/webdataset" in summary_of(
        results, {"webdataset"}, splits="train"
    )
    assert "1,000 PNG files" in summary_of(results, {"verify"}, splits="train")


def test_the_summary_of_the_proof_of_one_file_says_file(results: Path) -> None:
    (results / "mnist-sample/verify").mkdir()
    report = {"files": 1, "pinned": {"images": True}}
    (results / "mnist-sample/verify/test.json").write_text(json.dumps(report))
    line = f"        1 PNG file in {results}/mnist-sample/png/test agrees with the pinned digests"
    assert line in summary_of(results, {"verify"}, splits="test")


def test_the_summary_of_results_in_a_storage_says_where_they_are_and_names_no_page(results: Path) -> None:
    words = summary(plan("results", "resources"), {"all"}, 75, "s3://digits")
    assert words == "\nThe results are in s3://digits/results, made in 1 min 15 s"


def test_a_run_of_single_jobs_has_no_summary(results: Path) -> None:
    assert summary_of(results, {"export", "download"}) == ""


@pytest.mark.parametrize("path", sorted((PROJECT / "datasets").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_written_text_of_a_split_keeps_every_fact(path: Path) -> None:
    splits = {name: split_facts(split) for name, split in load(path).splits.items()}
    assert yaml.safe_load(dump({"splits": splits})) == {"splits": yaml.safe_load(path.read_text())["splits"]}


@pytest.fixture
def unpinned(tmp_path: Path) -> Path:
    """A dataset file without pins, with the files that a run leaves behind."""
    document = yaml.safe_load((PROJECT / "datasets/mnist-sample.yaml").read_text())
    for name, split in document["splits"].items():
        del split["class_counts"]
        header = {"dataset": "mine", "split": name, "orientation": "upright", "label_columns": ["class"]}
        header |= {"class_names": {}, "class_counts": {}}
        for role in ("images", "labels"):
            header[role] = {"content_sha256": split[role]["content_sha256"]}
            split[role] = {"file": split[role]["file"]}
        (tmp_path / "results/mine/header").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"results/mine/header/{name}.json").write_text(json.dumps(header))
    shutil.copytree(PROJECT / "datasets/mnist-sample", tmp_path / "resources/mine")
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(document))
    return tmp_path / "mine.yaml"


def to_pin(dataset_file: Path, folder: Path | None = None) -> str:
    folder = folder or dataset_file.parent
    return digests_to_pin(load(dataset_file), plan(str(folder / "results"), str(folder / "resources")))


def test_the_advised_block_pins_every_file_to_its_digest(unpinned: Path) -> None:
    block = to_pin(unpinned)
    assert "does not pin the digest of every file" in block.partition("\n\n")[0]
    document = yaml.safe_load(unpinned.read_text()) | yaml.safe_load(block.partition("\n\n")[2])
    unpinned.write_text(yaml.safe_dump(document))
    known = load(PROJECT / "datasets/mnist-sample.yaml", SCHEMA)
    for name, split in load(unpinned, SCHEMA).splits.items():
        assert split == dataclasses.replace(known.splits[name], class_counts=None)
    assert to_pin(unpinned) == ""


def test_only_splits_that_were_validated_are_pinned(unpinned: Path) -> None:
    (unpinned.parent / "results/mine/header/test.json").unlink()
    splits = yaml.safe_load(to_pin(unpinned).partition("\n\n")[2])["splits"]
    assert "sha256" in splits["train"]["images"]
    assert splits["test"]["images"] == {"file": "t10k-images-idx3-ubyte.gz"}


def test_a_file_that_has_a_pin_is_not_changed(unpinned: Path) -> None:
    document = yaml.safe_load(unpinned.read_text())
    document["splits"]["train"]["images"]["git_blob"] = "0" * 40
    unpinned.write_text(yaml.safe_dump(document))
    images, labels = (
        yaml.safe_load(to_pin(unpinned).partition("\n\n")[2])["splits"]["train"][role] for role in ("images", "labels")
    )
    assert images == {"file": "train-images-idx3-ubyte.gz", "git_blob": "0" * 40}
    assert (
        labels["sha256"]
        == hashlib.sha256((PROJECT / "datasets/mnist-sample/train-labels-idx1-ubyte.gz").read_bytes()).hexdigest()
    )


def test_a_dataset_that_is_pinned_or_has_no_results_has_no_digests_to_pin(tmp_path: Path, unpinned: Path) -> None:
    assert to_pin(PROJECT / "datasets/mnist.yaml", tmp_path) == ""
    assert to_pin(unpinned, tmp_path / "none") == ""
