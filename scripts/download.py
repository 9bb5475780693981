"""Download a published file from the first mirror that serves the right bytes."""

import gzip
import lzma
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from idxpng import log
from idxpng.errors import DataError
from idxpng.fetch import zip_member
from idxpng.fetch.integrity import WrongFileError, check_content, check_header
from idxpng.fetch.mirrors import Place, configured, first_that_serves, places_in
from idxpng.fetch.partial_file import discard, discard_others, partial_file, restart
from idxpng.fetch.transfer import TooLargeError, UnavailableError
from idxpng.fetch.unreachable import Unreachable
from idxpng.files.atomic import atomic_file
from idxpng.files.disk_space import check_space
from idxpng.files.flush import flush_names
from idxpng.formats.compressed import compression, open_content
from idxpng.formats.idx import IdxHeader
from idxpng.text import printable

# What compressing can add at most to data that does not compress.
COMPRESSION_OVERHEAD = 1 << 16
# A mirror's own archive of the same files may be packed less well, by so much.
ARCHIVE_SLACK = 2


class DownloadError(DataError):
    """A file that no mirror has."""


class _Pinned(NamedTuple):
    """What is known of the right file, see `content.check_content`."""

    content_bytes: int
    sha256: str | None
    content_sha256: str | None
    git_blob: str | None
    datasets: str | None
    header: IdxHeader | None

    @property
    def has_digest(self) -> bool:
        return bool(self.sha256 or self.content_sha256 or self.git_blob)

    def check(self, path: str, source: str) -> None:
        digests = self.sha256, self.content_sha256
        check_content(path, source, self.content_bytes, *digests, self.datasets, self.git_blob, self.header)


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
        DataError: when the dataset has no such file.
        DownloadError, DiskRoomError: see `download`.
    """
    from idxpng.dataset.file import load  # not in the digest

    known = load(dataset)
    facts = {key: value for key, value in vars(known.file(file)).items() if key != "verified"}
    first = configured().get(known.name, [])
    datasets = str(Path(__file__).parents[1] / "datasets")
    download([*mirrors, *first, *known.mirror_places()], output=output, datasets=datasets, **facts, **transfer)


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
    header: IdxHeader | None = None,
    datasets: str | None = None,
    **transfer: Any,
) -> None:
    """Make ``output`` from the first mirror that has the right file.

    A file is right when it has the pinned digest, or when what it decompresses to has the pinned
    content digest, since mirrors compress again. Where neither is pinned, its content must at least
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
        header: that of the content, to say in what a file differs that nothing pins.
        datasets: folder of dataset files, to say whose file a wrong one is.
        transfer: timeout, retries and backoff of `session.Session`.

    Raises:
        DownloadError: when no mirror has the file, with the reason for each.
        DiskRoomError: when the disk has no space for it.
    """
    pinned = _Pinned(content_bytes, sha256, content_sha256, git_blob, datasets, header)
    if pinned.has_digest and _is_there(output, pinned):
        return
    limit = content_bytes + COMPRESSION_OVERHEAD if bytes is None or content_sha256 else bytes
    archive_file, archive_bytes = archive or ("", 0)
    whole_limit = archive_bytes * ARCHIVE_SLACK
    places = dict.fromkeys(place for mirror in mirrors for place in places_in(mirror, file, member, archive_file))

    def ask(place: Place, hurry: bool) -> DataError | None:
        return _download(place, output, pinned, limit, whole_limit, {**transfer, "hurry": hurry})

    place, reasons = first_that_serves(places, ask, Unreachable(Path(output).absolute().parents[1]))
    if place:
        log.info("%s: from %s", output, place.shown)
        discard_others(output)
        return
    listed = "".join(f"\n  - {reason}".replace("\n", "\n  ") for reason in reasons)
    dataset = Path(output).parent.name
    elsewhere = (
        f"try again later, or get {file} in another way and give its folder: "
        f"--config 'mirrors={{{dataset}: /path/to/folder}}'"
    )
    advised = reasons and all(isinstance(reason, WrongFileError) and reason.details["todo"] for reason in reasons)
    raise DownloadError(
        output, f"no mirror has the right file{listed or ': no mirror is given'}", todo=None if advised else elsewhere
    )


def _is_there(output: str, pinned: _Pinned) -> bool:
    """Whether the file is right already, as when another one of its rule's inputs has changed: then it stays."""
    if not os.path.isfile(output):
        return False
    try:
        pinned.check(output, output)
    except WrongFileError as error:
        log.info("%s", error)
        return False
    os.utime(output)
    log.info("%s: already there, and the right file", output)
    return True


