"""JSON files that are complete or absent."""

import json
import os
from typing import Any

from idxpng.files.atomic import atomic_file


def write_json(path: str | os.PathLike[str], document: Any) -> None:
    """Write a document as UTF-8 with an indent of 2 and a line break at the end."""
    with atomic_file(path) as file:
        file.write(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
