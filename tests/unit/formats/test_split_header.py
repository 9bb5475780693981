"""Headers are read as `validate` wrote them, and only the files that it saw are read with them."""

import json
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest

import archive_split
import export
import measure
import pack
import preview
import save_npz
import validate
import write_csv
import write_parquet
from builders import described, flip, idx_bytes, put_pair
from dataset_files import write_dataset, write_header
from idxpng.errors import DataError
from idxpng.formats.idx import IdxError
from idxpng.formats.labeled_images import LabeledImages
from idxpng.formats.split_header import Selection, Selections, SplitHeader


@pytest.fixture
def header(tmp_path: Path) -> SplitHeader:
    (tmp_path / "images").write_bytes(bytes([0, 0, 8, 3, *[0, 0, 0, 1] * 3, 0]))
    return SplitHeader.read(write_header(tmp_path / "train.json", tmp_path / "images", {"07": "seven", "61": "z"}))


def test_names_are_those_of_labels_that_exist(header: SplitHeader) -> None:
    assert header.names([61]) == {61: "z"}
    with pytest.raises(DataError, match=r"train\.json: no such label[^$]*some of 7, 61[^$]*found: +8, 9"):
        header.names([8, 61, 9])


def test_a_label_is_found_by_the_name_of_its_directory(header: SplitHeader) -> None:
    assert header.label("07") == 7
    assert header.directories == {7: "07", 61: "61"}
    with pytest.raises(DataError, match=r"no such label[^$]*one of 07, 61[^$]*found: +7"):
        header.label("7")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"dataset": "x"', "null", "\0"])
def test_a_file_that_is_not_a_header_is_refused_with_a_remedy(tmp_path: Path, content: str) -> None:
    path = tmp_path / "train.json"
    path.write_text(content)
    with pytest.raises(DataError, match=r"not a header made by validate[^$]*mv .*train.json.changed"):
        SplitHeader.read(path)


class Validated:
    """Three images with their labels, and the header that `validate` wrote about them."""

    def __init__(self, folder: Path) -> None:
        images, labels = numpy.arange(18, dtype=numpy.uint8).reshape(3, 2, 3), numpy.arange(3, dtype=numpy.uint8)
        self.images, self.labels = put_pair(folder, images, labels)
        self.header = folder / "train.json"
        dataset = write_dataset(folder / "set.yaml", splits={"train": described(3, (2, 3))})
        validate.main(dataset, "train", str(self.images), str(self.labels), str(self.header))

    def open(self) -> LabeledImages:
        return SplitHeader.read(self.header).open(self.images, self.labels)


@pytest.fixture
def validated(tmp_path: Path) -> Validated:
    return Validated(tmp_path)


def test_an_image_that_changed_after_it_was_validated_is_not_read(validated: Validated) -> None:
    flip(validated.images, 16 + 6 + 5)
    with validated.open() as source:
        assert source.pixels(0) == bytes(range(6))
        with pytest.raises(
            IdxError, match=rf"{validated.images}: image 1 is not the one that was validated"
        ) as refused:
            source.pixels(1)
        assert "at:       byte 22\n" in str(refused.value)
        assert source.pixels(2) == bytes(range(12, 18))
    command = str(refused.value).partition("if it is:")[2].partition(",")[0].strip()
    subprocess.run(["bash", "-c", command], check=True)
    assert [path.name for path in validated.images.parent.glob("images*")] == ["images.changed"]


def test_two_images_that_changed_places_are_not_read(validated: Validated) -> None:
    with open(validated.images, "r+b") as file:
        file.seek(16)
        file.write(bytes([*range(6, 12), *range(6)]))
    with validated.open() as source, pytest.raises(IdxError, match="image 0 is not the one"):
        source.pixels(0)


@pytest.mark.parametrize(
    ("file", "key"), [("images", "content_sha256"), ("labels", "content_sha256"), ("images", "dims")]
)
def test_a_header_of_a_different_version_is_refused_with_a_remedy(validated: Validated, file: str, key: str) -> None:
    header = json.loads(validated.header.read_text())
    header[file]["before"] = header[file].pop(key)
    validated.header.write_text(json.dumps(header))
    with pytest.raises(DataError, match=rf"not a header made by validate[^$]*{key}[^$]*mv .*train.json.changed"):
        validated.open()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("orientation", "sideways"),
        ("label_columns", []),
        ("label_columns", ["class", "writer"]),
        ("class_names", {"zero": "0"}),
        ("class_names", ["0"]),
        ("rows", [0, 4]),
        ("rows", [0]),
        ("labels", {}),
    ],
)
def test_a_header_that_a_person_edited_is_refused(validated: Validated, key: str, value: object) -> None:
    validated.header.write_text(json.dumps(json.loads(validated.header.read_text()) | {key: value}))
    with pytest.raises(DataError, match=r"not a header made by validate|the header is of other files"):
        validated.open()


