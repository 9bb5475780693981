"""The page has all that its script needs to show every image, and no more than that."""

import base64
import hashlib
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import browse
import describe
import measure
import validate
from builders import idx_bytes
from dataset_files import write_dataset

RANDOM = numpy.random.default_rng(0)
SHAPE = (5, 4)


def make(
    folder: Path, classes: int = 3, counts: tuple[int, ...] = (40, 7), limit: int | None = None, **facts: Any
) -> dict[str, Any]:
    """The data in the page of random images, in one split for each of ``counts``; and what it is made of."""
    arguments: dict[str, list[str]] = {key: [] for key in ("images", "labels", "headers", "statistics", "manifests")}
    pixels, labels, splits = [], [], {}
    for number, count in enumerate(counts):
        pixels.append(RANDOM.integers(0, 256, (count, *SHAPE), numpy.uint8))
        labels.append(RANDOM.integers(0, classes, count).astype(numpy.int16))
        splits[f"s{number}"] = {"count": count, "shape": list(SHAPE)} | {
            role: {"file": f"s{number}-{role}-idx{dims}-ubyte"} for role, dims in (("images", 3), ("labels", 1))
        }
    names = {label: f"<{label}>" for label in range(classes)}
    dataset = write_dataset(folder / "set.yaml", **({"splits": splits, "classes": names} | facts))
    width = len(str(classes - 1))
    for number, (images, values) in enumerate(zip(pixels, labels, strict=True)):
        paths = {key: str(folder / f"s{number}.{key}") for key in arguments}
        Path(paths["images"]).write_bytes(idx_bytes(images))
        Path(paths["labels"]).write_bytes(idx_bytes(values))
        validate.main(dataset, f"s{number}", paths["images"], paths["labels"], paths["headers"])
        measure.main(
            paths["images"], paths["labels"], paths["headers"], paths["statistics"], f"{folder}/plot.svg", limit
        )
        rows = ["path,split,index,label,class_name,sha256"]
        for index, (image, label) in enumerate(zip(images[:limit], values, strict=False)):
            digest = hashlib.sha256(image.tobytes()).hexdigest()
            rows.append(f's{number}/{label:0{width}}/{index:02}.png,s{number},{index},{label},"a, ""b",{digest}')
        Path(paths["manifests"]).write_text("\n".join(rows) + "\n")
        for key, path in paths.items():
            arguments[key].append(path)
    duplicates = str(folder / "duplicates.json")
    describe.main(arguments["headers"], arguments["manifests"], duplicates)
    browse.main(
        dataset,
        **arguments,
        duplicates=duplicates,
        page=f"{folder}/index.html",
        digests=f"{folder}/digests.js",
        limit=limit,
    )
    page = (folder / "index.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data | {"page": page, "pixels": pixels, "values": labels}


def decoded(data_url: str) -> numpy.ndarray:
    png = base64.b64decode(data_url.removeprefix("data:image/png;base64,"))
    return numpy.asarray(Image.open(io.BytesIO(png)))


@pytest.mark.parametrize("classes", [3, 64, 70])
def test_the_page_knows_the_class_of_each_image(tmp_path: Path, classes: int) -> None:
    data = make(tmp_path, classes)
    assert [name for name, _ in data["classes"]] == [f"{label:0{len(str(classes - 1))}}" for label in range(classes)]
    assert data["digits"] == (1 if classes <= 64 else 2)
    for split, values in zip(data["splits"], data["values"], strict=True):
        letters = [browse.ALPHABET.index(letter) for letter in split["labels"]]
        if data["digits"] == 2:
            letters = [64 * high + low for high, low in zip(letters[::2], letters[1::2], strict=True)]
        assert letters == values.tolist()
        assert (split["count"], split["rows"], split["columns"]) == (len(values), *SHAPE)


def test_the_sheet_and_the_means_are_of_the_images_themselves(tmp_path: Path) -> None:
    data = make(tmp_path)
    for split, images, values in zip(data["splits"], data["pixels"], data["values"], strict=True):
        sheet = decoded(split["sheet"])
        for label in range(3):
            of_class = images[values == label]
            row = sheet[label * SHAPE[0] : (label + 1) * SHAPE[0]]
            for column, image in enumerate(of_class[: data["sheetColumns"]]):
                assert (row[:, column * SHAPE[1] : (column + 1) * SHAPE[1]] == image).all()
            assert (decoded(split["means"][label]) == numpy.floor(of_class.mean(axis=0) + 0.5)).all()


def test_images_too_large_for_the_page_are_left_to_their_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browse, "MOST_SHEET_PIXELS", 2 * 3 * 20 - 1)
    data = make(tmp_path)
    assert (data["sheetColumns"], data["splits"][0]["sheet"]) == (0, None)


def test_the_digests_beside_the_page_are_those_of_the_manifests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browse, "DIGESTS_AT_ONCE", 3)
    data = make(tmp_path)
    script = (tmp_path / "digests.js").read_text()
    assert data["digests"] == "digests.js"
    for split, images in zip(data["splits"], data["pixels"], strict=True):
        found = re.search(rf'"{split["name"]}":"([^"]*)"', script)
        assert found
        for index, image in enumerate(images):
            digest = base64.b64decode(found[1][44 * index : 44 * (index + 1)])[:32]
            assert digest == hashlib.sha256(image.tobytes()).digest()


def test_a_limit_holds_for_all_of_it(tmp_path: Path) -> None:
    data = make(tmp_path, limit=5)
    assert [split["count"] for split in data["splits"]] == [5, 5]
    assert [split["width"] for split in data["splits"]] == [2, 1], "names are those of the whole split"
    assert data["splits"][0]["counts"] == [Counter(data["values"][0][:5].tolist())[label] for label in range(3)]


def test_the_page_has_license_dispute_citation_files_and_numbers(tmp_path: Path) -> None:
    page = make(
        tmp_path,
        title="Digits & <more> {{data}}",
        licence={"spdx": None, "note": "Disputed by A & B."},
        citation="Me, 2020",
        attribution="Made by me.",
    )["page"]
    for words in (
        "uncertain",
        "Disputed by A &amp; B.",
        "Me, 2020",
        "Made by me.",
        "<h1>Digits &amp; &lt;more&gt; {{data}}</h1>",
        "47 images of 5 × 4 pixels in 3 classes: s0 40, s1 7",
        '<td>s0.images</td><td class="number">2051</td><td>uint8</td><td>40 × 5 × 4</td>',
    ):
        assert words in page
    assert not re.search(r"(src|href)=.?https?:", page), "it needs nothing from elsewhere"


def test_the_page_has_the_same_bytes_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.setitem(globals(), "RANDOM", numpy.random.default_rng(1))
        monkeypatch.chdir(tmp_path / name)
        make(Path())
        made.append((Path("index.html").read_bytes(), Path("digests.js").read_bytes()))
    assert made[0] == made[1]
