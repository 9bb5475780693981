"""Checking by its content that a file is the published one, and recognizing other kinds of files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from idxpng.dataset.mismatch import mismatch
from idxpng.errors import DataError, move_away
from idxpng.files.digest import digest_of
from idxpng.formats.compressed import CompressedFileError, bounded, open_content
from idxpng.formats.file_kind import START, file_kind
from idxpng.formats.idx import read_header
from idxpng.formats.numpy_array import ArrayError, member_names, open_idx, place
from idxpng.text import is_url

if TYPE_CHECKING:
    from idxpng.dataset.model import Dataset, PublishedFile, Split  # not in the digest

# The digests that a dataset file may pin, by its keys.
DIGESTS = {"sha256": "SHA-256", "content_sha256": "SHA-256", "git_blob": "Git blob", "md5": "MD5"}


class WrongFileError(DataError):
    """A file that is not the published one."""


class Found(NamedTuple):
    """Digests of a file's content, and of its own bytes where they decide.

    ``size``: bytes of content that could be read. ``damage``: the error that ended the content, if there was one.
    """

    content_sha256: str
    size: int
    damage: CompressedFileError | None
    sha256: str = ""
    git_blob: str = ""
    md5: str = ""

    def is_right(self, file: PublishedFile) -> bool:
        """Whether it is the pinned file, even if a mirror compressed or decompressed it."""
        if self.damage or self.size != file.content_bytes:
            return False
        if file.content_sha256:
            return self.content_sha256 == file.content_sha256
        if file.sha256:
            return file.sha256 in (self.sha256, self.content_sha256)
        return file.git_blob in (None, self.git_blob) and file.md5 in (None, self.md5)


def judge(path: str, file: PublishedFile, source: str | None = None, idx: IO[bytes] | None = None) -> Found:
    """Check that a file is the published one, and write what it decompresses to.

    The pinned digest of the content decides; if there is none, the pinned digest of the file. If nothing is pinned,
    the content must have the right header and size.

    Args:
        path: the file: gzip, xz, not compressed, or with an array.
        source: where it comes from, for messages; None if it was downloaded earlier.
        idx: the file to write to. It never gets more bytes than the content should have; after an error, discard it.

    Raises:
        WrongFileError: when it is damaged, or not the published one.
    """
    if not file.pin:
        check_header(path, source, file)
    found = _read(path, source or path, file, idx)
    if found.is_right(file):
        return found
    raise _refusal(path, source, file, found._replace(**_own_digests(path)))


def with_witnesses(dataset: Dataset, published: Sequence[str], pinned_only: bool = True) -> Dataset:
    """The dataset with the digests of what some downloads decompress to, where the dataset pins none.

    ``pinned_only``: whether to leave out downloads that are not pinned themselves, and so prove nothing.

    Raises:
        WrongFileError: when a download is not the published one.
    """
    found = {}
    for path in published:
        for name, file in dataset.files.items():
            if name == file.idx and file.published == Path(path).name and (file.pin or not pinned_only):
                found[file.idx] = replace(file, content_sha256=judge(path, file).content_sha256)

    def witnessed(split: Split) -> Split:
        images, labels = (found.get(file.idx, file) for file in split.files)
        return replace(split, images=images, labels=labels)

    return replace(dataset, splits={name: witnessed(split) for name, split in dataset.splits.items()})


def check_header(path: str, source: str | None, file: PublishedFile) -> None:
    """Check that the content of a file, compressed or not, begins with the header that the dataset file describes.

    Raises:
        WrongFileError: when it does not, with the field and the key of the dataset file to change.
    """
    expected, shown = file.header, source or path
    try:
        with open_idx(path, file.member, expected.type.name) as stream:
            found = read_header(stream, shown)
    except DataError as error:
        again = {} if isinstance(error, ArrayError) else _again(path, source, file)
        raise WrongFileError(shown, error.problem, **error.details | again) from None
    if problem := mismatch(found, expected):
        raise WrongFileError(shown, **problem | {"at": place(path, file.member, problem["at"])})


def _read(path: str, source: str, file: PublishedFile, idx: IO[bytes] | None) -> Found:
    """Read what a file holds; its own digests first, if they decide."""
    own = _own_digests(path) if file.pin and not file.content_sha256 else {}
    content, size, damage = hashlib.sha256(), 0, None
    try:
        with open_idx(path, file.member, file.header.type.name) as stream:
            for chunk in bounded(stream, path, file.content_bytes):
                content.update(chunk)
                size += len(chunk)
                if idx:
                    idx.write(chunk)
    except ArrayError as error:
        again = _again(path, source, file) if file.pin and is_url(source) else {}
        raise WrongFileError(source, error.problem, **error.details | again) from None
    except CompressedFileError as error:
        damage = error.with_traceback(None)  # which would keep the decompressor in memory
    return Found(content.hexdigest(), size, damage, **own)


def _refusal(path: str, source: str | None, file: PublishedFile, found: Found) -> WrongFileError:
    """Why a file from a source, or without one a downloaded file, is not the published one."""
    from idxpng.dataset.file import identify  # not in the digest

    if file.sha256 == found.sha256:  # it is the pinned file, so the dataset file contradicts itself
        check_header(path, source, file)
    known = identify((found.sha256, found.content_sha256))
    what = f"this is {known[0]}" if known else _other_kind(path)
    what = what or (found.damage.problem if found.damage else "its content differs")
    if found.damage:
        details = found.damage.details
    elif found.size != file.content_bytes:
        details = {"expected": f"{file.content_bytes} bytes of content", "found": f"{found.size} bytes"}
    else:
        pins = [(kind, getattr(file, name), getattr(found, name)) for name, kind in DIGESTS.items()]
        kind, pin, digest = next(each for each in pins if each[1] not in (None, each[2]))
        details = {"expected": f"{kind} {pin}", "found": digest}
    return WrongFileError(source or path, f"not the right file: {what}", **details | _again(path, source, file))


def _other_kind(path: str) -> str | None:
    """What the content of a file is that is not an IDX file, if there is something to do about it."""
    with suppress(CompressedFileError), open_content(path) as stream:
        kind = file_kind(stream.read(START))
        return kind if kind and ":" in kind and not member_names(path) else None
    return None


def _again(path: str, source: str | None, file: PublishedFile) -> dict[str, Any]:
    """The advice for a wrong file; None for one that a server sent, since the user cannot repair that."""
    if not source:
        return {"todo": move_away(path)}
    todo = "take the published file" if file.pin else "copy or write the file again"
    return {"todo": None if is_url(source) else todo}


def _own_digests(path: str) -> dict[str, Any]:
    """Digests of a file's own bytes, by the keys of the dataset file."""
    blob = hashlib.sha1(b"blob %d\0" % os.path.getsize(path), usedforsecurity=False)
    md5 = partial(hashlib.md5, usedforsecurity=False)
    kinds: dict[str, Any] = {"sha256": "sha256", "git_blob": blob.copy, "md5": md5}
    return {name: digest_of(path, kind) for name, kind in kinds.items()}
