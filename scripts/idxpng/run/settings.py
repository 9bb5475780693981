"""The settings of jobs, in files that are inputs of the jobs, so that no result is taken for a different one.

The name of such a file has a digest of what it says: `results/mnist/.settings/limit-1f3b5a2c9d0e4f67.json`. With other
settings that file is missing; where results were copied over others, there are several. Then the job that makes it
removes the others, and all jobs that need it run again. That does not depend on Snakemake's notes, so results can be
moved, copied, and shared.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from idxpng.run.facts import Facts
from idxpng.run.plan import Plan
from idxpng.text import shortened

DIGITS = 16
UNKNOWN = "{}"  # sources, of pinned files and where there are none
LONGEST = 10_000  # characters of a file, which people read; the digest is of the whole


class Settings:
    """The settings of the jobs of a run; ``run_its_job`` has Snakemake run the job that makes a missing file."""

    def __init__(self, plan: Plan, facts: Facts, run_its_job: Callable[[str], None]) -> None:
        self._plan, self._run_its_job = plan, run_its_job
        config = plan.config
        self._of_split: dict[str, Callable[[Any], Any]] = {
            "facts": facts.of_split,
            "sources": facts.sources,
            "pins": facts.pins,
            "folder": plan.folders.settings,
        }
        self._of_dataset: dict[str, Callable[[Any], Any]] = {
            "limit": lambda _: config.limit,
            "classes": lambda _: config.classes,
            "splits": lambda wildcards: plan.splits(plan.dataset_of(wildcards)),
            "shards": lambda _: {"shard_size": config.shard_size, "shuffle_seed": config.shuffle_seed},
            "csv": lambda _: {"csv_header": config.csv_header},
            "description": facts.description,
            "built": plan.folders.splits,
        }
        self._files, self._text = cache(self._found), cache(self._json)  # many jobs have the same settings

    def files(self, *names: str) -> Callable[[Any], list[str]]:
        """An input function: the files with these settings of a job's dataset and split, or of all its splits.

        What depends on the facts of a split also depends on where its originals come from.
        """
        all_names = (*names, "sources") if "facts" in names else names

        def files(wildcards: Any) -> list[str]:
            return self._files(all_names, wildcards.dataset, wildcards.get("split"))

        return files

    def sources(self, wildcards: Any) -> list[str]:
        """An input function: the file with the sources of a download, if it is not pinned and they are at hand."""
        file = self._plan.dataset_of(wildcards).file(wildcards.published)
        folder = Path(self._plan.resources, wildcards.dataset)
        is_there = any(map(os.path.lexists, (folder / file.published, folder / file.idx)))
        may_note = os.access(folder, os.W_OK) or (folder / f".settings/{file.published}").is_dir()
        setting = f"{wildcards.published}/sources"
        return self._listed("resources", wildcards.dataset, [setting], is_there and may_note)

    def name(self, wildcards: Any) -> str:
        """The name of a setting, with which all names of its files begin."""
        return str(wildcards.setting).rpartition("/")[2]

    def text(self, wildcards: Any) -> str:
        """What the file of a setting says, as JSON."""
        return shortened(self._text(wildcards.dataset, wildcards.setting), LONGEST)

    def time(self, wildcards: Any) -> str:
        """A time in the file, so that Snakemake never takes it for an earlier one that said the same.

        It compares small files by what they say, too: results that were copied back beside newer notes were believed.
        """
        return str(time.time_ns())

    def _found(self, names: tuple[str, ...], dataset: str, split: str | None) -> list[str]:
        settings: list[str] = []
        for name in names:
            if name in self._of_split:
                splits = [split] if split else self._plan.splits(self._plan.catalog.dataset(dataset))
                settings += [f"{each}/{name}" for each in splits]
            else:
                settings.append(name)
        return self._listed("results", dataset, settings)

    def _listed(self, where: str, dataset: str, settings: list[str], run_missing: bool = True) -> list[str]:
        """The files with these settings in results or resources. If one is missing, its job runs."""
        paths, top = [], Path(getattr(self._plan, where))
        for setting in settings:
            text = self._text(dataset, setting)
            folder, name = f"{dataset}/.settings/{setting}".rsplit("/", 1)
            there = {path.name for path in (top / folder).glob(f"{name}-*.json")}
            wanted = {f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}.json"}
            if text == UNKNOWN:  # if that is so because the originals are gone, what was made of them stays
                wanted = there if len(there) == 1 else set()
            elif run_missing and there != wanted:  # with several, nobody knows what was made with which
                self._run_its_job(str(top / folder / min(wanted)))
            paths += [f"<{where}>/{folder}/{file}" for file in wanted]
        return paths

    def _json(self, dataset: str, setting: str) -> str:
        part, _, name = setting.rpartition("/")
        values = self._of_split if part else self._of_dataset
        value = values[name](SimpleNamespace(dataset=dataset, split=part))
        text = json.dumps(value, sort_keys=True)
        # As parameters, they are shown in Snakemake's report, which does not escape them.
        return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
