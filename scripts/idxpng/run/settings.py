"""What jobs are asked for, in files that are inputs of the jobs, so that a result is never taken for a different one.

The name of such a file has a digest of what it says: `results/mnist/.settings/limit-1f3b5a2c9d0e4f67.json`. With other
settings that file is missing; where results were copied over others, there are several. Then the job that makes it
removes the others, and all jobs that need it run again, whatever notes Snakemake has, and wherever the results were
moved, copied, or shared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from idxpng.run.folder_plan import FolderPlan
from idxpng.run.plan import Plan
from idxpng.text import shortened

DIGITS = 16
LONGEST = 10_000  # characters of a file, which people read; the digest is of the whole


class Settings:
    """What the jobs of a run are asked for; ``run_its_job`` has the job run that makes a missing file."""

    def __init__(self, plan: Plan, folder_plan: FolderPlan, run_its_job: Callable[[str], None]) -> None:
        self._plan, self._run_its_job = plan, run_its_job
        config = plan.config
        self._of_dataset: dict[str, Callable[[Any], Any]] = {
            "limit": lambda _: config.limit,
            "classes": lambda _: config.classes,
            "splits": lambda _: config.splits,
            "shards": lambda _: {"shard_size": config.shard_size, "shuffle_seed": config.shuffle_seed},
            "csv": lambda _: {"csv_header": config.csv_header},
            "description": plan.description,
        }
        self._of_split: dict[str, Callable[[Any], Any]] = {"facts": plan.split_facts, "folder": folder_plan.settings}
        self._files = cache(self._found)  # many jobs have the same settings

    def files(self, *names: str) -> Callable[[Any], list[str]]:
        """An input function: the files with these settings of a job's dataset and split, or of all its splits."""

        def files(wildcards: Any) -> list[str]:
            return self._files(names, wildcards.dataset, wildcards.get("split"))

        return files

    def name(self, wildcards: Any) -> str:
        """The name of a setting, with which all names of its files begin."""
        return str(wildcards.setting).rpartition("/")[2]

    def text(self, wildcards: Any) -> str:
        """What the file of a setting says, as JSON."""
        return shortened(self._text(wildcards.dataset, wildcards.setting), LONGEST)

    def _found(self, names: tuple[str, ...], dataset: str, split: str | None) -> list[str]:
        """The files with these settings; the jobs of those that are missing are run."""
        splits = [split] if split else self._plan.splits(self._plan.catalog.dataset(dataset))
        paths = []
        for name in names:
            for setting in [f"{each}/{name}" for each in splits] if name in self._of_split else [name]:
                digest = hashlib.sha256(self._text(dataset, setting).encode()).hexdigest()[:DIGITS]
                below = f"{dataset}/.settings/{setting}-{digest}.json"
                path = Path(self._plan.results, below)
                there = set(path.parent.glob(f"{name}-*.json"))
                if there != {path}:  # with several, nobody knows what was made with which
                    self._run_its_job(str(path))
                paths.append(f"<results>/{below}")
        return paths

    def _text(self, dataset: str, setting: str) -> str:
        split, _, name = setting.rpartition("/")
        values = (self._of_split if split else self._of_dataset)[name]
        text = json.dumps(values(SimpleNamespace(dataset=dataset, split=split)), sort_keys=True)
        # As parameters, they are shown in Snakemake's report, which does not escape them.
        return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
