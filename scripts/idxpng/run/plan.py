"""Inputs, outputs, and parameters of the rules: which files a run makes, from which inputs, with which options.

A rule names methods, which Snakemake calls with the wildcards of a job.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from types import SimpleNamespace
from typing import Any

from idxpng.dataset.file import is_shipped
from idxpng.dataset.model import ROLES, Dataset, PublishedFile, Split
from idxpng.errors import DataError
from idxpng.fetch.mirrors import Place, local_places, places_in
from idxpng.run.catalog import Catalog
from idxpng.run.config import SHOWN_AS, Config
from idxpng.run.folder_plan import FolderPlan
from idxpng.run.targets import OUTPUTS, as_regex
from idxpng.text import NAME, is_url

# What `make_page` and `write_card` say about a dataset beyond its images.
DESCRIPTION = ("title", "license", "attribution", "citation", "url", "creators", "published")
SAMPLE = 1 << 20  # bytes at the start and at the end of a local file in which a change is seen, whatever its time


@dataclass(frozen=True)
class Plan:
    """What a run makes, and how; ``targets`` returns those of the command line, once Snakemake knows them.

    Raises:
        DataError: when the configuration names an unknown split, label, or dataset.
    """

    config: Config
    catalog: Catalog
    results: str
    resources: str
    targets: Callable[[], set[str]]

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

    def splits(self, dataset: Dataset) -> list[str]:
        """The requested splits of a dataset; by default, those with files of their own."""
        if not self.config.splits:
            return list(dataset.whole_splits)
        return [split for split in dataset.splits if split in self.config.splits]

    def labels(self, dataset: Dataset) -> list[str]:
        """The directory names of the requested labels of a dataset; DataError if it has none of them."""
        only = self.config.classes
        labels = [name for name, label in dataset.labels.items() if not only or label in only]
        if not labels:
            raise DataError(
                SHOWN_AS,
                f"{dataset.name} has none of these labels",
                at="classes",
                expected=f"some of {', '.join(map(str, dataset.classes))}",
                found=", ".join(map(str, only)),
            )
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

    def folder_targets(
        self,
        words: Iterable[str],
        is_target: Callable[[str], bool] = lambda word: True,
    ) -> dict[str, list[str]]:
        """What to make in each folder of results among the words of a command line. Other words are ignored.

        Args:
            words: targets, options, and their values.
            is_target: whether a word is a target. It is asked before an error only, since it takes time.

        Raises:
            DataError: when no rule makes a target in the results, or its dataset, split, or label is unknown.
        """
        found: dict[str, list[str]] = {}
        for word in words:
            name, _, below = os.path.relpath(word, self.results).partition("/")
            if re.fullmatch(NAME, name) and os.path.dirname(word.rstrip("/")) and not word.startswith("-"):
                idx = re.fullmatch("idx(?:/(.+))?", below)  # of a folder of images, which need not be a dataset
                try:
                    files = self.folders.in_folder(word, name, idx[1]) if idx else self._in_folder(word, name, below)
                except DataError:
                    if is_target(word):
                        raise
                    continue
                found |= {word: files} if files else {}
        return found

    def _in_folder(self, word: str, name: str, below: str) -> list[str]:
        """All that targets make in a folder of a dataset's results; none if ``below`` is an output itself."""
        dataset = self.catalog.dataset(name, at=word)
        if not below:
            return self.outputs("all", name)
        depth, files = below.count("/") + 1, []
        for pattern in dict.fromkeys(path for paths in OUTPUTS.values() for path in paths):
            parts = pattern.split("/")
            if match := re.fullmatch("/".join(map(as_regex, parts[:depth])).replace("{dataset}", name), below):
                split, label = (match.groupdict().get(key) for key in ("split", "label"))
                if split:
                    dataset.split(split)
                if label and label not in dataset.labels:
                    labels = f"one of {', '.join(dataset.labels)}"
                    raise DataError(word, f"{name} has no such label", expected=labels, found=label)
                if len(parts) == depth:
                    return []
                files += self.expand(f"<results>/{{dataset}}/{pattern}", name, split)
                if pattern.startswith("png/"):  # when the manifest of the split is made, labels of earlier runs go
                    files += self.expand("<results>/{dataset}/manifest/{split}.csv", name, split)
        if not files and re.fullmatch(rf"png/{NAME}/\d+/\d+\.png", below):
            todo = f"make the directory of its label: {os.path.dirname(word)}"
            raise DataError(word, "a PNG file is made together with all others of its label", todo=todo)
        if not files:
            known = sorted({path.partition("/")[0] for paths in OUTPUTS.values() for path in paths} | {"idx"})
            raise DataError(word, "no rule makes this", expected=f"in {name}: {', '.join(known)}")
        return files

    def outputs_of_other_targets(self, wildcards: Any) -> list[str]:
        """What the same command makes of a dataset besides the list of its files, which comes last."""
        return self._outputs_without("checksums", "SHA256SUMS", wildcards.dataset)

    def images_of_other_targets(self, wildcards: Any) -> list[str]:
        """What the same command makes of the images of a split besides proofs, which come last.

        On its own, `verify` must not create files whose absence it should report.
        """
        folder, split = f"<results>/{wildcards.dataset}", wildcards.split
        outputs = self._outputs_without("verify", "verify/", wildcards.dataset)
        below = {path.removeprefix(f"{folder}/") for path in outputs}
        found = {path for path in below if path.startswith((f"png/{split}/", f"manifest/{split}/"))}
        of_all_splits = split in self.splits(self._dataset(wildcards)) and any(
            "/" not in path for path in below - {"SHA256SUMS"}
        )
        if of_all_splits or f"manifest/{split}.csv" in below:
            found.add(f"manifest/{split}.csv")  # when it is made, labels of earlier runs go
        return [f"{folder}/{path}" for path in sorted(found)]

    def _outputs_without(self, target: str, below: str, dataset: str) -> list[str]:
        """What the command makes of a dataset, without a target and paths that begin with ``below``."""
        files = []
        for word in sorted(self.targets() - {target}):
            path = os.path.relpath(word, self.results)
            if word in OUTPUTS and dataset in self.catalog.configured:
                files += self.outputs(word, dataset)
            elif word == "idx" and dataset in self.config.folders:
                files += self.folders.outputs_of(dataset)
            elif f"{path}/".startswith(f"{dataset}/") and not path.startswith(f"{dataset}/{below}"):
                files += self.folder_targets([word]).get(word) or [f"<results>/{path}"]
        return files

    def each(self, pattern: str) -> Callable[[Any], list[str]]:
        """An input function: ``pattern`` expanded for the dataset of a job, and for its split if it has one."""
        return lambda wildcards: self.expand(pattern, wildcards.dataset, wildcards.get("split"))

    def published(self, wildcards: Any) -> str:
        """The download that an IDX file comes from."""
        return f"<resources>/{wildcards.dataset}/{self._dataset(wildcards).file(wildcards.idx).published}"

    def idx_files(self, wildcards: Any) -> dict[str, str]:
        """The images and the labels of a split, decompressed."""
        files = self._split(wildcards).by_role
        return {role: f"<resources>/{wildcards.dataset}/{file.idx}" for role, file in files.items()}

    def validated_split(self, wildcards: Any) -> dict[str, str]:
        """Images and labels of a split, and what `validate` made: its header, and beside it the checksums."""
        header = f"<results>/{wildcards.dataset}/header/{wildcards.split}"
        return self.idx_files(wildcards) | {"header": f"{header}.json", "checksums": f"{header}.crc32"}

    def validated_splits(self, wildcards: Any) -> dict[str, list[str]]:
        """The same of all requested splits of a dataset, a list of each."""
        dataset = wildcards.dataset
        names = self.splits(self._dataset(wildcards))
        found = [self.validated_split(SimpleNamespace(dataset=dataset, split=name)) for name in names]
        return {what: [files[what] for files in found] for what in (*ROLES, "header", "checksums")}

    def unproven_downloads(self, wildcards: Any) -> list[str]:
        """The downloads of a split that are pinned, but not by the digest of the IDX file in them."""
        return [f"<resources>/{wildcards.dataset}/{name}" for name in self._split(wildcards).unproven]

    def needed_originals(self, wildcards: Any) -> dict[str, str]:
        """The IDX files of a split, if a proof needs them: without pinned digests, or for a part of the images."""
        split = self._split(wildcards)
        whole = self.image_count(split) == split.file_count and not self.config.classes
        if whole and all(file.pinned for file in split.files):
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
        dataset, split = self._dataset(wildcards), self._split(wildcards)
        counts = dict(zip(dataset.labels, split.class_counts or (), strict=False))
        of_label = counts.get(wildcards.label, split.count / len(dataset.labels))
        return round(of_label / split.count * self.image_count(split))

    def splits_of(self, wildcards: Any) -> list[Split]:
        """The split of a job; for a single file, the largest; without either, all requested splits of its dataset."""
        dataset = self._dataset(wildcards)
        if name := getattr(wildcards, "split", None):
            return [dataset.split(name)]
        if hasattr(wildcards, "published") or hasattr(wildcards, "idx"):
            return [max(dataset.splits.values(), key=lambda split: split.file_count)]
        return [dataset.split(name) for name in self.splits(dataset)]

    def local_copies(self, dataset: str, file: PublishedFile) -> list[str]:
        """The paths in local mirror directories from which this file would be copied, compressed or not."""
        return [place.where for place in self._local_places(dataset, file) if not place.member]

    def _local_places(self, dataset: str, file: PublishedFile) -> list[Place]:
        mirrors = (*self.config.mirrors.get(dataset, ()), *self.catalog.dataset(dataset).mirror_places())
        return local_places(file, mirrors)

    # Options of the scripts

    def dataset_file(self, wildcards: Any) -> str:
        """The path of a dataset's file."""
        if published := wildcards.get("published"):
            self.catalog.bring(wildcards.dataset, published)
        return str(self._dataset(wildcards).path)

    def limit_option(self, wildcards: Any) -> list[str]:
        """The option that limits the images of each split."""
        return _option("limit", self.config.limit)

    def selection_options(self, wildcards: Any) -> list[str]:
        """The options that select images of a split: limit and classes."""
        classes = map(str, self.config.classes)
        return [*self.limit_option(wildcards), *(["--classes", *classes] if self.config.classes else [])]

    def archive_options(self, wildcards: Any) -> list[str]:
        """The options that select images, and the pinned digest of the archive if these are all images of the split."""
        split = self._split(wildcards)
        whole = self.image_count(split) == split.count and not self.config.classes
        return [*self.selection_options(wildcards), *_option("sha256", split.archive_sha256 if whole else None)]

    def csv_options(self, wildcards: Any) -> list[str]:
        """The option for a line of column names."""
        return ["--column-names"] if self.config.csv_header else []

    def shard_options(self, wildcards: Any) -> list[str]:
        """The options for how the images of a split are spread over its shards."""
        return [
            *_option("shard-size", self.config.shard_size),
            *_option("shuffle-seed", self.config.shuffle_seed),
            *self.selection_options(wildcards),
        ]

    def originals_options(self, wildcards: Any) -> list[str]:
        """The options for the IDX files of a split, if they are on this disk, to name images that differ."""
        files = {role: path.replace("<resources>", self.resources) for role, path in self.idx_files(wildcards).items()}
        if not all(map(os.path.exists, files.values())):
            return []
        return [word for role, path in files.items() for word in _option(role, path)]

    def manifest_option(self, wildcards: Any) -> list[str]:
        """The option for the manifest, for labels with several columns, which directory names cannot express."""
        several = len(self._dataset(wildcards).label_columns) > 1
        path = f"{self.results}/{wildcards.dataset}/manifest/{wildcards.split}.csv"
        return _option("manifest", path if several else None)

    # Facts whose change makes a job run again. The scripts read them from the dataset file.

    def download_facts(self, wildcards: Any) -> dict[str, Any]:
        """The facts of a published file."""
        file = self._dataset(wildcards).file(wildcards.published)
        ignored = ("verified", "header")
        return {key: value for key, value in vars(file).items() if value is not None and key not in ignored}

    def sources(self, wildcards: Any) -> dict[str, list[str]]:
        """The sources of a split's files without a pinned digest: URLs, and states of local copies.

        The ``split`` of the wildcards may also be the published name of a file. Then the pinned digests of the user's
        own file are its sources: it is read again if they change. Those of shipped datasets do not.
        """
        dataset, name = self._dataset(wildcards), wildcards.split
        files = [dataset.files[name]] if name in dataset.files else dataset.split(name).files
        found = {file.published: self._sources(dataset.name, file.published) for file in files if not file.pinned}
        if name in dataset.files and not is_shipped(dataset.path):
            all_files = (file for split in dataset.splits.values() for file in split.files)
            found.setdefault(name, sorted({file.pin for file in all_files if file.pin and file.published == name}))
        return {published: sources for published, sources in found.items() if sources}

    @cached_property
    def _sources(self) -> Callable[[str, str], list[str]]:
        return cache(self._find_sources)  # once for a download and for its split

    def _find_sources(self, name: str, published: str) -> list[str]:
        dataset = self.catalog.dataset(name)
        file = dataset.file(published)
        paths = dict.fromkeys(place.where for place in self._local_places(name, file))
        urls = [place.source for url in filter(is_url, dataset.mirrors) for place in places_in(url, file)]
        return [*map(_state, paths), *urls]

    def content_facts(self, wildcards: Any) -> dict[str, Any]:
        """The facts of a file's content."""
        file = self._dataset(wildcards).file(wildcards.idx)
        return {"size": file.content_bytes, "pins": [file.content_sha256, file.sha256, file.git_blob or file.md5]}

    def split_facts(self, wildcards: Any) -> dict[str, Any]:
        """The facts of a split, and what later steps need to know about its dataset."""
        dataset, split = self._dataset(wildcards), self._split(wildcards)
        return {
            "count": split.count,
            "shape": split.shape,
            "classes": dataset.classes,
            "class_counts": split.class_counts,
            "label_columns": dataset.label_columns,
            "orientation": dataset.orientation,
            "files": [file.idx for file in split.files],
            "digests": [file.pin for file in split.files],
        } | ({"rows": split.rows} if split.rows else {})

    def pins(self, wildcards: Any) -> dict[str, Any]:
        """Names and digests of a split's published files that do not decide whether its IDX files are right."""
        split = self._split(wildcards)
        return {"published": [[file.file, file.sha256] for file in split.files], "archive": split.archive_sha256}

    def description(self, wildcards: Any) -> dict[str, Any]:
        """Title, license, citation, and other words about a dataset."""
        dataset = self._dataset(wildcards)
        return {key: getattr(dataset, key) for key in DESCRIPTION}

    def _dataset(self, wildcards: Any) -> Dataset:
        return self.catalog.dataset(wildcards.dataset)

    def _split(self, wildcards: Any) -> Split:
        return self._dataset(wildcards).split(wildcards.split)


def _check_known(what: str, key: str, requested: Iterable[Any], known: set[Any]) -> None:
    for one in requested:
        if one not in known:
            expected = f"some of {', '.join(map(str, sorted(known)))}"
            raise DataError(SHOWN_AS, f"no such {what}", at=key, expected=expected, found=one)


def _state(path: str) -> str:
    """The state of a local file: name, size, time, and a digest of its ends, since a copy may keep the others."""
    state, digest = os.stat(path), hashlib.sha256()
    with suppress(OSError), open(path, "rb") as file:  # the download says why it cannot be read
        digest.update(file.read(SAMPLE))
        file.seek(max(SAMPLE, state.st_size - SAMPLE))  # a compressed file ends with checksums of all of it
        digest.update(file.read(SAMPLE))
    return f"{os.path.basename(path)} {state.st_size} {state.st_mtime_ns} {digest.hexdigest()[:16]}"


def _option(name: str, value: int | str | None) -> list[str]:
    return [] if value is None else [f"--{name}", str(value)]
