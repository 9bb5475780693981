"""The last words of a run: what it has made, in what time, and how to look at it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from idxpng.dataset.model import Dataset
from idxpng.dataset.writer import file_facts, split_facts, text
from idxpng.formats.split_header import SplitHeader
from idxpng.run.plan import Plan


def last_words(plan: Plan, rules: Collection[str], results: str, resources: str, seconds: float) -> str:
    """What lies below ``results`` of the configured datasets, counted, and where to look; nothing for single targets.

    Args:
        plan: what the run was asked for.
        rules: the rules that had a job in the run, whether there was anything to do for them or not.
        results, resources: the folders of the run.
        seconds: how long the run took.
    """
    minutes, rest = divmod(round(seconds), 60)
    took = f"after {minutes} min {rest} s"
    words: list[str] = []
    if "all" in rules or "publish" in rules:
        words += _of_images(plan, results, took)
    if "publish" in rules:
        words += _of_each(plan, "Load it elsewhere: {folder} has README.md, croissant.json and parquet/", results)
    if "webdataset" in rules:
        words += _of_shards(plan, results, took)
    if "idx" in rules:
        words += [""]
        for name in plan.config.folders:
            words.append(
                f"Use the IDX files:  snakemake --cores 4 all --config datasets={results}/{name}/idx/{name}.yaml"
            )
        return "\n".join(words)
    if "verify" in rules:
        words += _of_proofs(plan, results, took)
    if "validate" in rules:
        blocks = (to_paste(dataset, resources, results) for dataset in plan.catalog.configured.values())
        words += [line for block in blocks if block for line in ("", block.rstrip())]
    if words and list(plan.catalog.configured) == ["mnist-sample"]:
        words += ["", "This is the bundled sample. For all of MNIST: snakemake --cores 4 all --config datasets=mnist"]
    return "\n".join(["", *words]) if words else ""


def png_files(folder: str | os.PathLike[str]) -> Iterator[str]:
    """The path of each PNG file in a directory of label directories."""
    if Path(folder).is_dir():
        for label in os.scandir(folder):
            if label.is_dir():
                yield from (file.path for file in os.scandir(label) if file.name.endswith(".png"))


def _of_images(plan: Plan, results: str, took: str) -> list[str]:
    lines, total, pictures, pages = [], 0, [], []
    for dataset, split in _splits(plan):
        folder = f"{results}/{dataset}/png/{split}"
        count = sum(1 for _ in png_files(folder))
        lines.append(f"{count:>9,} PNG files in {folder}, a directory per label")
        total += count
        pictures.append(f"{results}/{dataset}/preview/{split}.png")
        pages.append(f"{results}/{dataset}/index.html")
    return [
        *lines,
        f"{total:>9,} in all, {took}",
        "",
        f"Browse them:       open {' '.join(dict.fromkeys(pages))}",
        f"At a glance:       {' '.join(pictures)}",
        "How it was made:   the same command with --report report.html, which a browser opens",
    ]


def _of_shards(plan: Plan, results: str, took: str) -> list[str]:
    lines = []
    for dataset, split in _splits(plan):
        folder = f"{results}/{dataset}/webdataset"
        if index := _read(f"{folder}/{split}.json"):
            lines.append(f"{index['images']:>9,} images in {len(index['shards'])} shards {folder}/{split}-*.tar")
    return [*lines, f"Packed {took}"]


def _of_proofs(plan: Plan, results: str, took: str) -> list[str]:
    lines = []
    for dataset, split in _splits(plan):
        folder = f"{results}/{dataset}/png/{split}"
        if report := _read(f"{results}/{dataset}/verify/{split}.json"):
            pinned = all(report["pinned"].values())
            against = "the pinned digests" if pinned else "the IDX files here, whose digests are not all pinned"
            lines.append(f"{report['files']:>9,} PNG files in {folder} agree with {against}")
    return [*lines, f"Verified {took}"]


def _read(path: str) -> dict[str, Any] | None:
    """A JSON file of the results, which lies elsewhere where Snakemake stores them elsewhere."""
    return json.loads(Path(path).read_bytes()) if os.path.exists(path) else None


def _of_each(plan: Plan, words: str, results: str) -> list[str]:
    return ["", *(words.replace("{folder}", f"{results}/{name}") for name in plan.catalog.configured)]


def _splits(plan: Plan) -> Iterator[tuple[str, str]]:
    for dataset in plan.catalog.configured.values():
        for split in plan.splits(dataset):
            yield dataset.name, split


def to_paste(dataset: Dataset, resources: str | Path, results: str | Path) -> str:
    """What to write into a dataset file so that from now on its files must be those of the finished run.

    Args:
        dataset: the dataset.
        resources, results: the folders of the run. Only splits with a header in ``results`` are pinned, since only
            those were checked.

    Returns:
        A sentence, and the whole of the key ``splits`` as YAML; nothing where every file is pinned.
    """
    splits, found = {}, False
    for name, split in dataset.splits.items():
        splits[name] = facts = split_facts(split)
        header_file = Path(results, dataset.name, "header", f"{name}.json")
        unpinned = [file for file in split.files if not file.pinned]
        if split.parent or not (unpinned and header_file.is_file()):
            continue
        header = SplitHeader.read(header_file)
        for role, file, idx in zip(("images", "labels"), split.files, (header.images, header.labels), strict=True):
            published = Path(resources, dataset.name, file.published)
            if file.pinned or not published.is_file():
                continue
            with open(published, "rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            digests = {"sha256": sha256, "content_sha256": idx["content_sha256"], "verified": "bytes"}
            facts[role] = file_facts(file) | {"bytes": published.stat().st_size} | digests
            found = True
    if not found:
        return ""
    return (
        f"{dataset.source} does not pin the digest of every file. To accept only these files from now on, "
        f"replace its `splits` by:\n\n{text({'splits': splits})}"
    )
