"""The claim that a tree of PNG files is a split of a dataset: what it must make, what it makes, and what differs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from idxpng.dataset import Dataset, Split
from idxpng.originals import ROLES, Originals, headers, pins
from idxpng.png_tree import PngTree
from idxpng.problems import Problems
from idxpng.rebuilt import StoredImages, labels_digest, start


@dataclass(frozen=True)
class Claim:
    """The claim that a tree is the first ``count`` images of a split of a dataset.

    Args:
        tree: the directory with a directory for each label.
        dataset, split: what it is said to be; ``split`` by name.
        count: how many images the tree must have.
        images, labels: the original IDX files, or None.
        manifest: the CSV file of the split, for labels of several columns, or None.
        processes: how many processes read images.
    """

    tree: str
    dataset: Dataset
    split: str
    count: int
    images: str | None = None
    labels: str | None = None
    manifest: str | None = None
    processes: int = 1

    @property
    def facts(self) -> Split:
        """What the dataset file says of the split."""
        return self.dataset.splits[self.split]

    @property
    def whole(self) -> bool:
        """Whether it is about all images of the split."""
        return self.count == self.facts.count

    @property
    def pins(self) -> dict[str, str]:
        """The pinned SHA-256 of the content of ``images`` and ``labels``, where there is one."""
        return pins(self.facts.files)

    @property
    def pinned(self) -> bool:
        """Whether both are pinned."""
        return len(self.pins) == len(ROLES)

    def expected(self) -> dict[str, str] | None:
        """The SHA-256 of the IDX files that the tree must make, or None when that takes originals that are not given.

        Raises:
            OriginalError: when they are needed, and are not the pinned ones.
        """
        if self.whole and self.pinned:
            return self.pins
        if self.images is None:
            return None
        with self._originals() as originals:
            return originals.digests(self.count)

    def rebuild(self) -> tuple[dict[str, str] | None, PngTree, Problems]:
        """The SHA-256 of the IDX files that the tree makes by itself, or None where there is a problem with it.

        Raises:
            RebuildError: when there are no numbers for other columns of labels.
        """
        tree = self._tree()
        problems = tree.survey()
        header = headers(self.dataset, self.split, self.count)
        columns = self.dataset.label_columns
        of_labels = None if problems else labels_digest(header["labels"], tree, columns, self.manifest)
        of_images = start(header["images"])
        for _, images, wrong in self._stored_images().read_all(tree, self.processes):
            of_images.update(images)
            for kind, path, detail in wrong:
                problems.add(kind, path, detail, [path.partition("/")[0]])
        if of_labels is None or problems:
            return None, tree, problems
        return {"images": of_images.hexdigest(), "labels": of_labels}, tree, problems

    def compare(self) -> Problems:
        """What differs from the originals, image by image.

        Raises:
            OriginalError: when they are not the pinned ones.
        """
        tree, reading = self._tree(), self._stored_images()
        with self._originals() as originals:
            problems = tree.survey(originals.classes(self.count))
            for chunk, images, wrong in reading.read_all(tree, self.processes):
                differing = {path: (kind, detail) for kind, path, detail in wrong}
                for position, (index, path) in enumerate(chunk):
                    image = images[position * reading.size : (position + 1) * reading.size]
                    if path not in differing and image != originals.images.read(index, index + 1):
                        differing[path] = "altered", ""
                for path, (kind, detail) in differing.items():
                    problems.add(kind, path, detail, [path.partition("/")[0]])
        return problems

    def _tree(self) -> PngTree:
        return PngTree(self.tree, self.dataset.labels, self.facts.count, self.count)

    def _stored_images(self) -> StoredImages:
        rows, columns = self.facts.shape
        if self.dataset.orientation == "transposed":
            return StoredImages(self.tree, columns, rows, transposed=True)
        return StoredImages(self.tree, rows, columns, transposed=False)

    @contextmanager
    def _originals(self) -> Iterator[Originals]:
        if self.images is None or self.labels is None:
            raise ValueError("both originals are needed")
        with Originals(self.images, self.labels, self.dataset, self.split) as originals:
            yield originals
