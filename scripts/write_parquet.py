"""Write the images of a split to one Parquet file, as Hugging Face datasets have them."""

import json
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.formats.png import PngEncoder
from idxpng.formats.split_header import Selection
from idxpng.text import counted

import pyarrow  # isort: skip
from pyarrow.parquet import ParquetWriter  # isort: skip

# A row group is in memory as a whole: the most images in one, and about the most bytes of pixels.
ROW_GROUP = 1000
ROW_GROUP_BYTES = 32 << 20


def main(split: Selection, parquet: str) -> None:
    """Write a row per image, in the order of the IDX file, to ``parquet``.

    Args:
        parquet: the file to make. Its columns: ``image``, a struct of ``bytes`` (the PNG file) and ``path`` (where
            the PNG file lies below ``png/``); ``label``, the value in the labels file; then what else a label says.
            Its metadata says how the `datasets` package decodes them.
    """
    with split.open() as (header, source):
        directories = header.directories
        encoder = PngEncoder(*source.size)
        group_size = min(ROW_GROUP, max(1, ROW_GROUP_BYTES // math.prod(source.size)))
        described = features(header.class_names, source.extra_columns)
        schema = pyarrow.schema(
            [
                ("image", pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])),
                *((name, pyarrow.int64()) for name in ("label", *source.extra_columns)),
            ],
            metadata={"huggingface": json.dumps({"info": {"features": described}})},
        )

        def rows() -> Iterator[dict[str, Any]]:
            for index, label in source.labeled(split.classes):
                path = f"{header.split}/{directories[label]}/{source.name(index)}.png"
                image = {"bytes": encoder.encode(source.pixels(index)), "path": path}
                extra = zip(source.extra_columns, source.extra_values(index), strict=True)
                yield {"image": image, "label": label} | dict(extra)

        with atomic_file(parquet) as file, ParquetWriter(file, schema) as writer:
            remaining, count = rows(), 0
            while group := list(islice(remaining, group_size)):
                writer.write_table(pyarrow.Table.from_pylist(group, schema))
                count += len(group)
    log.info("%s: %s", parquet, counted(count, "image"))


def features(classes: dict[str, str], extra_columns: Sequence[str]) -> dict[str, Any]:
    """How the `datasets` package describes the columns.

    Its class labels count from 0. Where those of a dataset begin at 1, as those of letters do, class 0 is one
    that no image has; where they have more gaps, labels are plain numbers.
    """
    names_by_label = {int(label): name for label, name in classes.items()}
    label: dict[str, Any] = {"dtype": "int64", "_type": "Value"}
    if max(names_by_label) <= len(names_by_label):
        names = [names_by_label.get(value, "none") for value in range(max(names_by_label) + 1)]
        if len(set(names)) < len(names):
            names = [f"{value} {name}" for value, name in enumerate(names)]
        label = {"names": names, "_type": "ClassLabel"}
    extra = {name: {"dtype": "int64", "_type": "Value"} for name in extra_columns}
    return {"image": {"_type": "Image"}, "label": label} | extra


if __name__ == "__main__":
    Command(__doc__).run(main)
