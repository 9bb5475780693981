"""List the known datasets: what they hold, how large the download is, and how far their facts are checked.

`download` is the size of the published files, as far as it is known. `verified` says how their facts are known: `bytes`
if they were computed from the files, `pinned` if they were copied from others who published them, and how many of each
if both occur. `content` counts the files whose content has a known digest: if all have one, `verify` needs no
originals.
"""

from collections import Counter
from collections.abc import Sequence

from idxpng.command import Command
from idxpng.dataset.file import load_all
from idxpng.dataset.model import Dataset
from idxpng.text import aligned

COLUMNS = ("name", "published", "images", "classes", "download", "license", "verified", "content")


def main(datasets: Sequence[str] = (), /) -> str:
    """A table of dataset files, one in each line.

    Args:
        datasets: names or dataset files; by default all in the folder datasets/.

    Raises:
        DataError: when a file has a mistake.
    """
    numbers = map(COLUMNS.index, ("images", "classes", "download"))
    return aligned([COLUMNS, *map(_row, load_all(datasets))], set(numbers))


def _row(dataset: Dataset) -> tuple[str, ...]:
    splits = dataset.whole_splits.values()
    files = [file for split in splits for file in split.files]
    sizes = {file.published: file.bytes for file in files}.values()  # an archive of arrays has several of them
    verified = Counter(file.verified or "no" for file in files)
    return (
        dataset.name,
        (dataset.published or "")[:4],
        f"{sum(split.count for split in splits):,}",
        str(len(dataset.classes)),
        f"{'over ' if None in sizes else ''}{sum(size or 0 for size in sizes) / 1e6:.1f} MB",
        dataset.license["spdx"] or "uncertain",
        next(iter(verified)) if len(verified) == 1 else ", ".join(f"{n} {how}" for how, n in sorted(verified.items())),
        f"{sum(file.content_sha256 is not None for file in files)} of {len(files)}",
    )


if __name__ == "__main__":
    Command(__doc__).answer(main)
