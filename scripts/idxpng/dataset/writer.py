"""Dataset files as YAML text."""

import re
from pathlib import Path
from typing import Any

import yaml

from idxpng.dataset.file import OF_A_TREE
from idxpng.dataset.model import PublishedFile, Split
from idxpng.errors import DataError

OF_A_FILE = ("file", "member", "bytes", "sha256", "content_sha256", "git_blob", "md5", "verified")


class _Dumper(yaml.SafeDumper):
    """Mappings as blocks; lists of numbers and names in one line as far as they fit."""


_Dumper.add_representer(
    list, lambda dumper, values: dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)
)


def dump(facts: dict[str, Any]) -> str:
    """The YAML of a dataset file or of a part of it, in the order of the keys."""
    return yaml.dump(facts, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116, default_flow_style=False)


def with_key(text: str, path: Path, key: str, value: Any) -> str:
    """The text of a dataset file with a different value of a key, in the same place, or before the splits."""
    root: Any = yaml.compose(text, yaml.SafeLoader)
    nodes = {name.value: (name, content) for name, content in root.value}
    name, last = nodes.get(key, nodes["splits"])
    start = end = name.start_mark.index
    if root.flow_style or not re.compile(f"^{name.value}:", re.MULTILINE).match(text, start):
        raise DataError(path, "no line begins with a key to update", expected=f"{name.value}:")
    if key in nodes:  # up to the end of the line with its last value
        while isinstance(last, yaml.CollectionNode) and not last.flow_style:
            last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
        end = text.index("\n", last.end_mark.index - 1) + 1
    return text[:start] + dump({key: value}) + text[end:]


def split_facts(split: Split) -> dict[str, Any]:
    """The entry of a split in a dataset file."""
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
