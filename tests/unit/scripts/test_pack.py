"""Shards have the images of the PNG directories in WebDataset's convention, with the same bytes each time."""

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy
import pytest
import webdataset
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import index_shards
import pack
from dataset_files import write_header, write_split
from idxpng.errors import DataError
from idxpng.formats.split_header import Selection
from idxpng.formats.tar import END, member

COUNT = 57
IMAGES = numpy.random.default_rng(5).integers(0, 256, (COUNT, 6, 4), numpy.uint8)
LABELS = numpy.random.default_rng(6).integers(0, 3, COUNT).astype(numpy.uint8)
CLASSES = {"0": "null", "1": "eins", "2": "zwölf"}


def make_shard(
    folder: Path,
    number: int,
    labels: numpy.ndarray = LABELS,
    label_columns: Sequence[str] = ("class",),
    shuffle_seed: int | None = None,
    **selected: Any,
) -> Path:
    shard = folder / f"train-{number:06}.tar"
    (folder / "idx").mkdir(exist_ok=True)
    files = write_split(folder / "idx", IMAGES, labels, classes=CLASSES, label_columns=label_columns)
    pack.main(Selection(*files, **selected), str(shard), number, 20, shuffle_seed)
    return shard


def index_of(folder: Path, shards: Sequence[Path], **settings: Any) -> dict[str, Any]:
    """The index of shards with 20 images each."""
    header, index = str(folder / "idx/train.json"), str(folder / "train.json")
    index_shards.main([str(shard) for shard in shards], header, index, 20, **settings)
    document: dict[str, Any] = json.loads((folder / "train.json").read_text())
    return document


def contents(shard: Path) -> dict[str, bytes]:
    with tarfile.open(shard) as archive:
        return {name.name: archive.extractfile(name).read() for name in archive}  # type: ignore[union-attr]


def indices(shard: Path) -> list[int]:
    return [int(name.partition(".")[0]) for name in contents(shard) if name.endswith(".png")]


@pytest.mark.slow
@given(st.text("abcé0.-", min_size=1, max_size=50), st.binary(max_size=2000))
def test_tarfile_reads_back_every_member(name: str, data: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(member(name, data) + END)) as archive:
        (found,) = archive.getmembers()
        assert (found.name, found.mode, found.uid, found.mtime) == (name, 0o644, 0, 0)
        assert archive.extractfile(found).read() == data  # type: ignore[union-attr]


def test_a_shard_has_image_and_label(tmp_path: Path) -> None:
    found = contents(make_shard(tmp_path, 1))
    assert list(found)[:3] == ["20.png", "20.cls", "21.png"]
    assert len(found) == 40
    for index in range(20, 40):
        label = int(LABELS[index])
        assert (numpy.asarray(Image.open(io.BytesIO(found[f"{index}.png"]))) == IMAGES[index]).all()
        assert found[f"{index}.cls"] == str(label).encode()


def test_a_shard_of_labels_with_more_columns_has_a_json_for_each_image(tmp_path: Path) -> None:
    labels = numpy.stack([LABELS.astype(numpy.int32), numpy.arange(COUNT, dtype=numpy.int32) * 1000], axis=1)
    found = contents(make_shard(tmp_path, 0, labels, label_columns=("class", "writer")))
    label = int(LABELS[7])
    assert list(found)[:3] == ["00.png", "00.cls", "00.json"]
    assert json.loads(found["07.json"]) == {
        "index": 7,
        "label": label,
        "class_name": CLASSES[str(label)],
        "writer": 7000,
    }


def test_the_shards_have_every_image_once(tmp_path: Path) -> None:
    shards = [indices(make_shard(tmp_path, number)) for number in range(3)]
    assert [len(shard) for shard in shards] == [20, 20, 17]
    assert list(chain(*shards)) == list(range(COUNT))


