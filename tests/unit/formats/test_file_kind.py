"""Files of other kinds, as they lie in public repositories under the names of IDX files, are named with what to do."""

import base64
import bz2
import gzip
import io
import lzma
import pickle
import tarfile

import numpy
import pytest

from builders import idx_bytes
from idxpng.errors import DataError
from idxpng.formats.file_kind import file_kind
from idxpng.formats.idx import IdxHeader, read_header

IDX = idx_bytes(numpy.arange(10 * 8 * 8, dtype="uint8").reshape(10, 8, 8))


PAIRS = " ".join(IDX[at : at + 2].hex() for at in range(0, 64, 2))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (gzip.compress(IDX), "gzip: decompress"),
        (lzma.compress(IDX), "xz: decompress"),
        (lzma.compress(IDX, lzma.FORMAT_ALONE), "LZMA: decompress"),
        (bz2.compress(IDX), "bzip2: decompress"),
        (b"\x28\xb5\x2f\xfd\x04\x58", "zstandard: decompress"),
        (b"\x04\x22\x4d\x18\x64\x40", "LZ4: decompress"),
        (b"\x1f\x9d\x90\x00\x00", "compress"),
        (b"Rar!\x1a\x07\x01\x00", "RAR archive: unpack"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7-Zip archive: unpack"),
        (b"PK\3\4" + bytes(26), "zip archive: unpack"),
        (tarfile.TarInfo("train-images-idx3-ubyte").tobuf(), "tar archive: unpack"),
        (b"\x93NUMPY\x01\0v\0" + bytes(118), "NumPy"),
        (pickle.dumps(numpy.zeros(3)), "pickle"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "PNG image"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"MATLAB 5.0 MAT-file", "MATLAB"),
        (b"<!DOCTYPE html>", "HTML or XML: download"),
        (b"\xef\xbb\xbf<!DOCTYPE HTML>", "HTML or XML: download"),
        (b"\n\n \r\n<html>", "HTML or XML: download"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?>", "HTML or XML: download"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:cccc", "Git LFS pointer: git lfs pull"),
        (b"version https://git-lfs.github.com/spec/v1\r\noid sha256:cccc", "Git LFS pointer: git lfs pull"),
        (b"/home/someone/data/train-labels-idx1-ubyte", "a link"),
        (b"../raw/train-labels", "a link"),
        (b"train-labels.idx1-ubyte\n", "a link"),
        (PAIRS.encode(), "hex dump"),
        (f"00000000: {PAIRS}".encode(), "hex dump"),
        (", ".join(f"0x{byte:02X}" for byte in IDX[:99]).encode(), "hex dump"),
        (" ".join(f"{byte:02x}" for byte in IDX[:99]).encode(), "hex dump"),
        (base64.b64encode(IDX), "Base64"),
        ("\ufeff5 0 4".encode("utf-16-le"), "UTF-16"),
        (b"\x03\x08\0\0" + IDX[4:], "little-endian"),
        (IDX.replace(b"\0", b""), "NUL bytes were lost"),
        (gzip.compress(IDX).decode("utf-8", "replace").encode(), "took for text"),
        (b'{"error": 404}', "JSON"),
        (b"5 0 4 1 9 2 1 3 1 4\n", "text"),
        (b"label,pixel0,pixel1\n5,0,0\n", "text"),
        (b"", None),
        (bytes(range(200, 240)), None),
    ],
)  # fmt: skip
def test_a_file_of_a_different_kind_is_named_with_what_to_do(data: bytes, kind: str | None) -> None:
    found = file_kind(data[:512])
    assert found is None if kind is None else kind in str(found)
    with pytest.raises(DataError) as error:
        read_header(io.BytesIO(data), "file")
    assert kind is None or kind in str(error.value)


@pytest.mark.parametrize(
    ("data", "changed"), [(b"a\nb\r\nc", False), (b"a\r\nb\r\nc", True), (b"abc", False), (b"\r\r", False)]
)
def test_line_ends_are_changed_when_no_line_feed_is_alone(data: bytes, changed: bool) -> None:
    wrong = IdxHeader.of("uint8", (1,)).wrong_size(100, data)
    assert ("each byte 0a follows a 0d" in wrong["found"]) == changed
