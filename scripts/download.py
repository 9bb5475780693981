"""Download a published file from the first mirror that serves the right bytes."""

import fcntl
import gzip
import hashlib
import logging
import lzma
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import http_file
from atomic_file import atomic_file
from compressed_file import CompressedFileError, compression, content_chunks, open_content
from data_error import DataError

# What compressing can add at most to data that does not compress.
COMPRESSION_OVERHEAD = 1 << 16


class DownloadError(DataError):
    """A file that no mirror has, or a body that is not the file."""


def main(
    mirrors: list[str],
    file: str,
    output: str,
    content_bytes: int,
    bytes: int | None = None,
    sha256: str | None = None,
    content_sha256: str | None = None,
    datasets: str | None = None,
    **transfer: Any,
) -> None:
    """Make ``output`` from the first mirror that has the right file.

    A file is right when it has the pinned digest, or when what it decompresses to has the pinned
    content digest, since mirrors compress anew. Where neither is pinned, its content must at least
    have the right size. Its name proves nothing.

    Args:
        mirrors: http and https URLs, file URLs and directories, first choice first.
        file: name of the published file.
        output: the file to make. What has arrived so far is kept beside it under a hidden name.
        content_bytes: size of the decompressed content.
        bytes, sha256, content_sha256: size and digest of the published file, and digest of its content;
            None where not pinned.
        datasets: folder of dataset files, to say whose file a wrong one is.
        transfer: timeout, retries and backoff of `http_file.fetch`.

    Raises:
        DownloadError: when no mirror has the file, with the reason for each.
    """
    limit = content_bytes + COMPRESSION_OVERHEAD if bytes is None or content_sha256 else bytes
    reasons = []
    for mirror in mirrors:
        for place in _places(mirror, file):
            with _partial_file(Path(output)) as (partial, state):
                try:
                    _get(place, partial, state, limit, transfer)
                    partial.flush()
                    _check(partial.name, content_bytes, sha256, content_sha256, datasets)
                except http_file.HttpFileError as error:
                    reasons.append(str(error))
                except (DownloadError, http_file.TooLargeError) as error:
                    reasons.append(str(error).replace(partial.name, http_file.without_secrets(place)))
                    _discard(partial, state)
                else:
                    _store(partial, output)
                    logging.info("%s: from %s", output, http_file.without_secrets(place))
                    return
            logging.info("%s", reasons[-1])
    listed = "".join(f"\n  - {reason}".replace("\n", "\n  ") for reason in reasons)
    dataset = Path(output).parent.name
    raise DownloadError(
        output,
        f"no mirror has the right file{listed or ': none is given'}",
        todo=f"try again later, or get {file} in another way and name its folder: "
        f"--config 'mirrors={{{dataset}: /path/to/folder}}'",
    )


def _places(mirror: str, file: str) -> list[str]:
    """Where in a mirror the file can be: one URL, or the paths that it can have in a directory."""
    if mirror.startswith(("http://", "https://")):
        return [f"{mirror.rstrip('/')}/{file}"]
    directory = Path(url2pathname(urlsplit(mirror).path) if mirror.startswith("file://") else mirror)
    stem, suffix = os.path.splitext(file)
    if suffix not in (".gz", ".xz"):
        stem, suffix = file, ".gz"
    other = stem.replace("-idx", ".idx") if "-idx" in stem else stem.replace(".idx", "-idx")
    names = dict.fromkeys((file, stem + suffix, stem, other + suffix, other))
    found = [str(directory / name) for name in names if (directory / name).is_file()]
    return found or [str(directory / file)]


