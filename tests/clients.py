"""Load the sample with clients that are too large for the tests, using the code in docs/loading.md, and count images.

`make clients` runs it in a separate environment. Torchvision needs a Python that has it, such as Debian's with
python3-torchvision: `python3 tests/clients.py torchvision`.
"""

import csv
import os
import re
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
HEADINGS = {"torchvision": "torchvision", "keras": "Keras", "datumaro": "Datumaro"}


def documented(heading: str) -> str:
    """The Python code below a heading of docs/loading.md."""
    page = (PROJECT / "docs/loading.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (code,) = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(code)


def found(client: str, train: Any) -> tuple[list[str], Counter[str]]:
    """The class names that a client found, and the number of images in each class."""
    if client == "torchvision":
        return train.classes, Counter(train.classes[label] for _, label in train)
    if client == "keras":
        return train.class_names, Counter(train.class_names[int(label)] for _, labels in train for label in labels)
    from datumaro import AnnotationType

    names = [label.name for label in train.categories()[AnnotationType.label]]
    return names, Counter(names[label.label] for item in train for label in item.annotations)


def main(client: str) -> str:
    """Load the training images of the sample with a client, and return a summary.

    Raises:
        AssertionError: the client does not find the classes and counts of the manifest.
    """
    loaded: dict[str, Any] = {}
    exec(documented(HEADINGS[client]), loaded)
    names, counts = found(client, loaded["train"])
    with open("results/mnist-sample/manifest/train.csv", encoding="utf-8", newline="") as file:
        expected = Counter(row["label"] for row in csv.DictReader(file))
    assert names == sorted(expected), names
    assert counts == expected, counts
    return f"{client} {version(client)}: {counts.total()} images, {len(names)} classes, as in the manifest"


if __name__ == "__main__":
    os.chdir(PROJECT)
    os.environ.setdefault("KERAS_BACKEND", "jax")
    for name in sys.argv[1:]:
        print(main(name))
