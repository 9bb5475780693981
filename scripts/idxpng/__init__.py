"""The library behind the scripts.

It has wings, in the order of `WINGS`: a module imports from its own wing and from earlier ones. What each
knows is in docs/architecture.md.
"""

import os
import shlex
import sys
from pathlib import Path
from types import TracebackType

__version__ = "2.0.0"

# The modules of each wing, and every file of the package. Snakemake brings along only files that it knows of when a
# workflow imports this one over the network; a test keeps both equal to the folder.
WINGS = {
    "": "advice command errors log replaceable text",
    "files": "atomic digest disk_space external_sort flush folder_lock json_file leftovers partial walk",
    "formats": "compressed file_kind gray_image idx idx_writer image_folder labeled_images numpy_array png "
    "png_reader split_header tar",
    "dataset": "file file_names inference mismatch model schema strict_yaml writer",
    "fetch": "http_file integrity mirrors partial_file patience session transfer zip_member",
    "verify": "parallel png_tree rebuilt_idx repair tree_check",
    "publish": "croissant duplicates markup page_sections provenance terms",
    "run": "catalog checks code_digest config facts folder_plan jobs plan settings summary targets terminal",
}
PAGE_PARTS = ["publish/page/page.css", "publish/page/page.html", "publish/page/page.js"]
FILES = [f"{wing}/{name}.py".lstrip("/") for wing, names in WINGS.items() for name in ("__init__", *names.split())]
FILES += PAGE_PARTS
SCRIPTS = Path(__file__).resolve().parents[1]
PYTHON = SCRIPTS.parent / ".venv/bin/python"

if sys.version_info < (3, 11):  # noqa: UP036 - macOS has an older one, which cannot read what follows
    sys.exit(f"Python 3.11 or newer is needed: use {shlex.quote(os.path.relpath(PYTHON))} (make creates it)")


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say which Python has the packages, in place of a traceback, and nothing to a user who pressed Ctrl-C."""
    if isinstance(error, KeyboardInterrupt):
        return
    from idxpng.advice import from_folder, install
    from idxpng.text import shell_word

    if not isinstance(error, ModuleNotFoundError):
        sys.__excepthook__(kind, error, trace)
    elif error.name == "pyarrow" or os.path.realpath(sys.prefix) == os.path.realpath(PYTHON.parents[1]):
        print(f"{error}: {install('requirements-publish')}", file=sys.stderr)
    else:
        print(f"{error}: use {shell_word(from_folder(os.getcwd(), PYTHON))} (make creates it)", file=sys.stderr)


if Path(sys.argv[0]).resolve().parent == SCRIPTS:
    sys.excepthook = _report
