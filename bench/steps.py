"""Where the time of an export goes, step by step, beside other ways of doing the same: the table in docs/speed.md.

python bench/steps.py IMAGES LABELS    decompressed IDX files of MNIST's training set
"""

import csv
import hashlib
import io
import os
import shutil
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from PIL import Image

import export
from compare import PROJECT, label_rate, new, with_table
from labelled_images import LabelledImages
from png_file import COMPRESSION_LEVEL, MEMORY_LEVEL, PngEncoder
from tar_file import member

LABEL = 3
REPEATS = 7
# What glibc does until a process has freed a larger piece, which depends on all that it has done before.
GIVES_BACK = {"MALLOC_TRIM_THRESHOLD_": str(128 * 1024)}


def microseconds(step: Callable[[Any], object], items: Iterable[Any]) -> float:
    """Of one item, at the best of some repeats: what else the machine does can only add."""
    items = list(items)
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        for item in items:
            step(item)
        best = min(best, time.perf_counter() - start)
    return best / len(items) * 1e6


def steps(images: str, labels: str, folder: Path) -> list[tuple[str, float, list[tuple[str, float]]]]:
    """Each step, its microseconds per image, and the same of other ways of doing it."""
    with LabelledImages(images, labels) as source:
        indices = [index for index, value in enumerate(source.classes()) if value == LABEL]
        rows, columns = source.size
        read = microseconds(source.pixels, indices)
        pixels = [source.pixels(index) for index in indices]
    encoder = PngEncoder(rows, columns)
    scanlines = [b"".join(b"\0" + image[at : at + columns] for at in range(0, len(image), columns)) for image in pixels]
    pngs = [encoder.encode(image) for image in pixels]
    line = ("train/3/00000.png", "train", 12345, "3", "3", "0" * 64)
    writer = csv.writer(io.StringIO(), lineterminator="\n")

    def deflate(data: bytes, level: int = COMPRESSION_LEVEL) -> bytes:
        stream = zlib.compressobj(level, zlib.DEFLATED, encoder._window_bits, MEMORY_LEVEL)
        return stream.compress(data) + stream.flush()

    def pillow(image: bytes) -> None:
        Image.frombytes("L", (columns, rows), image).save(io.BytesIO(), "png")

    def write(numbered: tuple[int, bytes]) -> None:
        path = f"{folder}/{numbered[0]}"
        export._write(path, numbered[1])

    def write_by_object(numbered: tuple[int, bytes]) -> None:
        with open(f"{folder}/{numbered[0]}", "wb") as file:
            file.write(numbered[1])

    def emptied(step: Callable[[Any], object]) -> float:
        best = float("inf")
        for _ in range(REPEATS):
            for entry in os.scandir(folder):
                os.unlink(entry.path)
            start = time.perf_counter()
            for numbered in enumerate(pngs):
                step(numbered)
            best = min(best, time.perf_counter() - start)
        return best / len(pngs) * 1e6

    def whole(way: str, **environment: str) -> float:
        rates = [label_rate(way, images, labels, new(folder / "label"), **environment) for _ in range(REPEATS)]
        shutil.rmtree(folder / "label")
        return 1e6 / max(rates)

    archive = tarfile.open(fileobj=io.BytesIO(), mode="w")

    def by_tarfile(png: bytes) -> None:
        info = tarfile.TarInfo("00000.png")
        info.size = len(png)
        archive.addfile(info, io.BytesIO(png))

    return [
        ("read the image from the IDX file", read, []),
        ("its SHA-256, for the manifest", microseconds(lambda image: hashlib.sha256(image).hexdigest(), pixels), []),
        (
            "encode it as PNG",
            microseconds(encoder.encode, pixels),
            [("Pillow's `save` into memory", microseconds(pillow, pixels))],
        ),
        (
            "- of which: scanlines",
            microseconds(lambda image: encoder._scanlines.pack(*encoder._rows.unpack(image)), pixels),
            [
                (
                    "a loop over the rows",
                    microseconds(
                        lambda image: b"".join(
                            [b"\0" + image[at : at + columns] for at in range(0, len(image), columns)]
                        ),
                        pixels,
                    ),
                )
            ],
        ),
        (
            "- of which: zlib",
            microseconds(deflate, scanlines),
            [
                (
                    "at zlib's own level",
                    microseconds(lambda data: deflate(data, zlib.Z_DEFAULT_COMPRESSION), scanlines),
                ),
            ],
        ),
        ("write the file (tmpfs)", emptied(write), [("by a file object", emptied(write_by_object))]),
        ("the manifest's line", microseconds(lambda _: writer.writerow(line), pixels), []),
        (
            "**the whole job**, process start left out",
            whole("ours"),
            [
                ("with as much memory for each stream as zlib takes by default", whole("zlib-memory")),
                ("the same where the C library gives memory back", whole("zlib-memory", **GIVES_BACK)),
                ("Pillow", whole("pillow")),
            ],
        ),
        (
            "for a shard: a tar member instead of a file",
            microseconds(lambda png: member("00000.png", png), pngs),
            [("by `tarfile`", microseconds(by_tarfile, pngs))],
        ),
    ]


def table(measured: list[tuple[str, float, list[tuple[str, float]]]]) -> str:
    lines = ["| step | µs per image | other ways |", "|---|---|---|"]
    for name, own, others in measured:
        told = ", ".join(f"{other}: {time:.1f}" for other, time in others)
        lines.append(f"| {name} | {own:.1f} | {told} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        made = table(steps(sys.argv[1], sys.argv[2], Path(folder)))
    path = PROJECT / "docs/speed.md"
    path.write_text(with_table(path.read_text(), made))
    print(made)
