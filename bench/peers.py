"""Common ways to turn MNIST's files into PNG files in label folders: a reader and a writer.

python bench/peers.py READER WRITER FOLDER OUT [PROCESSES]
"""

import gzip
import struct
import sys
from collections.abc import Callable, Iterator
from multiprocessing import Pool
from pathlib import Path

import numpy as np

SPLITS = {"train": "train", "test": "t10k"}


def by_struct(folder: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """As in tutorials: the header with struct, the rest with numpy."""
    with gzip.open(folder / f"{prefix}-images-idx3-ubyte.gz") as file:
        _, count, rows, columns = struct.unpack(">IIII", file.read(16))
        images = np.frombuffer(file.read(), np.uint8).reshape(count, rows, columns)
    with gzip.open(folder / f"{prefix}-labels-idx1-ubyte.gz") as file:
        file.read(8)
        return images, np.frombuffer(file.read(), np.uint8)


def by_idx2numpy(folder: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    import idx2numpy

    images, labels = (
        idx2numpy.convert_from_file(gzip.open(folder / f"{prefix}-{kind}-ubyte.gz"))
        for kind in ("images-idx3", "labels-idx1")
    )
    return images, labels


def by_python_mnist(folder: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    from mnist import MNIST

    source = MNIST(str(folder), return_type="numpy", gz=True)
    images, labels = source.load_training() if prefix == "train" else source.load_testing()
    return images.astype(np.uint8).reshape(-1, 28, 28), labels


def by_mnists(folder: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    from mnists import MNIST

    source = MNIST(str(folder), download=False)
    if prefix == "train":
        return source.train_images(), source.train_labels()
    return source.test_images(), source.test_labels()


READERS: dict[str, Callable[[Path, str], tuple[np.ndarray, np.ndarray]]] = {
    "struct": by_struct,
    "idx2numpy": by_idx2numpy,
    "python-mnist": by_python_mnist,
    "mnists": by_mnists,
}


def images_and_paths(reader: str, folder: Path, out: Path) -> Iterator[tuple[np.ndarray, str]]:
    for split, prefix in SPLITS.items():
        if not (folder / f"{prefix}-images-idx3-ubyte.gz").exists():
            continue
        images, labels = READERS[reader](folder, prefix)
        for label in np.unique(labels):
            (out / split / str(label)).mkdir(parents=True)
        for index, image in enumerate(images):
            yield image, f"{out}/{split}/{labels[index]}/{index}.png"


def by_pillow(image_and_path: tuple[np.ndarray, str]) -> None:
    from PIL import Image

    image, path = image_and_path
    Image.fromarray(image).save(path)


def by_opencv(image_and_path: tuple[np.ndarray, str]) -> None:
    import cv2

    image, path = image_and_path
    cv2.imwrite(path, image)


WRITERS = {"pillow": by_pillow, "opencv": by_opencv}


def main(reader: str, writer: str, folder: str, out: str, processes: str = "1") -> None:
    work = images_and_paths(reader, Path(folder), Path(out))
    if processes == "1":
        for item in work:
            WRITERS[writer](item)
        return
    with Pool(int(processes)) as pool:
        for _ in pool.imap_unordered(WRITERS[writer], work, chunksize=500):
            pass


if __name__ == "__main__":
    main(*sys.argv[1:])
