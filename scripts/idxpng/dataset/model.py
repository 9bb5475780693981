"""What is known about a dataset: its splits, the published files of each, its classes, and where it comes from."""

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path

from idxpng.errors import DataError
from idxpng.formats.compressed import ARRAYS, SUFFIXES
from idxpng.formats.idx import IdxHeader

PLAIN_SUFFIX = ".plain"
DOWNLOAD_SUFFIXES = (*SUFFIXES, *ARRAYS, PLAIN_SUFFIX)
ROLES = ("images", "labels")


@dataclass(frozen=True)
class PublishedFile:
    """One file of a split, and what is known about its bytes.

    ``file``: its published name. ``header``: that of the IDX file in it. ``bytes`` and ``sha256`` are those of the
    published file, ``content_sha256`` that of the IDX file in it; None where not pinned.
    ``git_blob`` and ``md5``: its identity in a Git repository and its MD5, where no SHA-256 is known. ``verified``:
    ``bytes`` when the facts were computed from the file, ``pinned`` when they were copied, None when neither is known.
    ``member``: its path inside ``archive``, the name and the size of a zip archive, if it is published in one; of an
    .npz file, which has no ``archive``, the array in it.
    """

    file: str
    header: IdxHeader
    bytes: int | None = None
    sha256: str | None = None
    content_sha256: str | None = None
    git_blob: str | None = None
    md5: str | None = None
    verified: str | None = None
    member: str | None = None
    archive: tuple[str, int] | None = None

    @property
    def content_bytes(self) -> int:
        """Bytes of the IDX file in it."""
        return self.header.file_size

    @property
    def pin(self) -> str | None:
        """The digest that decides whether it is the right file; None if none is known."""
        return self.content_sha256 or self.sha256 or self.git_blob or self.md5

    @property
    def content_pin(self) -> str | None:
        """The SHA-256 that the IDX file in it must have, if one is pinned."""
        as_it_is = self.content_sha256 is None and self.published.endswith(PLAIN_SUFFIX)
        return self.sha256 if as_it_is else self.content_sha256

    @property
    def any_packing(self) -> bool:
        """Whether it is right however it is compressed, as far as its digests tell: none is of its own bytes alone."""
        return bool(self.content_pin) or not self.pin

    @property
    def published(self) -> str:
        """Name under which the download is kept.

        A file that is published without compression gets a suffix there, since the name without one
        is that of the decompressed file.
        """
        return self.file if self.file.endswith((*SUFFIXES, *ARRAYS)) else self.file + PLAIN_SUFFIX

    @property
    def idx(self) -> str:
        """Name of the decompressed IDX file; that of an array in an .npz file has both names."""
        name = self.published.rpartition(".")[0].removesuffix(".npy")
        of_array = self.member and self.published.endswith(".npz")
        return f"{name}-{self.member}".removesuffix(".npy").replace("/", "-") if of_array else name


