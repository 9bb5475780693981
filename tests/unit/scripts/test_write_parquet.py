from pathlib import Path

import numpy
import pyarrow.parquet
import pytest

import write_parquet
from dataset_files import write_split
from idxpng.formats.split_header import Selection
from memory import growth


def make(folder: Path, images: numpy.ndarray) -> tuple[str, str, str, str]:
    """The arguments of the script."""
    labels = numpy.arange(len(images), dtype=numpy.int32) % 10
    return *write_split(folder, images, labels), str(folder / "train.parquet")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "shape", "groups"),
    [(2500, (2, 2), [1000, 1000, 500]), (5, (4096, 4096), [2, 2, 1]), (2, (1, 40_000_000), [1, 1])],
)
def test_a_row_group_is_small_enough_for_memory(
    tmp_path: Path, count: int, shape: tuple[int, int], groups: list[int]
) -> None:
    images, labels, header, parquet = make(tmp_path, numpy.zeros((count, *shape), numpy.uint8))
    write_parquet.main(Selection(images, labels, header), parquet)
    metadata = pyarrow.parquet.read_metadata(tmp_path / "train.parquet")
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == groups


@pytest.mark.memory
def test_memory_does_not_grow_with_the_number_of_large_images(tmp_path: Path) -> None:
    def memory(count: int) -> float:
        noise = numpy.random.default_rng(0).integers(0, 256, (count, 1000, 1000), numpy.uint8)
        arguments = make(tmp_path, noise)
        return growth(
            "write_parquet.main(write_parquet.Selection(*sys.argv[1:4]), sys.argv[4])",
            *arguments,
            before="import write_parquet",
        )

    assert memory(120) < memory(40) + 20, "20 MB is a quarter of the 80 MB of additional images"
