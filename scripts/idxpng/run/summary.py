"""The message at the end of a run: what it made, how long it took, how to look at it, and how to pin its files."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from idxpng.advice import command, pin, setting, shell_path, shown
from idxpng.files.json_file import read_json
from idxpng.run.plan import MANIFEST, OUTPUTS, SHARD, Plan
from idxpng.text import counted

DESCRIBED = ("all", "publish", "webdataset", "verify")  # targets with words of their own


def summary(
    plan: Plan, rules: Collection[str], seconds: float, storage: str = "", targets: Collection[str] = ()
) -> str:
    """What the run made, and where to look.

    Args:
        plan: what the run makes.
        rules: the rules with a job in the run, finished before or not, whose input is there.
        seconds: how long the run took.
        storage: where the results are, such as ``s3://digits``; empty if they are in their folder on this disk.
        targets: those of the command line: names, and paths, which have a slash.
    """
    minutes, rest = divmod(round(seconds), 60)
    took = f"in {minutes} min {rest} s" if minutes else f"in {rest} s"
    if storage:
        return f"\nThe results are in {storage.rstrip('/')}/{plan.results}, made {took}"
    names = list(plan.catalog.configured)
    lines: list[str] = []
    if "all" in rules or "publish" in rules:
        lines += _of_images(plan, took)
    if "publish" in rules:
        folders = (shown(f"{plan.results}/{name}") for name in names)
        lines += [
            "",
            *(f"Load it elsewhere: {folder} has README.md, croissant.json and parquet/" for folder in folders),
        ]
    if "webdataset" in rules:
        lines += [*_of_shards(plan), f"Packed {took}"]
    if "verify" in rules:
        lines += [f"Verified {took}: the images and labels are those of the IDX files, see", *_paths(plan, "verify")]
    made = [*_paths(plan, *(target for target in OUTPUTS if target in rules and target not in DESCRIBED))]
    made += [f"  {shown(path)}" for path in sorted(targets) if "/" in path and os.path.exists(path)]
    if made:
        lines += [f"Made {took}:", *dict.fromkeys(made)]
    if "validate" in rules:
        lines += [line for sentence in _of_pins(plan) for line in ("", sentence)]
    if names == ["mnist-sample"] and not OUTPUTS.keys().isdisjoint(rules):
        lines += ["", f"This is the bundled sample. For MNIST itself: {command([], ['datasets=mnist'])}"]
    if "idx" in rules:
        files = (f"{plan.results}/{name}/idx/{name}.yaml" for name in plan.config.folders)
        lines += ["", *(f"Use the IDX files:  {command([], [setting('datasets', file)])}" for file in files)]
    return "\n".join(["", *lines]) if lines else ""


def image_count(manifest: str | Path) -> int | None:
    """How many images a manifest lists; None if it does not exist."""
    if not os.path.exists(manifest):
        return None
    with open(manifest, "rb") as file:
        return sum(1 for _ in file) - 1


def _of_images(plan: Plan, took: str) -> Iterator[str]:
    total = 0
    for dataset in plan.catalog.configured.values():
        splits, folder = plan.splits(dataset), f"{plan.results}/{dataset.name}"
        also_in = dataset.also_in(splits, plan.config.limit)
        for split in splits:
            count = image_count(f"{folder}/{MANIFEST.format(split=split)}")
            if count is not None:
                also = also_in.get(split, "")
                yield f"{_counted(count, 'PNG file')} in {shown(folder)}/png/{split}, a directory per label{also}"
                total += 0 if also else count
    yield f"{_counted(total, 'image')} {took}"
    yield ""
    pages = dict.fromkeys(shell_path(f"{folder}/index.html") for folder, _ in _splits(plan))
    previews = [shell_path(f"{folder}/preview/{split}.png") for folder, split in _splits(plan)]
    yield f"In a browser:      {' '.join(pages)}"
    yield f"At a glance:       {' '.join(previews)}"
    yield "How it was made:   the same command with --report report.html, which a browser opens"


def _paths(plan: Plan, *targets: str) -> Iterator[str]:
    for target in targets:
        for path in plan.outputs(target):
            yield f"  {shown(path.replace('<results>', plan.results))}"


def _of_shards(plan: Plan) -> Iterator[str]:
    for folder, split in _splits(plan):
        if index := read_json(f"{folder}/webdataset/{split}.json"):
            images, shards = _counted(index["images"], "image"), counted(len(index["shards"]), "shard")
            yield f"{images} in {shards}, {shown(folder)}/{SHARD.format(split=split, shard='*')}"


def _counted(count: int, noun: str) -> str:
    return f"{count:>9,} {noun}{'' if count == 1 else 's'}"


def _splits(plan: Plan) -> Iterator[tuple[str, str]]:
    """The results folder and the name of each requested split."""
    for dataset in plan.catalog.configured.values():
        for split in plan.splits(dataset):
            yield f"{plan.results}/{dataset.name}", split


def _of_pins(plan: Plan) -> Iterator[str]:
    """For each dataset with files that are not pinned, if all are there, the command that pins them."""
    for name, dataset in plan.catalog.configured.items():
        source, resources = shown(dataset.source), f"{plan.resources}/{name}"
        files = [file for split in dataset.whole_splits.values() for file in split.files]
        if all(file.pin for file in files) or not all(Path(resources, file.published).exists() for file in files):
            continue
        then = "To accept only these files from now on"
        yield f"{source} does not pin the digest of every file. {then}: {pin(dataset.source, [resources])}"
