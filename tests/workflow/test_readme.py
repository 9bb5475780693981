"""README and docs keep their promises: their commands and examples run as they stand there, in a fresh copy."""

import ast
import html
import importlib.util
import os
import re
import subprocess
from pathlib import Path

import numpy
import pytest

import show
from builders import make_own_dataset, put, put_image
from idxpng.run.plan import OUTPUTS
from project import PAGES, PROJECT, blocks, copy_project, link_environment, snakemake

README = PAGES[0].read_text(encoding="utf-8")


def examples() -> list[str]:
    """Python that a reader can run: what is not a Snakefile."""
    return [code for page in PAGES for code in blocks(page, "python") if "use rule" not in code]


@pytest.fixture(scope="module")
def reader(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder of someone who has typed every command of the README, and then those of the docs.

    In place of the internet, the copy's own config.yaml names a folder as MNIST's mirror.
    """
    folder = copy_project(tmp_path_factory.mktemp("readme") / "project")
    config = (folder / "config.yaml").read_text().replace("mirrors: {}", f"mirrors: {{mnist: '{mnist}'}}")
    (folder / "config.yaml").write_text(config)
    make_own_dataset(folder / "my")
    for name in ("cat", "dog"):
        put_image(folder / f"my/photos/train/{name}/0001.png", numpy.full((7, 5), 99, numpy.uint8))
    numpy.save(folder / "images.npy", numpy.zeros((2, 5, 7), "uint8"))
    (folder / "my/shapes.yaml").write_text(blocks(PROJECT / "docs/own-data.md", "yaml")[0])
    (folder / "my/idx/shapes-images-idx3-ubyte").rename(folder / "my/idx/shapes-images-idx3-ubyte.gz")
    typed = [command for page in PAGES for command in blocks(page, "sh")]
    commands = "\n".join(["set -euxo pipefail", *typed]).replace("/data/mnist", str(mnist))
    outside = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")}
    link_environment(folder)
    run = subprocess.run(
        ["bash", "-c", commands], cwd=folder, env=outside, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert run.returncode == 0, run.stdout
    return folder


def test_the_documented_commands_make_the_documented_files(reader: Path) -> None:
    def count(path: str) -> int:
        return len(list((reader / path).rglob("*.png")))

    assert count("results/mnist-sample/png") == 1200
    assert count("results/mnist/png/train") + count("results/mnist/png/test") == 70000
    assert count("results/shapes/png") == count("results/mine/png") == 30
    assert count("../digits/results/mnist-sample/png") == 1200


def test_the_tree_drawn_in_the_readme_exists(reader: Path) -> None:
    """Each line of the drawing is deeper by four letters for each folder that it lies in."""
    drawing = re.search(r"^    (results/mnist/\n(?:    .*\n)+)", README, re.MULTILINE)
    assert drawing
    folders: list[str] = []
    for line in drawing[1].splitlines():
        branch, name = re.fullmatch(r"([ │├└─]*)(\S+).*", line.removeprefix("    ")).groups()  # type: ignore[union-attr]
        if name == "...":
            continue
        folders[len(branch) // 4 :] = [name.rstrip("/")]
        assert (reader / "/".join(folders)).exists(), line


@pytest.mark.parametrize("number", range(len(examples())))
def test_a_documented_example_runs(reader: Path, tmp_path: Path, number: int) -> None:
    code = examples()[number]
    modules = {name.split(".")[0] for name in re.findall(r"^(?:import|from) (\S+)", code, re.MULTILINE)}
    for path in re.findall(r'"(results/[^"{*]+)"', code):
        assert (reader / path).exists()
    if any(importlib.util.find_spec(name) is None for name in modules) or "keras" in modules:
        ast.parse(code)
        pytest.skip(f"only read: {', '.join(sorted(modules))}")
    caches = {"HF_HOME": str(tmp_path), "CROISSANT_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    # Python puts the folder it runs in first, where datasets/ is ours and not the package.
    run = subprocess.run(
        [str(PROJECT / ".venv/bin/python"), "-P", "-c", code],
        cwd=reader,
        env=os.environ | caches,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0, run.stdout


def test_the_documented_line_for_pandas_reads_every_class_name_as_text(tmp_path: Path) -> None:
    (code,) = (code for code in examples() if "pandas" in code)
    names = ["NA", "null", "None", "nan", "1", "T-shirt/top"]
    rows = "".join(f"{name},0\n" for name in names)
    put(tmp_path / "results/mnist-sample/manifest/train.csv", f"class_name,label\n{rows}")
    command = [str(PROJECT / ".venv/bin/python"), "-c", f"{code}\nprint(*train['class_name'])"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.split() == names


def test_show_draws_the_digit_of_the_page(mnist: Path) -> None:
    drawn = show.main(str(mnist / "t10k-images-idx3-ubyte.gz"), index=0, draw=True).splitlines()
    page = (PROJECT / "docs/formats.md").read_text(encoding="utf-8")
    assert "\n".join(f"    {line.rstrip()}" for line in drawn if line.strip()) in page


def test_the_picture_of_the_rules_shows_all_rules_but_the_one_that_all_need(reader: Path) -> None:
    """What `make docs` draws has the names of all rules and what each needs; the rest is up to Graphviz."""
    goals = re.search(r"^GOALS := (.*)$", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert goals
    graph = snakemake(reader, "--rulegraph", "dot", *goals[1].split()).output
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    edges = {(names[start], names[end]) for start, end in re.findall(r"(\d+) -> (\d+)", graph)}
    picture = html.unescape((PROJECT / "docs/rules.svg").read_text(encoding="utf-8"))
    drawn = dict(re.findall(r"<title>(\d+)</title>.*?>(\w+)</text>", picture, re.DOTALL))
    arrows = {(drawn[start], drawn[end]) for start, end in re.findall(r"<title>(\d+)->(\d+)</title>", picture)}
    rules = set(names.values()) - {"write_settings"}
    assert set(drawn.values()) == rules >= {"download", *OUTPUTS} - {"all", "checksums"}
    assert arrows == {edge for edge in edges if edge[0] != "write_settings"}
