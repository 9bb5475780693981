"""Dataset files as YAML text."""

import re
from pathlib import Path
from typing import Any

import yaml

from idxpng.errors import DataError


class _Dumper(yaml.SafeDumper):
    """Mappings as blocks; lists of numbers and names in one line as far as they fit."""


_Dumper.add_representer(
    list, lambda dumper, values: dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=True)
)


def dump(facts: dict[str, Any]) -> str:
    """The YAML of a dataset file or of a part of it, in the order of the keys."""
    return yaml.dump(facts, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116, default_flow_style=False)


def with_key(text: str, path: Path, key: str, value: Any) -> str:
    """The text of a dataset file with a different value of a key, in the same place."""
    root: Any = yaml.compose(text, yaml.SafeLoader)
    name, last = next(pair for pair in root.value if pair[0].value == key)
    start = name.start_mark.index
    if root.flow_style or not re.compile(f"^{key}:", re.MULTILINE).match(text, start):
        raise DataError(path, "no line begins with a key to update", expected=f"{key}:")
    while isinstance(last, yaml.CollectionNode) and not last.flow_style:
        last = last.value[-1][1] if isinstance(last, yaml.MappingNode) else last.value[-1]
    end = text.index("\n", last.end_mark.index - 1) + 1  # of the line with its last value
    return text[:start] + dump({key: value}) + text[end:]
