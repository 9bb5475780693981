"""The time of each step of an export, compared with other ways to do the same: a table in docs/speed.md.

python bench/steps.py IMAGES LABELS    decompressed IDX files of MNIST's training set
"""

import csv
import datetime
import hashlib
import io
import os
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from PIL import Image
from zlib_ng import zlib_ng

import export
from compare import PROJECT, label_rate, machine, new, with_table
from idxpng.files.flush import flush_each, flush_tree
from idxpng.formats.labeled_images import LabeledImages
from idxpng.formats.png import COMPRESSION_LEVEL, PngEncoder
from idxpng.formats.png_reader import PngReader
from idxpng.formats.tar import member
from label import LABEL

REPEATS = 7


class Step(NamedTuple):
    """A step of the job, its microseconds per image, and those of other ways to do the same, by name."""

    name: str
    own: float
    others: Mapping[str, float] = MappingProxyType({})


def microseconds(
    step: Callable[[Any], object], items: Sequence[Any], prepare: Callable[[], None] | None = None
) -> float:
    """Microseconds per item, the best of some repeats: other work of the machine can only add time."""
    best = float("inf")
    for _ in range(REPEATS):
        if prepare:
            prepare()
        start = time.perf_counter()
        for item in items:
            step(item)
        best = min(best, time.perf_counter() - start)
    return best / len(items) * 1e6


def steps(images: str, labels: str, folder: Path) -> Iterator[Step]:
    with LabeledImages(images, labels) as source:
        indices = [index for index, value in enumerate(source.classes()) if value == LABEL]
        rows, columns = source.size
        yield Step("read the image from the IDX file", microseconds(source.pixels, indices))
        pixels = [source.pixels(index) for index in indices]
    yield Step("its SHA-256, for the manifest", microseconds(lambda image: hashlib.sha256(image).hexdigest(), pixels))

    encoder = PngEncoder(rows, columns)

    def scanlines_by_loop(image: bytes) -> bytes:
        return b"".join([b"\0" + image[at : at + columns] for at in range(0, len(image), columns)])

    def deflate(scanlines: bytes, level: int = COMPRESSION_LEVEL) -> bytes:
        return zlib_ng.compress(scanlines, level, encoder._window_bits)

    def by_zlib(scanlines: bytes) -> bytes:
        stream = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, encoder._window_bits, 5)
        return stream.compress(scanlines) + stream.flush()

    def save(image: bytes) -> None:
        Image.frombytes("L", (columns, rows), image).save(io.BytesIO(), "png")

    scanlines = list(map(scanlines_by_loop, pixels))
    yield Step(
        "encode it as PNG",
        microseconds(encoder.encode, pixels),
        {"Pillow's `save` into memory": microseconds(save, pixels)},
    )
    yield Step(
        "- of which: scanlines",
        microseconds(lambda image: encoder._scanlines.pack(*encoder._rows.unpack(image)), pixels),
        {"a loop over the rows": microseconds(scanlines_by_loop, pixels)},
    )
    others = {
        "zlib-ng, next level": microseconds(lambda data: deflate(data, COMPRESSION_LEVEL + 1), scanlines),
        "zlib, same level": microseconds(by_zlib, scanlines),
    }
    yield Step("- of which: zlib-ng", microseconds(deflate, scanlines), others)

    def write_by_object(path_and_png: tuple[str, bytes]) -> None:
        with open(path_and_png[0], "wb") as file:
            file.write(path_and_png[1])

    def empty() -> None:
        new(folder / "files")

    files = [(f"{folder}/files/{index:05}.png", encoder.encode(image)) for index, image in enumerate(pixels)]
    yield Step(
        "write the file (tmpfs)",
        microseconds(lambda path_and_png: export._write(*path_and_png), files, empty),
        {"by a file object": microseconds(write_by_object, files, empty)},
    )

    def read_by_pillow(path: str) -> bytes:
        with Image.open(path) as image:
            return image.tobytes()

    paths = [path for path, _ in files]
    yield Step(
        "read and check it again, for `verify`",
        microseconds(PngReader(rows, columns).read, paths),
        {"Pillow, which checks less": microseconds(read_by_pillow, paths)},
    )

    yield Step(
        "flush it, so that a loss of power finds it whole (disk)",
        flush_microseconds(files, syncfs=True),
        {"a call for each file": flush_microseconds(files, syncfs=False)},
    )

    line = ("train/3/00000.png", "train", 12345, "3", "3", "0" * 64)
    manifest = csv.writer(io.StringIO(), lineterminator="\n")
    yield Step("the manifest's line", microseconds(lambda _: manifest.writerow(line), pixels))

    def whole(way: str) -> float:
        return 1e6 / max(label_rate(way, images, labels, new(folder / "label")) for _ in range(REPEATS))

    yield Step(
        "**the whole job**, process start left out",
        whole("ours"),
        {"with zlib": whole("zlib"), "Pillow": whole("pillow")},
    )

    archive = tarfile.open(fileobj=io.BytesIO(), mode="w")

    def by_tarfile(png: bytes) -> None:
        info = tarfile.TarInfo("00000.png")
        info.size = len(png)
        archive.addfile(info, io.BytesIO(png))

    pngs = [png for _, png in files]
    yield Step(
        "for a shard: a tar member instead of a file",
        microseconds(lambda png: member("00000.png", png), pngs),
        {"by `tarfile`": microseconds(by_tarfile, pngs)},
    )


def flush_microseconds(files: Sequence[tuple[str, bytes]], syncfs: bool) -> float:
    """Microseconds per file on the disk of the project, the median of some repeats.

    Not the best, because other processes can flush these files, or have theirs flushed with them.
    """
    seconds = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory(prefix=".bench-", dir=PROJECT) as folder:
            os.sync()
            for path, png in files:
                export._write(f"{folder}/{Path(path).name}", png)
            descriptor = os.open(folder, os.O_RDONLY)
            start = time.perf_counter()
            if syncfs:
                flush_tree(descriptor)
            else:
                flush_each(descriptor)
            seconds.append(time.perf_counter() - start)
            os.close(descriptor)
    return median(seconds) / len(files) * 1e6


def table(measured: Iterable[Step]) -> str:
    lines = ["| step | µs per image | other ways |", "|---|---|---|"]
    for step in measured:
        others = ", ".join(f"{name}: {time:.1f}" for name, time in step.others.items())
        lines.append(f"| {step.name} | {step.own:.1f} | {others} |")
    return "\n".join([*lines, "", f"{datetime.date.today()}, {machine()}."]) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        made = table(steps(sys.argv[1], sys.argv[2], Path(folder)))
    path = PROJECT / "docs/speed.md"
    path.write_text(with_table(path.read_text(), made))
    print(made)
