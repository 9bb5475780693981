"""Whether a file is the published one, by its content, and what it is if not."""

import hashlib
import logging
import os
from pathlib import Path

from idxpng.compressed import CompressedFileError, content_chunks
from idxpng.errors import DataError


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
) -> None:
    """Check that a file has the pinned digest, or that what it decompresses to has the pinned content digest.

    Where none is pinned, its content must have the right size, and it must not be a web page.

    Args:
        path: the file.
        source: where it comes from, for messages.
        content_bytes: size of its content.
        sha256, content_sha256: hexadecimal digests, or None where not pinned.
        datasets: folder of dataset files, to say whose file a wrong one is.
        git_blob: the file's hexadecimal identity in a Git repository, or None.

    Raises:
        WrongFileError: when it is not the published file.
    """
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found == sha256:
        return
    blob = _git_blob(path) if git_blob else None
    if blob and blob == git_blob:
        logging.info("%s: is the Git blob %s; SHA-256 %s", source, blob, found)
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
        logging.info("%s: compressed anew, with the published content", source)
        return
    pinned = sha256 or content_sha256
    expected = f"SHA-256 {pinned}" if pinned else f"Git blob {git_blob}" if git_blob else None
    page = _page(path)
    if not (damage or page or expected) and size == content_bytes:
        logging.warning(
            "%s: nothing to check it against. To pin it, write into its dataset file\n    sha256: %s", source, found
        )
        return
    what = page or _known((found, content.hexdigest()), datasets) or damage or "its content is another"
    raise WrongFileError(
        source,
        f"not the right file: {what}",
        expected=expected or f"{content_bytes} bytes of content",
        found=found if pinned else blob or f"{size} bytes",
    )


def _git_blob(path: str | os.PathLike[str]) -> str:
    """What ``git hash-object`` prints: the SHA-1 of the kind, the size and the bytes."""
    digest = hashlib.sha1(b"blob %d\0" % os.path.getsize(path), usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 18):
            digest.update(chunk)
    return digest.hexdigest()


def _page(path: str | os.PathLike[str]) -> str | None:
    """What stands in the place of a file where a server wants to say something instead."""
    with open(path, "rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "an XML document, such as a storage server's error message" if start.startswith(b"<") else None


def _known(digests: tuple[str, ...], datasets: str | None) -> str | None:
    """Whose file it is, where a dataset file tells."""
    if datasets is None:
        return None
    from idxpng.dataset import identify  # which costs a YAML reader, and only here

    known = identify(digests, Path(datasets))
    return known and f"this is {known}"
