"""Facts that the project states in two places are the same in both."""

import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
import yaml

import idxpng
from idxpng.fetch import session
from project import PROJECT, git_files

ENVIRONMENTS = [*(PROJECT / "envs").glob("*.yaml"), PROJECT / "environment.yaml"]
# Scripts that the Makefile runs, and what stands before; `make fuzz` installs what its own needs.
OF_MAKE = re.findall(
    r"^\t(PYTHONPATH=scripts )?\$\(\w+\) (\w+/(?!fuzz_idx)\w+\.py)", (PROJECT / "Makefile").read_text(), re.MULTILINE
)
LOCKED = sorted((PROJECT / "envs").glob("requirements*.txt"))
TOGETHER = [
    path for path in LOCKED if path.stem not in ("requirements-bench", "requirements-tools")
]  # installed into one .venv


def pins(path: Path) -> dict[str, str]:
    """The versions in a file written by `make lock`, by package."""
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[\S+\])?==(\S+)", path.read_text(), re.MULTILINE))


def test_environments_and_requirements_pin_the_same_versions() -> None:
    pinned = pins(PROJECT / "envs/requirements.txt") | pins(PROJECT / "envs/requirements-publish.txt")
    other = []
    for environment in ENVIRONMENTS:
        *of_conda, last = yaml.safe_load(environment.read_text())["dependencies"]
        of_pip = last["pip"] if isinstance(last, dict) else [last]
        for requirement in [*of_conda, *of_pip]:
            package, version = re.split("==?", requirement)
            locked = pinned.get(package.removesuffix("-minimal"))
            if package not in ("python", "pip") and version != locked:
                other.append(f"{environment.name}: {requirement}, in envs/requirements*.txt {locked}")
    assert other == []


def test_the_conda_environment_has_every_requirement_of_the_workflow() -> None:
    wanted = re.findall(r"^([A-Za-z][\w-]*)", (PROJECT / "envs/requirements.in").read_text(), re.MULTILINE)
    listed = (PROJECT / "environment.yaml").read_text().replace("-minimal", "")
    assert {name.lower() for name in wanted} <= set(re.findall(r"- ([a-z-]+)=", listed))


def test_packages_installed_together_are_pinned_to_one_version() -> None:
    versions = defaultdict(set)
    for path in TOGETHER:
        for package, version in pins(path).items():
            versions[package].add(version)
    assert len(versions) > 100
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.stem)
def test_requirements_are_locked_with_hashes_and_name_no_registry(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text and "index-url" not in text.replace("--no-emit-index-url", "")
    for block in re.findall(r"^[a-z].*(?:\n +--hash=sha256:[0-9a-f]{64}.*)*", text, re.MULTILINE):
        assert "--hash" in block, block
    wanted = re.findall(r"^([A-Za-z][\w-]*)", path.with_suffix(".in").read_text(), re.MULTILINE)
    assert {package.lower() for package in wanted} <= set(pins(path)) != set()


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    newest = re.search(r"^## (\S+) - (\S+)$", (PROJECT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    found = {"CHANGELOG.md": newest[1], "CITATION.cff": citation["version"]}
    for page in ("config/README.md", "docs/module.md"):
        (found[page],) = re.findall(r"\btag\W+v([\d.]+\d)", (PROJECT / page).read_text())
    assert found == dict.fromkeys(found, idxpng.__version__)
    assert newest[2] == str(citation["date-released"])
    assert f"/{idxpng.__version__} " in session.USER_AGENT


def test_the_oldest_python_is_the_same_everywhere() -> None:
    tools = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]
    oldest = tools["mypy"]["python_version"]
    assert tools["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    linux = yaml.safe_load((PROJECT / ".github/workflows/test.yml").read_text())["jobs"]["linux"]
    assert linux["strategy"]["matrix"]["python"][0] == oldest
    readme, library = ((PROJECT / name).read_text() for name in ("README.md", "scripts/idxpng/__init__.py"))
    assert f"Python {oldest} or newer" in readme and f"Python {oldest} or newer" in library
    assert f"version_info < ({oldest.replace('.', ', ')})" in library


def test_ruff_and_mypy_see_every_python_file() -> None:
    python = {name for name in git_files() if name.endswith(".py")}
    ruff = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--show-files", "."],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    seen = {str(Path(name).relative_to(PROJECT)) for name in ruff.stdout.splitlines() if name.endswith(".py")}
    assert seen == python
    typed = re.search(r"^files = \[(.*)\]", (PROJECT / "pyproject.toml").read_text(), re.MULTILINE)
    assert typed and {name.split("/")[0] for name in python} == set(re.findall(r'"(\w+)"', typed[1]))


def test_make_help_lists_every_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    listed = subprocess.run(["make", "help"], cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    assert phony and sorted(re.findall(r"^([a-z]+) ", listed, re.MULTILINE)) == sorted(phony[1].split())


def test_nothing_generated_is_in_the_repository() -> None:
    assert not [name for name in git_files() if name.startswith(("results/", "resources/", ".snakemake/", "logs/"))]


def test_docs_contains_only_pages_and_pictures() -> None:
    """Tools, records, and captions of the report are kept with the code that uses them."""
    shown = [name for name in git_files() if name.startswith("docs/")]
    assert {Path(name).suffix for name in shown} == {".md", ".png", ".svg"}


@pytest.mark.slow
@pytest.mark.parametrize(("library", "script"), OF_MAKE)
def test_a_script_that_make_runs_finds_its_modules(library: str, script: str) -> None:
    code = f"import runpy, sys; sys.path[0] = {script.split('/')[0]!r}; runpy.run_path({script!r})"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": "scripts"} if library else {}
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, check=True)
