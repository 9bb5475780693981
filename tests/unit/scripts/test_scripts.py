"""Each script is a command-line tool with help, and works without Snakemake."""

import gzip
import json
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from project import PROJECT, run_code, run_script

SCRIPTS = sorted(path.stem for path in (PROJECT / "scripts").glob("*.py"))


def run(folder: Path, script: str, *arguments: str) -> str:
    process = run_script(script, *arguments, cwd=folder)
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_help_says_what_a_script_does(script: str, tmp_path: Path) -> None:
    text = run(tmp_path, script, "--help")
    assert text.startswith(f"usage: {script}.py")
    assert len(text.splitlines()) > 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "needs"),
    [("measure", "numpy"), ("preview", "PIL")]
    + [(script, "") for script in ("download", "decompress", "validate", "export", "merge_manifests")]
    + [(script, "") for script in ("find_duplicates", "make_page")],
)
def test_a_job_starts_with_the_packages_that_it_needs_alone(script: str, needs: str) -> None:
    slow = {"numpy", "PIL", "requests", "logging", "urllib.request"}  # slower to import than a small job works
    code = f"import sys, {script}; print(*{slow} & set(sys.modules))"
    assert run_code(code, check=True).stdout.strip() == needs


def help_of(script: str, python: object) -> "subprocess.CompletedProcess[str]":
    command = [str(python), f"scripts/{script}.py", "--help"]
    return subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python without packages, like that of the system."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return folder / "bin/python"


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_python_without_the_packages_is_told_which_one_has_them(script: str, bare_python: Path) -> None:
    process = help_of(script, bare_python)
    if process.returncode:
        assert re.fullmatch(r"No module named '\w+': use \.venv/bin/python \(make creates it\)\n", process.stderr)
    else:
        assert process.stdout.startswith("usage: ")


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.9", "3.10"])
def test_an_older_python_is_told_which_one_to_use(version: str) -> None:
    found = [*Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), shutil.which(f"python{version}")]
    python = next(filter(None, found), None)
    if not python:
        pytest.skip(f"there is no Python {version}")
    for script in SCRIPTS:
        process = help_of(script, python)
        told = r"Python 3\.\d+ or newer is needed: use \.venv/bin/python \(make creates it\)\n"
        assert process.returncode == 1 and re.fullmatch(told, process.stderr)


@pytest.mark.slow
def test_a_script_runs_without_its_docstrings() -> None:
    """`python -OO` and PYTHONOPTIMIZE=2 remove them."""
    file = PROJECT / "datasets/mnist-sample/t10k-labels-idx1-ubyte.gz"
    command = [sys.executable, "-OO", str(PROJECT / "scripts/show.py"), str(file)]
    process = subprocess.run(command, check=False, capture_output=True, text=True)
    assert "number of labels:  200" in process.stdout, process.stderr


@pytest.mark.slow
@pytest.mark.parametrize("script", ["write_card", "write_parquet"])
def test_without_pyarrow_the_command_that_installs_it_is_named(script: str) -> None:
    code = "import sys, runpy; sys.path.insert(0, 'scripts'); sys.modules['pyarrow'] = None; "
    code += f"sys.argv = ['scripts/{script}.py']; runpy.run_path(sys.argv[0], run_name='__main__')"
    process = run_code(code, cwd=PROJECT)
    assert process.returncode == 1
    assert process.stderr.endswith(" -m pip install -r envs/requirements-publish.txt\n")


def test_scripts_and_library_do_not_import_snakemake() -> None:
    sources = (PROJECT / "scripts").rglob("*.py")
    imports = re.compile(r"^\s*(import|from) snakemake", re.MULTILINE)
    assert [path.name for path in sources if imports.search(path.read_text())] == []


@pytest.mark.slow
def test_a_label_can_be_made_with_the_scripts_alone(tmp_path: Path) -> None:
    dataset = str(PROJECT / "datasets/mnist-sample.yaml")
    for role in ("images-idx3", "labels-idx1"):
        published, idx = f"t10k-{role}-ubyte.gz", f"t10k-{role}-ubyte"
        for _ in range(2):
            run(tmp_path, "download", "--dataset", dataset, "--file", published, "--output", published)
        run(tmp_path, "decompress", "--dataset", dataset, "--published", published, "--idx", idx)
        assert gzip.decompress((tmp_path / published).read_bytes()) == (tmp_path / idx).read_bytes()
    pair = ("--images", "t10k-images-idx3-ubyte", "--labels", "t10k-labels-idx1-ubyte", "--header", "test.json")
    run(tmp_path, "validate", "--dataset", dataset, "--split", "test", *pair)
    run(tmp_path, "export", *pair, "--label", "7", "--png", "x/png/test/7", "--manifest", "7.csv", "--limit", "50")
    counts = json.loads((tmp_path / "test.json").read_text())["class_counts"]
    assert 0 < len(list((tmp_path / "x/png/test/7").glob("*.png"))) < counts["7"]
