"""Download a published file from the first mirror that serves the right bytes."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from idxpng import log, replaceable
from idxpng.advice import if_changed, in_config
from idxpng.dataset.file_names import alike
from idxpng.errors import DataError, open_named
from idxpng.fetch import zip_member
from idxpng.fetch.integrity import WrongFileError, check_header, judge
from idxpng.fetch.mirrors import Place, configured_for, places_in
from idxpng.fetch.partial_file import PartialFile, discard_others, partial_file
from idxpng.fetch.patience import PATIENT, QUICK, Patience
from idxpng.fetch.transfer import CHUNK, UNRESOLVED, UnavailableError, copy
from idxpng.files.atomic import atomic_file, publish
from idxpng.files.digest import digest_of
from idxpng.files.disk_space import DiskRoomError, disk_full_error
from idxpng.formats.compressed import (
    ARRAYS,
    COMPRESSIONS,
    SUFFIXES,
    CompressedFileError,
    bounded,
    compression,
    open_content,
)
from idxpng.text import is_url

if TYPE_CHECKING:
    from idxpng.dataset.model import PublishedFile  # not in the digest

ARCHIVE_SLACK = 2  # times the published size: a mirror may have packed its archive less well


def main(dataset: str, file: str, output: str, mirrors: Sequence[str] = ()) -> None:
    """Make ``output``, a published file of a dataset, from the first mirror that has the right file.

    Args:
        dataset: the dataset file, which describes the file and names its mirrors.
        file: the file's published name.
        output: the file to make.
        mirrors: URLs and folders to try first. Next come those that the environment variable IDXPNG_MIRRORS
            has for the folder of ``output``, then those in the dataset file.

    Raises:
        DataError: when the dataset has no such file, and as `download`.
    """
    from idxpng.dataset.file import is_shipped, load  # not in the digest

    known = load(dataset)
    files = known.arrays(file)
    replaceable.check_place(output)
    first = [*mirrors, *configured_for(output)]
    folders = [place for place in first if not is_url(place)]
    is_own = any(each.pin for each in files) and not is_shipped(known.path)
    own = if_changed(known.source, folders) if is_own else None
    download(files, [*first, *known.mirror_places()], output, known.name, own=own)


def download(
    files: Sequence[PublishedFile],
    mirrors: Sequence[str],
    output: str,
    dataset: str,
    passes: tuple[Patience, Patience] = (QUICK, PATIENT),
    own: str | None = None,
) -> None:
    """Make ``output`` from the first mirror that has the right file, see `integrity.judge`.

    The quick pass asks each mirror once. If none has the file, the patient pass asks each server again that did not
    send a wrong file. A single mirror has only the patient pass.

    Args:
        files: the file; if it is an archive of arrays, all of them, the largest first.
        mirrors: http, https and file URLs, and directories, first choice first.
        output: the file to make. What arrives is kept beside it under hidden names until it is complete.
        dataset: its name in the configuration key ``mirrors``, for advice.
        passes: how long a server may take, in the quick and in the patient pass.
        own: what to do if the file is the user's own; None if it cannot be.

    Raises:
        DataError: when no mirror has the file, with the reason for each.
        DiskRoomError: when the disk has no space for it.
    """
    if _is_there(output, files):
        return
    file = files[0]
    config = in_config("mirrors", dataset, "/path/to/folder")
    elsewhere = f"get {file.file} in another way and give its folder, {config}"
    reasons: dict[Place, DataError] = {}
    problems: list[DataError] = []
    turns = list(dict.fromkeys(place for mirror in mirrors for place in places_in(mirror, file)))
    for patience in passes if len(turns) > 1 else passes[1:]:
        for place in turns:
            reason = _download(place, files, output, patience)
            if reason is None:
                log.info("%s: from %s", output, place.shown)
                discard_others(output)
                return
            log.info("%s", reason)
            reasons[place] = reason
        turns = [place for place in turns if place.is_url and isinstance(reasons[place], UnavailableError)]
        problems = list(reasons.values())
        of_servers = [reason for place, reason in reasons.items() if place.is_url]
        if of_servers and all(reason.problem.startswith(UNRESOLVED) for reason in of_servers):
            of_folders = [reason for place, reason in reasons.items() if not place.is_url]
            problems = [*of_folders, DataError("no network", "no mirror's name can be resolved")]
            break
    raise _failure(output, problems, elsewhere, own)


def _failure(output: str, reasons: Sequence[DataError], elsewhere: str, own: str | None) -> DataError:
    if disk_full := [reason for reason in reasons if isinstance(reason, DiskRoomError)]:
        return disk_full[0]
    listed = "".join(f"\n  - {reason}".replace("\n", "\n  ") for reason in reasons)
    advised = [why for why in reasons if isinstance(why, WrongFileError) and why.details["todo"]]
    problem = f"no mirror has the right file{listed}" if listed else "there is no mirror to get it from"
    others = [] if reasons and len(advised) == len(reasons) else [elsewhere]
    return DataError(output, problem, todo=others + ([own] if own else []))


def _is_there(output: str, files: Sequence[PublishedFile]) -> bool:
    """Whether the right file is already there: a changed parameter of its rule does not make it download again."""
    if not (all(file.pin for file in files) and os.path.isfile(output)):
        return False
    try:
        _check(output, files, output)
        os.utime(output)
    except (WrongFileError, OSError) as error:  # our own replaces that of another user or a read-only disk
        log.info("%s", error)
        return False
    log.info("%s: already there, and the right file", output)
    return True


def _download(place: Place, files: Sequence[PublishedFile], output: str, patience: Patience) -> DataError | None:
    """Make ``output`` from one place, or return the reason why that failed."""
    file, archive = files[0], None
    if place.is_url and place.member:
        shared = Path(output).absolute().parent.parent / "archives"  # by other datasets
        archive = zip_member.archive_path(shared, place.where)
    kept = archive is not None and archive.is_file()
    try:
        with partial_file(output, place.source) as partial:
            kept = kept or (place.is_url and partial.size > 0)
            try:
                with disk_full_error(output):
                    _get(place, file, partial, archive, patience)
                    partial.file.flush()
                    _unwrap(partial, file)
                    _check(str(partial.path), files, place.shown)
                    _store(partial, output)
                return None
            except OSError as error:
                problem = f"cannot be read or stored: {error.strerror or error}"
                raise UnavailableError(place.shown, problem, found=error.filename) from None
    except WrongFileError as error:
        if archive:
            archive.unlink(missing_ok=True)
        if not kept:
            return error
        log.info("%s", error)
    except (UnavailableError, DiskRoomError) as error:
        return error
    # The bytes kept from an earlier attempt may have been the wrong ones.
    return _download(place, files, output, patience)


def _get(place: Place, file: PublishedFile, partial: PartialFile, archive: Path | None, patience: Patience) -> None:
    """Bring the bytes of the file from a place into ``partial``."""
    size = _largest(file)
    if file.published.endswith(tuple(ARRAYS)):  # of wider numbers, or with others in an archive
        size = max(8 * size, file.bytes or 0) * ARCHIVE_SLACK
    limit = size if file.bytes is None or file.any_packing else file.bytes
    where = place.where
    if archive and file.archive:
        if not archive.is_file():
            zip_member.download_archive(where, archive, file.archive[1] * ARCHIVE_SLACK, patience)
        log.info("%s: taken from %s, the whole archive", place.shown, archive)
        where = str(archive)
    elif place.is_url:
        from idxpng.fetch import http_file  # not in the digest

        http_file.fetch(where, partial, limit, patience)
        return
    with opened(where) as source:
        if place.member:
            zip_member.from_file(source, place.shown.removesuffix(f": {place.member}"), place.member, partial, limit)
            return
        if not file.pin:  # before it is copied, whatever its size
            check_header(where, where, file)
        partial.restart()
        pieces = iter(lambda: source.read(CHUNK), b"")
        copy(pieces, place.shown, partial, os.fstat(source.fileno()).st_size, limit)


def _largest(file: PublishedFile) -> int:
    """The most bytes that a compressed file may have: 9 bits for each byte that does not compress, and a header."""
    return file.content_bytes * 9 // 8 + (1 << 16)


def _unwrap(partial: PartialFile, file: PublishedFile) -> None:
    """Take off the outer of two layers of gzip, if a pinned digest then shows whether the content is right."""
    if not file.content_sha256 or compression(partial.path) != "gzip":
        return
    folder = partial.path.parent
    with (
        suppress(CompressedFileError),
        tempfile.TemporaryFile(dir=folder) as inner,
        open_content(partial.path) as outer,
    ):
        for piece in bounded(outer, partial.path, _largest(file)):
            if not inner.tell() and not piece.startswith(COMPRESSIONS["gzip"].signature):
                return
            inner.write(piece)
        inner.seek(0)
        partial.restart()
        shutil.copyfileobj(inner, partial.file)
        partial.file.flush()


def opened(where: str) -> io.BufferedReader:
    try:
        if not stat.S_ISREG(os.stat(where).st_mode):  # a device may be endless, and a pipe may block
            raise UnavailableError(where, "not a regular file")
        return open_named(where)
    except FileNotFoundError:
        like = ", ".join(alike(Path(where).parent, Path(where).name))
        raise UnavailableError(where, "file not found", found=f"in its folder: {like}" if like else None) from None
    except (OSError, ValueError) as error:  # ValueError: a path with a zero byte
        raise UnavailableError(where, f"cannot be read: {getattr(error, 'strerror', error)}") from None


def _check(path: str, files: Sequence[PublishedFile], source: str) -> None:
    file = files[0]
    if file.sha256 and digest_of(path) == file.sha256:
        return  # its content needs no check
    for each in files:
        judge(path, each, source)
    if unpinned := [each.member or "" for each in files if not each.pin]:
        of = f" for {' and '.join(unpinned)}" if any(unpinned) else ""
        what = f"no digest is pinned{of}, so only header and size were checked"
        log.warning("%s: %s (sha256: %s)", source, what, digest_of(path))
    elif file.content_sha256:
        log.info("%s: compressed differently, with the published content", source)


def _store(partial: PartialFile, output: str) -> None:
    """Give the file its final name, compressed if that name says so: a directory may hold it without its .gz."""
    wanted = SUFFIXES.get(os.path.splitext(output)[1])
    if wanted is None or wanted == compression(partial.path):
        publish(partial.file, Path(output))
        return
    with (
        atomic_file(output) as stored,
        open_content(partial.path) as content,
        COMPRESSIONS[wanted].writer(stored) as packed,
    ):
        shutil.copyfileobj(content, packed)


if __name__ == "__main__":
    from idxpng.command import Command

    Command(__doc__).run(main)