@pytest.mark.parametrize(
    ("number", "settings", "message"),
    [
        (3, {}, "no such shard"),
        (1, {"limit": 20}, "no such shard"),
        (0, {"shuffle_seed": 2**32}, "the seed is too large\n  expected: at most 4294967295"),
    ],
)
def test_a_shard_that_a_split_does_not_have_is_refused(
    tmp_path: Path, number: int, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        make_shard(tmp_path, number, **settings)
    assert not list(tmp_path.glob("*.tar"))


def test_a_limit_takes_the_first_images(tmp_path: Path) -> None:
    assert indices(make_shard(tmp_path, 1, limit=25)) == [20, 21, 22, 23, 24]


def test_shuffled_shards_have_every_image_once_in_an_order_that_the_seed_decides(tmp_path: Path) -> None:
    shards = [indices(make_shard(tmp_path, number, shuffle_seed=1)) for number in range(3)]
    assert sorted(chain(*shards)) == list(range(COUNT))
    assert shards[0] != indices(make_shard(tmp_path, 0, shuffle_seed=2))
    assert list(pack.shuffled(10, 1)) == [2, 9, 6, 4, 0, 3, 1, 7, 8, 5], "the order must never change"


def test_a_shard_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    digests = {hashlib.sha256(make_shard(tmp_path, 2, shuffle_seed=3).read_bytes()).hexdigest() for _ in range(2)}
    assert len(digests) == 1


def test_the_webdataset_package_reads_images_and_labels(tmp_path: Path) -> None:
    shards = [str(make_shard(tmp_path, number)) for number in range(3)]
    dataset = webdataset.WebDataset(shards, shardshuffle=False).decode("l8").to_tuple("__key__", "png", "cls")
    samples = list(dataset)
    assert len(samples) == COUNT
    for index, (key, image, label) in enumerate(samples):
        assert int(key) == index
        assert (image == IMAGES[index]).all()
        assert label == LABELS[index]


def test_the_webdataset_package_reads_the_extra_label_columns(tmp_path: Path) -> None:
    labels = numpy.stack([LABELS.astype(numpy.int32), numpy.arange(COUNT, dtype=numpy.int32)], axis=1)
    shards = [str(make_shard(tmp_path, number, labels, label_columns=("class", "writer"))) for number in range(3)]
    samples = list(webdataset.WebDataset(shards, shardshuffle=False).decode("l8").to_tuple("cls", "json"))
    assert len(samples) == COUNT
    for index, (label, about) in enumerate(samples):
        assert label == LABELS[index] == about["label"]
        assert about["class_name"] == CLASSES[str(label)]
        assert about["writer"] == index


def test_the_index_lists_every_shard_with_count_and_digest(tmp_path: Path) -> None:
    shards = [make_shard(tmp_path, number) for number in range(3)]
    index = index_of(tmp_path, shards)
    assert (index["images"], index["shard_size"], index["shuffle_seed"]) == (COUNT, 20, None)
    assert index["class_names"] == CLASSES
    for shard, listed in zip(shards, index["shards"], strict=True):
        data = shard.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        images = len(indices(shard))
        assert listed == {"file": shard.name, "images": images, "bytes": len(data), "sha256": digest}


def test_the_index_lists_class_names_by_the_values_in_cls_files(tmp_path: Path) -> None:
    shard = make_shard(tmp_path, 0)
    classes = {"00": "null", "01": "eins", "10": "zehn"}
    write_header(tmp_path / "idx/train.json", tmp_path / "idx/train-images", classes)
    assert index_of(tmp_path, [shard])["class_names"] == {"0": "null", "1": "eins", "10": "zehn"}


def test_shards_of_an_earlier_run_that_are_not_listed_are_removed(tmp_path: Path) -> None:
    shards = [make_shard(tmp_path, number) for number in range(3)]
    other_split = shards[0].with_name("test-000002.tar")
    other_split.touch()
    index_of(tmp_path, shards[:1], limit=20)  # the run that made the others was killed before it listed them
    assert sorted(tmp_path.glob("*.tar")) == [other_split, shards[0]]


def test_shards_of_some_labels_keep_the_order_without_the_other_images(tmp_path: Path) -> None:
    shards = [make_shard(tmp_path, number, shuffle_seed=3) for number in range(3)]
    all_indices = [indices(shard) for shard in shards]
    shards = [make_shard(tmp_path, number, shuffle_seed=3, classes=[2, 0]) for number in range(3)]
    expected = [[index for index in of_shard if LABELS[index] != 1] for of_shard in all_indices]
    assert [indices(shard) for shard in shards] == expected
    listed = index_of(tmp_path, shards, shuffle_seed=3)["shards"]
    assert [shard["images"] for shard in listed] == [len(of_shard) for of_shard in expected]
