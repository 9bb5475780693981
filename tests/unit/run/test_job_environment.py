import os
import sys
from pathlib import Path

from idxpng.run.job_environment import configured, prepare


def test_the_running_python_comes_first_in_path() -> None:
    environment = {"PATH": "/usr/bin"}
    prepare({}, environment)
    assert environment["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"


def test_mirrors_of_several_workflows_in_one_process_are_merged() -> None:
    environment: dict[str, str] = {}
    prepare({"mnist": ("https://me:secret@example.org/",)}, environment)
    prepare({"kmnist": ("/data",)}, environment)
    assert configured(environment) == {"mnist": ["https://me:secret@example.org/"], "kmnist": ["/data"]}