@dataclass(frozen=True)
class Split:
    """One part of a dataset: ``count`` images of ``shape`` (rows, columns) and their labels.

    ``file_count``: how many images its files have. A part of another split, its ``parent``, shares that split's files,
    and has the images from the first of ``rows`` up to but not including the second; both are None for other splits.
    ``archive_sha256``, ``tree_sha256``: digests of the archive of all its images, and of its directories of PNG files;
    None where not pinned.
    """

    count: int
    shape: tuple[int, int]
    images: PublishedFile
    labels: PublishedFile
    class_counts: tuple[int, ...] | None
    file_count: int
    parent: str | None = None
    rows: tuple[int, int] | None = None
    archive_sha256: str | None = None
    tree_sha256: str | None = None

    @property
    def files(self) -> tuple[PublishedFile, PublishedFile]:
        return self.images, self.labels

    @property
    def by_role(self) -> dict[str, PublishedFile]:
        return dict(zip(ROLES, self.files, strict=True))

    @property
    def headers(self) -> dict[str, IdxHeader]:
        """What the IDX files of images and labels begin with, by their role."""
        return {role: file.header for role, file in self.by_role.items()}

    @property
    def content_pins(self) -> dict[str, str]:
        """The SHA-256 that the IDX files of images and labels must have, by their role, where one is pinned."""
        return {role: file.content_pin for role, file in self.by_role.items() if file.content_pin}

    @property
    def unproven(self) -> list[str]:
        """The published names of files that are pinned, but not by the digest of the IDX file in them."""
        return list(dict.fromkeys(file.published for file in self.files if file.pin and not file.content_pin))


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """All that is known about one dataset.

    ``classes`` maps each label to its meaning, in order. ``orientation`` and ``label_columns`` are
    those of `LabeledImages`, ``label_type`` is numpy's name for the type of the numbers in the labels files. ``url``,
    ``creators`` and ``published`` (a year or a day) say where it comes from, None and empty where not known.
    ``source`` is how messages name the dataset file, and ``path`` where it is; relative mirrors are seen from there.
    """

    name: str
    title: str
    license: dict[str, str | None]
    attribution: str | None = None
    citation: str
    classes: dict[int, str]
    orientation: str = "upright"
    label_type: str
    label_columns: tuple[str, ...]
    mirrors: tuple[str, ...]
    splits: dict[str, Split]
    url: str | None = None
    creators: tuple[str, ...]
    published: str | None = None
    source: str
    path: Path = field(compare=False, repr=False)

    @cached_property  # otherwise planning many labels would take time in proportion to their square
    def labels(self) -> dict[str, int]:
        """Directory name of each label, zero-padded to the width of the largest, and its value."""
        width = len(str(max(self.classes)))
        return {f"{label:0{width}}": label for label in self.classes}

    def file(self, name: str) -> PublishedFile:
        """A file by its published or its decompressed name; DataError if the dataset has none."""
        if name not in self.files:
            expected = f"one of {', '.join(sorted(self.files))}"
            raise DataError(self.source, "the dataset has no such file", expected=expected, found=name)
        return self.files[name]

    def arrays(self, name: str) -> list[PublishedFile]:
        """All files of a published name, the largest first: several if it is an archive of arrays. As `file`."""
        return self.downloads[self.file(name).published]

    @cached_property  # for the same reason as `files`
    def downloads(self) -> dict[str, list[PublishedFile]]:
        """The files of each published name, see `arrays`."""
        found: dict[str, list[PublishedFile]] = {}
        for file in chain(*(split.files for split in self.whole_splits.values())):
            found.setdefault(file.published, []).append(file)
        return {name: sorted(files, key=lambda file: -file.content_bytes) for name, files in found.items()}

    def split(self, name: str) -> Split:
        """A split by its name; DataError if the dataset has none."""
        if name not in self.splits:
            expected = f"one of {', '.join(self.splits)}"
            raise DataError(self.source, "the dataset has no such split", expected=expected, found=name)
        return self.splits[name]

    @cached_property  # otherwise planning many labels would take time in proportion to their square
    def label_counts(self) -> dict[str, dict[str, int]]:
        """By split the number of images of each label, by the name of its directory; empty where not known."""
        splits = self.splits.items()
        return {name: dict(zip(self.labels, of.class_counts or (), strict=False)) for name, of in splits}

    @property
    def whole_splits(self) -> dict[str, Split]:
        """The splits that have files, which a run makes by default."""
        return {name: split for name, split in self.splits.items() if split.parent is None}

    def also_in(self, names: Collection[str], limit: int | None) -> dict[str, str]:
        """Of some splits, those whose images are all in another one of them too, and words that say so.

        ``limit``: of how many images of each: with it, those of a part need not be among those of its parent.
        """
        found = {}
        for name in names:
            parent, (first, end) = self.split(name).parent, self.splits[name].rows or (0, 0)
            if parent in names and (limit is None or first == 0 or end <= limit):
                found[name] = f" (also in {parent})"
        return found

    def mirror_places(self) -> list[str]:
        """The mirrors: URLs as they are, and directories as seen from here."""
        folder = self.path.parent
        return [mirror if "://" in mirror else str(folder / os.path.expanduser(mirror)) for mirror in self.mirrors]

    @cached_property  # otherwise planning many splits would take time in proportion to their square
    def files(self) -> dict[str, PublishedFile]:
        """The dataset's files by each name that they have on disk, published and decompressed.

        The published name of an archive of arrays is that of the largest.
        """
        files = chain(*map(reversed, self.downloads.values()))
        return {name: file for file in files for name in (file.published, file.idx)}
