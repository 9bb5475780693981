"""Environment variables for jobs: Python's folder, configured mirrors, the call of the user, and numpy's threads."""

import json
import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from idxpng import advice
from idxpng.fetch.mirrors import VARIABLE, configured


def prepare(
    mirrors: Mapping[str, Sequence[str]],
    environment: MutableMapping[str, str] = os.environ,
    call: Mapping[str, Any] | None = None,
) -> None:
    """Prepare the environment of this process, which its jobs inherit.

    ``python`` becomes the one that runs now, unless a conda environment or a container puts a different one before it.
    Mirrors are passed here because a mirror's URL may hold a secret: other users can see command lines, and Snakemake
    logs them. numpy starts no threads for linear algebra, which is not used here: they cost more than a small job.

    Args:
        mirrors: the configured mirrors by the folder of downloads. Those that a different workflow in this process has
            set for other folders stay.
        call: how the user called Snakemake, see `advice.call`; None to keep what the process that started this one set.
    """
    folder = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([folder, environment.get("PATH", os.defpath)])
    environment.pop("PYTHONSAFEPATH", None)  # with it, a script does not find the library
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    environment[VARIABLE] = json.dumps(configured(environment) | dict(mirrors))
    if call:
        environment[advice.VARIABLE] = json.dumps(call)
