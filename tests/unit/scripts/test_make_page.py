"""The page has the data that its script needs to show every image, and no more."""

import base64
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import find_duplicates
import make_page
import measure
import validate
from builders import described, put_pair
from dataset_files import write_dataset
from idxpng.errors import DataError
from idxpng.formats.split_header import Selection, Selections

RANDOM = numpy.random.default_rng(0)
SHAPE = (5, 4)


def make(
    folder: Path,
    classes: int = 3,
    counts: tuple[int, ...] = (40, 7),
    limit: int | None = None,
    only: Collection[int] | None = None,
    rows: tuple[int, int] | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """Make the page of random images, with one split for each of ``counts``; return its data and their source.

    Args:
        only: the labels to include; None means all.
        rows: with it, a further split ``part`` has these rows of the first split.
    """
    arguments: dict[str, list[str]] = {key: [] for key in ("images", "labels", "headers", "statistics", "manifests")}
    splits: dict[str, Any] = {}
    files = {}  # for each split: the stem of its files, their pixels and labels, and its rows in them
    for number, count in enumerate(counts):
        name = f"s{number}"
        pixels = RANDOM.integers(0, 256, (count, *SHAPE), numpy.uint8)
        labels = RANDOM.integers(0, classes, count).astype(numpy.int16)
        put_pair(folder, pixels, labels, (f"{name}.images", f"{name}.labels"))
        files[name] = name, pixels, labels, range(count)
        splits[name] = described(count, SHAPE, f"{name}-images-idx3-ubyte", f"{name}-labels-idx1-ubyte")
    if rows:
        files["part"] = *files["s0"][:3], range(*rows)
        splits["part"] = {"from": "s0", "rows": list(rows)}
    names = {label: f"<{label}>" for label in range(classes)}
    dataset = write_dataset(
        folder / "set.yaml", **({"splits": splits, "classes": names, "label_type": "int16"} | facts)
    )
    width = len(str(classes - 1))
    for split, (stem, pixels, labels, indices) in files.items():
        paths = {key: str(folder / f"{stem if key in ('images', 'labels') else split}.{key}") for key in arguments}
        idx_files = paths["images"], paths["labels"]
        validate.main(dataset, split, *idx_files, paths["headers"])
        measure.main(Selection(*idx_files, paths["headers"], limit, only), paths["statistics"], f"{folder}/plot.svg")
        lines = ["path,split,index,label,class_name,sha256"]
        for index in made(labels, indices[:limit], only):
            label, digest = labels[index], hashlib.sha256(pixels[index].tobytes()).hexdigest()
            path = f"{split}/{label:0{width}}/{index:0{len(str(len(labels) - 1))}}.png"
            lines.append(f'{path},{split},{index},{label},"a, ""b",{digest}')
        Path(paths["manifests"]).write_text("\n".join(lines) + "\n")
        for key, path in paths.items():
            arguments[key].append(path)
    duplicates = str(folder / "duplicates.json")
    of_splits = {key: arguments.pop(key) for key in ("images", "labels", "headers")}
    selections = Selections(**of_splits, limit=limit, classes=only)
    find_duplicates.main(selections, duplicates)
    make_page.main(
        dataset,
        selections,
        **arguments,
        duplicates=duplicates,
        page=f"{folder}/index.html",
        digests=f"{folder}/digests.js",
    )
    page = (folder / "index.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    _, pixels_of, values, rows_of = zip(*files.values(), strict=True)
    return data | {"page": page, "pixels": pixels_of, "values": values, "rows": rows_of}


def made(labels: numpy.ndarray, indices: Iterable[int], only: Collection[int] | None) -> list[int]:
    """The indices of the images that a run makes."""
    return [index for index in indices if only is None or labels[index] in only]


def listed(split: dict[str, Any]) -> dict[int, int]:
    """The indices in the page, and the number of the class of each."""
    codes = enumerate(map(ord, split["labels"]), split["first"])
    return {index: code - make_page.FIRST_CODE for index, code in codes if code >= make_page.FIRST_CODE}


def digests(folder: Path, split: str) -> list[str]:
    """The digests of a split in the script beside the page."""
    found = re.search(rf'"{split}":"([^"]*)"', (folder / "digests.js").read_text())
    assert found
    coded = (found[1][start : start + 44] for start in range(0, len(found[1]), 44))
    return [base64.b64decode(digest)[:32].hex() for digest in coded]


def decoded(data_url: str) -> numpy.ndarray:
    png = base64.b64decode(data_url.removeprefix("data:image/png;base64,"))
    return numpy.asarray(Image.open(io.BytesIO(png)))


@pytest.mark.parametrize("classes", [3, 70])
def test_the_page_has_the_class_of_each_image(tmp_path: Path, classes: int) -> None:
    data = make(tmp_path, classes)
    assert [name for name, _ in data["classes"]] == [f"{label:0{len(str(classes - 1))}}" for label in range(classes)]
    for split, values in zip(data["splits"], data["values"], strict=True):
        assert listed(split) == dict(enumerate(values.tolist()))
        assert (split["count"], split["rows"], split["columns"]) == (len(values), *SHAPE)


def test_the_sheet_and_the_means_match_the_images(tmp_path: Path) -> None:
    data = make(tmp_path)
    for split, images, values in zip(data["splits"], data["pixels"], data["values"], strict=True):
        sheet = decoded(split["sheet"])
        for label in range(3):
            members = images[values == label]
            row = sheet[label * SHAPE[0] : (label + 1) * SHAPE[0]]
            for column, image in enumerate(members[: data["sheetColumns"]]):
                assert (row[:, column * SHAPE[1] : (column + 1) * SHAPE[1]] == image).all()
            assert (decoded(split["means"][label]) == numpy.floor(members.mean(axis=0) + 0.5)).all()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("s0.statistics", '"mean"', '"before"'),
        ("s0.statistics", r'"blank": \[\]', '"blank": null'),
        ("duplicates.json", '"s1"', '"s2"'),
        ("duplicates.json", r'"across": \[\]', '"across": [["s2/0/1.png"]]'),
        ("duplicates.json", r'"across": \[\]', '"across": ["s0/0/1.png"]'),
        ("s0.manifests", "sha256", "md5"),
        ("s0.manifests", "s0/1/", '"'),
        ("s0.manifests", "s0/1/", "\n\n\n"),
        ("s0.manifests", "s0/1/", "x" * 200_000),
        ("s0.manifests", "\ns0/0/0", ""),
    ],
)
def test_a_file_that_a_person_edited_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str
) -> None:
    find = find_duplicates.main

    def edit(selections: Selections, duplicates: str) -> None:
        find(selections, duplicates)
        path = tmp_path / file
        path.write_text(re.sub(old, new, path.read_text()))

    monkeypatch.setattr(find_duplicates, "main", edit)
    with pytest.raises(DataError, match=rf"{file}: not [^$]*\n  found: [^$]*mv .*{file}.changed"):
        make(tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_images_too_large_for_the_page_have_no_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_page, "MOST_SHEET_PIXELS", 2 * 3 * 20 - 1)
    data = make(tmp_path)
    assert (data["sheetColumns"], data["splits"][0]["sheet"]) == (0, None)


