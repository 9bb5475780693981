"""Targets, and what each makes of a dataset: the one list for target rules, folders as targets, and SHA256SUMS."""

from idxpng.text import NAME

IMAGES = "<results>/{dataset}/png/{split}/{label}"

# Paths below the folder of a dataset's results. What is in this list and was deleted, the target makes again.
_ALL = (
    "header/{split}.json",
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

# Folders of results that are targets too: a dataset's, all its PNG files, those of a split, and of a label.
FOLDER = rf"(?P<dataset>{NAME})(?P<png>/png(?:/(?P<split>{NAME})(?:/(?P<label>\d+))?)?)?"
