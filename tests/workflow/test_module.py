"""Another workflow imports this one: the example runs, and what docs/module.md promises to it is there."""

import re
import tarfile
from pathlib import Path

import pytest

from mirror_server import MirrorServer
from project import PROJECT, copy_project, snakemake

EXAMPLE = "examples/module/Snakefile"
TARGETS = ("sevens", "mnist_all", "mnist_publish", "mnist_webdataset")
CONTRACT = (PROJECT / "docs/module.md").read_text(encoding="utf-8")


def sevens(folder: Path) -> list[str]:
    with tarfile.open(folder / "sevens.tar") as archive:
        return [member.name for member in archive if member.isfile()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def imported(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workflow that has imported this one from disk, and made all that it makes."""
    folder = tmp_path_factory.mktemp("importing")
    (folder / "config.yaml").write_text("something: of the importing workflow, which is none of ours\n")
    run = snakemake(folder, "-s", str(project / EXAMPLE), "--cores", "2", *TARGETS)
    assert run.jobs["mnist_export"] == 10
    snakemake(folder, "-s", str(project / EXAMPLE), "--cores", "2", "mnist_verify")
    return folder


def test_a_workflow_imports_this_one_from_disk(imported: Path) -> None:
    assert len(sevens(imported)) == len(list((imported / "digits/mnist-sample/png/test/7").glob("*.png"))) > 0


def test_a_workflow_imports_this_one_by_url(project: Path, imported: Path, tmp_path: Path) -> None:
    with MirrorServer(project) as server:
        snakemake(
            tmp_path,
            *("-s", str(project / EXAMPLE), "--cores", "2", "--config", f"workflow={server.url}/Snakefile"),
            XDG_CACHE_HOME=str(tmp_path / "cache"),
        )
    assert sevens(tmp_path) == sevens(imported)


def test_nothing_is_made_outside_of_the_path_variables(imported: Path) -> None:
    assert {path.name for path in imported.iterdir()} == {"config.yaml", "digits", "sevens.tar", ".snakemake"}


def test_every_path_of_the_contract_is_made(imported: Path) -> None:
    paths = re.findall(r"^\| `(<\w+>/\S+)` \|", CONTRACT, re.MULTILINE)
    assert len(paths) > 10
    for path in paths:
        place = path.replace("<results>", "digits").replace("<resources>", "digits/resources")
        pattern = re.sub(r"\{\w+\}", "*", place.replace("{dataset}", "mnist-sample"))
        assert list(imported.glob(pattern)), path
