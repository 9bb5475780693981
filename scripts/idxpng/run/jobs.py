"""What jobs get: memory and time, which grow with each attempt, and environment variables."""

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from idxpng import advice
from idxpng.fetch.mirrors import VARIABLE, configured
from idxpng.run.plan import Plan

# What slow network storage manages: single files, and images in the one file of a shard.
FILES_A_MINUTE = 500 * 60
PACKED_A_MINUTE = 4000 * 60


class JobResources:
    """Memory in MB and time in minutes of the jobs of a plan, as resource functions of the rules."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def mem_mb(self, wildcards: Any, attempt: int) -> int:
        """Memory of a job: Snakemake, which a cluster starts on the node, and the script with its labels."""
        return attempt * (500 + self._label_mb(wildcards))

    def arrow_mb(self, wildcards: Any, attempt: int) -> int:
        """Memory of a job that writes or reads Parquet files."""
        return attempt * (800 + self._label_mb(wildcards))

    def runtime(self, wildcards: Any, attempt: int) -> int:
        """Time of a job on all images of a split, or of a dataset."""
        images = sum(map(self._plan.image_count, self._plan.splits_of(wildcards)))
        return attempt * (3 + math.ceil(images / FILES_A_MINUTE))

    def label_runtime(self, wildcards: Any, attempt: int) -> int:
        """Time of a job on the images of one label, one of many in a group."""
        return attempt * _share(self._plan.label_count(wildcards) / FILES_A_MINUTE)

    def shard_runtime(self, wildcards: Any, attempt: int) -> int:
        """Time of a job on one shard, one of many in a group."""
        images = min(self._plan.config.shard_size, *map(self._plan.image_count, self._plan.splits_of(wildcards)))
        return attempt * _share(images / PACKED_A_MINUTE)

    def shards_runtime(self, wildcards: Any, attempt: int) -> int:
        """Time of a job that reads all shards of a split."""
        return attempt * _share(sum(map(self._plan.image_count, self._plan.splits_of(wildcards))) / PACKED_A_MINUTE)

    def _label_mb(self, wildcards: Any) -> int:
        return 20 * sum(split.file_count for split in self._plan.splits_of(wildcards)) // 10**6


def _share(minutes: float) -> int:
    """Whole minutes, including half a minute for the start of a job."""
    return math.ceil(minutes + 0.5)


def prepare_environment(mirrors: Mapping[str, Sequence[str]], call: Mapping[str, Any] | None) -> None:
    """Prepare the environment of this process, which its jobs inherit.

    ``python`` becomes the one that runs now, unless a conda environment or a container puts a different one before it.
    Mirrors are passed here because a mirror's URL may hold a secret: other users can see command lines, and Snakemake
    logs them. numpy starts no threads for linear algebra, which is not used here: they cost more than a small job.

    Args:
        mirrors: the configured mirrors by the folder of downloads. Those that a different workflow in this process has
            set for other folders stay.
        call: how the user called Snakemake, see `advice.call`; None to keep what the process that started this one set.
    """
    folder = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])
    os.environ.pop("PYTHONSAFEPATH", None)  # with it, a script does not find the library
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ[VARIABLE] = json.dumps(configured() | dict(mirrors))
    if call:
        os.environ[advice.VARIABLE] = json.dumps(call)
