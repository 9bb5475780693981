"""The library is divided into wings: a module imports only from its own wing and from earlier ones."""

import ast
import functools
import re
from pathlib import Path

import pytest

import idxpng
from idxpng.run.code_digest import MARK
from project import PROJECT

PACKAGE = Path(idxpng.__file__).parent
SCRIPTS = PACKAGE.parent
WINGS = list(idxpng.WINGS)
MODULES = [name for name in idxpng.FILES if name.endswith(".py") and not name.endswith("__init__.py")]


def wing(module: str) -> str:
    return module.rpartition("/")[0]


@functools.cache
def imports(module: str) -> set[str]:
    """The modules of the library that a module imports anywhere in its source, as paths in the package."""
    names = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    paths = {"/".join(name.split(".")[1:]) + ".py" for name in names if name.startswith("idxpng.")}
    return paths & set(MODULES)


def test_every_file_of_the_package_is_listed_once() -> None:
    files = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*") if path.is_file()}
    assert {path for path in files if "__pycache__" not in path} == set(idxpng.FILES), "WINGS in idxpng/__init__.py"
    assert len(idxpng.FILES) == len(set(idxpng.FILES))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_no_later_wing(module: str) -> None:
    later = WINGS[WINGS.index(wing(module)) + 1 :]
    assert {name for name in imports(module) if wing(name) in later} == set()


@pytest.mark.parametrize("module", MODULES)
def test_the_tests_of_a_module_are_in_the_folder_of_its_wing(module: str) -> None:
    unit = Path(__file__).parent
    assert {path.parent for path in unit.rglob(f"test_{Path(module).name}")} <= {unit / wing(module)}


def test_imports_have_no_cycle() -> None:
    left = {module: imports(module) for module in MODULES}
    while free := [module for module, names in left.items() if not names & set(left)]:
        for module in free:
            del left[module]
    assert left == {}


@pytest.mark.parametrize("folder", WINGS)
def test_no_wing_has_more_than_a_dozen_modules(folder: str) -> None:
    assert 1 <= sum(wing(module) == folder for module in MODULES) <= 12


def test_only_these_imports_are_left_out_of_the_digest() -> None:
    marked = {
        (path.name, line.split()[1])
        for path in [*SCRIPTS.glob("*.py"), *(PACKAGE / module for module in MODULES)]
        for line in path.read_text().splitlines()
        if line.rstrip().endswith(MARK) and "import" in line
    }
    # They read the dataset file, report errors of a server, advise, or serve the type checker only.
    assert marked == {
        ("archive_split.py", "idxpng.advice"),
        ("decompress.py", "idxpng.dataset.file"),
        ("download.py", "idxpng.dataset.file"),
        ("download.py", "idxpng.dataset.model"),
        ("download.py", "idxpng.fetch"),
        ("errors.py", "idxpng.advice"),
        ("file.py", "idxpng.advice"),
        ("integrity.py", "idxpng.dataset.file"),
        ("integrity.py", "idxpng.dataset.model"),
        ("validate.py", "idxpng.dataset.file"),
        ("validate.py", "idxpng.dataset.model"),
        ("validate.py", "idxpng.fetch.integrity"),
        ("zip_member.py", "idxpng.fetch"),
    }


def test_the_table_of_wings_in_the_docs_matches_the_imports() -> None:
    """A row for each wing: its folder, what it knows, its modules, and the wings that it imports from."""
    rows = re.findall(
        r"^\| `(\w+/?)` \| [^|]+ \| ([^|]+) \|([^|]*)\|$", (PROJECT / "docs/architecture.md").read_text(), re.MULTILINE
    )
    drawn = {name.rstrip("/").replace("idxpng", ""): (modules, uses) for name, modules, uses in rows}
    assert list(drawn) == WINGS
    for folder, (modules, uses) in drawn.items():
        inside = [module for module in MODULES if wing(module) == folder]
        assert sorted(modules.split(", ")) == sorted(Path(module).stem for module in inside)
        used = {wing(name) for module in inside for name in imports(module)} - {folder, ""}
        assert {use for use in uses.strip().split(", ") if use} == used
