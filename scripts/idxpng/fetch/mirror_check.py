"""Checking whether mirrors still have their files, by requesting the first bytes."""

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import requests

from idxpng.dataset.model import Dataset, PublishedFile
from idxpng.fetch.mirrors import places_in
from idxpng.fetch.patience import Patience, TooSlowError
from idxpng.fetch.session import NETWORK_ERRORS, Session, http_date, status
from idxpng.fetch.transfer import UnavailableError
from idxpng.formats import numpy_array
from idxpng.formats.compressed import ARRAYS, SIGNATURES, SUFFIXES, ZIP
from idxpng.formats.file_kind import file_kind
from idxpng.text import aligned, is_url

PATIENCE = Patience(connect=5.0, silence=10.0, answer=20.0, rate=1, period=10.0)
AT_ONCE = 4
FIRST = 16  # bytes, enough to recognize each kind of file
KINDS = {**SIGNATURES, "zip": ZIP, "numpy": numpy_array.SIGNATURE, "idx": b"\0\0"}
COLUMNS = ("dataset", "file", "mirror", "bytes", "ranges", "tls", "first", "changed", "state")
GOOD = "good"  # the state of a mirror that has the file; otherwise it is why not

Check = dict[str, object]  # of one file at one mirror, by `COLUMNS`; ``mirror`` is the address, without secrets


class Answer(NamedTuple):
    """What one address answered; None for what it did not report.

    ``problem``: why the file is not available there. ``bytes``: its size. ``ranges``: whether the server sends parts
    of it. ``tls``: ``yes``, ``no``, or ``untrusted``. ``first``: the kind of file that begins with its first bytes.
    ``changed``: the day of its last change.
    """

    problem: str | None = None
    bytes: int | None = None
    ranges: bool | None = None
    tls: str | None = None
    first: str | None = None
    changed: str | None = None


def check_mirrors(datasets: Iterable[Dataset]) -> Iterator[tuple[PublishedFile, str, Check]]:
    """Request the first bytes of each file from each of its mirrors.

    Yields:
        each file, the mirror as the dataset file names it, and its check, in the order of the dataset files.
    """
    jobs = [
        (dataset, file, mirror, places_in(mirror, file)[0])
        for dataset in datasets
        for split in dataset.whole_splits.values()
        for file in split.files
        for mirror in dataset.mirror_places()
    ]
    addresses = list(dict.fromkeys(place.where for *_, place in jobs))  # many files may come from one archive
    with ProcessPoolExecutor(AT_ONCE) as pool:  # not threads: `patience` interrupts a whole process
        answers = dict(zip(addresses, pool.map(ask, addresses), strict=True))
    for dataset, file, mirror, place in jobs:
        answer = answers[place.where]
        facts = answer._asdict()
        state = facts.pop("problem") or wrong(answer, file, in_archive=bool(place.member)) or GOOD
        yield file, mirror, {"dataset": dataset.name, "file": file.file, "mirror": place.shown, "state": state} | facts


def ask(where: str) -> Answer:
    """Request the first bytes of an http or https URL, or read those of a path."""
    if not is_url(where):
        return _look(Path(where))
    tls = "yes" if where.startswith("https://") else "no"
    try:
        with (
            Session(PATIENCE, retries=0) as session,
            session.ask(where, {"Range": f"bytes=0-{FIRST - 1}"}) as response,
            session.watch.body(FIRST),
        ):
            return _read(response, tls)
    except UnavailableError as error:
        untrusted = isinstance(error.__context__, requests.exceptions.SSLError)
        return Answer(error.problem, tls="untrusted" if untrusted else tls)
    except (*NETWORK_ERRORS, TooSlowError):
        return Answer("broke off", tls=tls)


def wrong(answer: Answer, file: PublishedFile, in_archive: bool) -> str | None:
    """Why the answer cannot come from the file, or None. Archives and pinned contents may be packed differently."""
    wanted = "zip" if in_archive else (SUFFIXES | ARRAYS).get(Path(file.file).suffix, "idx")
    repacked = file.content_sha256 and not in_archive
    if answer.first not in (KINDS if repacked else (wanted,)):
        return f"not {wanted} but {answer.first}"
    if not (in_archive or repacked or None in (file.bytes, answer.bytes)) and file.bytes != answer.bytes:
        return f"wrong size, {file.bytes:,} bytes expected"
    return None


def lost(datasets: Iterable[Dataset], checks: Iterable[Check]) -> list[str]:
    """The files that no mirror has, as ``dataset/file``."""
    found = {(check["dataset"], check["file"]) for check in checks if check["state"] == GOOD}
    splits = [(dataset.name, split) for dataset in datasets for split in dataset.whole_splits.values()]
    files = dict.fromkeys((name, file.file) for name, split in splits for file in split.files)
    return ["/".join(file) for file in files if file not in found]


def table(checks: Iterable[Check], markdown: bool = False) -> str:
    """The checks as a table, a row for each file at each mirror."""
    rows = [[_cell(check[column]) for column in COLUMNS] for check in checks]
    if markdown:
        lines = [COLUMNS, ["---"] * len(COLUMNS), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return aligned([COLUMNS, *rows])


def _read(response: requests.Response, tls: str) -> Answer:
    tls = "no" if response.url.startswith("http://") else tls  # after redirects
    if response.status_code not in (200, 206):
        return Answer(status(response), tls=tls)
    ranges = response.status_code == 206
    pattern, field = (r"bytes 0-\d+/(\d+)", "Content-Range") if ranges else (r"(\d+)", "Content-Length")
    size = re.fullmatch(pattern, response.headers.get(field, ""))
    start = response.raw.read(FIRST, decode_content=False)
    changed = http_date(response.headers.get("Last-Modified", ""))
    answer = Answer(
        bytes=int(size[1]) if size and len(size[1]) < 20 else None,
        ranges=ranges,
        tls=tls,
        first=_kind(start),
        changed=changed.date().isoformat() if changed else None,
    )
    whole = FIRST if answer.bytes is None else min(FIRST, answer.bytes)
    return answer._replace(problem="broke off") if len(start) < whole else answer


def _look(path: Path) -> Answer:
    try:
        if path.exists() and not path.is_file():
            return Answer("not a regular file")  # a pipe would be waited for
        with open(path, "rb") as file:
            return Answer(bytes=path.stat().st_size, ranges=True, first=_kind(file.read(FIRST)))
    except OSError as error:
        return Answer(error.strerror or "cannot be read")


def _kind(start: bytes) -> str:
    """The kind of file that begins with these bytes."""
    known = next((name for name, signature in KINDS.items() if start.startswith(signature)), None)
    return known or (file_kind(start) or "something else").partition(":")[0].partition(",")[0]


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value or "")