def test_the_digests_beside_the_page_match_the_manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_page, "DIGESTS_AT_ONCE", 3)
    data = make(tmp_path)
    assert data["digests"] == "digests.js"
    for split, images in zip(data["splits"], data["pixels"], strict=True):
        assert digests(tmp_path, split["name"]) == [hashlib.sha256(image.tobytes()).hexdigest() for image in images]


def test_a_limit_applies_to_all_of_the_page(tmp_path: Path) -> None:
    data = make(tmp_path, limit=5)
    assert [split["count"] for split in data["splits"]] == [5, 5]
    assert [split["width"] for split in data["splits"]] == [2, 1], "names are as wide as those of the whole split"
    assert data["splits"][0]["counts"] == [Counter(data["values"][0][:5].tolist())[label] for label in range(3)]


@pytest.mark.parametrize("limit", [None, 15])
@pytest.mark.parametrize("only", [None, (0, 2), (1,)])
@pytest.mark.parametrize("rows", [None, (12, 31)])
def test_only_the_images_that_were_made_are_listed(
    tmp_path: Path, only: tuple[int, ...] | None, rows: tuple[int, int] | None, limit: int | None
) -> None:
    data = make(tmp_path, limit=limit, only=only, rows=rows)
    labels = [label for label in range(3) if only is None or label in only]
    assert data["classes"] == [[str(label), f"<{label}>"] for label in labels]
    assert f"columns in {len(labels)} {'class' if len(labels) == 1 else 'classes'}" in data["page"]
    for split, pixels, values, split_labels in zip(
        data["splits"], data["pixels"], data["values"], data["rows"], strict=True
    ):
        indices = made(values, split_labels[:limit], only)
        assert split["count"] == len(indices)
        assert split["width"] == len(str(len(values) - 1)), "names are as wide as those of the whole file"
        assert [(index, labels[number]) for index, number in listed(split).items()] == [
            (index, values[index]) for index in indices
        ]
        assert split["counts"] == [(values[indices] == label).sum() for label in labels]
        assert digests(tmp_path, split["name"]) == [
            hashlib.sha256(image.tobytes()).hexdigest() for image in pixels[indices]
        ]
        sheet = decoded(split["sheet"])
        assert sheet.shape == (len(labels) * SHAPE[0], data["sheetColumns"] * SHAPE[1])
        for row, label in enumerate(labels):
            members = pixels[indices][values[indices] == label]
            strip = numpy.hstack([*members[: data["sheetColumns"]], numpy.zeros((SHAPE[0], 0), numpy.uint8)])
            assert (sheet[row * SHAPE[0] : (row + 1) * SHAPE[0], : strip.shape[1]] == strip).all()
            if len(members):
                assert (decoded(split["means"][row]) == numpy.floor(members.mean(axis=0) + 0.5)).all()
            else:
                assert split["means"][row] is None
    if rows and (shared := listed(data["splits"][0]).keys() & listed(data["splits"][2]).keys()):
        assert data["across"]["groups"] == [[[0, index], [2, index]] for index in sorted(shared)]


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (None, "47 images of 5 rows × 4 columns in 3 classes: s0 40, s1 7, part 19 (also in s0)"),
        (31, "38 images of 5 rows × 4 columns in 3 classes: s0 31, s1 7, part 19 (also in s0)"),
        (12, "31 images of 5 rows × 4 columns in 3 classes: s0 12, s1 7, part 12<"),
    ],
)
def test_images_of_a_split_that_another_has_too_count_once(tmp_path: Path, limit: int | None, words: str) -> None:
    assert words in make(tmp_path, limit=limit, rows=(12, 31))["page"]


