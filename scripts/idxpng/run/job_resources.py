"""The memory and time that jobs request, which grow with each attempt."""

import math
from typing import Any

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
