"""Folders of results as targets: a dataset's, all its PNG files, and those of a split."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from idxpng.errors import DataError
from idxpng.run.plan import Plan
from idxpng.text import NAME

# What `all` makes of a dataset, below its folder.
PNG = "png/{split}/{label}"
EVERYTHING = ("header/{split}.json", PNG, "manifest/{split}.csv", "preview/{split}.png", "index.html")


def folder_targets(plan: Plan, words: Iterable[str], results: str) -> dict[str, list[str]]:
    """The files that stand for each folder of results among the words of a command line.

    Args:
        plan: what the run is asked for.
        words: targets, and anything else, which is left alone.
        results: the folder of the results.

    Raises:
        DataError: when a folder names a dataset, a split or a label that nobody knows.
    """
    found = {}
    for word in words:
        below = re.fullmatch(rf"({NAME})(/png(?:/({NAME})(?:/(\d+))?)?)?", os.path.relpath(word, results))
        if below and os.path.dirname(word.rstrip("/")):
            files = _files(plan, word, f"{results}/{below[1]}", *below.groups())
            if files:
                found[word] = files
    return found


def _files(plan: Plan, word: str, folder: str, dataset: str, png: str, split: str, label: str) -> list[str]:
    known = plan.catalog.dataset(dataset, at=word)
    if not png:
        return [path for pattern in EVERYTHING for path in plan.expand(f"{folder}/{pattern}", dataset)]
    if not split:
        return plan.expand(f"{folder}/{PNG}", dataset)
    known.split(split)
    if not label:
        return plan.expand(f"{folder}/{PNG}", dataset, split)
    if label not in known.labels:
        labels = ", ".join(known.labels)
        raise DataError(word, f"{dataset} has no such label", expected=f"one of {labels}", found=label)
    return []  # a target of the rule `export`
