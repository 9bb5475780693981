"""JSON files that are complete or absent."""

import json
import os
from pathlib import Path
from typing import Any

from idxpng.files.atomic import atomic_file


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