def test_a_selection_without_images_has_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "RANDOM", numpy.random.default_rng(1))
    data = make(tmp_path, limit=1, only=(5,), classes=70)
    assert [(split["count"], listed(split)) for split in data["splits"]] == [(0, {})] * 2


def test_the_page_has_license_dispute_citation_files_and_numbers(tmp_path: Path) -> None:
    page = make(
        tmp_path,
        title="Digits & <more> {{data}}",
        license={"spdx": None, "note": "Disputed by A & B."},
        citation="Me, 2020",
        attribution="Made by me.",
    )["page"]
    for words in (
        "uncertain",
        "Disputed by A &amp; B.",
        "Me, 2020",
        "Made by me.",
        "<h1>Digits &amp; &lt;more&gt; {{data}}</h1>",
        "47 images of 5 rows × 4 columns in 3 classes: s0 40, s1 7",
        '<td>s0.images</td><td class="number">2051</td><td>uint8</td><td>40 × 5 × 4</td>',
    ):
        assert words in page
    assert not re.search(r"(src|href)=.?https?:", page), "the page loads nothing from the network"


def test_the_page_has_the_same_bytes_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.setitem(globals(), "RANDOM", numpy.random.default_rng(1))
        monkeypatch.chdir(tmp_path / name)
        make(Path())
        made.append((Path("index.html").read_bytes(), Path("digests.js").read_bytes()))
    assert made[0] == made[1]
