"""Pack some images of a split into one shard, a tar archive in the WebDataset convention."""

import json
from collections.abc import Sequence

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_file
from idxpng.formats.png import PngEncoder
from idxpng.formats.split_header import Selection
from idxpng.formats.tar import END, member
from idxpng.text import counted


def main(split: Selection, shard: str, number: int, shard_size: int, shuffle_seed: int | None = None) -> None:
    """Write the shard of position ``number``, directly from the IDX files.

    For each image the shard has ``{index}.png`` and ``{index}.cls`` (the label as decimal digits). If labels have
    more columns, ``{index}.json`` follows, with index, label, class name and these columns.

    Args:
        classes: only images with these labels, of those that the shard would have; all by default.
        shard: the tar file to make.
        number: position of the shard among those of its split, from 0.
        shard_size: images in each shard but the last.
        shuffle_seed: seed for shuffling; without it, images keep the order of the IDX file.

    Raises:
        DataError: when the split has no such shard, or the seed is too large.
    """
    with split.open() as (header, source), atomic_file(shard) as file:
        values = source.classes()
        order = shuffled(len(values), shuffle_seed) if shuffle_seed is not None else range(len(values))
        positions = order[number * shard_size : (number + 1) * shard_size]
        if not len(positions):
            expected = f"--number from 0 to {(len(values) - 1) // shard_size}"
            raise DataError(shard, "the split has no such shard", expected=expected, found=number)
        chosen = [position for position in positions if split.classes is None or values[position] in split.classes]
        class_names = header.names()
        encoder = PngEncoder(*source.size)
        for position in chosen:
            index, label = source.rows[position], values[position]
            key = source.name(index)
            file.write(member(f"{key}.png", encoder.encode(source.pixels(index))))
            file.write(member(f"{key}.cls", str(label).encode()))
            if source.extra_columns:
                record = {"index": index, "label": label, "class_name": class_names[label]}
                record.update(zip(source.extra_columns, source.extra_values(index), strict=True))
                file.write(member(f"{key}.json", json.dumps(record, ensure_ascii=False).encode()))
        file.write(END)
    log.info("%s: %s", shard, counted(len(chosen), "image"))


def shuffled(count: int, seed: int) -> Sequence[int]:
    """The numbers from 0 to ``count`` - 1 in an order that only the two arguments decide.

    That of numpy's `RandomState`, whose sequences are frozen for all time (numpy enhancement proposal 19).
    """
    import numpy

    try:
        return numpy.random.RandomState(seed).permutation(count).data
    except ValueError:
        raise DataError("--shuffle-seed", "the seed is too large", expected="at most 4294967295", found=seed) from None


if __name__ == "__main__":
    Command(__doc__).run(main)
