"""Ask every mirror of the known datasets whether it still has their files.

For each file at each mirror: whether it is there, its size, whether the server sends parts of it, whether its
certificate is trusted, what the first bytes are, and when it was last changed. Only those first bytes are fetched,
unless --full asks for whole files, to compare their digests. Exits with 1 when a file has no good mirror.

    python scripts/check_mirrors.py mnist mnist-sample
    python scripts/check_mirrors.py --format markdown > mirrors.md
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from idxpng.command import Command
from idxpng.dataset.file import load_all
from idxpng.dataset.model import PublishedFile
from idxpng.errors import DataError
from idxpng.fetch.mirror_check import GOOD, Check, check_mirrors, lost, table
from idxpng.log import output


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
    known = load_all(datasets)
    with tempfile.TemporaryDirectory() as folder:  # for all, because many files may come from one archive
        checks = [
            _compared(check, file, mirror, folder) if full and check["state"] == GOOD else check
            for file, mirror, check in check_mirrors(known)
        ]
    output(json.dumps(checks, indent=2) if format == "json" else table(checks, markdown=format == "markdown"))
    if without := lost(known, checks):
        sys.exit(f"no mirror has {', '.join(without)}")


def _compared(check: Check, file: PublishedFile, mirror: str, folder: str) -> Check:
    """The check, with the problem of a full download, if there is one."""
    from download import download

    output = Path(folder, str(check["dataset"]), file.published)
    output.parent.mkdir(exist_ok=True)
    try:
        download(file, [mirror], str(output), str(check["dataset"]), retries=1)
        output.unlink()
    except DataError as error:
        *_, reason = str(error).splitlines()[:2]  # the second line is the mirror's
        return check | {"state": reason.strip(" -")}
    return check


if __name__ == "__main__":
    Command(__doc__).answer(main)
