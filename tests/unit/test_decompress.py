import gzip
import hashlib
import logging
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

import decompress
from idxpng.errors import DataError

CONTENT = b"\0\0\x08\x01\0\0\x01\0" + bytes(range(256))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "xz": lzma.compress, "plain": bytes}
every_compression = pytest.mark.parametrize("kind", COMPRESS)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "labels.gz"


@pytest.fixture
def idx(tmp_path: Path) -> Path:
    return tmp_path / "labels"


def refusal(published: Path, idx: Path, size: int = len(CONTENT), sha256: str | None = SHA256) -> str:
    """The message with which a file is refused, once it is sure that nothing was left behind."""
    with pytest.raises(DataError) as error:
        decompress.decompress(str(published), str(idx), size, sha256)
    assert list(idx.parent.iterdir()) == [published]
    return str(error.value)


@every_compression
def test_the_right_content_is_written(published: Path, idx: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    published.write_bytes(COMPRESS[kind](CONTENT))
    decompress.decompress(str(published), str(idx), len(CONTENT), SHA256)
    assert idx.read_bytes() == CONTENT
    assert sorted(idx.parent.iterdir()) == [idx, published]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@every_compression
def test_another_content_of_the_right_size_is_refused_with_both_digests(published: Path, idx: Path, kind: str) -> None:
    other = CONTENT[::-1]
    published.write_bytes(COMPRESS[kind](other))
    message = refusal(published, idx)
    assert str(published) in message
    assert f"expected: SHA-256 {SHA256}" in message
    assert f"found:    {hashlib.sha256(other).hexdigest()}" in message


@every_compression
@pytest.mark.parametrize("sha256", [SHA256, None])
def test_too_small_a_content_is_refused(published: Path, idx: Path, kind: str, sha256: str | None) -> None:
    published.write_bytes(COMPRESS[kind](CONTENT[:-1]))
    message = refusal(published, idx, sha256=sha256)
    assert f"expected: {len(CONTENT)} bytes of content" in message
    assert f"found:    {len(CONTENT) - 1} bytes" in message


@every_compression
def test_too_large_a_content_is_refused(published: Path, idx: Path, kind: str) -> None:
    published.write_bytes(COMPRESS[kind](CONTENT + b"\0"))
    assert f"expected: at most {len(CONTENT)} bytes of content" in refusal(published, idx)


@every_compression
def test_a_bomb_fills_neither_memory_nor_disk(published: Path, idx: Path, kind: str) -> None:
    published.write_bytes(COMPRESS[kind](bytes(20 << 20)) * 10)
    tracemalloc.start()
    message = refusal(published, idx, size=1000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "at most 1000 bytes" in message
    assert peak < 12 << 20


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_a_truncated_file_is_refused(published: Path, idx: Path, kind: str) -> None:
    published.write_bytes(COMPRESS[kind](CONTENT)[:-9])
    assert f"truncated {kind} file" in refusal(published, idx)


def test_a_refused_file_leaves_the_last_result_as_it_was(published: Path, idx: Path) -> None:
    idx.write_bytes(CONTENT)
    published.write_bytes(gzip.compress(CONTENT)[:-1])
    with pytest.raises(DataError):
        decompress.decompress(str(published), str(idx), len(CONTENT), SHA256)
    assert idx.read_bytes() == CONTENT


def test_content_that_is_not_pinned_is_written_with_a_warning_that_shows_what_to_pin(
    published: Path, idx: Path, caplog: pytest.LogCaptureFixture
) -> None:
    published.write_bytes(gzip.compress(CONTENT))
    decompress.decompress(str(published), str(idx), len(CONTENT), None)
    assert idx.read_bytes() == CONTENT
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert str(idx) in warning
    assert f"content_sha256: {SHA256}" in warning


def test_content_of_a_download_that_was_checked_needs_no_warning(
    published: Path, idx: Path, caplog: pytest.LogCaptureFixture
) -> None:
    published.write_bytes(gzip.compress(CONTENT))
    decompress.decompress(str(published), str(idx), len(CONTENT), None, download_checked=True)
    assert idx.read_bytes() == CONTENT
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
