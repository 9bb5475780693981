"""The memory and time that jobs request, which grow with each attempt."""

from __future__ import annotations

import math
from typing import Any

from idxpng.run.catalog import Catalog

IMAGES_A_MINUTE = 500 * 60  # what slow network storage manages


class JobResources:
    """Memory and time of the jobs on the datasets of a catalog, as resource functions of the rules."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def mem_mb(self, wildcards: Any, attempt: int) -> int:
        """Memory of a job in MB: its interpreter, and what it holds of every label."""
        return attempt * (200 + 20 * self._largest_count(wildcards.dataset) // 10**6)

    def arrow_mb(self, wildcards: Any, attempt: int) -> int:
        """Memory in MB of a job that writes or reads Parquet files."""
        return attempt * 500

    def runtime(self, wildcards: Any, attempt: int) -> int:
        """Minutes for a job on all images of a split."""
        return attempt * _minutes(self._largest_count(wildcards.dataset))

    def label_runtime(self, wildcards: Any, attempt: int) -> int:
        """Minutes for a job on the images of one label."""
        labels = len(self._catalog.dataset(wildcards.dataset).classes)
        return attempt * _minutes(self._largest_count(wildcards.dataset) / labels)

    def _largest_count(self, dataset: str) -> int:
        return max(split.count for split in self._catalog.dataset(dataset).splits.values())


def _minutes(images: float) -> int:
    return 2 + math.ceil(images / IMAGES_A_MINUTE)
