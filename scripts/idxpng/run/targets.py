"""What each target makes of a dataset: the only list, for target rules, folders as targets, and SHA256SUMS."""

from idxpng.text import NAME

IMAGES = "<results>/{dataset}/png/{split}/{label}"

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

# Folders that are targets too: those of a dataset, of all its PNG files, of a split's, and of a label's.
FOLDER = rf"(?P<dataset>{NAME})(?P<png>/png(?:/(?P<split>{NAME})(?:/(?P<label>\d+))?)?)?"
