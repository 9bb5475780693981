"""Load the sample with clients that are too large for the tests, using the lines in docs/loading.md, and count images.

`make clients` runs it. Each client has an environment of its own, with what its section of the page installs.
"""

import csv
import os
import re
import shutil
import subprocess
import tempfile
import venv
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
HEADINGS = {"torchvision": "torchvision", "keras": "Keras", "datumaro": "Datumaro"}
TRAIN = "results/mnist-sample/png/train"
REFUSE_EMPTY = {"torchvision": "Found no valid file for the classes 3", "datumaro": "Failed to find dataset"}


def documented(client: str, pattern: str) -> str:
    """What a pattern finds in the section of docs/loading.md on a client."""
    page = (PROJECT / "docs/loading.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {HEADINGS[client]}\n")[2].partition("\n## ")[0]
    (found,) = re.findall(pattern, section, re.MULTILINE | re.DOTALL)
    return str(found)


def load(client: str, folder: str) -> tuple[list[str], Counter[str]]:
    """The class names that a client finds in a folder, and the number of images in each class."""
    loaded: dict[str, Any] = {}
    exec(documented(client, "^```python\n(.*?)^```$").replace(TRAIN, folder), loaded)
    train = loaded["train"]
    if client == "torchvision":
        return train.classes, Counter(train.classes[label] for _, label in train)
    if client == "keras":
        return train.class_names, Counter(train.class_names[int(label)] for _, labels in train for label in labels)
    from datumaro import AnnotationType

    names = [label.name for label in train.categories()[AnnotationType.label]]
    return names, Counter(names[label.label] for item in train for label in item.annotations)


def check(client: str) -> str:
    """Load the training images of the sample with a client, then those without the threes, and return a summary.

    Raises:
        AssertionError: the client does not find the classes and counts of the manifest, or does with an empty
            directory what the page does not say.
    """
    with open("results/mnist-sample/manifest/train.csv", encoding="utf-8", newline="") as file:
        expected = Counter(row["label"] for row in csv.DictReader(file))
    assert load(client, TRAIN) == (sorted(expected), expected)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(TRAIN, folder, dirs_exist_ok=True)
        for image in Path(folder, "3").iterdir():
            image.unlink()
        try:
            names, counts = load(client, folder)
        except Exception as error:
            assert REFUSE_EMPTY[client] in str(error)
        else:
            others = Counter({name: count for name, count in expected.items() if name != "3"})
            assert client not in REFUSE_EMPTY and (names, counts) == (sorted(expected), others)
    return f"{client} {version(client)}: {expected.total()} images, as in the manifest"


if __name__ == "__main__":
    os.chdir(PROJECT)
    os.environ |= {"PYTHONPATH": "tests", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for client in HEADINGS:
        python = f".venv-clients/{client}/bin/python"
        venv.create(f".venv-clients/{client}", with_pip=True)
        install = documented(client, "^    pip install (.*?)$").split()
        subprocess.run([python, "-m", "pip", "install", "--quiet", *install], check=True)
        subprocess.run([python, "-c", f"import clients; print(clients.check({client!r}))"], check=True)
