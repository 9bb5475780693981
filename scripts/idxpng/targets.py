"""Targets that stand for several files: a dataset's folder of results, and the PNG files of a split."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from idxpng.dataset import NAME
from idxpng.errors import DataError
from idxpng.plan import Plan

# What `all` makes of a dataset, by folder.
OF_A_DATASET = (
    "header/{split}.json",
    "png/{split}/{label}",
    "manifest/{split}.csv",
    "preview/{split}.png",
    "overview.html",
)


def expand_targets(plan: Plan, targets: Iterable[str], results: str) -> set[str]:
    """``targets``, with the files that it stands for in place of ``{results}/{dataset}`` and ``.../png/{split}``.

    Args:
        plan: what the run is asked for.
        targets: those of the command line: names of rules, and paths.
        results: the folder of the results.

    Raises:
        DataError: when a path names a dataset, a split or a label that nobody knows.
    """
    expanded: set[str] = set()
    for target in targets:
        expanded |= set(_expand(plan, target, results))
    return expanded


def _expand(plan: Plan, target: str, results: str) -> list[str]:
    below = os.path.relpath(target, results)
    name = re.fullmatch(rf"({NAME})(?:/png(?:/({NAME})(?:/(\d+))?)?)?/?", below)
    if name is None or (os.sep not in target.rstrip(os.sep) and results != "."):
        return [target]
    dataset, split, label = name.groups()
    folder = f"{results}/{dataset}"
    plan.catalog.dataset(dataset, at=target)
    if split is None:
        patterns = [pattern for pattern in OF_A_DATASET if "/png" not in below or pattern.startswith("png/")]
        return [path for pattern in patterns for path in plan.expand(f"{folder}/{pattern}", dataset)]
    labels = plan.catalog.dataset(dataset).labels
    plan.catalog.dataset(dataset).split(split)
    if label is None:
        return plan.expand(f"{folder}/png/{split}/{{label}}", dataset, split)
    if label not in labels:
        raise DataError(target, f"{dataset} has no such label", expected=f"one of {', '.join(labels)}", found=label)
    return [target]
