"""IDX files of many images in many classes, made of MNIST's: the same on every machine.

python bench/made.py FOLDER OUT    FOLDER has MNIST's four files
"""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from zlib_ng import gzip_ng

from peers import SPLITS, by_struct

IMAGES, CLASSES = 814_255, 62  # as EMNIST's largest, ByClass


def make(mnist: Path, folder: Path, images: int = IMAGES) -> Path:
    """Write compressed IDX files of one split, and their dataset file, which pins them.

    MNIST's 70,000 images follow each other again and again, each time shifted by another pixel; the labels go round.
    """
    train, test = (by_struct(mnist, prefix) for prefix in SPLITS.values())
    digits, labels = np.concatenate([train[0], test[0]]), np.concatenate([train[1], test[1]])
    classes = labels + 10 * np.arange(len(labels))
    turns = range(-(-images // len(digits)))
    pixels = np.concatenate([np.roll(digits, divmod(turn, 4), axis=(1, 2)) for turn in turns])[:images]
    values = (np.concatenate([classes + turn for turn in turns])[:images] % CLASSES).astype(np.uint8)
    split: dict[str, Any] = {"count": images, "shape": [28, 28]}
    for role, magic, items in (("images", 0x803, pixels), ("labels", 0x801, values)):
        content = np.array([magic, *items.shape], ">u4").tobytes() + items.tobytes()
        published = gzip_ng.compress(content, 1, mtime=0)
        name = f"train-{role}-idx{items.ndim}-ubyte.gz"
        (folder / name).write_bytes(published)
        pins = {"sha256": published, "content_sha256": content}
        split[role] = {"file": name} | {pin: hashlib.sha256(data).hexdigest() for pin, data in pins.items()}
    facts = {
        "title": f"{images} shifted digits",
        "license": {"spdx": None},
        "citation": "none",
        "classes": {label: str(label) for label in range(CLASSES)},
        "mirrors": ["."],
        "splits": {"train": split},
    }
    (folder / "digits.yaml").write_text(yaml.safe_dump(facts))
    return folder / "digits.yaml"


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
