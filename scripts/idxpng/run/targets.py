"""What each target makes of a dataset: the one list for target rules, folders as targets, and SHA256SUMS."""

import difflib
from collections.abc import Collection
from typing import NoReturn

from idxpng.errors import DataError
from idxpng.text import NAME

# Paths below a dataset's results folder. The target makes any of them again if it was deleted.
_ALL = (
    "header/{split}.json",
    "header/{split}.crc32",
    "png/{split}/{label}",
    "manifest/{split}/{label}.csv",
    "manifest/{split}.csv",
    "preview/{split}.png",
    "preview/{split}/first.png",
    "statistics/{split}.json",
    "statistics/{split}.svg",
    "duplicates.json",
    "index.html",
    "digests.js",
)
_PUBLISHED = ("parquet/{split}.parquet", "README.md", "croissant.json", "LICENSE", "CITATION", "provenance.json")
OUTPUTS = {
    "all": _ALL,
    "publish": (*_ALL, *_PUBLISHED),
    "webdataset": ("webdataset/{split}-{shard}.tar", "webdataset/{split}.json"),
    "archive": ("archive/{split}.tar",),
    "npz": ("npz/{dataset}.npz",),
    "csv": ("csv/{split}.csv",),
    "verify": ("verify/{split}.json",),
    "checksums": ("SHA256SUMS",),
}


def as_regex(part: str) -> str:
    """A part of a path in `OUTPUTS` as a regular expression."""
    for name, value in (("split", NAME), ("label", r"\d+"), ("shard", r"\d+")):
        part = part.replace(f"{{{name}}}", f"(?P<{name}>{value})")
    return part.replace(".", r"\.")


def refuse_name(word: str, rules: Collection[str], datasets: Collection[str]) -> NoReturn:
    """Raise DataError for a target that is neither a path nor one of the ``rules``.

    The error suggests what is meant: a setting, a dataset, a rule with a similar name, or any of the ``rules``.
    """
    if "=" in word:
        raise DataError(word, "a setting is not a target", todo=f"write --config before it: --config {word}")
    if word in datasets:
        raise DataError(word, "a dataset is not a target", todo=f"type: all --config datasets={word}")
    if close := difflib.get_close_matches(word, rules, n=1):
        raise DataError(word, "no such target", todo=f"did you mean {close[0]}? (snakemake --list shows all)")
    expected = f"a path, such as results/mnist/png, or one of {', '.join(rules)}"
    raise DataError(word, "no such target", expected=expected)
