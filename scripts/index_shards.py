"""List the shards of a split with their counts and digests."""

import hashlib
import json
import logging
from pathlib import Path

from idxpng.atomic import atomic_file


def main(shards: list[str], index: str, images: int, shard_size: int, shuffle_seed: int | None = None) -> None:
    """Write ``index``, a JSON file: how the shards were made, then of each its name, images, bytes and SHA-256.

    Args:
        shards: the tar files, in their order.
        index: the file to make.
        images: how many images the shards have in all.
        shard_size, shuffle_seed: those of `pack.main`.
    """
    described = []
    for number, shard in enumerate(shards):
        with open(shard, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        described.append(
            {
                "file": Path(shard).name,
                "images": min(shard_size, images - number * shard_size),
                "bytes": Path(shard).stat().st_size,
                "sha256": digest,
            }
        )
    document = {"images": images, "shard_size": shard_size, "shuffle_seed": shuffle_seed, "shards": described}
    with atomic_file(index) as output:
        output.write(json.dumps(document, indent=2).encode() + b"\n")
    logging.info("%s: %d images in %d shards", index, images, len(shards))


if __name__ == "__main__":
    from idxpng.log import job_log

    with job_log(snakemake.log[0]):
        main(list(snakemake.input), snakemake.output[0], **snakemake.params.indexing)
