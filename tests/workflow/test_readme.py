"""The README keeps its promises: its commands run as they stand there, in order, in a fresh copy of the project."""

import ast
import html
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

import show
from builders import make_own_dataset
from idxpng.dataset import load
from project import PROJECT, copy_project, snakemake

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def reader(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder of someone who has typed every command of the README.

    In place of the internet, the copy's own config.yaml names a folder as MNIST's mirror.
    """
    folder = copy_project(tmp_path_factory.mktemp("readme") / "project")
    config = (folder / "config.yaml").read_text().replace("mirrors: {}", f"mirrors: {{mnist: '{mnist}'}}")
    (folder / "config.yaml").write_text(config)
    make_own_dataset(folder / "my")
    (folder / "my/shapes.yaml").write_text(blocks("yaml")[0])
    (folder / "my/idx/shapes-images-idx3-ubyte").rename(folder / "my/idx/shapes-images-idx3-ubyte.gz")
    commands = "\n".join(["set -euxo pipefail", *blocks("sh")]).replace("/data/mnist", str(mnist))
    outside = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")}
    run = subprocess.run(
        ["bash", "-c", commands], cwd=folder, env=outside, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert run.returncode == 0, run.stdout
    return folder


def test_the_commands_make_what_the_readme_says(reader: Path) -> None:
    def count(path: str) -> int:
        return len(list((reader / path).rglob("*.png")))

    assert count("results/mnist-sample/png") == 1200
    assert count("results/mnist/png") == 70000
    assert count("results/shapes/png") == 30
    assert count("../digits/results/mnist-sample/png") == 1200


def test_the_paths_that_it_shows_exist(reader: Path) -> None:
    shown = re.findall(r"^    (results/\S+\.png)$", README, re.MULTILINE)
    assert len(shown) > 3
    for path in shown:
        assert (reader / path).is_file()
    for code in blocks("python"):
        for path in re.findall(r'"(results/mnist/[^"]+)"', code):
            assert (reader / path).exists()


def test_it_draws_the_digit_that_its_command_draws(mnist: Path) -> None:
    drawn = show.main(str(mnist / "t10k-images-idx3-ubyte.gz"), index=0, draw=True).splitlines()
    assert "\n".join(f"    {line.rstrip()}" for line in drawn if line.strip()) in README


def test_its_picture_of_the_rules_shows_them_all(reader: Path) -> None:
    """What `make docs` draws has the names of all rules and what each needs; the rest is up to Graphviz."""
    graph = snakemake(reader, "--rulegraph", "dot", "publish").output
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    edges = {(names[start], names[end]) for start, end in re.findall(r"(\d+) -> (\d+)", graph)}
    picture = html.unescape((PROJECT / "docs/rules.svg").read_text(encoding="utf-8"))
    drawn = dict(re.findall(r"<title>(\d+)</title>.*?>(\w+)</text>", picture, re.DOTALL))
    arrows = {(drawn[start], drawn[end]) for start, end in re.findall(r"<title>(\d+)->(\d+)</title>", picture)}
    assert set(drawn.values()) == set(names.values()) >= {"download", "publish"}
    assert arrows == edges


def test_its_dataset_files_follow_the_schema(tmp_path: Path) -> None:
    schema = yaml.safe_load((PROJECT / "schemas/dataset.schema.yaml").read_text())
    for block in blocks("yaml"):
        (tmp_path / "shapes.yaml").write_text(block)
        load(tmp_path / "shapes.yaml", schema)


def test_its_tables_of_datasets_are_right() -> None:
    schema = yaml.safe_load((PROJECT / "schemas/dataset.schema.yaml").read_text())
    rows = re.findall(r"^\| `([\w-]+)` \| ([\d,]+) \| (\d+) \|", README, re.MULTILINE)
    shipped = [load(path, schema) for path in (PROJECT / "datasets").glob("*.yaml")]
    facts = [
        (each.name, f"{sum(s.count for s in each.whole_splits.values()):,}", str(len(each.classes))) for each in shipped
    ]
    assert sorted(rows) == sorted(facts)
    for dataset in shipped:
        assert dataset.attribution is None or dataset.attribution.partition("doi:")[0] in README
        for source in re.findall(r"(?:doi|arXiv):[\w./-]*\w", dataset.citation):
            assert source in README


def test_its_python_is_python() -> None:
    for code in blocks("python"):
        if "snakefile:" not in code:
            ast.parse(code)


def test_its_links_into_the_project_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (PROJECT / target).exists(), target


def test_its_table_of_faults_has_each_test_that_does_harm() -> None:
    table = (PROJECT / "docs/faults.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \| (.+?) \|", table, re.MULTILINE))
    tests = {
        (file, test.replace("_", " "))
        for file, _ in rows
        for test in re.findall(
            r"^def test_(\w+)", next((PROJECT / "tests").rglob(f"{file}.py")).read_text(), re.MULTILINE
        )
    }
    assert rows == tests != set()


def test_it_explains_every_configuration_key_and_dataset() -> None:
    keys = set(yaml.safe_load((PROJECT / "schemas/config.schema.yaml").read_text())["properties"])
    table = README.partition("| key | default | meaning |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == keys
    for dataset in (PROJECT / "datasets").glob("*.yaml"):
        assert f"`{dataset.stem}`" in README
