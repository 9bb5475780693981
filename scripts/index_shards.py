"""List the shards of a split with their counts and digests, and remove those of earlier runs beside the list."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from idxpng import log
from idxpng.command import Command
from idxpng.files.digest import digest_of
from idxpng.files.json_file import write_json
from idxpng.files.leftovers import entries_of
from idxpng.formats.split_header import SplitHeader
from idxpng.formats.tar import is_shard, names
from idxpng.replaceable import check_settings
from idxpng.text import counted, some


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
    remove_others(Path(index), {shard["file"] for shard in described})
    write_json(index, document)
    log.info("%s: %s in %s", index, counted(images, "image"), counted(len(shards), "shard"))


def remove_others(index: Path, current: Collection[str]) -> None:
    """Remove shards beside an ``index``, of names like the ``current`` ones, that begin as those of this workflow."""
    check_settings(index)  # or it would remove what a newer run made
    folder, start = index.parent, min(current).rpartition("-")[0]
    entries = entries_of(folder)
    shards = re.compile(rf"{re.escape(start)}-\d{{6,}}\.tar", re.ASCII)
    others = set(filter(shards.fullmatch, entries)) - set(current)
    stale = sorted(name for name in others if entries[name] and is_shard(folder / name))
    for name in stale:
        (folder / name).unlink()
    if stale:
        log.warning("%s: removed %s of an earlier run: %s", folder, counted(len(stale), "shard"), some(stale))
    if others := others - set(stale):
        log.warning("%s: not shards of this run, but not removed: %s", folder, some(others))


if __name__ == "__main__":
    Command(__doc__).run(main)
