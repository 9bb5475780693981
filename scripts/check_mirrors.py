"""Ask every mirror of the known datasets whether it still has their files.

For each file at each mirror: whether it is there, its size, whether the server sends parts of it, whether its
certificate is trusted, what the first bytes are, and when it was last changed. Only those first bytes are fetched,
unless --full asks for whole files, to compare their digests. Exits with 1 when a file has no good mirror.

    python scripts/check_mirrors.py mnist mnist-sample
    python scripts/check_mirrors.py --format markdown > mirrors.md
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from idxpng.dataset.file import DATASETS, load, read_schema
from idxpng.dataset.model import Dataset, PublishedFile
from idxpng.errors import DataError
from idxpng.fetch.mirror_check import Check, check_mirrors, lost, table


def main(names: Sequence[str] = (), full: bool = False) -> list[Check]:
    """Check the mirrors of datasets, given by name or path; without ``names``, of all in the folder datasets/.

    Raises:
        DataError: when a dataset file has a mistake.
    """
    schema = read_schema()
    paths = [Path(name) if name.endswith(".yaml") else DATASETS / f"{name}.yaml" for name in names]
    paths = paths or sorted(DATASETS.glob("*.yaml"))
    datasets = {dataset.name: dataset for dataset in (load(path, schema) for path in paths)}
    return [
        _compared(check, datasets[check.dataset], file, mirror) if full and check.good else check
        for file, mirror, check in check_mirrors(datasets.values())
    ]


def _compared(check: Check, dataset: Dataset, file: PublishedFile, mirror: str) -> Check:
    """The check, with the problem of a full download, if there is one."""
    from download import download

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, dataset.name, file.published)
        output.parent.mkdir()
        try:
            download(file, [mirror], str(output), retries=1)
        except DataError as error:
            *_, reason = str(error).splitlines()[:2]  # the second line is the mirror's
            return replace(check, answer=replace(check.answer, problem=reason.strip(" -")))
    return check


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="DATASET", nargs="*", help="name or dataset file; all of datasets/ if none")
    parser.add_argument("--format", choices=["text", "json", "markdown"], default="text", help="of the table")
    parser.add_argument("--full", action="store_true", help="download what is there, and compare digests")
    arguments = parser.parse_args()
    try:
        checks = main(arguments.names, arguments.full)
    except DataError as problem:
        sys.exit(str(problem))
    if arguments.format == "json":
        print(json.dumps([check.row() for check in checks], indent=2))
    else:
        print(table(checks, markdown=arguments.format == "markdown"))
    if without := lost(checks):
        sys.exit(f"no mirror has {', '.join(without)}")