def _get(place: str, partial: IO[bytes], state: Path, limit: int, transfer: dict[str, Any]) -> None:
    if place.startswith(("http://", "https://")):
        http_file.fetch(place, partial, state, limit, **transfer)
        return
    state.unlink(missing_ok=True)
    try:
        with open(place, "rb") as source:
            if (size := os.fstat(source.fileno()).st_size) > limit:
                raise DownloadError(place, "larger than the file can be", expected=f"at most {limit} bytes", found=size)
            partial.seek(0)
            partial.truncate()
            shutil.copyfileobj(source, partial)
    except FileNotFoundError:
        raise DownloadError(place, "there is no such file") from None
    except PermissionError:
        raise DownloadError(place, "may not be read") from None


@contextmanager
def _partial_file(output: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """The partial file of ``output``, locked, and the path of what is known about it.

    When another workflow holds it, this one gets a partial file of its own, which it cannot resume.
    """
    shared = output.with_name(f".{output.name}.partial")
    path = shared
    while True:
        partial = open(path, "a+b")
        try:
            fcntl.flock(partial, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.exists(path) and os.path.samestat(os.fstat(partial.fileno()), os.stat(path)):
                break  # else it got its final name between our opening and our locking it
        except BlockingIOError:
            path = output.with_name(f".{output.name}.{os.getpid()}.partial")
        partial.close()
    state = path.with_name(f"{path.name}.json")
    with partial:
        try:
            yield partial, state
        finally:
            if path != shared or os.fstat(partial.fileno()).st_size == 0:
                _discard(partial, state)


def _discard(partial: IO[bytes], state: Path) -> None:
    state.unlink(missing_ok=True)
    Path(partial.name).unlink(missing_ok=True)


def _store(partial: IO[bytes], output: str) -> None:
    """Give the file its final name, compressed as that name says: a directory may hold it without its .gz."""
    wanted = {".gz": "gzip", ".xz": "xz"}.get(os.path.splitext(output)[1], "plain")
    if compression(partial.name) == wanted:
        os.fsync(partial.fileno())
        os.replace(partial.name, output)
        return
    with atomic_file(output) as file:
        target: IO[bytes] = file
        if wanted == "gzip":
            target = gzip.GzipFile("", "wb", 6, file, mtime=0)
        elif wanted == "xz":
            target = lzma.LZMAFile(file, "wb")
        with open_content(partial.name) as content:
            shutil.copyfileobj(content, target)
        if target is not file:
            target.close()
    os.unlink(partial.name)


def _check(path: str, content_bytes: int, sha256: str | None, content_sha256: str | None, datasets: str | None) -> None:
    """Raise `DownloadError` unless the file is the right one."""
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == sha256:
        return
    content = hashlib.sha256()
    size = 0
    damage = None
    try:
        for chunk in content_chunks(path, size_limit=content_bytes):
            content.update(chunk)
            size += len(chunk)
    except CompressedFileError as error:
        damage = error.problem
    if not damage and content.hexdigest() == content_sha256:
        logging.info("%s: compressed anew, with the published content", path)
        return
    pinned = sha256 or content_sha256
    if not damage and not pinned and size == content_bytes:
        logging.warning(
            "%s: nothing to check it against. To pin it, write into its dataset file\n    sha256: %s", path, found
        )
        return
    what = _identify(path, (found, content.hexdigest()), datasets) or damage or "its content is another"
    raise DownloadError(
        path,
        f"not the right file: {what}",
        expected=f"SHA-256 {pinned}" if pinned else f"{content_bytes} bytes of content",
        found=found if pinned else f"{size} bytes",
    )


def _identify(path: str, digests: tuple[str, ...], datasets: str | None) -> str | None:
    """What a wrong file is, where that can be told."""
    with open(path, "rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    if start.startswith(b"<"):
        return "an XML document, such as a storage server's error message"
    if datasets is None:
        return None
    from dataset_file import identify  # which costs a YAML reader, and only here

    known = identify(digests, Path(datasets))
    return known and f"this is {known}"


if __name__ == "__main__":
    from job_log import job_log

    with job_log(snakemake.log[0]):
        main(
            snakemake.params.mirrors,
            output=snakemake.output[0],
            datasets=snakemake.params.datasets,
            **snakemake.params.file,
        )
