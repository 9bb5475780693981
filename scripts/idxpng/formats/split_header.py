"""What `validate` found in a split, and all that later steps must know of its dataset: ``header/{split}.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from idxpng.errors import DataError
from idxpng.formats.labeled_images import LabeledImages

KEYS = ("dataset", "split", "orientation", "label_columns", "images", "labels", "class_names", "class_counts")


class SplitHeader(NamedTuple):
    """One split of a dataset, its IDX files checked.

    ``orientation`` and ``label_columns``: those of `LabeledImages`. ``images``, ``labels``: of each IDX file its
    ``file`` name, ``magic`` number, ``type``, ``dims``, ``bytes`` and ``content_sha256``. ``class_names``: what each
    label means, by the name of its directory, in the order of the labels; ``class_counts``: its number of images.
    ``rows``: of a split that is a part of the files, its first image there and the one after its last, from 0.
    """

    dataset: str
    split: str
    orientation: str
    label_columns: list[str]
    images: dict[str, Any]
    labels: dict[str, Any]
    class_names: dict[str, str]
    class_counts: dict[str, int]
    rows: list[int] | None = None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SplitHeader:
        """Read what `validate` wrote.

        Raises:
            DataError: when it is not such a file.
        """
        try:
            document = json.loads(Path(path).read_bytes())
            return cls(**{key: document[key] for key in KEYS}, rows=document.get("rows"))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                path,
                "not a header made by validate",
                expected=f"JSON with the keys {', '.join(KEYS)}",
                found=f"{type(error).__name__}: {error}",
                todo="delete it and run again, or make it by hand: python scripts/validate.py --help",
            ) from None

    @property
    def directories(self) -> dict[int, str]:
        """The name of each label's directory."""
        return {int(name): name for name in self.class_names}

    def names(self, only: Collection[int] | None = None) -> dict[int, str]:
        """What each label means; with ``only``, each of these."""
        names = {int(label): name for label, name in self.class_names.items()}
        return {label: name for label, name in names.items() if only is None or label in only}

    def label(self, directory: str) -> int:
        """The value in the labels file, from the name of its directory.

        Raises:
            DataError: when no label has this name.
        """
        if directory not in self.class_names:
            names = list(self.class_names)
            raise DataError(self.dataset, "no such label", expected=f"one of {', '.join(names)}", found=directory)
        return int(directory)

    def open(self, images: str | os.PathLike[str], labels: str | os.PathLike[str]) -> LabeledImages:
        """The split's two IDX files, open for reading."""
        return LabeledImages(images, labels, self.orientation, self.label_columns, self.rows)


class Selection(NamedTuple):
    """The images of a split that a script takes: the first ``limit`` or all, and of these some ``classes`` or all.

    ``images``, ``labels``: the decompressed IDX files; ``header``: what `validate` wrote about them.
    """

    images: str
    labels: str
    header: str
    limit: int | None = None
    classes: Collection[int] | None = None
