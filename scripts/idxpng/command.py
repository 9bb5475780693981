"""What the scripts have in common as command-line tools: their help, their log, and how they end on bad input."""

import argparse
import gc
from collections.abc import Callable
from typing import Any

from idxpng.log import job_log


class Command(argparse.ArgumentParser):
    """The command line of a script.

    Args:
        description: the script's docstring.
    """

    def __init__(self, description: str | None) -> None:
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.add_argument("--log", metavar="FILE", help="write messages to this file; else to the terminal alone")

    def run(self, main: Callable[..., Any]) -> None:
        """Call ``main`` with the arguments of the command line, each by its name; exit with 1 on bad input."""
        arguments = vars(self.parse_args())
        with job_log(arguments.pop("log")):
            main(**arguments)
        gc.freeze()  # a process that ends need not look through its memory once more

    def add_dataset(self) -> None:
        self.add_argument("--dataset", required=True, metavar="FILE", help="dataset file, such as datasets/mnist.yaml")

    def add_headers(self) -> None:
        """What `validate` wrote, for a script that makes something of several splits."""
        self.add_argument(
            "--headers", nargs="+", required=True, metavar="FILE", help="what validate.py wrote, by split"
        )

    def add_manifests(self) -> None:
        self.add_argument("--manifests", nargs="+", required=True, metavar="FILE", help="what merge_manifests.py wrote")

    def add_idx_files(self) -> None:
        """The arguments of a script that reads the images of a split with their labels."""
        self.add_argument("--images", required=True, metavar="FILE", help="IDX file of the images, decompressed")
        self.add_argument("--labels", required=True, metavar="FILE", help="IDX file of their labels, decompressed")
        self.add_argument("--header", required=True, metavar="FILE", help="what validate.py wrote about the two")

    def add_limit(self) -> None:
        self.add_argument("--limit", type=int, metavar="N", help="only the first N images; all if left out")

    def add_selection(self) -> None:
        """The arguments of a script that makes something of only some of the images."""
        self.add_limit()
        self.add_argument("--classes", type=int, nargs="+", metavar="LABEL", help="only images with these labels")
