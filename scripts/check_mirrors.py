"""Ask every mirror of the known datasets whether it still has their files.

For each file at each mirror: whether it is there, its size, whether the server sends parts of it, whether its
certificate is trusted, what the first bytes are, and when it was last changed. Only those first bytes are fetched,
unless --full asks for whole files, to compare their digests. Exits with 1 when a file has no good mirror.

    python scripts/check_mirrors.py mnist mnist-sample
    python scripts/check_mirrors.py --format markdown > mirrors.md
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Literal

from download import download, opened
from idxpng.command import Command
from idxpng.dataset.file import load_all
from idxpng.dataset.model import PublishedFile
from idxpng.errors import DataError
from idxpng.fetch.mirrors import places_in
from idxpng.fetch.patience import Patience, TooSlowError
from idxpng.fetch.session import NETWORK_ERRORS, Session, http_date, status
from idxpng.fetch.transfer import UnavailableError
from idxpng.formats import numpy_array
from idxpng.formats.compressed import ARRAYS, COMPRESSIONS, SUFFIXES, ZIP
from idxpng.formats.file_kind import file_kind
from idxpng.log import output
from idxpng.text import aligned, is_url

import requests  # isort: skip

PATIENCE = Patience(connect=5.0, silence=10.0, answer=20.0, rate=1, period=10.0)
AT_ONCE = 4
FIRST = 16  # bytes, enough to recognize each kind of file
KINDS = {name: each.signature for name, each in COMPRESSIONS.items()}
KINDS |= {"zip": ZIP, "numpy": numpy_array.SIGNATURE, "idx": b"\0\0"}
COLUMNS = ("dataset", "file", "mirror", "bytes", "ranges", "tls", "first", "changed", "state")
GOOD = "good"  # the state of a mirror that has the file; otherwise it is why not

# Of one file at one mirror, by `COLUMNS`; None for what the mirror did not report. ``mirror``: the address, without
# secrets. ``bytes``: the size there. ``ranges``: whether the server sends parts. ``tls``: yes, no, or untrusted.
# ``first``: the kind of file that begins with the first bytes. ``changed``: the day of its last change.
Check = dict[str, Any]


def main(
    datasets: Sequence[str] = (), /, format: Literal["text", "json", "markdown"] = "text", full: bool = False
) -> None:
    """Check the mirrors of datasets, and print a table.

    Args:
        datasets: names or dataset files; by default all in the folder datasets/.
        format: the format of the table.
        full: download each file that is there, and compare its digest.

    Raises:
        DataError: when a dataset file has a mistake.
    """
    downloads = [(dataset, files) for dataset in load_all(datasets) for files in dataset.downloads.values()]
    jobs = [(dataset.name, files, mirror) for dataset, files in downloads for mirror in dataset.mirror_places()]
    # Processes, not threads: `patience` interrupts a whole process. One folder, because many files may come from one
    # archive.
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(AT_ONCE) as pool:
        checks = list(pool.map(partial(check, folder=folder if full else None), jobs))
    output(json.dumps(checks, indent=2) if format == "json" else table(checks, markdown=format == "markdown"))
    good = {(each["dataset"], each["file"]) for each in checks if each["state"] == GOOD}
    names = [(dataset.name, files[0].file) for dataset, files in downloads]
    if lost := ["/".join(name) for name in names if name not in good]:
        sys.exit(f"no mirror has {', '.join(lost)}")


def check(job: tuple[str, Sequence[PublishedFile], str], folder: str | None) -> Check:
    """Request the first bytes of a dataset's file from a mirror, and if they are right, all of it into a ``folder``."""
    dataset, (file, *_), mirror = job  # if there are several, they are arrays in one file
    checks: list[Check] = []
    for place in places_in(mirror, file):  # alone, or in an archive
        found = dict.fromkeys(COLUMNS) | ask(place.where)
        found |= {"dataset": dataset, "file": file.file, "mirror": place.shown}
        found["state"] = found["state"] or wrong(found, file, in_archive=bool(place.member))
        checks.append(found)
        if not found["state"]:
            break
    else:
        found = checks[0]
    if folder and not found["state"]:
        found["state"] = _differs(dataset, job[1], mirror, folder)
    return found | {"state": found["state"] or GOOD}


def ask(where: str) -> Check:
    """What is known from the first bytes at an http or https URL, or a path; ``state``: why there are none."""
    try:
        if not is_url(where):
            with opened(where) as file:
                size = os.fstat(file.fileno()).st_size
                return {"bytes": size, "ranges": True, "first": _kind(file.read(FIRST))}
        with (
            Session(PATIENCE) as session,
            session.ask(where, {"Range": f"bytes=0-{FIRST - 1}"}) as response,
            session.reading_body(FIRST),
        ):
            return _read(response) | {"tls": "yes" if where.startswith("https://") else "no"}  # no redirect drops it
    except UnavailableError as error:
        untrusted = isinstance(error.__context__, requests.exceptions.SSLError)
        return {"state": error.problem, "tls": "untrusted" if untrusted else None}
    except (*NETWORK_ERRORS, TooSlowError):
        return {"state": "broke off"}


def wrong(found: Check, file: PublishedFile, in_archive: bool) -> str | None:
    """Why the file cannot be there, or None."""
    wanted = "zip" if in_archive else (SUFFIXES | ARRAYS).get(Path(file.file).suffix, "idx")
    repacked = file.any_packing and not in_archive
    if found["first"] not in (KINDS if repacked else (wanted,)):
        return f"not {wanted} but {found['first']}"
    if not (in_archive or repacked or None in (file.bytes, found["bytes"])) and file.bytes != found["bytes"]:
        return f"wrong size, {file.bytes:,} bytes expected"
    return None


def table(checks: Iterable[Check], markdown: bool = False) -> str:
    """The checks as a table, a row for each file at each mirror."""
    rows = [{column: _cell(each[column]) for column in COLUMNS} for each in checks]
    if markdown:
        cells = ([cell.replace("|", "\\|") for cell in row.values()] for row in rows)
        return "\n".join(f"| {' | '.join(line)} |" for line in [COLUMNS, ["---"] * len(COLUMNS), *cells])
    return aligned(rows)


def _differs(dataset: str, files: Sequence[PublishedFile], mirror: str, folder: str) -> str | None:
    """Why a download of the whole file is refused, or None."""
    target = Path(tempfile.mkdtemp(dir=folder), files[0].published)
    try:
        download(files, [mirror], str(target), dataset)
    except DataError as error:
        *_, reason = str(error).splitlines()[:2]  # the second line is the mirror's
        return reason.strip(" -")
    target.unlink()
    return None


def _read(response: requests.Response) -> Check:
    if response.status_code not in (200, 206):
        return {"state": status(response)}
    ranges = response.status_code == 206
    pattern, field = (r"bytes 0-\d+/(\d+)", "Content-Range") if ranges else (r"(\d+)", "Content-Length")
    match = re.fullmatch(pattern, response.headers.get(field, ""))
    size = int(match[1]) if match and len(match[1]) < 20 else None
    start = response.raw.read(FIRST, decode_content=False)
    changed = http_date(response.headers.get("Last-Modified", ""))
    return {
        "bytes": size,
        "ranges": ranges,
        "first": _kind(start),
        "changed": changed.date().isoformat() if changed else None,
        "state": "broke off" if len(start) < (FIRST if size is None else min(FIRST, size)) else None,
    }


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
