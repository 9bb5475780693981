"""Dataset files as text: what the YAML of one looks like."""

from typing import Any

import yaml

from idxpng.dataset.file import OF_A_TREE
from idxpng.dataset.model import PublishedFile, Split

OF_A_FILE = ("file", "member", "bytes", "sha256", "content_sha256", "git_blob", "md5", "verified")


class _Dumper(yaml.SafeDumper):
    """Mappings as blocks, and lists, which are of numbers and names, in one line as far as they fit."""


_Dumper.add_representer(
    list, lambda dumper, values: dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)
)


def dump(facts: dict[str, Any]) -> str:
    """The YAML of a dataset file or of a part of it, in the order of the keys."""
    return yaml.dump(facts, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116, default_flow_style=False)


def split_facts(split: Split) -> dict[str, Any]:
    """What a dataset file says of a split."""
    made = {} if split.class_counts is None else {"class_counts": list(split.class_counts)}
    made |= {key: value for key in OF_A_TREE if (value := getattr(split, key)) is not None}
    if split.rows:
        return {"from": split.parent, "rows": list(split.rows), **made}
    return {
        "count": split.count,
        "shape": list(split.shape),
        **made,
        "images": file_facts(split.images),
        "labels": file_facts(split.labels),
    }


def file_facts(file: PublishedFile) -> dict[str, Any]:
    return {key: value for key in OF_A_FILE if (value := getattr(file, key)) is not None}
