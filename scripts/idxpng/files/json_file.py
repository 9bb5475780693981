"""JSON files that are complete or absent."""

import json
import os
from pathlib import Path
from typing import Any

from idxpng.errors import reading
from idxpng.files.atomic import atomic_file
from idxpng.text import shortened


def write_json(path: str | os.PathLike[str], document: Any) -> None:
    """Write a document as UTF-8 with an indent of 2 and a line break at the end."""
    with atomic_file(path) as file:
        text = json.dumps(document, indent=2, ensure_ascii=False)
        file.write(text.encode(errors="backslashreplace") + b"\n")  # of a path that is not UTF-8, as JSON has escapes


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The JSON object in a file of the results; empty if it is not on this disk, or not readable."""
    try:
        document = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def read_made(path: str | os.PathLike[str], what: str, shape: Any) -> Any:
    """The JSON document that an earlier step made; DataError if it has a different ``shape``, as after an edit.

    ``what``: as in `reading`. ``shape``: a type, such as `int`, the list of one of these for all items, or a dict of
    the keys that are needed, or of `str` for all keys.
    """
    with reading(what, path):
        document = json.loads(Path(path).read_bytes())
        _check(document, shape)
    return document


def _check(value: Any, shape: Any, at: str = "") -> None:
    type_ = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, int | float if type_ is float else type_):
        raise TypeError(f"{at or 'all'}: expected {type_.__name__}, found {shortened(json.dumps(value), 50)}")
    if isinstance(value, str):
        value.encode()  # it may have a surrogate, which no other file can have
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _check(item, shape[0], f"{at}[{number}]")
    elif isinstance(value, dict):
        for key in value if str in shape else shape:
            inside = f"{at}.{key}".lstrip(".")
            if key not in value:
                raise ValueError(f"{inside}: missing")
            _check(value[key], shape.get(str) or shape[key], inside)
