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


def main(datasets: Sequence[str] = (), /) -> str:
    """A table of dataset files, one in each line.

    Args:
        datasets: names or dataset files; by default all in the folder datasets/.

    Raises:
        DataError: when a file has a mistake.
    """
    return aligned([*map(_row, load_all(datasets))], {"images", "classes", "download"})


def _row(dataset: Dataset) -> dict[str, str]:
    """The cells of a line by the names of their columns."""
    splits = dataset.whole_splits.values()
    files = [file for split in splits for file in split.files]
    sizes = {file.published: file.bytes for file in files}.values()  # an archive of arrays has several of them
    verified = Counter(file.verified or "no" for file in files)
    each = ", ".join(f"{n} {how}" for how, n in sorted(verified.items()))
    return {
        "name": dataset.name,
        "published": (dataset.published or "")[:4],
        "images": f"{sum(split.count for split in splits):,}",
        "classes": str(len(dataset.classes)),
        "download": f"{'over ' if None in sizes else ''}{sum(size or 0 for size in sizes) / 1e6:.1f} MB",
        "license": dataset.license["spdx"] or "uncertain",
        "verified": next(iter(verified)) if len(verified) == 1 else each,
        "content": f"{sum(file.content_sha256 is not None for file in files)} of {len(files)}",
    }


if __name__ == "__main__":
    Command(__doc__).answer(main)
