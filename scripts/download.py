"""Download a published file from the first mirror that serves the right bytes."""

import gzip
import logging
import lzma
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, cast
from urllib.parse import unquote, urlsplit

from idxpng import zip_member
from idxpng.atomic import atomic_file
from idxpng.compressed import compression, open_content
from idxpng.content import WrongFileError, check_content
from idxpng.errors import DataError
from idxpng.partial import discard, partial_file, restart
from idxpng.space import check_space
from idxpng.transfer import TooLargeError, UnavailableError, without_secrets

# What compressing can add at most to data that does not compress.
COMPRESSION_OVERHEAD = 1 << 16
# A mirror's own archive of the same files may be packed less well, by so much.
ARCHIVE_SLACK = 2


class DownloadError(DataError):
    """A file that no mirror has."""


class _Place(NamedTuple):
    """Where the file can be: at a URL, at a path, or as a member of the zip archive there."""

    where: str
    member: str | None = None

    @property
    def is_url(self) -> bool:
        return self.where.startswith(("http://", "https://"))

    @property
    def shown(self) -> str:
        where = without_secrets(self.where) if self.is_url else self.where
        return f"{where}: {self.member}" if self.member else where


def main(dataset: str, file: str, output: str, mirrors: Sequence[str] = (), **transfer: Any) -> None:
    """Make ``output``, a published file of a dataset, from the first mirror that has the right one.

    Args:
        dataset: the dataset file, which says what the file is and where it may be.
        file: the file's published name.
        output: the file to make.
        mirrors: where to look first, see `download`. Those that the environment variable IDXPNG_MIRRORS names for
            the dataset come next, then the dataset's own.
        transfer: see `download`.

    Raises:
        DatasetError: when the dataset has no such file.
        DownloadError, DiskRoomError: see `download`.
    """
    from idxpng import job_environment
    from idxpng.dataset import load

    known = load(dataset)
    facts = {key: value for key, value in vars(known.file(file)).items() if key != "verified"}
    configured = job_environment.configured().get(known.name, [])
    datasets = str(Path(__file__).parents[1] / "datasets")
    download([*mirrors, *configured, *known.mirror_places()], output=output, datasets=datasets, **facts, **transfer)


