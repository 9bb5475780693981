"""The check of a tree of PNG files against a split of a dataset: what it makes, and what differs."""

import hashlib
import os
from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from idxpng.dataset.model import ROLES, Dataset, Split
from idxpng.errors import DataError
from idxpng.files.digest import digest_of
from idxpng.formats.idx import IdxFile, IdxHeader
from idxpng.formats.labeled_images import LabeledImages
from idxpng.verify.png_tree import PngTree, Problems
from idxpng.verify.rebuilt_idx import StoredImages, check_columns, labels_digest


@dataclass(frozen=True)
class TreeCheck:
    """The check that a tree is a split of a dataset, or its first images, or those of some labels among them.

    Args:
        tree: the directory with a directory for each label.
        limit: how many images of the split to take, counted from the first; None for all.
        manifest: the CSV file of the split, for labels of several columns, or None.
        classes: the labels whose images the tree has; None for all.
    """

    tree: str
    dataset: Dataset
    name: str
    limit: int | None = None
    manifest: str | None = None
    processes: int = 1
    classes: Collection[int] | None = None

    @property
    def count(self) -> int:
        """How many images the tree must have, before labels are chosen."""
        return min(self.limit or self.split.count, self.split.count)

    @property
    def part(self) -> str:
        """The part of the images in the files that it is about, as text; empty for all of them."""
        if self.classes is None and self.count == self.split.file_count:
            return ""
        rows = f"rows {self._first:,} to {self._first + self.count - 1:,}"
        labels = " or ".join(map(str, self.classes or ()))
        return f"{rows} with label {labels}" if labels else rows

    @property
    def split(self) -> Split:
        return self.dataset.splits[self.name]

    @property
    def _first(self) -> int:
        return self.split.rows[0] if self.split.rows else 0

    @property
    def not_pinned(self) -> str:
        """The missing keys that would pin both files, and the dataset file, as text; empty if both are pinned."""
        keys = [f"splits.{self.name}.{role}" for role in ROLES if role not in self.split.content_pins]
        return f"content_sha256 of {' and '.join(keys)} in {self.dataset.source}" if keys else ""

    def rebuild(self) -> tuple[dict[str, str] | None, Problems]:
        """The SHA-256 of the IDX files that a whole tree makes by itself, or None where there is a problem with it.

        Where the dataset file has class counts, they show which labels have a problem.

        Raises:
            DataError: when the manifest lacks numbers for further columns of labels.
        """
        tree = self._tree()
        problems = tree.find_images()
        headers, columns = self.split.headers, self.dataset.label_columns
        labels_sha256 = None if problems else labels_digest(headers["labels"], tree, columns, self.manifest)
        images_digest = hashlib.sha256(headers["images"].to_bytes())
        for _, images, wrong in self._stored_images().read_all(tree, self.processes):
            images_digest.update(images)
            for kind, path, detail in wrong:
                problems.add(kind, path, detail, [path.partition("/")[0]])
        if labels_sha256 is not None and not problems:
            return {"images": images_digest.hexdigest(), "labels": labels_sha256}, problems
        counts = self.split.class_counts
        if counts is not None:
            found = tree.image_counts().items()
            problems.labels |= {label for (label, count), right in zip(found, counts, strict=True) if count != right}
        return None, problems

    def compare(self, images: str, labels: str) -> tuple[Problems, int]:
        """What differs from the original IDX files, image by image, and how many images the tree has.

        Raises: see `check_columns` and `_opened`.
        """
        tree, reading = self._tree(), self._stored_images()
        with self._opened(images, labels) as originals:
            problems = tree.find_images(self._labels(originals))
            for chunk, pixels, wrong in reading.read_all(tree, self.processes):
                differing = {path: (kind, detail) for kind, path, detail in wrong}
                for position, (index, path) in enumerate(chunk):
                    image = pixels[position * reading.size : (position + 1) * reading.size]
                    if path not in differing and image != originals.images.read(index, index + 1):
                        differing[path] = "altered", ""
                for path, (kind, detail) in differing.items():
                    problems.add(kind, path, detail, [path.partition("/")[0]])
            if originals.extra_columns and not problems:
                check_columns(tree, self.manifest, originals)
        return problems, sum(tree.image_counts().values())

    @property
    def labels(self) -> dict[str, int]:
        """The directory and the value of each label whose images the tree must have."""
        labels = self.dataset.labels.items()
        return {name: label for name, label in labels if self.classes is None or label in self.classes}

    @property
    def example(self) -> str:
        """The path of an image below the tree, which shows how many digits names have."""
        return f"{next(iter(self.labels))}/{7:0{self._tree().width}}.png"

    def directories(self) -> dict[str, tuple[int, int]]:
        """The inode of each entry of the tree, and when it changed, which differs once files in it were replaced.

        The inode does not suffice: a new directory can get that of a removed one.
        """
        with os.scandir(self.tree) as entries:
            return {entry.name: (entry.inode(), entry.stat(follow_symlinks=False).st_ctime_ns) for entry in entries}

    def _tree(self) -> PngTree:
        return PngTree(self.tree, self.labels, self.split.file_count, self.count, self._first)

    def _labels(self, originals: LabeledImages) -> Sequence[int]:
        """The label of each image, and -1 for each that the tree must not have."""
        labels = originals.classes(self.count)
        if self.classes is None:
            return labels
        return array("i", [label if label in self.classes else -1 for label in labels])

    def _stored_images(self) -> StoredImages:
        transposed = self.dataset.orientation == "transposed"
        rows, columns = self.split.shape[::-1] if transposed else self.split.shape
        return StoredImages(self.tree, rows, columns, transposed)

    @contextmanager
    def _opened(self, images: str, labels: str) -> Iterator[LabeledImages]:
        """Open the originals, once they are known to be the pinned ones where any are pinned.

        Raises:
            DataError: when a file differs from the dataset file's description.
            IdxError: when it is not an IDX file.
        """
        for path in (images, labels):
            if not os.path.isfile(path):
                raise DataError(path, "file not found")
        dataset, split = self.dataset, self.split
        with LabeledImages(images, labels, dataset.orientation, dataset.label_columns, split.rows) as originals:
            for role, header in split.headers.items():
                _check_original(getattr(originals, role), header, split.content_pins.get(role), dataset.source)
            yield originals


def _check_original(file: IdxFile, expected: IdxHeader, pinned: str | None, source: str) -> None:
    wanted, found = str(expected), str(file.header)
    if found == wanted and pinned:
        wanted, found = f"SHA-256 {pinned}", f"SHA-256 {digest_of(file.path)}"
    if found != wanted:
        todo = "move it away, and make it again from the published file, such as by the target all"
        raise DataError(file.path, "not the original", expected=f"{wanted}, from {source}", found=found, todo=todo)
