"""List the shards of a split with their counts and digests, and remove those of earlier runs beside the list."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from idxpng import log
from idxpng.command import Command
from idxpng.files.digest import digest_of
from idxpng.files.json_file import write_json
from idxpng.files.leftovers import remove_shards
from idxpng.formats.split_header import SplitHeader
from idxpng.formats.tar import is_shard, names
from idxpng.text import counted


def main(
    shards: Sequence[str],
    /,
    header: str,
    index: str,
    shard_size: int,
    shuffle_seed: int | None = None,
    limit: int | None = None,
    classes: Collection[int] | None = None,
) -> None:
    """Write ``index``, a JSON file: how the shards were made, the classes, then of each shard its name, images, bytes
    and SHA-256.

    Other shards of the split, which an earlier run made, are removed: whoever loads ``train-*.tar`` gets what the list
    has.

    Args:
        shards: the tar files, in their order.
        header: what `validate` wrote about the split.
        index: the file to make, ``{split}.json``.
        shard_size, shuffle_seed, limit, classes: what pack.py was given.
    """
    split_header = SplitHeader.read(header)
    described: list[dict[str, Any]] = [
        {
            "file": shard.name,
            "images": sum(name.endswith(".png") for name in names(shard)),
            "bytes": shard.stat().st_size,
            "sha256": digest_of(shard),
        }
        for shard in map(Path, shards)
    ]
    images = sum(shard["images"] for shard in described)
    document = {
        "images": images,
        "shard_size": shard_size,
        "shuffle_seed": shuffle_seed,
        "class_names": {str(label): name for label, name in split_header.names(classes).items()},
        "shards": described,
    }
    remove_shards(index, {shard["file"] for shard in described}, is_shard)
    write_json(index, document)
    log.info("%s: %s in %s", index, counted(images, "image"), counted(len(shards), "shard"))


if __name__ == "__main__":
    Command(__doc__).run(main)
