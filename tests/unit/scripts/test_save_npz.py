"""Arrays are saved under the names in Keras's mnist.npz."""

from pathlib import Path
from typing import Any

import numpy
import pytest

import save_npz
from dataset_files import write_split
from idxpng.formats.split_header import Selections
from memory import growth

RANDOM = numpy.random.default_rng(0)


def load_as_keras(path: Path) -> Any:
    """The arrays as keras.datasets.mnist.load_data returns them; the code is from Keras."""
    with numpy.load(path, allow_pickle=False) as f:
        x_train, y_train = f["x_train"], f["y_train"]
        x_test, y_test = f["x_test"], f["y_test"]
        return (x_train, y_train), (x_test, y_test)


class Splits:
    def __init__(self, folder: Path, label_type: str = "uint8", **settings: Any) -> None:
        self.images, self.labels, self.arguments = {}, {}, ([], [], [])  # type: ignore[var-annotated]
        for split, count in (("train", 50), ("test", 20)):
            self.images[split] = RANDOM.integers(0, 256, (count, 5, 7), numpy.uint8)
            self.labels[split] = RANDOM.integers(0, 10, count).astype(label_type)
            files = write_split(folder, self.images[split], self.labels[split], split, **settings)
            for argument, file in zip(self.arguments, files, strict=True):
                argument.append(file)


@pytest.mark.parametrize("label_type", ["uint8", "int32"])
def test_keras_loads_the_same_arrays_as_in_the_idx_files(tmp_path: Path, label_type: str) -> None:
    splits = Splits(tmp_path, label_type)
    save_npz.main(Selections(*splits.arguments), str(tmp_path / "set.npz"))
    for split, (x, y) in zip(("train", "test"), load_as_keras(tmp_path / "set.npz"), strict=True):
        assert x.dtype == numpy.uint8
        assert y.dtype == numpy.dtype(label_type)
        assert (x == splits.images[split]).all()
        assert (y == splits.labels[split]).all()


def test_the_same_images_make_the_same_bytes(tmp_path: Path) -> None:
    splits = Splits(tmp_path)
    for name in ("one", "two"):
        save_npz.main(Selections(*splits.arguments), str(tmp_path / name))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_only_the_selected_images_are_saved_and_they_are_upright(tmp_path: Path) -> None:
    splits = Splits(tmp_path, orientation="transposed")
    save_npz.main(Selections(*splits.arguments, limit=15, classes=[1, 2, 3]), str(tmp_path / "set.npz"))
    (x, y), _ = load_as_keras(tmp_path / "set.npz")
    chosen = numpy.isin(splits.labels["train"][:15], [1, 2, 3])
    assert (x == splits.images["train"][:15][chosen].transpose(0, 2, 1)).all()
    assert (y == splits.labels["train"][:15][chosen]).all()


@pytest.mark.memory
@pytest.mark.parametrize("shape", [(60, 1000, 1000), (1_000_000, 1, 1)], ids=["large images", "many images"])
def test_memory_grows_only_with_the_labels(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    files = write_split(tmp_path, numpy.zeros(shape, numpy.uint8), numpy.zeros(shape[0], numpy.uint8))
    code = "save_npz.main(Selections(*([file] for file in sys.argv[1:4])), sys.argv[4])"
    before = "import save_npz; from idxpng.formats.split_header import Selections"
    assert growth(code, *files, str(tmp_path / "set.npz"), before=before) < 20, (
        "a third of all pixels, 20 bytes for each label"
    )
