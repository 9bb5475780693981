"""Where a published file can be in a mirror, which is a URL, a folder, or an archive."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from idxpng.dataset.file_names import find
from idxpng.dataset.model import PublishedFile
from idxpng.fetch.transfer import query_digest, without_secrets
from idxpng.text import is_url, printable

# The configured mirrors by folder, ``resources/{dataset}``, as JSON, in the environment of a job.
VARIABLE = "IDXPNG_MIRRORS"


class Place(NamedTuple):
    """A URL or a path of the file, or of a zip archive with the file as a member."""

    where: str
    member: str | None = None

    @property
    def is_url(self) -> bool:
        return is_url(self.where)

    @property
    def shown(self) -> str:
        where = without_secrets(self.where) if self.is_url else printable(self.where)
        return f"{where}: {printable(self.member)}" if self.member else where

    @property
    def source(self) -> str:
        """What tells it from other places, and hides its secrets."""
        return self.shown + query_digest(self.where) if self.is_url else self.shown


def places_in(mirror: str, file: PublishedFile) -> list[Place]:
    """Where the file can be in a mirror, best first. A mirror whose name ends in .zip is the archive itself."""
    name, (archive, _) = file.file, file.archive or ("", 0)
    member = file.member if file.archive else None
    try:
        parts = urlsplit(mirror)
    except ValueError:
        return [Place(mirror)]  # the download reports it as invalid
    if is_url(mirror):  # the file's name goes before a query, such as a signature
        if member and parts.path.endswith(".zip"):
            return [Place(mirror, member)]
        inside = [parts._replace(path=f"{parts.path.rstrip('/')}/{each}").geturl() for each in (name, archive)]
        return [Place(inside[0]), Place(inside[1], member)] if member else [Place(inside[0])]
    path = Path(unquote(parts.path) if mirror.startswith("file://") else mirror)
    if path.suffix == ".zip" and not os.path.isdir(path):
        return [Place(str(path), member or name)]
    found = _in_directory(path, file)
    return [*found, Place(str(path / archive), member)] if member else found or [Place(str(path / name))]


def local_places(file: PublishedFile, mirrors: Iterable[str]) -> list[Place]:
    """Where the file, or an archive of it, is on this disk."""
    places = (place for mirror in mirrors if not is_url(mirror) for place in places_in(mirror, file))
    return [place for place in places if os.path.isfile(place.where)]


def _in_directory(directory: Path, file: PublishedFile) -> list[Place]:
    """The file in a directory; else those below it whose names say the same, several only if a digest decides."""
    own = str(directory / file.file)
    found = [Path(own)] if os.path.isfile(own) else find(directory, file.file)
    if len(found) > 1 and not file.pin:
        return []
    return [Place(str(path), file.file if path.suffix == ".zip" else None) for path in found]


def configured() -> dict[str, list[str]]:
    """The configured mirrors by the folder of downloads; none if the variable is not a JSON object."""
    try:
        found = json.loads(os.environ.get(VARIABLE, "{}"))
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def configured_for(output: str) -> list[str]:
    """The configured mirrors of a file to make, by its folder, of which a storage has a local copy below others."""
    mirrors, folder = configured(), os.path.dirname(output)
    names = [name for name in mirrors if f"/{folder}".endswith(f"/{name.lstrip('/')}")]
    return mirrors[max(names, key=len)] if names else []
