"""Inputs, outputs, and parameters of the rules: which files a run makes, from which inputs, with which options.

A rule names methods, which Snakemake calls with the wildcards of a job.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from types import SimpleNamespace
from typing import Any

from idxpng.dataset.model import ROLES, Dataset, Split
from idxpng.errors import DataError
from idxpng.run.catalog import Catalog
from idxpng.run.config import SHOWN_AS, Config
from idxpng.run.folder_plan import FolderPlan

# Paths below a dataset's results folder. The target makes any of them again if it was deleted.
HEADER = "header/{split}.json"
MANIFEST = "manifest/{split}.csv"
SHARD = "webdataset/{split}-{shard}.tar"
_ALL = (
    HEADER,
    "header/{split}.crc32",
    "png/{split}/{label}",
    "manifest/{split}/{label}.csv",
    MANIFEST,
    "preview/{split}.png",
    "preview/{split}/first.png",
    "statistics/{split}.json",
    "statistics/{split}.svg",
    "duplicates.json",
    "index.html",
    "digests.js",
)
_PUBLISHED = ("parquet/{split}.parquet", "README.md", "croissant.json", "LICENSE", "CITATION", "provenance.json")
OUTPUTS = {
    "all": _ALL,
    "publish": (*_ALL, *_PUBLISHED),
    "webdataset": (SHARD, "webdataset/{split}.json"),
    "archive": ("archive/{split}.tar",),
    "npz": ("npz/{dataset}.npz",),
    "csv": ("csv/{split}.csv",),
    "verify": ("verify/{split}.json",),
    "checksums": ("SHA256SUMS",),
}


@dataclass(frozen=True)
class Plan:
    """What a run makes, and how.

    Raises:
        DataError: when the configuration names an unknown split, label, or dataset.
    """

    config: Config
    catalog: Catalog
    results: str
    resources: str

    def __post_init__(self) -> None:
        if os.path.abspath(self.results) == os.path.abspath(self.resources):
            problem, expected = "results and resources are one folder", "two folders"
            raise DataError(SHOWN_AS, problem, at="pathvars", expected=expected, found=self.results)
        datasets = self.catalog.configured.values()
        _check_known("split", "splits", self.config.splits, {name for each in datasets for name in each.splits})
        _check_known("label", "classes", self.config.classes, {label for each in datasets for label in each.classes})
        for dataset in datasets:
            self.labels(dataset)
        for name in self.config.mirrors:
            self.catalog.dataset(name, at="mirrors")

    @cached_property
    def folders(self) -> FolderPlan:
        """The same for folders of images that become IDX files."""
        return FolderPlan(self.config, self.catalog)

    # Which files

    def dataset_of(self, wildcards: Any) -> Dataset:
        """The dataset of a job."""
        return self.catalog.dataset(wildcards.dataset)

    def splits(self, dataset: Dataset) -> list[str]:
        """The requested splits of a dataset; by default, those with files of their own."""
        if not self.config.splits:
            return list(dataset.whole_splits)
        return [split for split in dataset.splits if split in self.config.splits]

    def some_splits(self, dataset: Dataset) -> list[str]:
        """The requested splits of a dataset; DataError if it has none of them."""
        if found := self.splits(dataset):
            return found
        problem, expected = f"{dataset.name} has none of these splits", f"some of {', '.join(dataset.splits)}"
        raise DataError(SHOWN_AS, problem, at="splits", expected=expected, found=", ".join(self.config.splits))

    def labels(self, dataset: Dataset) -> list[str]:
        """The directory names of the requested labels of a dataset; DataError if it has none of them."""
        only = self.config.classes
        labels = [name for name, label in dataset.labels.items() if not only or label in only]
        if not labels:
            problem, known = f"{dataset.name} has none of these labels", ", ".join(map(str, dataset.classes))
            found = ", ".join(map(str, only))
            raise DataError(SHOWN_AS, problem, at="classes", expected=f"some of {known}", found=found)
        return labels

    def expand(self, pattern: str, dataset: str | None = None, split: str | None = None) -> list[str]:
        """The paths that ``pattern`` gives for all requested datasets, splits, labels, and shards.

        Args:
            pattern: a path with some of the wildcards {dataset}, {split}, {label} and {shard}.
            dataset, split: only these, whether requested or not.
        """
        datasets = self.catalog.configured.values() if dataset is None else [self.catalog.dataset(dataset)]
        paths = []
        for each in datasets:
            labels = self.labels(each) if "{label}" in pattern else [""]
            for name in [split] if split else self.splits(each):
                shards = self.shards(each.splits[name]) if "{shard}" in pattern else [""]
                for label, shard in product(labels, shards):
                    paths.append(pattern.format(dataset=each.name, split=name, label=label, shard=shard))
        return list(dict.fromkeys(paths))

    def outputs(self, target: str, dataset: str | None = None) -> list[str]:
        """All that a target makes of ``dataset``, or of every requested dataset.

        `verify` also proves splits that were not requested, if there is a directory of their images. With a limit or
        classes it does not, because those directories may have other images.
        """
        paths = [path for below in OUTPUTS[target] for path in self.expand(f"<results>/{{dataset}}/{below}", dataset)]
        if target == "verify" and not (self.config.limit or self.config.classes):
            for each in self.catalog.configured.values() if dataset is None else [self.catalog.dataset(dataset)]:
                found = [split for split in each.splits if os.path.lexists(f"{self.results}/{each.name}/png/{split}")]
                paths += [f"<results>/{each.name}/verify/{split}.json" for split in found]
        return list(dict.fromkeys(paths))

    def each(self, pattern: str) -> Callable[[Any], list[str]]:
        """An input function: ``pattern`` expanded for the dataset of a job, and for its split if it has one."""
        return lambda wildcards: self.expand(pattern, wildcards.dataset, wildcards.get("split"))

    def published(self, wildcards: Any) -> str:
        """The download that an IDX file comes from."""
        return f"<resources>/{wildcards.dataset}/{self.dataset_of(wildcards).file(wildcards.idx).published}"

    def idx_files(self, wildcards: Any) -> dict[str, str]:
        """The images and the labels of a split, decompressed."""
        files = self._split(wildcards).by_role
        return {role: f"<resources>/{wildcards.dataset}/{file.idx}" for role, file in files.items()}

    def validated_split(self, wildcards: Any) -> dict[str, str]:
        """Images and labels of a split, and what `validate` made: its header, and beside it the checksums."""
        header = f"<results>/{wildcards.dataset}/{HEADER.format(split=wildcards.split)}"
        return self.idx_files(wildcards) | {"header": header, "checksums": header.replace(".json", ".crc32")}

    def validated_splits(self, wildcards: Any) -> dict[str, list[str]]:
        """The same of all requested splits of a dataset, a list of each."""
        dataset = wildcards.dataset
        names = self.some_splits(self.dataset_of(wildcards))
        found = [self.validated_split(SimpleNamespace(dataset=dataset, split=name)) for name in names]
        return {what: [files[what] for files in found] for what in (*ROLES, "header", "checksums")}

    def witnesses(self, wildcards: Any) -> list[str]:
        """The downloads of a split that its IDX files are compared with, where no digest of their content is pinned."""
        files = [file.published for file in self._split(wildcards).files if not file.content_pin]
        return [f"<resources>/{wildcards.dataset}/{name}" for name in dict.fromkeys(files)]

    def needed_originals(self, wildcards: Any) -> dict[str, str]:
        """The IDX files of a split, if a proof needs them: without pinned digests, or for a part of the images."""
        split = self._split(wildcards)
        whole = self.image_count(split) == split.file_count and not self.config.classes
        if whole and all(file.pin for file in split.files):
            return {}
        return self.idx_files(wildcards)

    def shards(self, split: Split) -> list[str]:
        """The numbers of a split's shards, as in their file names."""
        return [f"{number:06}" for number in range(-(-self.image_count(split) // self.config.shard_size))]

    def image_count(self, split: Split) -> int:
        """The number of images of a split that the run makes, before labels are chosen."""
        return min(split.count, self.config.limit or split.count)

    def label_count(self, wildcards: Any) -> int:
        """About how many images of a split have the label of a job."""
        dataset, split = self.dataset_of(wildcards), self._split(wildcards)
        counts = dataset.label_counts[wildcards.split]
        of_label = counts.get(wildcards.label, split.count / len(dataset.labels))
        return round(of_label / split.count * self.image_count(split))

    def splits_of(self, wildcards: Any) -> list[Split]:
        """The split of a job; for a single file, the largest; without either, all requested splits of its dataset."""
        dataset = self.dataset_of(wildcards)
        if name := getattr(wildcards, "split", None):
            return [dataset.split(name)]
        if hasattr(wildcards, "published") or hasattr(wildcards, "idx"):
            return [max(dataset.splits.values(), key=lambda split: split.file_count)]
        return [dataset.split(name) for name in self.splits(dataset)]

    def mirrors(self, dataset: str) -> list[str]:
        """The mirrors of a dataset, first choice first: URLs, and directories as seen from here."""
        return [*self.config.mirrors.get(dataset, ()), *self.catalog.dataset(dataset).mirror_places()]

    # Options of the scripts

    def dataset_file(self, wildcards: Any) -> str:
        """The path of a dataset's file."""
        return str(self.dataset_of(wildcards).path)

    def limit_option(self, wildcards: Any) -> list[str]:
        """The option that limits the images of each split."""
        return _option("limit", self.config.limit)

    def selection_options(self, wildcards: Any) -> list[str]:
        """The options that select images of a split: limit, and the requested labels that its dataset has."""
        if not self.config.classes:
            return self.limit_option(wildcards)
        dataset = self.dataset_of(wildcards)
        classes = (str(dataset.labels[name]) for name in self.labels(dataset))
        return [*self.limit_option(wildcards), "--classes", *classes]

    def archive_options(self, wildcards: Any) -> list[str]:
        """The options that select images, and the pinned digest of the archive if these are all images of the split."""
        split = self._split(wildcards)
        whole = self.image_count(split) == split.count and not self.config.classes
        return [*self.selection_options(wildcards), *_option("sha256", split.archive_sha256 if whole else None)]

    def csv_options(self, wildcards: Any) -> list[str]:
        """The options that select images, and the one for a line of column names."""
        return [*self.selection_options(wildcards), *(["--column-names"] if self.config.csv_header else [])]

    def shard_options(self, wildcards: Any) -> list[str]:
        """The options for how the images of a split are spread over its shards."""
        return [
            *_option("shard-size", self.config.shard_size),
            *_option("shuffle-seed", self.config.shuffle_seed),
            *self.selection_options(wildcards),
        ]

    def originals_options(self, wildcards: Any) -> list[str]:
        """The options for the IDX files of a split, which name images that differ; they may be missing."""
        files = {role: path.replace("<resources>", self.resources) for role, path in self.idx_files(wildcards).items()}
        return [word for role, path in files.items() for word in _option(role, path)]

    def manifest_option(self, wildcards: Any) -> list[str]:
        """The option for the manifest, for labels with several columns, which directory names cannot express."""
        several = len(self.dataset_of(wildcards).label_columns) > 1
        path = f"{self.results}/{wildcards.dataset}/{MANIFEST.format(split=wildcards.split)}"
        return _option("manifest", path if several else None)

    def _split(self, wildcards: Any) -> Split:
        return self.dataset_of(wildcards).split(wildcards.split)


def _check_known(what: str, key: str, requested: Iterable[Any], known: set[Any]) -> None:
    for one in requested:
        if one not in known:
            expected = f"some of {', '.join(map(str, sorted(known)))}"
            raise DataError(SHOWN_AS, f"no such {what}", at=key, expected=expected, found=one)


def _option(name: str, value: int | str | None) -> list[str]:
    return [] if value is None else [f"--{name}", str(value)]
