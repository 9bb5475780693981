"""The check of a tree of PNG files against a split of a dataset: what it makes, and what differs."""

import hashlib
import os
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from idxpng import advice
from idxpng.dataset.model import ROLES, Dataset, Split
from idxpng.errors import DataError, move_away
from idxpng.files.digest import digest_of
from idxpng.formats.idx import IdxFile, IdxHeader
from idxpng.formats.labeled_images import LabeledImages
from idxpng.verify.png_tree import PngTree, Problems
from idxpng.verify.rebuilt_idx import StoredImages, check_columns, labels_digest


@dataclass(frozen=True)
class TreeCheck:
    """The check that a tree is a split of a dataset, or its first images, or those of some labels among them.

    Args:
        limit: how many images of the split to take, counted from the first; None for all.
        manifest: the CSV file of the split, for labels of several columns, or None.
        classes: the labels whose images the tree has; None for all.
        originals: the IDX files of images and labels, or where a run would make them; None if not given.
        top: the directory to which no advised command may add files: the tree, or one around it.
        tree: the directory with a directory for each label.
        name: that of the split.
    """

    dataset: Dataset
    limit: int | None
    manifest: str | None
    processes: int
    classes: Collection[int] | None
    originals: tuple[str, str] | None
    top: str
    tree: str
    name: str

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

    @cached_property  # so that all agree on it, even if another job makes them meanwhile
    def existing_originals(self) -> tuple[str, str] | None:
        """The originals, unless a run has not made them, since it may not need them."""
        made = advice.VARIABLE not in os.environ or all(map(os.path.exists, self.originals or ()))
        return self.originals if made else None

    @cached_property
    def pins(self) -> dict[str, str]:
        """The SHA-256 of the IDX files that the tree must make: as pinned, or else of the originals."""
        pins, originals = self.split.content_pins, dict(zip(ROLES, self.originals or (), strict=False))
        return {role: pins.get(role) or digest_of(originals[role]) for role in ROLES}

    @property
    def _first(self) -> int:
        return self.split.rows[0] if self.split.rows else 0

    @property
    def subject(self) -> str:
        """What the tree must be, as text."""
        published = "" if self.not_pinned else "published "
        part = f"{self.part} of the " if self.part else ""
        return f"{part}{published}images and labels of {self.dataset.title}, split {self.name}"

    @property
    def not_pinned(self) -> str:
        """The missing keys that would pin both files, and the dataset file, as text; empty if both are pinned."""
        keys = [f"splits.{self.name}.{role}" for role in ROLES if role not in self.split.content_pins]
        return f"content_sha256 of {' and '.join(keys)} in {self.dataset.source}" if keys else ""

    def rebuild(self) -> tuple[dict[str, str], Problems]:
        """The SHA-256 of the IDX files that a whole tree makes by itself, none where files have problems, and these.

        Where the dataset file has class counts, they show which labels have the wrong number of images.

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
            for problem in wrong:
                problems.add(*problem)
        found = {}
        if labels_sha256 is not None and not problems:
            found = {"images": images_digest.hexdigest(), "labels": labels_sha256}
        counts = tree.image_counts()
        for label, right in self.dataset.label_counts[self.name].items():
            if counts[label] != right:
                problems.add("wrong count", label, f"{counts[label]:,} images; expected {right:,}")
        return found, problems

    def compare(self, images: str, labels: str) -> tuple[Problems, int]:
        """What differs from the original IDX files, image by image, and how many images the tree has.

        Raises:
            DataError: when an original differs from the dataset file's description, and also from its digest where one
                is pinned; and as `check_columns`.
            IdxError: when it is not an IDX file.
        """
        dataset, split, tree, reading = self.dataset, self.split, self._tree(), self._stored_images()
        layout = dataset.orientation, dataset.label_columns, split.rows
        with LabeledImages(images, labels, *layout, limit=self.count) as originals:
            for role, header in split.headers.items():
                _check_original(getattr(originals, role), header, split.content_pins.get(role), dataset.source)
            problems = tree.find_images(self._labels(originals))
            for chunk, pixels, wrong in reading.read_all(tree, self.processes):
                for problem in wrong:
                    problems.add(*problem)
                known = {path for _, path, _ in wrong}
                for position, (index, path) in enumerate(chunk):
                    image = pixels[position * reading.size : (position + 1) * reading.size]
                    if path not in known and image != originals.images.read(index, index + 1):
                        problems.add("altered", path)
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
        labels = originals.classes()
        if self.classes is None:
            return labels
        return array("i", [label if label in self.classes else -1 for label in labels])

    def _stored_images(self) -> StoredImages:
        transposed = self.dataset.orientation == "transposed"
        rows, columns = self.split.shape[::-1] if transposed else self.split.shape
        return StoredImages(self.tree, rows, columns, transposed)


def _check_original(file: IdxFile, expected: IdxHeader, pinned: str | None, source: str) -> None:
    wanted, found = str(expected), str(file.header)
    if found == wanted and pinned:
        wanted, found = f"SHA-256 {pinned}", f"SHA-256 {digest_of(file.path)}"
    if found != wanted:
        wanted, todo = f"{wanted}, from {source}", move_away(file.path)
        raise DataError(file.path, "not the original IDX file", expected=wanted, found=found, todo=todo)
