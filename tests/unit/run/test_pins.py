import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml

from idxpng.dataset.file import load
from idxpng.dataset.model import Dataset
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.dataset.writer import split_facts, text
from idxpng.run.summary import to_paste
from project import PROJECT

SCHEMA = read_yaml(PROJECT / "schemas/dataset.schema.yaml", "the schema")
PINS = ("bytes", "sha256", "content_sha256", "verified")


@pytest.mark.parametrize("path", sorted((PROJECT / "datasets").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_text_of_a_split_says_all_that_its_dataset_file_says(path: Path) -> None:
    splits = {name: split_facts(split) for name, split in load(path).splits.items()}
    assert yaml.safe_load(text({"splits": splits})) == {"splits": yaml.safe_load(path.read_text())["splits"]}


@pytest.fixture
def unpinned(tmp_path: Path) -> Path:
    """A dataset file that pins nothing, and what a run of it left."""
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


def pasted(dataset_file: Path) -> str:
    return to_paste(load(dataset_file), dataset_file.parent / "resources", dataset_file.parent / "results")


def test_the_block_put_in_place_of_the_splits_pins_every_file_to_what_it_was(unpinned: Path) -> None:
    block = pasted(unpinned)
    assert "does not pin the digest of every file" in block.partition("\n\n")[0]
    document = yaml.safe_load(unpinned.read_text()) | yaml.safe_load(block.partition("\n\n")[2])
    unpinned.write_text(yaml.safe_dump(document))
    known = load(PROJECT / "datasets/mnist-sample.yaml", SCHEMA)
    for name, split in load(unpinned, SCHEMA).splits.items():
        assert split == dataclasses.replace(known.splits[name], class_counts=None)
    assert pasted(unpinned) == ""


def test_only_splits_that_were_checked_are_pinned(unpinned: Path) -> None:
    (unpinned.parent / "results/mine/header/test.json").unlink()
    splits = yaml.safe_load(pasted(unpinned).partition("\n\n")[2])["splits"]
    assert "sha256" in splits["train"]["images"]
    assert splits["test"]["images"] == {"file": "t10k-images-idx3-ubyte.gz"}


def test_a_file_that_is_pinned_in_any_way_stays_as_it_is(unpinned: Path) -> None:
    document = yaml.safe_load(unpinned.read_text())
    document["splits"]["train"]["images"]["git_blob"] = "0" * 40
    unpinned.write_text(yaml.safe_dump(document))
    images, labels = (
        yaml.safe_load(pasted(unpinned).partition("\n\n")[2])["splits"]["train"][role] for role in ("images", "labels")
    )
    assert images == {"file": "train-images-idx3-ubyte.gz", "git_blob": "0" * 40}
    assert (
        labels["sha256"]
        == hashlib.sha256((PROJECT / "datasets/mnist-sample/train-labels-idx1-ubyte.gz").read_bytes()).hexdigest()
    )


def test_nothing_is_to_be_pasted_of_a_pinned_dataset_or_before_a_run(tmp_path: Path, unpinned: Path) -> None:
    shipped: Dataset = load(PROJECT / "datasets/mnist.yaml")
    assert to_paste(shipped, tmp_path / "resources", tmp_path / "results") == ""
    assert to_paste(load(unpinned), tmp_path / "none", tmp_path / "none") == ""
