import errno
import gzip
import math
import os
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from builders import TYPE_CODES, idx_bytes
from idxpng.formats.idx import TYPES, IdxError, IdxFile
from memory import allocating_less_than
from refusals import refusal as refused
from systems import failing

SIZES = {0x08: 1, 0x09: 1, 0x0B: 2, 0x0C: 4, 0x0D: 4, 0x0E: 8}
LARGEST = 2**32 - 1
OVERHEAD = 1 << 19  # bytes that opening a file may take in addition to its content
DIGITS = idx_bytes(numpy.arange(3 * 4 * 5, dtype="uint8").reshape(3, 4, 5))

any_arrays = st.sampled_from(sorted(TYPE_CODES)).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=5))
)
no_deadline = settings(deadline=None, max_examples=200)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One path for all examples of a test by hypothesis."""
    return tmp_path_factory.getbasetemp() / "example-idx"


def header(type_code: int, *dims: int) -> bytes:
    return bytes([0, 0, type_code, len(dims)]) + b"".join(size.to_bytes(4, "big") for size in dims)


def is_sound(data: bytes) -> bool:
    """Whether the bytes are an IDX file, by the definition of the format."""
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in SIZES or data[3] == 0:
        return False
    end = 4 + 4 * data[3]
    count = math.prod(int.from_bytes(data[at : at + 4], "big") for at in range(4, end, 4))
    return len(data) >= end and len(data) == end + count * SIZES[data[2]]


def check_right_data_or_refused(path: Path, data: bytes) -> None:
    """Open, read and decode the bytes: the result is the right data or a complete `IdxError`."""
    path.write_bytes(data)
    with allocating_less_than(OVERHEAD + 3 * len(data)):
        try:
            with IdxFile(path) as file:
                content = file.read(0, len(file))
                values = file.values()
            assert is_sound(data)
            assert content == data[file.header.size :]
            assert len(values) * file.header.type.size == len(content)
        except IdxError as error:
            assert not is_sound(data)
            assert all(part in str(error) for part in (str(path), "at: ", "expected: ", "found: "))


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return refused(IdxFile, path, error=IdxError)


def test_the_types_match_the_format() -> None:
    assert {type_.name: code for code, type_ in TYPES.items()} == TYPE_CODES
    assert {code: type_.size for code, type_ in TYPES.items()} == SIZES


def test_numbers_are_read_as_big_endian_with_the_last_dimension_fastest(path: Path) -> None:
    path.write_bytes(bytes.fromhex("00000b02 00000002 00000003 0001 fffe 0100 7fff 8000 0000"))
    with IdxFile(path) as file:
        assert file.header.magic == 0x0B02
        assert list(file.values()) == [1, -2, 256, 32767, -32768, 0]
        assert file.array().tolist() == [[1, -2, 256], [32767, -32768, 0]]


@pytest.mark.slow
@no_deadline
@given(array=any_arrays, data=st.data())
def test_every_array_of_every_type_is_read_as_it_was_written(
    path: Path, array: numpy.ndarray, data: st.DataObject
) -> None:
    path.write_bytes(idx_bytes(array))
    stop = data.draw(st.integers(0, len(array)))
    start = data.draw(st.integers(0, stop))
    with IdxFile(path) as file:
        assert (file.header.type.name, file.header.dims, len(file)) == (array.dtype.name, array.shape, len(array))
        assert file.read(start, stop) == array[start:stop].astype(array.dtype.newbyteorder(">")).tobytes()
        numpy.testing.assert_array_equal(list(file.values(start, stop)), array[start:stop].ravel())
        read = file.array(start, stop)
    assert read.shape == array[start:stop].shape
    numpy.testing.assert_array_equal(read, array[start:stop])


@pytest.mark.slow
@no_deadline
@given(
    array=any_arrays,
    changes=st.lists(st.tuples(st.integers(0, 23), st.sampled_from([0, 1, 3, 8, 9, 11, 12, 13, 14, 127, 128, 255]))),
    cut=st.integers(0, 40),
    appended=st.binary(max_size=9),
)
def test_a_changed_file_gives_the_right_data_or_is_refused(
    path: Path, array: numpy.ndarray, changes: list[tuple[int, int]], cut: int, appended: bytes
) -> None:
    changed = bytearray(idx_bytes(array))
    for position, byte in changes:
        changed[position % len(changed)] = byte
    check_right_data_or_refused(path, bytes(changed[: max(0, len(changed) - cut)] + appended))


@pytest.mark.slow
@no_deadline
@given(
    type_code=st.sampled_from(sorted(TYPES)),
    dims=st.lists(
        st.sampled_from([0, 1, 2, 2**16, 2**31, LARGEST]) | st.integers(0, LARGEST), min_size=1, max_size=255
    ),
    content=st.binary(max_size=16),
)
def test_dims_of_any_size_give_the_right_data_or_are_refused(
    path: Path, type_code: int, dims: list[int], content: bytes
) -> None:
    check_right_data_or_refused(path, header(type_code, *dims) + content)


@pytest.mark.slow
@no_deadline
@given(data=st.binary(max_size=64))
def test_any_bytes_give_the_right_data_or_are_refused(path: Path, data: bytes) -> None:
    check_right_data_or_refused(path, data)


@pytest.mark.parametrize("dims", [(LARGEST,), (LARGEST,) * 3, (LARGEST,) * 255, (2**32 - 2**16, 2**16, 2**16)], ids=len)
def test_dims_larger_than_any_memory_are_refused_with_the_exact_size(path: Path, dims: tuple[int, ...]) -> None:
    wanted = 4 + 4 * len(dims) + math.prod(dims) * 8
    assert f"expected: {wanted} bytes" in refusal(path, header(0x0E, *dims))


@pytest.mark.parametrize("length", range(len(DIGITS)))
def test_a_file_cut_at_any_byte_is_refused_with_the_byte_where_it_ends(path: Path, length: int) -> None:
    message = refusal(path, DIGITS[:length])
    assert f"at:       byte {length if length >= 4 else 0}\n" in message
    assert f"found:    {length} bytes" in message
    assert f"mv {path} {path}.changed, then download or make it again" in message


@pytest.mark.parametrize(
    ("data", "at", "expected", "found"),
    [
        (b"\0\0", "byte 0", "00 00, a type (08 uint8", "2 bytes"),
        (b"\1" + DIGITS[1:], "byte 0", "00 00, a type (08 uint8", "01 00 08 03"),
        (b"\0\0\x0a" + DIGITS[3:], "byte 0", "0b int16", "00 00 0a 03"),
        (b"\0\0\x08\0" + DIGITS[4:], "byte 0", "number of dimensions", "00 00 08 00"),
        (DIGITS[:10], "byte 10", "16 bytes of header for 3 dimensions", "10 bytes"),
        (DIGITS[:-1], "byte 75", "76 bytes: 16 of header and 3 × 4 × 5 of uint8", "75 bytes"),
        (DIGITS + b"\0", "byte 76", "76 bytes: 16 of header and 3 × 4 × 5 of uint8", "77 bytes"),
    ],
    ids=["too short", "no zeros", "no such type", "no dimensions", "cut in the header", "one short", "one long"],
)
def test_an_error_names_the_file_the_byte_and_what_was_expected_and_found(
    path: Path, data: bytes, at: str, expected: str, found: str
) -> None:
    first, *details = refusal(path, data).splitlines()
    assert first.startswith(f"{path}: ")
    assert details[0] == f"  at:       {at}"
    assert details[1].startswith("  expected: ")
    assert expected in details[1]
    assert details[2] == f"  found:    {found}"


@pytest.mark.parametrize(("start", "stop"), [(-1, 1), (0, 4), (2, 1), (4, 4), (3, -1)])
def test_items_out_of_range_raise_index_error(path: Path, start: int, stop: int) -> None:
    path.write_bytes(DIGITS)
    with IdxFile(path) as file, pytest.raises(IndexError, match=f"items {start} to {stop} of 3"):
        file.read(start, stop)


@pytest.mark.parametrize("shape", [(0,), (0, 28, 28), (3, 0, 5)])
def test_a_file_without_any_element_is_read(path: Path, shape: tuple[int, ...]) -> None:
    path.write_bytes(header(0x08, *shape))
    with IdxFile(path) as file:
        assert (len(file), file.read(0, len(file)), file.array().shape) == (shape[0], b"", shape)


@pytest.mark.parametrize("dims", [(1,) * 65, (0, LARGEST, LARGEST)], ids=["65 dimensions", "no images, huge ones"])
def test_an_array_that_numpy_cannot_make_is_refused(path: Path, dims: tuple[int, ...]) -> None:
    path.write_bytes(header(0x08, *dims) + bytes(math.prod(dims)))
    with IdxFile(path) as file, pytest.raises(IdxError, match="numpy"):
        file.array()


def test_a_file_that_shrinks_while_it_is_read_is_refused(path: Path) -> None:
    path.write_bytes(DIGITS)
    with IdxFile(path) as file:
        path.write_bytes(DIGITS[:-7])
        assert "became shorter" in refused(file.read, 0, 3, error=IdxError)


def test_a_long_read_is_several_calls(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = numpy.arange(20, dtype="uint8")
    path.write_bytes(idx_bytes(values))
    pread, sizes = os.pread, list[int]()

    def counted(file: int, size: int, at: int) -> bytes:
        sizes.append(size)
        return pread(file, size, at)

    monkeypatch.setattr(os, "pread", counted)
    monkeypatch.setattr("idxpng.formats.idx.ONE_READ", 8)
    with IdxFile(path) as file:
        assert file.read(1, 20) == values[1:].tobytes()
    assert sizes == [8, 8, 3]


def test_reading_one_item_takes_memory_for_that_item_alone(path: Path) -> None:
    with open(path, "wb") as sparse:
        sparse.write(header(0x08, 100_000, 28, 28))
        sparse.truncate(16 + 100_000 * 28 * 28)
    with allocating_less_than(OVERHEAD), IdxFile(path) as file:
        file.read(99_999, 100_000)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (gzip.compress(DIGITS, mtime=0), "gzip: decompress it first"),
        (b"\xfd7zXZ\0", "xz: decompress it first"),
        (b"PK\3\4", "a zip archive"),
        (b"<!DOCTYPE html>", "HTML or XML"),
    ],
)
def test_a_file_in_a_known_other_format_is_refused_with_its_format(path: Path, data: bytes, name: str) -> None:
    message = refusal(path, data)
    assert name in message and "mv " not in message, "it may be what it should be decompressed from"


def test_an_error_of_a_disk_names_the_file_that_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(DIGITS)
    with IdxFile(path) as file:
        monkeypatch.setattr(os, "pread", failing(errno.EIO))
        with pytest.raises(OSError, match=str(path)):
            file.read(0, 1)
