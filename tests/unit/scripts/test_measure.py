"""Statistics are those that numpy computes from all images at once."""

import base64
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy
import pytest

import measure
from builders import arrays_of
from dataset_files import DIGITS, write_split
from idxpng.formats.split_header import Selection
from memory import growth

SVG = "{http://www.w3.org/2000/svg}"


def measured(
    folder: Path, images: numpy.ndarray, labels: numpy.ndarray, classes: dict[str, str], limit: int | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The statistics of images, and every text in their plot."""
    files = write_split(folder, images, labels, classes=classes)
    measure.main(Selection(*files, limit), str(folder / "statistics.json"), str(folder / "plot.svg"))
    texts = [text.text or "" for text in ElementTree.parse(folder / "plot.svg").iter(f"{SVG}text")]
    return json.loads((folder / "statistics.json").read_text()), texts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("split", "mean", "std"), [("train", 0.1307, 0.3081), ("t10k", 0.1325, 0.3105)], ids=["train", "test"]
)
def test_mnist_has_its_well_known_mean_and_standard_deviation(
    mnist: Path, tmp_path: Path, split: str, mean: float, std: float
) -> None:
    statistics, texts = measured(tmp_path, *arrays_of(mnist, split), DIGITS)
    assert (round(statistics["mean"], 4), round(statistics["std"], 4)) == (mean, std)
    assert statistics["blank"] == []
    assert f"{statistics['images']:,} images in 10 classes" in texts
    assert f"Pixels by value: mean {mean}, standard deviation {std} of white" in texts


@pytest.mark.parametrize("limit", [None, 700])
def test_statistics_match_numpy_with_and_without_a_limit(tmp_path: Path, limit: int | None) -> None:
    random = numpy.random.default_rng(0)
    images = random.integers(0, 256, (1000, 20, 30), numpy.uint8)
    images[[0, 436, 437, 699, 999]] = random.integers(0, 256, (5, 1, 1), numpy.uint8)
    labels = random.integers(1, 4, 1000).astype(numpy.int16)
    classes = {"01": "T-shirt & <top>", "02": "お", "03": "03", "10": "none"}
    statistics, texts = measured(tmp_path, images, labels, classes, limit)
    seen = images[:limit] / 255
    members = {label: images[:limit][labels[:limit] == label] for label in (1, 2, 3)}
    means = {f"0{label}": numpy.floor(members[label].mean(axis=0) + 0.5) for label in members}
    found = {label: base64.b64decode(mean) for label, mean in statistics.pop("class_means").items()}
    assert found == {label: mean.astype(numpy.uint8).tobytes() for label, mean in means.items()}
    assert statistics == {
        "images": len(seen),
        "mean": round(seen.mean(), 6),
        "std": round(seen.std(), 6),
        "blank_count": 5 if limit is None else 4,
        "blank": [0, 436, 437, 699] + ([999] if limit is None else []),
        "class_counts": {f"0{label}": int((labels[:limit] == label).sum()) for label in (1, 2, 3)} | {"10": 0},
        "levels": numpy.bincount(images[:limit].ravel(), minlength=256).tolist(),
    }
    for name, label in {"01  T-shirt & <top>": "01", "02  お": "02", "03": "03"}.items():
        assert texts[texts.index(name) + 1] == str(statistics["class_counts"][label])


def test_the_largest_class_has_the_longest_bar_and_an_empty_class_has_none(tmp_path: Path) -> None:
    labels = numpy.array([0, 1, 1], numpy.uint8)
    measured(tmp_path, numpy.zeros((3, 2, 2), numpy.uint8), labels, {"0": "a", "1": "b", "2": "c"})
    bars = [bar.get("width") for bar in ElementTree.parse(tmp_path / "plot.svg").iter(f"{SVG}rect")]
    assert bars[1:4] == ["200.0", "400.0", "0.0"]


def test_only_the_first_of_many_blank_images_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "MOST_BLANK", 3)
    images, labels = numpy.ones((5, 2, 2), numpy.uint8), numpy.zeros(5, numpy.uint8)
    statistics, _ = measured(tmp_path, images, labels, {"0": "a"})
    assert (statistics["blank_count"], statistics["blank"]) == (5, [0, 1, 2])


@pytest.mark.memory
def test_memory_grows_by_at_most_four_bytes_per_image(tmp_path: Path) -> None:
    count, columns = 400_000, ("class", "a", "b", "c", "d", "e", "f", "g")
    images, labels = numpy.zeros((count, 3, 3), numpy.uint8), numpy.zeros((count, len(columns)), numpy.int32)
    files = write_split(tmp_path, images, labels, classes={"0": "zero"}, label_columns=columns)
    statistics, plot = str(tmp_path / "statistics"), str(tmp_path / "plot")
    code = "measure.main(measure.Selection(*sys.argv[1:4]), *sys.argv[4:])"
    assert growth(code, *files, statistics, plot, before="import measure") < 4 * count / 10**6 + 12
    assert json.loads(Path(statistics).read_text())["blank_count"] == count


def test_a_class_mean_includes_all_of_its_images_and_is_rounded_half_up(tmp_path: Path) -> None:
    images = numpy.array([[[0, 255]], [[255, 255]], [[9, 9]], [[1, 255]], [[0, 0]], [[1, 1]]], numpy.uint8)
    labels = numpy.array([3, 3, 7, 3, 0, 0], numpy.uint8)
    statistics, _ = measured(tmp_path, images, labels, {"7": "a", "3": "b", "9": "c", "0": "d"})
    means = {label: base64.b64decode(mean) for label, mean in statistics["class_means"].items()}
    assert means == {
        "3": bytes([85, 255]),  # 256 / 3 = 85.33
        "7": bytes([9, 9]),
        "0": bytes([1, 1]),
    }, "a class without images has no mean"


def test_images_too_large_to_sum_have_no_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = numpy.zeros((1, 2, 2), numpy.uint8), numpy.zeros(1, numpy.uint8)
    monkeypatch.setattr(measure, "MOST_PIXELS", 7)
    assert measured(tmp_path, images, labels, {"0": "a", "1": "b"})[0]["class_means"] == {}
    monkeypatch.setattr(measure, "MOST_PIXELS", 8)
    assert measured(tmp_path, images, labels, {"0": "a", "1": "b"})[0]["class_means"].keys() == {"0"}
