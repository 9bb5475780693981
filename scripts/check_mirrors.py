"""Ask every mirror of the known datasets whether it still has their files.

For each file at each mirror: whether it is there, its size, whether the server sends parts of it, whether its
certificate is trusted, what the first bytes are, and when it was last changed. Only those first bytes are fetched,
unless --full asks for whole files, to compare their digests. Exits with 1 when a file has no good mirror.

    python scripts/check_mirrors.py mnist mnist-sample
    python scripts/check_mirrors.py --format markdown > mirrors.md
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from idxpng.command import Command
from idxpng.dataset.file import DATASETS, load, read_schema
from idxpng.dataset.model import Dataset, PublishedFile
from idxpng.errors import DataError
from idxpng.fetch.mirrors import places_in
from idxpng.fetch.patience import Patience, TooSlowError
from idxpng.fetch.session import NETWORK_ERRORS, Session, http_date, status
from idxpng.fetch.transfer import UnavailableError
from idxpng.formats.compressed import ARRAYS, SIGNATURES, SUFFIXES, ZIP
from idxpng.formats.file_kind import file_kind
from idxpng.formats.numpy_array import SIGNATURE
from idxpng.log import output
from idxpng.text import aligned, is_url

import requests  # isort: skip

PATIENCE = Patience(connect=5.0, silence=10.0, answer=20.0, rate=1, period=10.0)
AT_ONCE = 4
FIRST = 16  # bytes, enough to recognize each kind of file
KINDS = {**SIGNATURES, "zip": ZIP, "numpy": SIGNATURE, "idx": b"\0\0"}
COLUMNS = ("dataset", "file", "mirror", "bytes", "ranges", "tls", "first", "changed", "state")


@dataclass(frozen=True)
class Answer:
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


@dataclass(frozen=True)
class Check:
    """The answer for one file at one mirror. ``mirror`` is the address, without secrets."""

    dataset: str
    file: str
    mirror: str
    answer: Answer

    @property
    def good(self) -> bool:
        return self.answer.problem is None

    def row(self) -> dict[str, object]:
        """The cells by `COLUMNS`."""
        answer = asdict(self.answer)
        state = answer.pop("problem") or "good"
        return {"dataset": self.dataset, "file": self.file, "mirror": self.mirror, "state": state, **answer}


def main(
    datasets: Sequence[str] = (), /, format: Literal["text", "json", "markdown"] = "text", full: bool = False
) -> None:
    """Check the mirrors of datasets, and print a table.

    Args:
        datasets: names or dataset files; by default all in the folder datasets/.
        format: that of the table.
        full: download what is there, and compare digests.

    Raises:
        DataError: when a dataset file has a mistake.
    """
    schema = read_schema()
    paths = [Path(name) if name.endswith(".yaml") else DATASETS / f"{name}.yaml" for name in datasets]
    paths = paths or sorted(DATASETS.glob("*.yaml"))
    checks = list(_checks([load(path, schema) for path in paths], full))
    if format == "json":
        output(json.dumps([check.row() for check in checks], indent=2))
    else:
        output(table(checks, markdown=format == "markdown"))
    if without := lost(checks):
        sys.exit(f"no mirror has {', '.join(without)}")


def _checks(datasets: Iterable[Dataset], full: bool) -> Iterator[Check]:
    """Request the first bytes of each file from each of its mirrors, in the order of the dataset files."""
    jobs = [
        (dataset, file, mirror)
        for dataset in datasets
        for split in dataset.whole_splits.values()
        for file in split.files
        for mirror in dataset.mirror_places()
    ]
    places = [places_in(mirror, file)[0] for _, file, mirror in jobs]
    addresses = list(dict.fromkeys(place.where for place in places))  # many files may come from one archive
    with ProcessPoolExecutor(AT_ONCE) as pool:  # not threads: `patience` interrupts a whole process
        answers = dict(zip(addresses, pool.map(ask, addresses), strict=True))
    for (dataset, file, mirror), place in zip(jobs, places, strict=True):
        answer = answers[place.where]
        problem = answer.problem or wrong(answer, file, in_archive=bool(place.member))
        if full and not problem:
            problem = _problem_of_download(dataset.name, file, mirror)
        yield Check(dataset.name, file.file, place.shown, replace(answer, problem=problem))


def _problem_of_download(dataset: str, file: PublishedFile, mirror: str) -> str | None:
    """Why the whole file from a mirror is not the right one, or None."""
    from download import download

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, dataset, file.published)
        path.parent.mkdir()
        try:
            download(file, [mirror], str(path), retries=1)
        except DataError as error:
            *_, reason = str(error).splitlines()[:2]  # the second line is the mirror's
            return reason.strip(" -")
    return None


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
    if answer.first not in ((*SIGNATURES, *ARRAYS.values(), "idx") if repacked else (wanted,)):
        return f"not {wanted} but {answer.first}"
    if not (in_archive or repacked or None in (file.bytes, answer.bytes)) and file.bytes != answer.bytes:
        return f"wrong size, {file.bytes:,} bytes expected"
    return None


def lost(checks: Iterable[Check]) -> list[str]:
    """The files that no mirror has, as ``dataset/file``."""
    checks = list(checks)
    there = {(check.dataset, check.file) for check in checks if check.good}
    files = dict.fromkeys((check.dataset, check.file) for check in checks)
    return ["/".join(file) for file in files if file not in there]


def table(checks: Iterable[Check], markdown: bool = False) -> str:
    """The checks as a table, a row for each file at each mirror."""
    rows = [[_cell(check.row()[column]) for column in COLUMNS] for check in checks]
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
    return replace(answer, problem="broke off") if len(start) < whole else answer


def _look(path: Path) -> Answer:
    try:
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


if __name__ == "__main__":
    Command(__doc__).answer(main)
