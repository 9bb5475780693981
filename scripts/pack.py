"""Pack some images of a split into one shard, a tar archive in the WebDataset convention."""

import json
import logging
from collections.abc import Sequence

from idxpng.atomic import atomic_file
from idxpng.images import CLASS, LabelledImages
from idxpng.png import PngEncoder
from idxpng.tar import END, member


def main(
    images: str,
    labels: str,
    shard: str,
    number: int,
    shard_size: int,
    classes: dict[str, str],
    limit: int | None = None,
    shuffle_seed: int | None = None,
    orientation: str = "upright",
    label_columns: Sequence[str] = (CLASS,),
) -> None:
    """Write the shard of position ``number``, straight from the IDX files.

    Of each image the shard has ``{index}.png``, ``{index}.cls`` (the label as decimal digits) and
    ``{index}.json`` (index, label, class name, and the label's other columns), one after the other.

    Args:
        images, labels, orientation, label_columns: see `LabelledImages`.
        shard: the tar file to make.
        number: position of the shard among those of its split, from 0.
        shard_size: images in each shard but the last.
        classes: what each label stands for, by the label as directories spell it.
        limit: pack only the first so many images of the split; all when None.
        shuffle_seed: seed of the order in which the split's images are spread over all of its shards;
            None for the order of the IDX file.
    """
    class_names = {int(label): class_name for label, class_name in classes.items()}
    with LabelledImages(images, labels, orientation, label_columns) as source, atomic_file(shard) as file:
        values = source.classes(limit)
        order = shuffled(len(values), shuffle_seed) if shuffle_seed is not None else range(len(values))
        chosen = order[number * shard_size : (number + 1) * shard_size]
        encoder = PngEncoder(*source.size)
        width = source.index_width
        for index in chosen:
            label = values[index]
            about = {"index": index, "label": label, "class_name": class_names[label]}
            about.update(zip(source.extra_columns, source.extra_values(index), strict=True))
            key = f"{index:0{width}}"
            file.write(member(f"{key}.png", encoder.encode(source.pixels(index))))
            file.write(member(f"{key}.cls", str(label).encode()))
            file.write(member(f"{key}.json", json.dumps(about, ensure_ascii=False).encode()))
        file.write(END)
    logging.info("%s: %d images", shard, len(chosen))


def shuffled(count: int, seed: int) -> Sequence[int]:
    """The numbers from 0 to ``count`` - 1 in an order that only the two arguments decide.

    That of numpy's `RandomState`, whose sequences are frozen for all time (numpy enhancement proposal 19).
    """
    import numpy

    return numpy.random.RandomState(seed).permutation(count).data


if __name__ == "__main__":
    from idxpng.log import job_log

    with job_log(snakemake.log[0]):
        main(
            snakemake.input.images,
            snakemake.input.labels,
            snakemake.output[0],
            int(snakemake.wildcards.shard),
            **snakemake.params.packing,
            **snakemake.params.reading,
        )