def download(
    mirrors: list[str],
    file: str,
    output: str,
    content_bytes: int,
    bytes: int | None = None,
    sha256: str | None = None,
    content_sha256: str | None = None,
    git_blob: str | None = None,
    member: str | None = None,
    archive: tuple[str, int] | None = None,
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
        git_blob: identity of the published file in a Git repository, or None.
        member: path of the file in a zip archive, if it is published in one.
        archive: name and size of that archive. Mirrors may pack theirs otherwise.
        datasets: folder of dataset files, to say whose file a wrong one is.
        transfer: timeout, retries and backoff of `http.fetch`.

    Raises:
        DownloadError: when no mirror has the file, with the reason for each.
        DiskRoomError: when the disk has no space for it.
    """
    limit = content_bytes + COMPRESSION_OVERHEAD if bytes is None or content_sha256 else bytes
    archive_file, archive_bytes = archive or ("", 0)
    archives = Path(output).absolute().parents[1] / "archives"
    reasons: list[DataError] = []
    places = [place for mirror in mirrors for place in _places(mirror, file, member, archive_file)]
    while places:
        place = places.pop(0)
        whole = zip_member.whole_path(archives, place.where) if place.is_url and place.member else None
        with partial_file(output) as (partial, state):
            kept = whole.exists() if whole else place.is_url and partial.tell() > 0
            try:
                _get(place, partial, state, limit, whole, archive_bytes * ARCHIVE_SLACK, transfer)
                partial.flush()
                check_content(partial.name, place.shown, content_bytes, sha256, content_sha256, datasets, git_blob)
            except UnavailableError as error:
                reasons.append(error)
                logging.info("%s", error)
            except (TooLargeError, zip_member.ArchiveError, WrongFileError) as error:
                discard(partial, state)
                if whole:
                    whole.unlink(missing_ok=True)
                logging.info("%s", error)
                if kept:  # what was kept of an earlier attempt may be what is wrong
                    places.insert(0, place)
                else:
                    reasons.append(error)
            else:
                _store(partial, output)
                logging.info("%s: from %s", output, place.shown)
                return
    listed = "".join(f"\n  - {reason}".replace("\n", "\n  ") for reason in reasons)
    dataset = Path(output).parent.name
    raise DownloadError(
        output,
        f"no mirror has the right file{listed or ': none is given'}",
        todo=f"try again later, or get {file} in another way and name its folder: "
        f"--config 'mirrors={{{dataset}: /path/to/folder}}'",
    )


def _places(mirror: str, file: str, member: str | None, archive: str) -> list[_Place]:
    """Where in a mirror the file can be, which is the archive itself when its name ends in .zip."""
    if _Place(mirror).is_url:
        parts = urlsplit(mirror)  # a query, such as a storage account's signature, stays behind the path
        if member and parts.path.endswith(".zip"):
            return [_Place(mirror, member)]
        inside = [parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl() for name in (archive, file)]
        return [_Place(inside[0], member), _Place(inside[1])] if member else [_Place(inside[1])]
    path = Path(unquote(urlsplit(mirror).path) if mirror.startswith("file://") else mirror)
    if not member:
        return _in_directory(path, file) or [_Place(str(path / file))]
    if path.suffix == ".zip" and not path.is_dir():
        return [_Place(str(path), member)]
    unpacked = _in_directory(path, file) + _in_directory((path / member).parent, file)
    return [*unpacked, _Place(str(path / archive), member)]


def _in_directory(directory: Path, file: str) -> list[_Place]:
    """The file in a directory, under each name under which it is there."""
    stem, suffix = os.path.splitext(file)
    if suffix not in (".gz", ".xz"):
        stem, suffix = file, ".gz"
    other = stem.replace("-idx", ".idx") if "-idx" in stem else stem.replace(".idx", "-idx")
    names = dict.fromkeys((file, stem + suffix, stem, other + suffix, other))
    return [_Place(path) for name in names if os.path.isfile(path := str(directory / name))]


def _get(
    place: _Place,
    partial: IO[bytes],
    state: Path,
    limit: int,
    whole: Path | None,
    whole_limit: int,
    transfer: dict[str, Any],
) -> None:
    if place.member and whole:
        zip_member.from_url(place.where, place.member, partial, state, limit, whole, whole_limit, **transfer)
        return
    if place.is_url:
        from idxpng import http  # here, since it takes as long as all else that a file from a directory needs

        http.fetch(place.where, partial, state, limit, **transfer)
        return
    try:
        if not stat.S_ISREG(os.stat(place.where).st_mode):  # a device has no end, and a pipe waits
            raise UnavailableError(place.shown, "no regular file")
        source = open(place.where, "rb")
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        problem = "there is no such file" if missing else f"cannot be read: {error.strerror}"
        raise UnavailableError(place.where, problem) from None
    with source:
        if place.member:
            zip_member.from_file(source, place.where, place.member, partial, state, limit)
            return
        if (size := os.fstat(source.fileno()).st_size) > limit:
            raise WrongFileError(
                place.where, "larger than the file can be", expected=f"at most {limit} bytes", found=size
            )
        restart(partial, state)
        check_space(place.where, size, os.path.dirname(partial.name))
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
    from idxpng.command import Command

    command = Command(__doc__)
    command.add_argument("--dataset", required=True, metavar="FILE", help="dataset file, such as datasets/mnist.yaml")
    command.add_argument("--file", required=True, metavar="NAME", help="published name of the file")
    command.add_argument("--output", required=True, metavar="FILE", help="the file to make")
    command.add_argument(
        "--mirror", action="append", default=[], dest="mirrors", metavar="PLACE", help="a URL or folder to try first"
    )
    command.run(main)
