"""Whether a file is the published one, by its content, and what it is if not."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from idxpng import log
from idxpng.dataset.mismatch import mismatch, wrong_size
from idxpng.errors import DataError
from idxpng.formats.compressed import CompressedFileError, content_chunks, open_content
from idxpng.formats.idx import IdxHeader, read_header

if TYPE_CHECKING:
    from idxpng.dataset.model import PublishedFile  # not in the digest


CHANGED = (
    "take the published file; if it is yours and has changed, remove its digests from the dataset file, "
    "or let scripts/new_dataset.py write them"
)


class WrongFileError(DataError):
    """A file that is not the published one."""


def check_content(
    path: str | os.PathLike[str],
    source: str,
    content_bytes: int,
    sha256: str | None,
    content_sha256: str | None,
    datasets: str | None,
    git_blob: str | None = None,
    header: IdxHeader | None = None,
) -> None:
    """Check that a file has the pinned digest, or that what it decompresses to has the pinned content digest.

    Where none is pinned, its content must have the right size and the right header, and it must not be a web page.

    Args:
        path: the file.
        source: where it comes from, for messages.
        content_bytes: size of its content.
        sha256, content_sha256: hexadecimal digests, or None where not pinned.
        datasets: folder of dataset files, to say whose file a wrong one is.
        git_blob: the file's hexadecimal identity in a Git repository, or None.
        header: that of its content, as the dataset file describes it.

    Raises:
        WrongFileError: when it is not the published file.
    """
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == sha256:
        return
    blob = _git_blob(path) if git_blob else None
    if blob and blob == git_blob:
        log.info("%s: is the Git blob %s; SHA-256 %s", source, blob, found)
        return
    pinned = sha256 or content_sha256
    expected = f"SHA-256 {pinned}" if pinned else f"Git blob {git_blob}" if git_blob else None
    page = _page(path)
    if header and not (page or expected):
        check_header(path, source, header)
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
        log.info("%s: compressed differently, with the published content", source)
        return
    if not (damage or page or expected) and size == content_bytes:
        log.warning("%s: no digest to check it against (sha256: %s)", source, found)
        return
    if header and not (damage or page or expected) and (problem := wrong_size(header, size)):
        raise WrongFileError(source, **problem._asdict() | _write_again(source))
    what = page or known_as((found, content.hexdigest()), datasets) or damage or "its content differs"
    raise WrongFileError(
        source,
        f"not the right file: {what}",
        expected=expected or f"{content_bytes} bytes of content",
        found=found if pinned else blob or f"{size} bytes",
        todo=None if "://" in source or not expected else CHANGED,
    )


def check_header(path: str | os.PathLike[str], source: str, expected: IdxHeader) -> None:
    """Check that what a file decompresses to begins with the expected header.

    Args:
        path, source: as in `check_content`.
        expected: the header that the dataset file describes.

    Raises:
        WrongFileError: when it begins otherwise, with the field and the key of the dataset file to change.
    """
    try:
        with open_content(path) as stream:
            found = read_header(stream, source)
    except DataError as error:
        raise WrongFileError(source, error.problem, **error.details | _write_again(source)) from None
    if problem := mismatch(found, expected):
        raise WrongFileError(source, **problem._asdict())


def _write_again(source: str) -> dict[str, str | None]:
    """What to do about a file that is damaged: nothing about one that a server sent."""
    return {"todo": None if "://" in source else "copy or write the file again"}


def unpack(published: str, idx: IO[bytes], file: PublishedFile, datasets: str | None = None) -> str:
    """Write what a published file decompresses to, and tell by its pins whether it was the right one, in one pass.

    Args:
        published: the file; gzip, xz or not compressed, by its content.
        idx: what to write to. After an error it holds nothing of value.
        file: what is known about it. Its content must have the pinned digest, or, where that of the content is not
            pinned, the file its own.
        datasets: as in `check_content`.

    Returns:
        The SHA-256 of the content.

    Raises:
        WrongFileError: when the file is damaged, or not the right one.
    """
    if file.header and not file.pinned:
        check_header(published, published, file.header)
    content, size, whole = hashlib.sha256(), 0, hashlib.sha256()
    blob = _blob_digest(os.path.getsize(published)) if file.git_blob else None

    def watch(piece: bytes) -> None:
        whole.update(piece)
        if blob:
            blob.update(piece)

    by_file = not file.content_sha256 and file.pinned
    try:
        for chunk in content_chunks(published, file.content_bytes, watch if by_file else None):
            content.update(chunk)
            size += idx.write(chunk)
    except CompressedFileError as error:
        raise _refusal(published, datasets, error.problem, **error.details) from None
    found = content.hexdigest()
    if size != file.content_bytes:
        raise _refusal(
            published,
            datasets,
            "the content is too short",
            content=found,
            expected=f"{file.content_bytes} bytes of content",
            found=f"{size} bytes",
        )
    if file.content_sha256:
        kind, pinned, digest = "SHA-256", file.content_sha256, found
    elif file.sha256:
        # What a mirror has without compression is compressed here: then the content has the digest of the file.
        kind, pinned, digest = "SHA-256", file.sha256, found if found == file.sha256 else whole.hexdigest()
    elif blob:
        kind, pinned, digest = "Git blob", file.git_blob or "", blob.hexdigest()
    else:
        return found
    if digest != pinned:
        problem = "the content differs from the published content"
        raise _refusal(published, datasets, problem, content=found, expected=f"{kind} {pinned}", found=digest)
    return found


def _refusal(
    published: str, datasets: str | None, problem: str, content: str | None = None, **details: Any
) -> WrongFileError:
    """Why a file that was downloaded once is not decompressed; ``content`` is the digest of its content, if known."""
    with open(published, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    known = known_as((digest, content or digest), datasets)
    details["todo"] = f"rm {shlex.quote(published)}, then run the same command again"
    return WrongFileError(published, f"not the right file: {known}" if known else problem, **details)


def _git_blob(path: str | os.PathLike[str]) -> str:
    """What ``git hash-object`` prints: the SHA-1 of the kind, the size and the bytes."""
    digest = _blob_digest(os.path.getsize(path))
    with open(path, "rb") as file:
        while chunk := file.read(1 << 18):
            digest.update(chunk)
    return digest.hexdigest()


def _blob_digest(size: int) -> hashlib._Hash:
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def _page(path: str | os.PathLike[str]) -> str | None:
    """What stands in the place of a file where a server wants to say something instead."""
    with open(path, "rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "an XML document, such as a storage server's error message" if start.startswith(b"<") else None


def known_as(digests: tuple[str, ...], datasets: str | None) -> str | None:
    """Whose file it is, where a dataset file tells."""
    if datasets is None:
        return None
    from idxpng.dataset.file import identify  # not in the digest

    known = identify(digests, Path(datasets))
    return known and f"this is {known}"