def test_a_header_with_a_different_digest_is_moved_away_with_the_labels(validated: Validated) -> None:
    header = json.loads(validated.header.read_text())
    header["labels"]["content_sha256"] = "0" * 64
    validated.header.write_text(json.dumps(header))
    with pytest.raises(IdxError, match=r"as in \S*train\.json\n[^$]*mv \S*train\.json "):
        validated.open()


def test_checksums_that_changed_are_moved_away_with_the_image(validated: Validated) -> None:
    flip(validated.header.with_suffix(".crc32"), 8)
    with validated.open() as source, pytest.raises(IdxError, match=r"as in \S*train\.crc32\n[^$]*mv \S*train\.crc32 "):
        source.pixels(0)


@pytest.mark.parametrize("at", [8, 10])
def test_labels_that_changed_after_they_were_validated_are_not_opened(validated: Validated, at: int) -> None:
    flip(validated.labels, at)
    with pytest.raises(IdxError, match=f"{validated.labels}: not the labels that were validated"):
        validated.open()


@pytest.mark.parametrize("changed", [{2: 9}, {11: 3, 15: 2}], ids=["int8", "rows and columns exchanged"])
def test_a_header_that_changed_after_it_was_validated_is_refused(validated: Validated, changed: dict[int, int]) -> None:
    data = bytearray(validated.images.read_bytes())
    for at, value in changed.items():
        data[at] = value
    validated.images.write_bytes(data)
    with pytest.raises(IdxError, match=f"{validated.images}: the header is not the one that was validated"):
        validated.open()


@pytest.mark.parametrize(("count", "kind"), [(None, ""), (0, "int32"), (2, "int32"), (4, "int32"), (3, "uint8")])
def test_checksums_of_a_different_file_are_refused(validated: Validated, count: int | None, kind: str) -> None:
    path = validated.header.with_suffix(".crc32")
    checksums = numpy.array([zlib.crc32(bytes(range(at, at + 6))) for at in (0, 6, 12)], numpy.uint32)
    assert path.read_bytes() == idx_bytes(checksums.view(numpy.int32))
    path.unlink() if count is None else path.write_bytes(idx_bytes(numpy.zeros(count, kind)))
    with pytest.raises((IdxError, FileNotFoundError), match=r"not the checksums of these images|No such file"):
        validated.open()


READERS: dict[str, Callable[[tuple[str, str, str], Path], None]] = {
    "export": lambda files, out: export.main(*files, "1", str(out / "png/set/train/1"), str(out / "made")),
    "pack": lambda files, out: pack.main(Selection(*files), str(out / "made"), 0, 3, shuffle_seed=1),
    "archive_split": lambda files, out: archive_split.main(Selection(*files), str(out / "made")),
    "save_npz": lambda files, out: save_npz.main(Selections([files[0]], [files[1]], [files[2]]), str(out / "made")),
    "write_csv": lambda files, out: write_csv.main(Selection(*files), str(out / "made")),
    "write_parquet": lambda files, out: write_parquet.main(Selection(*files), str(out / "made")),
    "preview": lambda files, out: preview.main(Selection(*files), str(out / "made"), str(out / "first")),
    "measure": lambda files, out: measure.main(Selection(*files), str(out / "made"), str(out / "plot")),
}


@pytest.mark.parametrize("script", READERS)
def test_no_script_makes_anything_of_an_image_that_changed(validated: Validated, tmp_path: Path, script: str) -> None:
    files = str(validated.images), str(validated.labels), str(validated.header)
    (tmp_path / "right").mkdir()
    READERS[script](files, tmp_path / "right")
    assert (tmp_path / "right/made").exists()
    flip(validated.images, 16 + 6)
    (tmp_path / "wrong").mkdir()
    with pytest.raises(IdxError, match="image 1 is not the one that was validated"):
        READERS[script](files, tmp_path / "wrong")
    assert not [path for path in (tmp_path / "wrong").rglob("*") if path.is_file()]


def test_files_that_do_not_belong_together_are_refused_in_words(validated: Validated) -> None:
    images, labels, header = str(validated.images), str(validated.labels), str(validated.header)
    known = SplitHeader.read(header).class_names
    refused = pytest.raises(DataError, match=f"no such label[^$]*{', '.join(known)}[^$]*12")
    with refused, Selection(images, labels, header, classes=[12]).open():
        pytest.fail("the block ran")
