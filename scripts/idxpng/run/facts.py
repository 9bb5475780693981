"""The facts of dataset files and local files whose change makes a job run again."""

import hashlib
import os
from contextlib import suppress
from dataclasses import fields
from functools import cache
from typing import Any

from idxpng.dataset.file import is_shipped
from idxpng.fetch.mirrors import local_places, places_in
from idxpng.run.plan import Plan
from idxpng.text import is_url

# What `make_page` and `write_card` do not say in words about a dataset: facts of its images, and where files are.
NOT_SAID = ("classes", "orientation", "label_type", "label_columns", "mirrors", "splits", "source", "path")
SAMPLE = 1 << 20  # bytes at the start and at the end of a local file in which a change is seen, whatever its time


class Facts:
    """The facts that the jobs of a plan depend on, which the scripts read themselves."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sources = cache(self._find_sources)  # once for a download and for its split

    def of_download(self, wildcards: Any) -> list[dict[str, Any]]:
        """The facts of a published file, and so of what it decompresses to; several if it is an archive of arrays."""
        files, ignored = self._plan.dataset_of(wildcards).arrays(wildcards.published), ("verified", "header")
        return [
            {"file": file.file, "content_bytes": file.content_bytes}
            | {key: value for key, value in vars(file).items() if value is not None and key not in ignored}
            | {"type": file.header.type.name}
            for file in files
        ]

    def sources(self, wildcards: Any) -> dict[str, list[str]]:
        """The sources of a split's files without a pinned digest: URLs, and states of local copies.

        The ``split`` of the wildcards may also be the published name of a file. Then the pinned digests of the user's
        own file are its sources: it is read again if they change. Those of shipped datasets do not.
        """
        dataset, name = self._plan.dataset_of(wildcards), wildcards.split
        files = dataset.downloads.get(name) or dataset.split(name).files
        found = {file.published: self._sources(dataset.name, file.published) for file in files if not file.pin}
        if name in dataset.downloads and not is_shipped(dataset.path):
            found.setdefault(name, sorted({file.pin for file in files if file.pin}))
        return {published: sources for published, sources in found.items() if sources}

    def _find_sources(self, name: str, published: str) -> list[str]:
        file = self._plan.catalog.dataset(name).file(published)
        # A run makes these anew, also where the folder of downloads is a mirror.
        copies = {os.path.realpath(f"{self._plan.resources}/{name}/{copy}") for copy in (file.published, file.idx)}
        mirrors = self._plan.mirrors(name)
        found = dict.fromkeys(local_places(file, mirrors))
        places = [place for place in found if os.path.realpath(place.where) not in copies]
        urls = [place.source for url in filter(is_url, mirrors) for place in places_in(url, file)]
        return [*(" ".join(filter(None, (_state(place.where), place.member))) for place in places), *urls]

    def of_split(self, wildcards: Any) -> dict[str, Any]:
        """The facts of a split, and what later steps need to know about its dataset."""
        dataset = self._plan.dataset_of(wildcards)
        split = dataset.split(wildcards.split)
        return {
            "count": split.count,
            "shape": split.shape,
            "classes": dataset.classes,
            "class_counts": split.class_counts,
            "label_type": dataset.label_type,
            "label_columns": dataset.label_columns,
            "orientation": dataset.orientation,
            "files": [file.idx for file in split.files],
            "digests": [file.pin for file in split.files],
        } | ({"rows": split.rows} if split.rows else {})

    def pins(self, wildcards: Any) -> dict[str, Any]:
        """Names and digests of a split's published files that do not decide whether its IDX files are right."""
        split = self._plan.dataset_of(wildcards).split(wildcards.split)
        return {"published": [[file.file, file.sha256] for file in split.files], "archive": split.archive_sha256}

    def description(self, wildcards: Any) -> dict[str, Any]:
        """Name, title, license, citation, and other words about a dataset."""
        dataset = self._plan.dataset_of(wildcards)
        return {field.name: getattr(dataset, field.name) for field in fields(dataset) if field.name not in NOT_SAID}


def _state(path: str) -> str:
    """The state of a local file: name, size, time, and a digest of its ends, since a copy may keep the others."""
    state, digest = os.stat(path), hashlib.sha256()
    with suppress(OSError), open(path, "rb") as file:  # the download says why it cannot be read
        digest.update(file.read(SAMPLE))
        file.seek(max(SAMPLE, state.st_size - SAMPLE))  # a compressed file ends with checksums of all of it
        digest.update(file.read(SAMPLE))
    return f"{os.path.basename(path)} {state.st_size} {state.st_mtime_ns} {digest.hexdigest()[:16]}"
