import os
import subprocess
import sys
from pathlib import Path

import pytest

from idxpng import advice
from idxpng.fetch.mirrors import VARIABLE, configured, configured_for
from idxpng.run.job_environment import prepare
from project import PROJECT


def test_the_running_python_comes_first_in_path() -> None:
    environment = {"PATH": "/usr/bin"}
    prepare({}, environment)
    assert environment["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"


def test_mirrors_of_several_workflows_in_one_process_are_merged() -> None:
    environment: dict[str, str] = {}
    prepare({"mnist": ("https://me:secret@example.org/",)}, environment)
    prepare({"kmnist": ("/data",)}, environment)
    assert configured(environment) == {"mnist": ["https://me:secret@example.org/"], "kmnist": ["/data"]}


def test_a_file_has_the_mirrors_of_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    prepare({"resources/mnist": ("/1",), "a/resources/mnist": ("/2",), "/data/mnist": ("/3",), "b/resources/mnist": ()})
    for folder, mirrors in (
        ("resources/mnist", ["/1"]),
        ("a/resources/mnist", ["/2"]),
        ("b/resources/mnist", []),
        ("/data/mnist", ["/3"]),
        (".snakemake/storage/s3/bucket/a/resources/mnist", ["/2"]),
        ("resources/kmnist", []),
        ("", []),
    ):
        assert configured_for(f"{folder}/x.gz") == mirrors


def test_a_variable_whose_value_is_not_ours_is_no_obstacle() -> None:
    for value in ("x", "[1]", ""):
        environment = {"IDXPNG_MIRRORS": value}
        prepare({"kmnist": ("/data",)}, environment)
        assert configured(environment) == {"kmnist": ["/data"]}


def test_a_script_finds_the_library_where_python_is_to_import_from_safe_places_alone() -> None:
    environment = os.environ | {"PYTHONSAFEPATH": "1"}
    prepare({}, environment)
    subprocess.run([sys.executable, str(PROJECT / "scripts/export.py"), "--help"], env=environment, check=True)


def test_a_second_import_advises_the_command_that_the_first_advises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"PATH": str(tmp_path)}
    monkeypatch.setenv("PATH", environment["PATH"])
    first = advice.call(str(tmp_path), "Snakefile")
    prepare({}, environment)
    monkeypatch.setenv("PATH", environment["PATH"])
    assert advice.call(str(tmp_path), "Snakefile") == first
