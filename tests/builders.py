"""Files, IDX files and datasets for tests, made by numpy and by hand, independently of the code under test."""

import gzip
import lzma
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy
import yaml
from PIL import Image

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress, "xz": lzma.compress}
TYPE_CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def put(path: Path, data: bytes | str = b"") -> Path:
    """Write a file, and make the folders that it lies in; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def put_image(path: Path, pixels: numpy.ndarray, **options: Any) -> None:
    """Save an image, in the format that its name says, and make the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def flip(path: Path, *places: int) -> None:
    """Change one bit of some bytes of a file whose times stay, as a bad disk does."""
    times, data = path.stat(), bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@contextmanager
def rewritten(path: Path) -> Iterator[dict[str, Any]]:
    """What a dataset file says, to change."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    yield document
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def idx_bytes(array: numpy.ndarray) -> bytes:
    """The IDX file of an array of any IDX type: the header, then the elements in big-endian order."""
    header = struct.pack(f">HBB{array.ndim}I", 0, TYPE_CODES[array.dtype.name], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def put_pair(
    folder: Path, images: numpy.ndarray, labels: numpy.ndarray, names: tuple[str, str] = ("images", "labels")
) -> tuple[Path, Path]:
    """Write the IDX files of images and their labels; return their paths."""
    return put(folder / names[0], idx_bytes(images)), put(folder / names[1], idx_bytes(labels))


def described(count: int, shape: Sequence[int], images: str = "images", labels: str = "labels") -> dict[str, Any]:
    """A split in a dataset file: how many images of which shape, in files of which names."""
    return {"count": count, "shape": list(shape), "images": {"file": images}, "labels": {"file": labels}}


def arrays_of(folder: Path, stem: str) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The images, uint8 (count, 28, 28), and the labels, uint8 (count,), in published files of MNIST or the sample."""
    kinds = ("images-idx3", "labels-idx1")
    images, labels = (gzip.decompress((folder / f"{stem}-{kind}-ubyte.gz").read_bytes()) for kind in kinds)
    return numpy.frombuffer(images[16:], numpy.uint8).reshape(-1, 28, 28), numpy.frombuffer(labels[8:], numpy.uint8)


OWN: dict[str, Any] = {
    "title": "Three shapes",
    "license": {"spdx": "CC0-1.0"},
    "citation": "none",
    "classes": {0: "circle", 1: "square, filled", 2: "étoile"},
    "mirrors": ["idx"],
    "splits": {"train": described(30, (5, 7), "shapes-images-idx3-ubyte", "shapes-labels-idx1-ubyte.gz")},
}


def make_own_dataset(folder: Path) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Write a dataset of 30 images of 5 × 7 pixels in three classes, with plain images and compressed labels.

    Returns:
        The images, uint8 (30, 5, 7), and the labels, uint8 (30,).
    """
    random = numpy.random.default_rng(0)
    images = random.integers(0, 256, (30, 5, 7), numpy.uint8)
    labels = random.integers(0, 3, 30).astype(numpy.uint8)
    put(folder / "idx/shapes-images-idx3-ubyte", idx_bytes(images))
    (folder / "idx/shapes-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels), mtime=0))
    (folder / "shapes.yaml").write_text(yaml.safe_dump(OWN, allow_unicode=True))
    return images, labels
