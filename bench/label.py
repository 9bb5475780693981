"""Export the images of one label of MNIST's training set in one of three ways, and print the images per second.

The time does not include process start and imports, nor for `pillow` reading the files.

python bench/label.py ours|zlib|pillow IMAGES LABELS OUT
"""

import sys
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

PROJECT = Path(__file__).parents[1]
sys.path.insert(0, str(PROJECT / "scripts"))

import export
import validate
from idxpng.formats import png
from idxpng.formats.idx import IdxFile

DATASET = PROJECT / "datasets/mnist.yaml"
LABEL = 3


def ours(images: str, labels: str, out: Path) -> float:
    """Seconds of the whole job: reading, encoding, writing, digests, manifest."""
    (out / "manifest").mkdir()
    header = str(out / "header.json")
    validate.main(str(DATASET), "train", images, labels, header)
    start = time.perf_counter()
    export.main(images, labels, header, str(LABEL), f"{out}/png/train/{LABEL}", f"{out}/manifest/{LABEL}.csv")
    return time.perf_counter() - start


def with_zlib(images: str, labels: str, out: Path) -> float:
    """Seconds of the same job with the zlib that Python is linked with."""

    def compress(data: bytes, level: int, window_bits: int) -> bytes:
        stream = zlib.compressobj(level, zlib.DEFLATED, window_bits, 5)  # enough memory for a digit
        return stream.compress(data) + stream.flush()

    vars(png)["zlib_ng"] = SimpleNamespace(compress=compress, crc32=zlib.crc32)
    return ours(images, labels, out)


def pillow(images: str, labels: str, out: Path) -> float:
    """Seconds of `Image.save` on the same images, already in memory."""
    from PIL import Image  # imported here, because even an unused import changes the use of memory

    with IdxFile(images) as image_file, IdxFile(labels) as label_file:
        pixels, values = image_file.array(), label_file.values()
    chosen = [(index, pixels[index]) for index, value in enumerate(values) if value == LABEL]
    out.mkdir(exist_ok=True)
    Image.init()
    start = time.perf_counter()
    for index, image in chosen:
        Image.fromarray(image).save(f"{out}/{index}.png")
    return time.perf_counter() - start


if __name__ == "__main__":
    way, images, labels, out = sys.argv[1:]
    with IdxFile(labels) as file:
        count = file.values().count(LABEL)
    seconds = {"ours": ours, "zlib": with_zlib, "pillow": pillow}[way](images, labels, Path(out))
    print(count / seconds)
