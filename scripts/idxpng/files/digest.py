"""Digests of whole files."""

import hashlib
import os
from collections.abc import Callable
from typing import Any

from idxpng.errors import open_named


def digest_of(path: str | os.PathLike[str], kind: str | Callable[[], Any] = "sha256") -> str:
    """The digest of a file's bytes, in hexadecimal; ``kind``: as `hashlib.file_digest` takes it."""
    with open_named(path) as file:
        return hashlib.file_digest(file, kind).hexdigest()
