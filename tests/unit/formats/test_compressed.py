import gzip
import lzma
import random
from pathlib import Path

import pytest

from builders import COMPRESS
from idxpng.formats.compressed import CompressedFileError, bounded, compression, open_content
from memory import allocating_less_than
from refusals import refusal as refused

CONTENT = b"\0\0\x08\x01\0\0\x10\0" + random.Random(0).randbytes(4096)
COMPRESSED = ["gzip", "xz"]
MEGABYTE = 1 << 20
DICTIONARY = {"gzip": 0, "xz": 10 * MEGABYTE, "plain": 0}  # bytes that a decompressor must hold in memory


def content(path: Path, size_limit: int = 1 << 20) -> bytes:
    with open_content(path) as stream:
        return b"".join(bounded(stream, path, size_limit))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "published.gz"


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    message = refused(content, path, error=CompressedFileError)
    assert message.startswith(f"{path}: ")
    return message


def changed(data: bytes, at: int) -> bytes:
    position = at % len(data)
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


@pytest.mark.parametrize("name", ["file.gz", "file.xz", "file", "file.tar"])
@pytest.mark.parametrize("kind", COMPRESS)
def test_compression_is_detected_by_content_and_not_by_name(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(COMPRESS[kind](CONTENT))
    assert compression(path) == kind
    assert content(path) == CONTENT
    with open_content(path) as stream:
        assert (stream.read(10), stream.read()) == (CONTENT[:10], CONTENT[10:])


@pytest.mark.parametrize("data", [b"", b"\x1f", b"\xfd7zX", b"\0"])
def test_a_file_too_short_for_any_signature_is_plain(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert (compression(path), content(path)) == ("plain", data)


@pytest.mark.parametrize("kind", COMPRESSED)
def test_concatenated_members_are_read_as_one_content(path: Path, kind: str) -> None:
    path.write_bytes(b"".join(COMPRESS[kind](CONTENT[at : at + 1000]) for at in range(0, len(CONTENT), 1000)))
    assert content(path) == CONTENT


@pytest.mark.parametrize("kind", COMPRESSED)
def test_zero_padding_after_the_data_is_ignored(path: Path, kind: str) -> None:
    path.write_bytes(COMPRESS[kind](CONTENT) + bytes(8))
    assert content(path) == CONTENT


@pytest.mark.parametrize("kind", COMPRESSED)
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.99, -1, -5, -8])
def test_a_file_that_ends_too_early_is_reported_as_truncated(path: Path, kind: str, kept: float) -> None:
    whole = COMPRESS[kind](CONTENT)
    cut = whole[: int(kept * len(whole)) if kept > 0 else int(kept)]
    message = refusal(path, cut)
    assert f"truncated {kind} file" in message
    assert "remove" not in message, "it may be the only copy"
    assert f"at:       byte {len(cut)}\n" in message


@pytest.mark.parametrize("inside", [CONTENT, b""], ids=["content", "nothing"])
@pytest.mark.parametrize("kind", COMPRESSED)
@pytest.mark.parametrize("rest", [b"garbage", b"<html></html>", b"\0\0\0\0garbage"])
def test_data_after_the_compressed_data_are_refused(path: Path, kind: str, rest: bytes, inside: bytes) -> None:
    assert f"something else follows the {kind} data" in refusal(path, COMPRESS[kind](inside) + rest)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (changed(gzip.compress(CONTENT), at=-8), "CRC-32"),
        (changed(gzip.compress(CONTENT), at=-4), "damaged gzip file"),
        (gzip.compress(CONTENT)[:10] + b"\xff" * 50, "damaged gzip file"),
        *((changed(lzma.compress(CONTENT), at), "damaged xz file") for at in (7, 40, 2000, -6, -12)),
    ],
    ids=["CRC", "length", "deflate", *(f"xz {part}" for part in range(5))],
)
def test_damaged_data_are_refused(path: Path, data: bytes, words: str) -> None:
    assert words in refusal(path, data)


@pytest.mark.parametrize("kind", COMPRESSED)
@pytest.mark.parametrize("at", [*range(-40, 0, 7), *range(6, 100, 7)])
def test_a_damaged_byte_after_the_signature_never_gives_wrong_content(path: Path, kind: str, at: int) -> None:
    path.write_bytes(changed(COMPRESS[kind](CONTENT), at))
    try:
        assert content(path) == CONTENT
    except CompressedFileError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("kind", COMPRESS)
def test_content_up_to_the_size_limit_is_read_and_one_byte_more_is_refused(path: Path, kind: str) -> None:
    path.write_bytes(COMPRESS[kind](CONTENT))
    assert content(path, len(CONTENT)) == CONTENT
    assert f"at most {len(CONTENT) - 1} bytes" in refused(content, path, len(CONTENT) - 1, error=CompressedFileError)


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMPRESS)
def test_reading_a_decompression_bomb_stops_after_the_first_piece(path: Path, kind: str) -> None:
    path.write_bytes(COMPRESS[kind](bytes(20 * MEGABYTE)) * 10)
    with allocating_less_than(2 * MEGABYTE + DICTIONARY[kind]):
        assert "at most 1000 bytes" in refused(content, path, 1000, error=CompressedFileError)


def test_a_missing_file_raises_file_not_found_error(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content(path)
