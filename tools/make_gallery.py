"""Make the previews in docs/gallery, each with a run of the workflow.

    python tools/make_gallery.py mnist=FOLDER fashion-mnist=FOLDER ...

Each folder has the four published files of the dataset. Without a folder they are downloaded. Debian's package
dataset-fashion-mnist has those of Fashion-MNIST in /usr/share/datasets/fashion-mnist.
"""

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
GALLERY = PROJECT / "docs/gallery"


def main(arguments: list[str]) -> None:
    """Make the preview of the training images of each dataset, and copy it to the gallery."""
    GALLERY.mkdir(exist_ok=True)
    for argument in arguments:
        dataset, _, folder = argument.partition("=")
        preview = f"results/{dataset}/preview/train.png"
        mirrors = [f"mirrors={{{dataset}: [{Path(folder).resolve()}]}}"] if folder else []
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--cores",
            "2",
            preview,
            "--config",
            f"datasets={dataset}",
            *mirrors,
        ]
        if subprocess.run(command, cwd=PROJECT, check=False).returncode:
            sys.exit(1)  # Snakemake said why
        shutil.copyfile(PROJECT / preview, GALLERY / f"{dataset}.png")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
