"""Download a published file from the first mirror that serves the right bytes."""

import gzip
import logging
import lzma
import os
import shutil
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import http_file
from atomic_file import atomic_file
from compressed_file import compression, open_content
from content_check import WrongFileError, check_content
from data_error import DataError
from partial_file import discard, partial_file

# What compressing can add at most to data that does not compress.
COMPRESSION_OVERHEAD = 1 << 16


class DownloadError(DataError):
    """A file that no mirror has."""


class UnavailableError(DataError):
    """A directory from which the file cannot be had."""


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
    reasons: list[DataError] = []
    places = [place for mirror in mirrors for place in _places(mirror, file)]
    while places:
        place = places.pop(0)
        shown = http_file.without_secrets(place) if _is_url(place) else place
        with partial_file(output) as (partial, state):
            kept = partial.tell()
            try:
                _get(place, partial, state, limit, transfer)
                partial.flush()
                check_content(partial.name, shown, content_bytes, sha256, content_sha256, datasets)
            except (http_file.HttpFileError, UnavailableError) as error:
                reasons.append(error)
                logging.info("%s", error)
            except (http_file.TooLargeError, WrongFileError) as error:
                discard(partial, state)
                logging.info("%s", error)
                if kept and _is_url(place):  # what was kept of an earlier attempt may be what is wrong
                    places.insert(0, place)
                else:
                    reasons.append(error)
            else:
                _store(partial, output)
                logging.info("%s: from %s", output, shown)
                return
    listed = "".join(f"\n  - {reason}".replace("\n", "\n  ") for reason in reasons)
    dataset = Path(output).parent.name
    raise DownloadError(
        output,
        f"no mirror has the right file{listed or ': none is given'}",
        todo=f"try again later, or get {file} in another way and name its folder: "
        f"--config 'mirrors={{{dataset}: /path/to/folder}}'",
    )


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _places(mirror: str, file: str) -> list[str]:
    """Where in a mirror the file can be: one URL, or the paths that it can have in a directory."""
    if _is_url(mirror):
        parts = urlsplit(mirror)  # a query, such as a storage account's signature, stays behind the path
        return [parts._replace(path=f"{parts.path.rstrip('/')}/{file}").geturl()]
    directory = Path(url2pathname(urlsplit(mirror).path) if mirror.startswith("file://") else mirror)
    stem, suffix = os.path.splitext(file)
    if suffix not in (".gz", ".xz"):
        stem, suffix = file, ".gz"
    other = stem.replace("-idx", ".idx") if "-idx" in stem else stem.replace(".idx", "-idx")
    names = dict.fromkeys((file, stem + suffix, stem, other + suffix, other))
    found = [path for name in names if os.path.isfile(path := str(directory / name))]
    return found or [str(directory / file)]


def _get(place: str, partial: IO[bytes], state: Path, limit: int, transfer: dict[str, Any]) -> None:
    if _is_url(place):
        http_file.fetch(place, partial, state, limit, **transfer)
        return
    try:
        source = open(place, "rb")
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        problem = "there is no such file" if missing else f"cannot be read: {error.strerror}"
        raise UnavailableError(place, problem) from None
    with source:
        if (size := os.fstat(source.fileno()).st_size) > limit:
            raise WrongFileError(place, "larger than the file can be", expected=f"at most {limit} bytes", found=size)
        state.unlink(missing_ok=True)
        partial.seek(0)
        partial.truncate()
        shutil.copyfileobj(source, partial)


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
            target = cast(IO[bytes], gzip.GzipFile("", "wb", 6, file, mtime=0))
        elif wanted == "xz":
            target = lzma.LZMAFile(file, "wb")
        with open_content(partial.name) as content:
            shutil.copyfileobj(content, target)
        if target is not file:
            target.close()
    os.unlink(partial.name)


if __name__ == "__main__":
    from job_log import job_log

    with job_log(snakemake.log[0]):
        main(
            snakemake.params.mirrors,
            output=snakemake.output[0],
            datasets=snakemake.params.datasets,
            **snakemake.params.file,
        )