def _download(
    place: Place, output: str, pinned: _Pinned, limit: int, whole_limit: int, transfer: dict[str, Any]
) -> DataError | None:
    """Make ``output`` from one place, or say why that is not possible."""
    archives = Path(output).absolute().parents[1] / "archives"
    whole = zip_member.whole_path(archives, place.where) if place.is_url and place.member else None
    with partial_file(output, place.shown) as (partial, state):
        kept = whole.is_file() if whole else place.is_url and partial.tell() > 0
        try:
            unpinned = None if pinned.has_digest else pinned.header
            _get(place, partial, state, limit, whole, whole_limit, unpinned, transfer)
            partial.flush()
            pinned.check(partial.name, place.shown)
            _store(partial, output, pinned_whole=pinned.has_digest and not pinned.content_sha256)
            return None
        except UnavailableError as error:
            log.info("%s", error)
            return error
        except (TooLargeError, zip_member.ArchiveError, WrongFileError) as error:
            log.info("%s", error)
            discard(partial, state)
            if whole:
                whole.unlink(missing_ok=True)
            if not kept:
                return error
    # What was kept of an earlier attempt may be what was wrong.
    return _download(place, output, pinned, limit, whole_limit, transfer)


def _get(
    place: Place,
    partial: IO[bytes],
    state: Path,
    limit: int,
    whole: Path | None,
    whole_limit: int,
    unpinned: IdxHeader | None,
    transfer: dict[str, Any],
) -> None:
    if place.member and whole:
        zip_member.from_url(place.where, place.member, partial, state, limit, whole, whole_limit, **transfer)
        return
    if place.is_url:
        from idxpng.fetch import http_file  # not in the digest

        http_file.fetch(place.where, partial, state, limit, **transfer)
        return
    try:
        if not stat.S_ISREG(os.stat(place.where).st_mode):  # a device has no end, and a pipe waits
            raise UnavailableError(place.shown, "not a regular file")
        source = open(place.where, "rb")
    except (OSError, ValueError) as error:  # which is what a zero byte in a path leads to
        missing = isinstance(error, FileNotFoundError)
        problem = "file not found" if missing else f"cannot be read: {getattr(error, 'strerror', error)}"
        raise UnavailableError(printable(place.where), problem) from None
    with source:
        if place.member:
            zip_member.from_file(source, printable(place.where), place.member, partial, state, limit)
            return
        if unpinned:  # says what is wrong with a file of any size, before it is copied
            check_header(place.where, place.where, unpinned)
        if (size := os.fstat(source.fileno()).st_size) > limit:
            raise WrongFileError(
                place.shown, "larger than the file may be", expected=f"at most {limit} bytes", found=size
            )
        restart(partial, state)
        check_space(place.shown, size, os.path.dirname(partial.name))
        shutil.copyfileobj(source, partial)


def _store(partial: IO[bytes], output: str, pinned_whole: bool) -> None:
    """Give the file its final name, compressed as that name says: a directory may hold it without its .gz.

    What has no suffix stays as it is when only its own digest is pinned, by which it is checked later too.
    """
    wanted = {".gz": "gzip", ".xz": "xz"}.get(os.path.splitext(output)[1], "plain")
    if compression(partial.name) == wanted or (pinned_whole and wanted == "plain"):
        os.fsync(partial.fileno())
        os.replace(partial.name, output)
        flush_names(os.path.dirname(output) or ".")
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
    command.add_argument(
        "--mirror", action="append", default=[], dest="mirrors", metavar="PLACE", help="a URL or folder to try first"
    )
    command.run(main)
