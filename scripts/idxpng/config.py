"""What a run is asked for: the checked configuration, and the datasets that it names."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from idxpng.dataset import Dataset, DatasetError, PublishedFile, Split, check, check_mirror, load, read_yaml

SHOWN_AS = "configuration"


class WorkflowConfig:
    """The configuration of a run, and what follows from it for the Snakefile.

    Args:
        config: as Snakemake has it, from config.yaml, --config or an importing workflow.
        source: gives the local path of one of the workflow's own files.

    Attributes:
        datasets: the configured datasets by name.
        limit: how many images of each split are wanted, or None.
        shard_size, shuffle_seed: how `pack` packs them.

    Raises:
        DatasetError: when the configuration or a dataset file that it names has a mistake.
    """

    def __init__(self, config: dict[str, Any], source: Callable[[str], str]) -> None:
        self._started = time.monotonic()
        self._source = source
        self._dataset_schema = read_yaml(source("schemas/dataset.schema.yaml"), "schemas/dataset.schema.yaml")
        schema = read_yaml(source("schemas/config.schema.yaml"), "schemas/config.schema.yaml")
        check(config, schema, SHOWN_AS)
        settings = {key: of_key["default"] for key, of_key in schema["properties"].items() if "default" in of_key}
        settings |= config
        limit = settings["limit"]
        self.limit = None if limit is None else int(limit)  # JSON schemas take 10.0 for an integer
        self.shard_size = int(settings["shard_size"])
        self.shuffle_seed = settings["shuffle_seed"]
        self.datasets: dict[str, Dataset] = {}
        self._entries: dict[str, str] = {}  # how the configuration spells each of them
        self._known: dict[str, Dataset] = {}
        for entry in _as_list(settings["datasets"]):
            dataset = self._load(entry)
            if dataset.name in self.datasets:
                raise DatasetError(
                    SHOWN_AS,
                    "two datasets have the same name",
                    at="datasets",
                    found=dataset.name,
                    todo="rename one of the files",
                )
            self.datasets[dataset.name] = dataset
            self._entries[dataset.name] = entry
        self._known |= self.datasets
        self._splits = _as_list(settings["splits"])
        of_datasets = {split for dataset in self.datasets.values() for split in dataset.splits}
        for split in self._splits:
            if split not in of_datasets:
                raise DatasetError(
                    SHOWN_AS,
                    "no such split",
                    at="splits",
                    expected=f"some of {', '.join(sorted(of_datasets))}",
                    found=split,
                )
        self._mirrors = {name: _as_list(mirrors) for name, mirrors in (settings["mirrors"] or {}).items()}
        for name, mirrors in self._mirrors.items():
            self.dataset(name)  # which is known, or the name is a mistake
            for mirror in mirrors:
                check_mirror(mirror, SHOWN_AS)

    def _load(self, entry: str) -> Dataset:
        if entry.endswith((".yaml", ".yml")):
            return load(entry, self._dataset_schema, locate=lambda path: str(Path(entry).parent / path))
        shown_as = f"datasets/{entry}.yaml"
        path = self._source(shown_as)
        if not Path(path).is_file():
            raise DatasetError(
                SHOWN_AS,
                "no such dataset",
                at="datasets",
                expected="a name from the folder datasets/, or the path of a file of your own, such as my/digits.yaml",
                found=entry,
            )
        return load(path, self._dataset_schema, locate=lambda path: self._source(f"datasets/{path}"), shown_as=shown_as)

    def dataset(self, name: str) -> Dataset:
        """A dataset by name: a configured one, or else one of the workflow's own, so that any can be a target."""
        if name not in self._known:
            self._known[name] = self._load(name)
        return self._known[name]

    def split(self, dataset: str, split: str) -> Split:
        splits = self.dataset(dataset).splits
        if split not in splits:
            raise DatasetError(
                self.dataset(dataset).source, "no such split", expected=f"one of {', '.join(splits)}", found=split
            )
        return splits[split]

    def _file(self, dataset: str, name: str) -> PublishedFile:
        files = self.dataset(dataset).files()
        if name not in files:
            raise DatasetError(
                self.dataset(dataset).source, "no such file", expected=f"one of {', '.join(sorted(files))}", found=name
            )
        return files[name]

    def pinned(self, dataset: str, published: str) -> dict[str, Any]:
        """What `download` must know of a published file."""
        facts = vars(self._file(dataset, published))
        return {key: value for key, value in facts.items() if value is not None and key != "verified"}

    def published(self, dataset: str, idx: str, path: str) -> str:
        """Where the published form of an IDX file lies, given the pattern ``path``."""
        return path.format(dataset=dataset, published=self._file(dataset, idx).published)

    def content(self, dataset: str, idx: str) -> dict[str, Any]:
        """What `decompress` must know of an IDX file."""
        file = self._file(dataset, idx)
        checked = bool(file.sha256 or file.git_blob)
        return {"size": file.content_bytes, "sha256": file.content_sha256, "download_checked": checked}

    def idx_files(self, dataset: str, split: str, path: str) -> dict[str, str]:
        """Where the images and labels of a split lie, given the pattern ``path``."""
        files = self.split(dataset, split)
        return {
            "images": path.format(dataset=dataset, idx=files.images.idx),
            "labels": path.format(dataset=dataset, idx=files.labels.idx),
        }

    def reading(self, dataset: str) -> dict[str, Any]:
        """How `LabelledImages` must read a dataset."""
        facts = self.dataset(dataset)
        return {"orientation": facts.orientation, "label_columns": facts.label_columns}

    def expected(self, dataset: str, split: str) -> dict[str, Any]:
        """What `validate` must find in a split."""
        facts = self.split(dataset, split)
        return {
            "count": facts.count,
            "shape": facts.shape,
            "classes": self.class_names(dataset),
            "class_counts": facts.class_counts,
            "label_columns": self.dataset(dataset).label_columns,
            "images_sha256": facts.images.content_sha256,
            "labels_sha256": facts.labels.content_sha256,
        }

    def label(self, dataset: str, label: str) -> int:
        """The value in the labels file, from the name of its directory."""
        labels = self.dataset(dataset).labels
        if label not in labels:
            raise DatasetError(
                self.dataset(dataset).source, "no such label", expected=f"one of {', '.join(labels)}", found=label
            )
        return labels[label]

    def class_names(self, dataset: str) -> dict[str, str]:
        """What each label stands for, by the name of its directory."""
        return {label: self.class_name(dataset, label) for label in self.dataset(dataset).labels}

    def class_name(self, dataset: str, label: str) -> str:
        """What a label stands for, from the name of its directory."""
        return self.dataset(dataset).classes[self.label(dataset, label)]

    def about(self, dataset: str) -> dict[str, Any]:
        """What a dataset is, and under which terms."""
        facts = self.dataset(dataset)
        return {
            "title": facts.title,
            "licence": facts.licence,
            "attribution": facts.attribution,
            "citation": facts.citation,
        }

    def mirrors(self, dataset: str, published: str) -> list[str]:
        """Where to look for a file: the configured mirrors of its dataset first, then the dataset's own.

        URLs stay as they are. A directory is seen from the working directory when the configuration
        names it, and from the dataset file when that does.
        """
        own = self.dataset(dataset)
        of_dataset = [
            mirror if "://" in mirror else str(Path(own.locate(f"{mirror}/{published}")).parent)
            for mirror in own.mirrors
        ]
        return self._mirrors.get(dataset, []) + of_dataset

    def expand(self, pattern: str, dataset: str | None = None, split: str | None = None) -> list[str]:
        """``pattern`` with its wildcards filled with all that the run is asked for.

        Given ``dataset``, or ``split`` too, only those, whether the run is asked for them or not.

        Args:
            pattern: a path with some of the wildcards {dataset}, {split}, {label} and {shard}.
        """
        datasets = self.datasets.values() if dataset is None else [self.dataset(dataset)]
        pairs = [(each, name) for each in datasets for name in ([split] if split else self.splits(each))]
        filled = {
            pattern.format(dataset=each.name, split=name, label=label, shard=shard): None
            for each, name in pairs
            for label in (each.labels if "{label}" in pattern else [""])
            for shard in (self._shards(each.splits[name]) if "{shard}" in pattern else [""])
        }
        return list(filled)

    def _shards(self, split: Split) -> list[str]:
        return [f"{number:06}" for number in range(-(-self.image_count(split) // self.shard_size))]

    def image_count(self, split: Split) -> int:
        """How many images of a split the run makes."""
        return split.count if self.limit is None else min(split.count, self.limit)

    def export_count(self, jobs: Iterable[Any]) -> int:
        """How many PNG files the export jobs among some jobs of Snakemake make."""
        count = 0
        for job in jobs:
            if job.rule.name == "export":
                dataset = self.dataset(job.wildcards.dataset)
                split = dataset.splits[job.wildcards.split]
                share = 1 / len(dataset.classes)
                if split.class_counts is not None:
                    share = split.class_counts[list(dataset.labels).index(job.wildcards.label)] / split.count
                count += round(share * self.image_count(split))
        return count

    def verifying(self, dataset: str) -> dict[str, Any]:
        """What `verify` must know of a dataset."""
        return {
            "classes": self.class_names(dataset),
            "repair": f"snakemake --cores 4 all --config datasets={self._entries.get(dataset, dataset)}",
            "limit": self.limit,
        }

    def packing(self, dataset: str) -> dict[str, Any]:
        """What `pack` must know of a dataset."""
        return {
            "classes": self.class_names(dataset),
            "shard_size": self.shard_size,
            "limit": self.limit,
            "shuffle_seed": self.shuffle_seed,
        }

    def indexing(self, dataset: str, split: str) -> dict[str, Any]:
        """What `index_shards` must know of a split."""
        return {
            "images": self.image_count(self.split(dataset, split)),
            "shard_size": self.shard_size,
            "shuffle_seed": self.shuffle_seed,
        }

    def mem_mb(self, dataset: str, attempt: int) -> int:
        """Memory of a job: its interpreter, and what it holds of every label. More at each further attempt."""
        return attempt * (200 + 20 * self._largest_count(dataset) // 10**6)

    def runtime(self, dataset: str, attempt: int, parts: int = 1) -> int:
        """Minutes that a job may take on one of ``parts`` of the images, more at each further attempt.

        Slow network storage manages the 500 images a second that this allows for.
        """
        return attempt * (2 + math.ceil(self._largest_count(dataset) / parts / (500 * 60)))

    def label_count(self, dataset: str) -> int:
        return len(self.dataset(dataset).classes)

    def _largest_count(self, dataset: str) -> int:
        return max(split.count for split in self.dataset(dataset).splits.values())

    def splits(self, dataset: Dataset) -> list[str]:
        """The splits of a dataset that the run is asked for."""
        return [split for split in dataset.splits if not self._splits or split in self._splits]

    def summary(self, results: str) -> str:
        """What the run has made below ``results``, in what time, and how to look at it: its last words."""
        seconds = round(time.monotonic() - self._started)
        lines, total, pictures, pages = [""], 0, [], []
        for dataset in self.datasets.values():
            for split in self.splits(dataset):
                count = self.image_count(dataset.splits[split])
                lines.append(f"{count:>9,} PNG files in {results}/{dataset.name}/png/{split}, a directory per label")
                total += count
                pictures.append(f"{results}/{dataset.name}/preview/{split}.png")
            pages.append(f"{results}/{dataset.name}/overview.html")
        lines += [
            f"{total:>9,} in all, after {seconds // 60} min {seconds % 60} s",
            "",
            f"See the images:    {' '.join(pictures)}",
            f"See the numbers:   {' '.join(pages)}",
            "See all of it:     the same command with --report report.html, which a browser opens",
        ]
        if list(self.datasets) == ["mnist-sample"]:
            lines += [
                "",
                "This is the bundled sample. For all of MNIST: snakemake --cores 4 all --config datasets=mnist",
            ]
        return "\n".join(lines)


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
