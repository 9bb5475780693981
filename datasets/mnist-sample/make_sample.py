"""Make the bundled sample again: the first images of MNIST's splits, as four .gz files beside this script.

    python datasets/mnist-sample/make_sample.py resources/mnist

takes the four decompressed files of MNIST (`snakemake --cores 1 ... --until decompress` makes them), and
prints the facts of each file it makes for datasets/mnist-sample.yaml.
"""

import gzip
import hashlib
import struct
import sys
from collections import Counter
from pathlib import Path

COUNTS = {"train": 1000, "t10k": 200}


def main(mnist: Path, sample: Path) -> None:
    """Write the first images and labels of the IDX files in ``mnist`` to ``sample``; the same bytes each time."""
    for split, count in COUNTS.items():
        for name, item_size in ((f"{split}-images-idx3-ubyte", 28 * 28), (f"{split}-labels-idx1-ubyte", 1)):
            header = 16 if "images" in name else 8
            whole = (mnist / name).read_bytes()
            content = whole[:4] + struct.pack(">I", count) + whole[8 : header + count * item_size]
            published = gzip.compress(content, mtime=0)
            (sample / f"{name}.gz").write_bytes(published)
            print(f"{name}.gz")
            print(f"  bytes: {len(published)}")
            print(f"  sha256: {hashlib.sha256(published).hexdigest()}")
            print(f"  content_sha256: {hashlib.sha256(content).hexdigest()}")
            if "labels" in name:
                print(f"  class_counts: {[Counter(content[header:])[label] for label in range(10)]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
