"""Arrays as numpy writes them are read as the IDX files of the same values; what does not fit is refused, and named."""

import contextlib
import gzip
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from builders import COMPRESS, idx_bytes
from idxpng.formats import numpy_array
from idxpng.formats.compressed import CompressedFileError
from idxpng.formats.numpy_array import ArrayError, is_array, member_names, open_idx
from memory import growth

RANDOM = numpy.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (30, 5, 7), numpy.uint8)
LABELS = RANDOM.integers(0, 200, 30)


def saved(folder: Path, array: Any) -> Path:
    path = folder / "array.npy"
    numpy.save(path, array)
    return path


def read(path: Path, member: str | None = None, label_type: str | None = None) -> bytes:
    with open_idx(path, member, label_type) as stream:
        return stream.read()


@pytest.mark.parametrize("pack", COMPRESS.values(), ids=COMPRESS)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("block", [1, 100, 1 << 26], ids="block of {}".format)
def test_images_in_either_order_are_those_of_the_idx_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Any, block: int, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(numpy_array, "BLOCK", block)
    path = saved(tmp_path, numpy.asarray(IMAGES, order=order))
    path.write_bytes(pack(path.read_bytes()))
    assert is_array(path)
    assert read(path) == idx_bytes(IMAGES)


@pytest.mark.parametrize("shape", [(30, 5, 7, 1), (30, 1, 5, 7)], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_axis_of_one_for_the_channel_is_dropped(tmp_path: Path, shape: tuple[int, ...], order: Any) -> None:
    assert read(saved(tmp_path, numpy.asarray(IMAGES.reshape(shape), order=order))) == idx_bytes(IMAGES)


@pytest.mark.parametrize("type_", ["u1", "i1", "<u2", ">u2", "<i4", ">i4", "<u4", "<i8", ">i8", ">u8"])
@pytest.mark.parametrize("shape", [(30,), (30, 1)], ids=str)
def test_labels_of_any_integer_type_and_byte_order_become_the_smallest_type(
    tmp_path: Path, type_: str, shape: tuple[int, ...]
) -> None:
    labels = LABELS % 100
    assert read(saved(tmp_path, labels.astype(type_).reshape(shape))) == idx_bytes(labels.astype("uint8"))


@pytest.mark.parametrize(("largest", "type_"), [(255, "uint8"), (256, "int16"), (32767, "int16"), (32768, "int32")])
def test_the_type_of_labels_is_the_smallest_that_holds_them(tmp_path: Path, largest: int, type_: str) -> None:
    labels = numpy.array([0, largest])
    assert read(saved(tmp_path, labels)) == idx_bytes(labels.astype(type_))


def test_labels_get_the_type_that_is_asked_for(tmp_path: Path) -> None:
    assert read(saved(tmp_path, LABELS), label_type="int32") == idx_bytes(LABELS.astype("int32"))


@pytest.mark.parametrize("order", ["C", "F"])
def test_labels_may_have_columns_of_which_some_are_negative(tmp_path: Path, order: Any) -> None:
    labels = numpy.array([[1, -5, 300], [2, 7, 0]])
    assert read(saved(tmp_path, numpy.asarray(labels, order=order))) == idx_bytes(labels.astype("int16"))


@pytest.mark.parametrize("save", [numpy.savez, numpy.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_of_an_archive_is_read_by_the_name_of_its_member(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Callable[..., None], order: Any
) -> None:
    monkeypatch.setattr(numpy_array, "BLOCK", 300)
    path = tmp_path / "data.npz"
    save(path, x_train=numpy.asarray(IMAGES, order=order), y_train=LABELS)
    assert member_names(path) == ["x_train.npy", "y_train.npy"]
    assert read(path, "x_train.npy") == idx_bytes(IMAGES)
    assert read(path, "y_train.npy") == idx_bytes(LABELS.astype("uint8"))


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_idx_file_is_read_as_it_is(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "images"
    path.write_bytes(compress(idx_bytes(IMAGES)))
    assert not is_array(path)
    assert member_names(path) == []
    assert read(path, "member") == idx_bytes(IMAGES)


def test_version_2_of_the_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    with open(path, "wb") as file:
        numpy.lib.format.write_array(file, IMAGES, version=(2, 0))
    assert read(path) == idx_bytes(IMAGES)


class Harmful:
    """Unpickling it creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_pickled_objects_are_named_and_never_loaded(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    path = saved(tmp_path, numpy.array([Harmful(trace)], dtype=object))
    with pytest.raises(ArrayError, match=r"pickled Python objects(.|\n)*expected: numbers\n +found: +object\n +to do"):
        read(path)
    assert not trace.exists()
    numpy.load(path, allow_pickle=True)
    assert trace.exists(), "it is harmful"


def test_labels_that_do_not_fit_are_refused_with_what_to_do(tmp_path: Path) -> None:
    for array, type_name in (([5, 300], "uint8"), ([[5, 0], [6, -7]], "uint8"), ([5, -1], "uint8"), ([5, 2**31], None)):
        with pytest.raises(ArrayError) as error, open_idx(saved(tmp_path, numpy.array(array)), None, type_name) as file:
            file.read()
        assert "number the classes from 0, or write a wider `label_type`" in error.value.details["todo"]


@pytest.mark.parametrize(
    ("array", "problem", "found"),
    [
        (IMAGES / 255, "images have the wrong type", "float64"),
        (IMAGES.astype("<u2"), "images have the wrong type", "uint16"),
        (IMAGES > 127, "images have the wrong type", "bool"),
        (IMAGES.astype("i1"), "images have the wrong type", "int8"),
        (LABELS / 1, "labels have the wrong type", "float64"),
        (LABELS > 3, "labels have the wrong type", "bool"),
        (LABELS * 1j, "labels have the wrong type", "complex128"),
        (numpy.array(["cat", "dog"]), "labels have the wrong type", "<U3"),
        (numpy.array([(1, 2)], [("a", "u1"), ("b", "u1")]), "labels have the wrong type", "[('a', 'u1'), ('b', 'u1')]"),
        (numpy.uint8(3), "neither images nor labels", "shape ()"),
        (IMAGES[:0], "neither images nor labels", "shape (0, 5, 7)"),
        (IMAGES[:, :0], "neither images nor labels", "shape (30, 0, 7)"),
        (LABELS[:0], "neither images nor labels", "shape (0,)"),
        (LABELS - 100, "does not fit", str(min(LABELS - 100))),
        (numpy.array([5, 2**31]), "does not fit", "2147483648"),
        (numpy.array([5, 2**64 - 1], "u8"), "does not fit", str(2**64 - 1)),
    ],
)
def test_what_no_idx_file_holds_is_refused(tmp_path: Path, array: Any, problem: str, found: str) -> None:
    with pytest.raises(ArrayError) as error:
        read(saved(tmp_path, array))
    assert error.value.problem.endswith(problem) or problem in error.value.problem
    details = {key: str(value) for key, value in error.value.details.items()}
    assert details["found"] == found or found == str(min(LABELS - 100))
    assert all(value != "None" for value in details.values()), "place, expected, found and what to do"


def test_names_as_labels_are_refused_with_a_way_to_number_them(tmp_path: Path) -> None:
    names = numpy.array(["dog", "cat", "dog"])
    with pytest.raises(ArrayError, match=r"numpy's unique\(labels, return_inverse=True\) numbers names"):
        read(saved(tmp_path, names))
    assert read(saved(tmp_path, numpy.unique(names, return_inverse=True)[1])).endswith(bytes([1, 0, 1]))


def test_a_label_that_does_not_fit_is_named_by_its_position(tmp_path: Path) -> None:
    labels = numpy.zeros(100_000, "int64")
    labels[77_777] = 256
    with pytest.raises(ArrayError, match=r"at: +element 77777\n +expected: 0 to 255, as uint8\n +found: +256"):
        read(saved(tmp_path, labels), label_type="uint8")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("pack", COMPRESS.values(), ids=COMPRESS)
def test_a_truncated_array_is_refused(tmp_path: Path, order: Any, pack: Callable[[bytes], bytes]) -> None:
    path = saved(tmp_path, numpy.asarray(IMAGES, order=order))
    path.write_bytes(path.read_bytes()[:-1])
    path.write_bytes(pack(path.read_bytes()))
    with pytest.raises(
        CompressedFileError, match=r"shorter than(.|\n)*byte 1177\n +expected: 1178 bytes: 128 of header"
    ):
        read(path)


@pytest.mark.parametrize("order", ["C", "F"])
def test_bytes_after_an_array_are_refused(tmp_path: Path, order: Any) -> None:
    path = saved(tmp_path, numpy.asarray(IMAGES, order=order))
    with open(path, "ab") as file:
        numpy.save(file, LABELS)
    with pytest.raises(CompressedFileError, match=r"longer than(.|\n)*byte 1178"):
        read(path)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    numpy.savez_compressed(path, x=IMAGES)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(CompressedFileError, match="not a readable zip archive"):
        read(path, "x.npy")


def test_a_member_that_is_missing_is_named_with_those_like_it(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    numpy.savez(path, x_train=IMAGES)
    with pytest.raises(
        CompressedFileError, match=r"has no such member\n +expected: one x_test.npy\n +found: +'x_train"
    ):
        read(path, "x_test.npy")


@pytest.mark.parametrize("version", range(1, 4))
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{'descr': '|u1'}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-1, 2, 3), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 2, 3), }",
        "{'descr': '|u1', 'fortran_order': True, 'shape': (1, 4294967295, 4294967295), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': ('x',), }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': ('|u1', (2, 2)), 'fortran_order': False, 'shape': (1,), }",
        "__import__('os')",
        "(" * 5000,
        "'''",
        "\0",
        "0" * 9000,
    ],
    ids=lambda text: text[:60],
)
def test_a_header_that_is_nonsense_is_refused(tmp_path: Path, version: int, text: str) -> None:
    path = tmp_path / "array.npy"
    size = len(text).to_bytes(2 if version == 1 else 4, "little")
    path.write_bytes(b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + bytes(100))
    with pytest.raises((ArrayError, CompressedFileError)):
        read(path)


def test_random_headers_are_refused_or_read(tmp_path: Path) -> None:
    path = saved(tmp_path, IMAGES)
    good = path.read_bytes()
    for _ in range(300):
        data = bytearray(good)
        for place in RANDOM.integers(6, 128, RANDOM.integers(1, 5)):
            data[place] = RANDOM.integers(0, 256)
        path.write_bytes(data)
        with contextlib.suppress(ArrayError, CompressedFileError):
            read(path)


def test_a_pickle_is_not_an_array(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    path.write_bytes(pickle.dumps(IMAGES))
    assert not is_array(path)


@pytest.mark.memory
# In Fortran order a block has 32 MB, and the time grows with the square of the size: a pass over the file for each.
@pytest.mark.parametrize(("order", "size", "most"), [("C", 400, 20), ("F", 200, 110)], ids=["C", "F"])  # in MB
@pytest.mark.parametrize("packed", [False, True], ids=["npy", "compressed npz"])
def test_memory_is_that_of_a_block_whatever_the_size(
    tmp_path: Path, order: str, size: int, most: int, packed: bool
) -> None:
    path = tmp_path / ("array.npz" if packed else "array.npy")
    header = {"descr": "|u1", "fortran_order": order == "F", "shape": (size * 10, 1000, 100)}
    with contextlib.ExitStack() as stack:
        file: Any = stack.enter_context(open(path, "wb"))
        if packed:
            archive = stack.enter_context(zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED))
            file = stack.enter_context(archive.open("x.npy", "w", force_zip64=True))
        numpy.lib.format.write_array_header_1_0(file, header)
        for _ in range(size):
            file.write(bytes(10**6))
    code = """
import sys
with open_idx(sys.argv[1], "x.npy") as stream:
    size = 0
    while piece := stream.read(1 << 18):
        size += len(piece)
assert size == 16 + int(sys.argv[2]) * 10**6, size
"""
    before = "from idxpng.formats.numpy_array import open_idx; import numpy.lib.format"
    assert growth(code, str(path), str(size), before=before) < most
