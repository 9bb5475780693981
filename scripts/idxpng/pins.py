"""The digests to write into a dataset file that pins none."""

from __future__ import annotations

import hashlib
from pathlib import Path

from idxpng.dataset import Dataset
from idxpng.dataset_text import file_facts, split_facts, text
from idxpng.split_header import SplitHeader


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
            digests = {"sha256": sha256, "content_sha256": idx["sha256"], "verified": "bytes"}
            facts[role] = file_facts(file) | {"bytes": published.stat().st_size} | digests
            found = True
    if not found:
        return ""
    return (
        f"{dataset.source} does not pin the digest of every file. To accept only these files from now on, "
        f"replace its `splits` by:\n\n{text({'splits': splits})}"
    )
