"""Where in a mirror, which is a URL or a folder, a published file can be, and which mirror is asked when."""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from idxpng.errors import DataError
from idxpng.fetch.transfer import UnavailableError, without_secrets
from idxpng.fetch.unreachable import Unreachable
from idxpng.text import printable

VARIABLE = "IDXPNG_MIRRORS"  # the configured mirrors by dataset, as JSON, in the environment of a job


class Place(NamedTuple):
    """Where the file can be: at a URL, at a path, or as a member of the zip archive there."""

    where: str
    member: str | None = None

    @property
    def is_url(self) -> bool:
        return self.where.startswith(("http://", "https://"))

    @property
    def shown(self) -> str:
        where = without_secrets(self.where) if self.is_url else printable(self.where)
        return f"{where}: {printable(self.member)}" if self.member else where


def places_in(mirror: str, file: str, member: str | None, archive: str) -> list[Place]:
    """Where in a mirror the file can be, which is the archive itself when its name ends in .zip."""
    try:
        parts = urlsplit(mirror)
    except ValueError:
        return [Place(mirror)]  # which nothing can be had from, and which is said there
    if Place(mirror).is_url:  # a query, such as a storage account's signature, stays behind the path
        if member and parts.path.endswith(".zip"):
            return [Place(mirror, member)]
        inside = [parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl() for name in (archive, file)]
        return [Place(inside[0], member), Place(inside[1])] if member else [Place(inside[1])]
    path = Path(unquote(parts.path) if mirror.startswith("file://") else mirror)
    if not member:
        return _in_directory(path, file) or [Place(str(path / file))]
    if path.suffix == ".zip" and not path.is_dir():
        return [Place(str(path), member)]
    unpacked = _in_directory(path, file) + _in_directory((path / member).parent, file)
    return [*unpacked, Place(str(path / archive), member)]


def first_that_serves(
    places: Iterable[Place], ask: Callable[[Place, bool], DataError | None], unreachable: Unreachable
) -> tuple[Place | None, list[DataError]]:
    """The first place that has the file, or None and why each of them does not.

    As long as there are others, a place may not take long, and one whose server did not answer a moment ago is not
    asked at all. Whoever is slow, or wants to be asked later, is asked at the end.

    Args:
        places: first choice first.
        ask: gets the file from a place, in a hurry or not, and gives None; or why it cannot.
        unreachable: what is known of the servers, and to be kept up to date.
    """
    turns = [_Turn(place) for place in places]
    alone = len(turns) == 1
    reasons: dict[Place, DataError] = {}
    while turns:
        place, round_, not_before = turns.pop(0)
        if round_ == FIRST and not alone and place.is_url and place.where in unreachable:
            turns.append(_Turn(place, POSTPONED, time.monotonic()))
            continue
        time.sleep(max(0, not_before - time.monotonic()))
        reason = ask(place, round_ != LAST and not alone)
        if reason is None:
            unreachable.discard(place.where)
            return place, []
        reasons[place] = reason
        if isinstance(reason, UnavailableError) and reason.unreachable:
            unreachable.add(place.where)
        if isinstance(reason, UnavailableError) and reason.later is not None and round_ != LAST and not alone:
            turns.append(_Turn(place, LAST, time.monotonic() + reason.later))
            turns.sort(key=attrgetter("not_before"))
    return None, list(reasons.values())


FIRST, POSTPONED, LAST = range(3)


class _Turn(NamedTuple):
    """When a place is asked, as `time.monotonic` counts. In the last round it may take its time."""

    place: Place
    round: int = FIRST
    not_before: float = 0.0


def _in_directory(directory: Path, file: str) -> list[Place]:
    """The file in a directory, under each name under which it is there."""
    stem, suffix = os.path.splitext(file)
    if suffix not in (".gz", ".xz"):
        stem, suffix = file, ".gz"
    other = stem.replace("-idx", ".idx") if "-idx" in stem else stem.replace(".idx", "-idx")
    names = dict.fromkeys((file, stem + suffix, stem, other + suffix, other))
    return [Place(path) for name in names if os.path.isfile(path := str(directory / name))]


def configured(environment: Mapping[str, str] = os.environ) -> dict[str, list[str]]:
    """The configured mirrors by dataset."""
    found: dict[str, list[str]] = json.loads(environment.get(VARIABLE, "{}"))
    return found
