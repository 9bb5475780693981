import gzip
import hashlib
import logging
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy
import pytest

import decompress
from builders import COMPRESS
from idxpng.dataset.model import PublishedFile
from idxpng.errors import DataError
from idxpng.formats.idx import IdxHeader
from memory import allocating_less_than
from refusals import refusal as refused

CONTENT = b"\0\0\x08\x01\0\0\x01\0" + bytes(range(256))
SHA256 = hashlib.sha256(CONTENT).hexdigest()
every_compression = pytest.mark.parametrize("kind", COMPRESS)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "labels.gz"


@pytest.fixture
def idx(tmp_path: Path) -> Path:
    return tmp_path / "labels"


def run(published: Path, idx: Path, count: int = 256, **pins: Any) -> None:
    described = SimpleNamespace(file=lambda name: PublishedFile(published.name, IdxHeader(0x801, (count,)), **pins))
    with patch("idxpng.dataset.file.load", lambda path: described):
        decompress.main("set.yaml", str(published), str(idx))


def refusal(published: Path, idx: Path, **pins: Any) -> str:
    """The message that refuses a file; checks that nothing is left behind."""
    message = refused(run, published, idx, **(pins or {"content_sha256": SHA256}))
    assert list(idx.parent.iterdir()) == [published]
    return message


@every_compression
def test_the_right_content_is_written(published: Path, idx: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    published.write_bytes(COMPRESS[kind](CONTENT))
    run(published, idx, content_sha256=SHA256)
    assert idx.read_bytes() == CONTENT
    assert sorted(idx.parent.iterdir()) == [idx, published]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@every_compression
def test_wrong_content_of_the_right_size_is_refused_with_both_digests(published: Path, idx: Path, kind: str) -> None:
    other = CONTENT[::-1]
    published.write_bytes(COMPRESS[kind](other))
    message = refusal(published, idx)
    assert str(published) in message
    assert f"expected: SHA-256 {SHA256}" in message
    assert f"found:    {hashlib.sha256(other).hexdigest()}" in message


@every_compression
@pytest.mark.parametrize("sha256", [SHA256, None])
def test_content_of_the_wrong_size_is_refused(published: Path, idx: Path, kind: str, sha256: str | None) -> None:
    published.write_bytes(COMPRESS[kind](CONTENT[:-1]))
    message = refusal(published, idx, content_sha256=sha256)
    assert f"expected: {len(CONTENT)} bytes of content" in message
    assert f"found:    {len(CONTENT) - 1} bytes" in message
    published.write_bytes(COMPRESS[kind](CONTENT + b"\0"))
    assert f"expected: at most {len(CONTENT)} bytes of content" in refusal(published, idx, content_sha256=sha256)


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_a_truncated_file_is_refused(published: Path, idx: Path, kind: str) -> None:
    published.write_bytes(COMPRESS[kind](CONTENT)[:-9])
    assert f"truncated {kind} file" in refusal(published, idx)


def test_a_refused_file_leaves_the_last_result_as_it_was(published: Path, idx: Path) -> None:
    idx.write_bytes(CONTENT)
    published.write_bytes(gzip.compress(CONTENT)[:-1])
    with pytest.raises(DataError):
        run(published, idx, content_sha256=SHA256)
    assert idx.read_bytes() == CONTENT


def test_content_that_is_not_pinned_is_written_with_a_warning_that_shows_what_to_pin(
    published: Path, idx: Path, caplog: pytest.LogCaptureFixture
) -> None:
    published.write_bytes(gzip.compress(CONTENT))
    run(published, idx)
    assert idx.read_bytes() == CONTENT
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert str(idx) in warning
    assert f"content_sha256: {SHA256}" in warning


def pins(data: bytes) -> dict[str, dict[str, Any]]:
    """What a dataset file can pin of a published file alone, by the kind of the pin."""
    blob = subprocess.run(["git", "hash-object", "--stdin"], input=data, check=True, capture_output=True).stdout
    return {"sha256": {"sha256": hashlib.sha256(data).hexdigest()}, "git_blob": {"git_blob": blob.decode().strip()}}


every_pin = pytest.mark.parametrize("pin", ["sha256", "git_blob"])


@every_compression
@every_pin
def test_the_pinned_file_is_decompressed_without_a_warning(
    published: Path, idx: Path, kind: str, pin: str, caplog: pytest.LogCaptureFixture
) -> None:
    published.write_bytes(COMPRESS[kind](CONTENT))
    run(published, idx, **pins(published.read_bytes())[pin])
    assert idx.read_bytes() == CONTENT
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@every_compression
@every_pin
def test_a_file_that_took_the_place_of_the_pinned_one_is_refused(
    published: Path, idx: Path, kind: str, pin: str
) -> None:
    right, swapped = COMPRESS[kind](CONTENT), COMPRESS[kind](CONTENT[:-1] + b"\0")
    published.write_bytes(swapped)
    message = refusal(published, idx, **pins(right)[pin])
    (expected,), (found,) = pins(right)[pin].values(), pins(swapped)[pin].values()
    assert message.startswith(f"{published}: not the right file: its content differs\n")
    assert f"expected: {'SHA-256' if pin == 'sha256' else 'Git blob'} {expected}\n  found:    {found}\n" in message


def test_a_file_larger_than_a_piece_is_hashed_to_its_last_byte(published: Path, idx: Path) -> None:
    count = 3_000_000
    content = IdxHeader(0x801, (count,)).to_bytes() + numpy.random.default_rng(0).bytes(count)
    published.write_bytes(gzip.compress(content) + bytes(100))  # padding, which holds nothing
    run(published, idx, count, **pins(published.read_bytes())["sha256"])
    with pytest.raises(DataError, match="SHA-256"):
        run(published, idx, count, **pins(published.read_bytes()[:-1])["sha256"])


def test_a_file_that_was_published_plain_and_is_kept_compressed_is_the_pinned_one(published: Path, idx: Path) -> None:
    """A folder may hold a file without its .gz, and its digest may be what is pinned."""
    published.write_bytes(gzip.compress(CONTENT))
    run(published, idx, sha256=SHA256)
    assert idx.read_bytes() == CONTENT


def test_a_swapped_file_that_is_known_is_named_and_the_command_that_helps_can_be_pasted(
    tmp_path: Path, mnist: Path
) -> None:
    published, idx = tmp_path / "a folder/it's.gz", tmp_path / "idx"
    published.parent.mkdir()
    shutil.copyfile(mnist / "t10k-images-idx3-ubyte.gz", published)
    message = refused(run, published, idx, 16 + 10_000 * 28 * 28, sha256="0" * 64)
    assert f"{published}: not the right file: this is t10k-images-idx3-ubyte.gz of MNIST\n" in message
    command = message.partition("if it is: ")[2].partition(", then")[0]
    subprocess.run(command, shell=True, check=True)
    assert not published.exists()


def test_a_file_that_nothing_pins_is_refused_for_the_field_in_which_it_differs(published: Path, idx: Path) -> None:
    published.write_bytes(gzip.compress(CONTENT))
    message = refused(run, published, idx, 300)
    assert "expected: 300\n  found:    256\n" in message
    assert "`count: 256`" in message


@pytest.mark.slow
@every_compression
def test_a_bomb_fills_neither_memory_nor_disk(published: Path, idx: Path, kind: str) -> None:
    published.write_bytes(COMPRESS[kind](bytes(20 << 20)) * 10)
    with allocating_less_than(12 << 20):
        assert "at most 1000 bytes" in refusal(published, idx, count=992, content_sha256=SHA256)
