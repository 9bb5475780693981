"""What the rules ask: which files a run makes, from which others, and with which options of the scripts.

Snakemake calls the methods that a rule names as functions of its wildcards. It looks at their parameters, and so
``wildcards`` comes first, and ``output`` stands where what is returned must not make a job run again: Snakemake
compares no function of the output with that of the last run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from idxpng.dataset.model import Dataset, Split, content_digests
from idxpng.formats.compressed import SUFFIXES
from idxpng.run.catalog import Catalog
from idxpng.run.config import SHOWN_AS, Config, ConfigError
from idxpng.text import is_url

# What `describe` and `card` tell of a dataset beside its images.
TERMS = ("title", "license", "attribution", "citation", "url", "creators", "published")


class Plan:
    """What a run is asked for.

    Args:
        config: the checked configuration.
        catalog: the datasets that it names.

    Raises:
        ConfigError: when it asks for a split, or names mirrors for a dataset, that nobody knows.
    """

    def __init__(self, config: Config, catalog: Catalog) -> None:
        self.config = config
        self.catalog = catalog
        catalog.check_splits(config.splits)
        catalog.check_classes(config.classes)
        for dataset in catalog.configured.values():
            self.labels(dataset)
        for name in config.mirrors:
            catalog.dataset(name, at="mirrors")

    # Which files

    def splits(self, dataset: Dataset) -> list[str]:
        """The splits of a dataset that the run is asked for; unless it says which, those with files of their own."""
        if not self.config.splits:
            return list(dataset.whole_splits)
        return [split for split in dataset.splits if split in self.config.splits]

    def labels(self, dataset: Dataset) -> list[str]:
        """The names of the directories of the labels of a dataset that the run is asked for.

        Raises:
            ConfigError: when it has none of them.
        """
        only = self.config.classes
        labels = [name for name, label in dataset.labels.items() if not only or label in only]
        if not labels:
            raise ConfigError(
                SHOWN_AS,
                f"{dataset.name} has none of these labels",
                at="classes",
                expected=f"some of {', '.join(map(str, dataset.classes))}",
                found=", ".join(map(str, only)),
            )
        return labels

    def expand(self, pattern: str, dataset: str | None = None, split: str | None = None) -> list[str]:
        """``pattern`` with its wildcards filled with all that the run is asked for.

        Given ``dataset``, or ``split`` too, only those, whether the run is asked for them or not.

        Args:
            pattern: a path with some of the wildcards {dataset}, {split}, {label} and {shard}.
        """
        datasets = self.catalog.configured.values() if dataset is None else [self.catalog.dataset(dataset)]
        filled: dict[str, None] = {}
        for each in datasets:
            labels = self.labels(each) if "{label}" in pattern else [""]
            for name in [split] if split else self.splits(each):
                shards = self.shards(each.splits[name]) if "{shard}" in pattern else [""]
                for label in labels:
                    for shard in shards:
                        path = pattern.format(dataset=each.name, split=name, label=label, shard=shard)
                        filled[path] = None
        return list(filled)

    def each(self, pattern: str) -> Callable[[Any], list[str]]:
        """An input function: ``pattern`` filled for the dataset of a job, and for its split where it has one."""

        def expanded(wildcards: Any) -> list[str]:
            return self.expand(pattern, wildcards.dataset, wildcards.get("split"))

        return expanded

    def published(self, wildcards: Any) -> str:
        """The download that an IDX file comes from."""
        return (
            f"<resources>/{wildcards.dataset}/{self.catalog.dataset(wildcards.dataset).file(wildcards.idx).published}"
        )

    def idx_files(self, wildcards: Any) -> dict[str, str]:
        """The images and the labels of a split, decompressed."""
        split = self.catalog.dataset(wildcards.dataset).split(wildcards.split)
        return {
            role: f"<resources>/{wildcards.dataset}/{file.idx}"
            for role, file in zip(("images", "labels"), split.files, strict=True)
        }

    def content_witnesses(self, wildcards: Any) -> list[str]:
        """The downloads of a split that say what its IDX files must be, where only their own digest is pinned."""
        files = self.catalog.dataset(wildcards.dataset).split(wildcards.split).files
        names = [file.published for file in files if file.pinned and not file.content_sha256]
        return [f"<resources>/{wildcards.dataset}/{name}" for name in names]

    def needed_originals(self, wildcards: Any) -> dict[str, str]:
        """The IDX files of a split, where a proof takes them: where no digest is pinned, or of a part of the images."""
        split = self.catalog.dataset(wildcards.dataset).split(wildcards.split)
        whole = self.image_count(split) == split.file_count and not self.config.classes
        if whole and len(content_digests(split.files)) == len(split.files):
            return {}
        return self.idx_files(wildcards)

    def all_idx_files(self, wildcards: Any) -> dict[str, list[str]]:
        """The images and the labels of each split of a dataset, decompressed."""
        dataset = self.catalog.dataset(wildcards.dataset)
        files = [dataset.split(name).files for name in self.splits(dataset)]
        return {
            role: [f"<resources>/{dataset.name}/{file.idx}" for file in role_files]
            for role, role_files in zip(("images", "labels"), zip(*files, strict=True), strict=True)
        }

    def shards(self, split: Split) -> list[str]:
        """The numbers of a split's shards, as their names spell them."""
        return [f"{number:06}" for number in range(-(-self.image_count(split) // self.config.shard_size))]

    def image_count(self, split: Split) -> int:
        """How many images of a split the run makes."""
        return min(split.count, self.config.limit or split.count)

    def export_count(self, jobs: Iterable[Any]) -> int:
        """How many PNG files the export jobs among some jobs of Snakemake make."""
        count = 0
        for job in jobs:
            if job.rule.name.endswith("export"):
                dataset = self.catalog.dataset(job.wildcards.dataset)
                split = dataset.splits[job.wildcards.split]
                share = 1 / len(dataset.classes)
                if split.class_counts is not None:
                    share = split.class_counts[list(dataset.labels).index(job.wildcards.label)] / split.count
                count += round(share * self.image_count(split))
        return count

    # Options of the scripts

    def dataset_file(self, wildcards: Any, output: Any) -> str:
        """The path of a dataset's file."""
        if published := wildcards.get("published"):
            self.catalog.bring(wildcards.dataset, published)
        return self.catalog.file(wildcards.dataset)

    def dataset_entry(self, wildcards: Any) -> str:
        """A dataset as the configuration names it, for a command that someone can type."""
        return self.catalog.entries.get(wildcards.dataset, wildcards.dataset)

    def limit_option(self, wildcards: Any) -> list[str]:
        return _option("limit", self.config.limit)

    def license_text_option(self, wildcards: Any, output: Any) -> list[str]:
        """Where the words of a dataset's license are."""
        return _option("license-text", self.catalog.license_text(wildcards.dataset))

    def selection_options(self, wildcards: Any) -> list[str]:
        """Which images of a split count, for what is made of several labels."""
        classes = map(str, self.config.classes)
        return [*self.limit_option(wildcards), *(["--classes", *classes] if self.config.classes else [])]

    def archive_options(self, wildcards: Any) -> list[str]:
        """Which images of a split count, and if these are all, what their archive must be."""
        split = self.catalog.dataset(wildcards.dataset).split(wildcards.split)
        whole = self.image_count(split) == split.count and not self.config.classes
        return [*self.selection_options(wildcards), *_option("sha256", split.archive_sha256 if whole else None)]

    def csv_options(self, wildcards: Any) -> list[str]:
        """Whether a CSV file begins with the names of its columns."""
        return ["--column-names"] if self.config.csv_header else []

    def shard_options(self, wildcards: Any) -> list[str]:
        """How the images of a split are spread over its shards."""
        return [
            *_option("shard-size", self.config.shard_size),
            *_option("shuffle-seed", self.config.shuffle_seed),
            *self.selection_options(wildcards),
        ]

    # What makes a job run again when it changes, beside its options. The scripts read it from the dataset file.

    def download_facts(self, wildcards: Any) -> dict[str, Any]:
        """What a download must be; and of files that nothing pins, whether the local copy is another than last time."""
        file = self.catalog.dataset(wildcards.dataset).file(wildcards.published)
        facts = {
            key: value for key, value in vars(file).items() if value is not None and key not in ("verified", "header")
        }
        if not file.pinned:
            facts["local"] = self._local_copies(wildcards.dataset, file.idx)
        return facts

    def content_facts(self, wildcards: Any) -> dict[str, Any]:
        """What the content of a download must be."""
        file = self.catalog.dataset(wildcards.dataset).file(wildcards.idx)
        return {"size": file.content_bytes, "pins": [file.content_sha256, file.sha256, file.git_blob]}

    def split_facts(self, wildcards: Any) -> dict[str, Any]:
        """What must be true of a split, and what later steps must know of its dataset."""
        dataset = self.catalog.dataset(wildcards.dataset)
        split = self.catalog.dataset(wildcards.dataset).split(wildcards.split)
        return {
            "count": split.count,
            "shape": split.shape,
            "classes": dataset.classes,
            "class_counts": split.class_counts,
            "label_columns": dataset.label_columns,
            "orientation": dataset.orientation,
            "sha256": [file.content_sha256 for file in split.files],
        } | ({"rows": split.rows} if split.rows else {})

    def terms(self, wildcards: Any) -> str:
        """A digest of what a dataset is and under which terms: another one makes its page and card again.

        Not the words themselves: Snakemake puts parameters into its report as they are, where words could be a script.
        """
        dataset = self.catalog.dataset(wildcards.dataset)
        terms = {key: getattr(dataset, key) for key in TERMS}
        return hashlib.sha256(json.dumps(terms).encode()).hexdigest()

    def _local_copies(self, dataset: str, idx: str) -> list[str]:
        """Name, size and time of change of each file in a directory named as mirror that may be this one."""
        mirrors = (*self.config.mirrors.get(dataset, ()), *self.catalog.dataset(dataset).mirror_places())
        stem = _plain_name(idx)
        found = []
        for mirror in mirrors:
            if is_url(mirror):
                continue
            folder = Path(unquote(urlsplit(mirror).path) if mirror.startswith("file://") else mirror)
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                if _plain_name(path.name) == stem and path.is_file():
                    state = path.stat()
                    found.append(f"{path.name} {state.st_size} {state.st_mtime_ns}")
        return found


def _option(name: str, value: int | str | None) -> list[str]:
    return [] if value is None else [f"--{name}", str(value)]


def _plain_name(name: str) -> str:
    """The name of an IDX file without its compression, and with either spelling of its type."""
    stem, suffix = os.path.splitext(name)
    return (stem if suffix in SUFFIXES else name).replace(".idx", "-idx")
