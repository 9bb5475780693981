"""Whatever a run advises works when it is typed where the user stands, and changes no other folder."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import make_own_dataset, put
from project import PROJECT, copy_project, files, run_script, snakemake, users_python

MODULE = """
module mnist:
    snakefile: config["project"] + "/Snakefile"
    config: {"limit": 20, "splits": "test", "classes": [6, 7]}
    pathvars:
        results="digits",

use rule * from mnist as mnist_*
"""
PART = ("limit=20", "splits=test", "classes=[6,7]")

# Where the user stands, with which options, and where the results are. {t} is the test's folder.
CALLS = {
    "project": ("project", (), ("--config", *PART), "project/results"),
    "directory": ("project", ("--directory", "../work"), ("--config", *PART), "work/results"),
    "snakefile": ("here", ("-s", "../project/Snakefile"), ("--config", *PART), "here/results"),
    "both": ("here", ("-s", "../project/Snakefile", "--directory", "w"), ("--config", *PART), "here/w/results"),
    "pathvars": ("project", (), ("--config", *PART, "pathvars={results: a b}"), "project/a b"),
    "configfile": ("here", ("-s", "../project/Snakefile", "--configfile", "my.yaml"), (), "here/out"),
    "module": ("here", ("-s", "module.smk", "--directory", "w"), ("--config", "project={t}/project"), "here/w/digits"),
}


def advised(output: str) -> list[str]:
    """The commands that a message advises, each on a line of its own."""
    return [line.strip() for line in re.findall(r"to do: +((?:.+\n {12})*.+)", output) for line in line.split("\n")]


def type_in(folder: Path, command: str) -> None:
    """Let bash do what a command says; if it starts Snakemake, with the words and in the folder that bash gives it."""
    with tempfile.NamedTemporaryFile("r") as called:
        keep = f"""keep() {{ printf '%s\\0' "$PWD" "$@" > {called.name}; }}\n"""
        keep += "".join(f'function {python} {{ keep "$@"; }}\n' for python in (users_python(), sys.executable))
        typed = subprocess.run(["bash", "-c", keep + command], cwd=folder, capture_output=True, text=True, check=False)
        assert typed.returncode == 0, command + typed.stdout + typed.stderr
        words = called.read().split("\0")
    assert ("snakemake" in command) == (words[1:3] == ["-m", "snakemake"]), command
    if words[1:]:
        snakemake(Path(words[0]), *words[3:-1])


@pytest.mark.parametrize("call", CALLS)
def test_advice_works_where_the_user_stands(call: str, tmp_path: Path) -> None:
    stands, options, config, results = CALLS[call]
    project, folder = copy_project(tmp_path / "project"), tmp_path / stands
    put(folder / "module.smk", MODULE)
    put(folder / "my.yaml", "limit: 20\nsplits: test\nclasses: [6, 7]\npathvars:\n  results: out\n")
    settings = [word.replace("{t}", str(tmp_path)) for word in config]
    prefix = "mnist_" if call == "module" else ""

    def run(target: str, succeed: bool = True) -> str:
        arguments: Sequence[str] = (*options, "--cores", "2", prefix + target, *settings)
        return snakemake(folder, *arguments, succeed=succeed).output

    made = run("all")
    if call != "module":  # an importing workflow has its own hooks
        (opened,) = re.findall(r"In a browser: +(.+)", made)
        type_in(folder, f"ls {opened}")
        (more,) = re.findall(r"For MNIST itself: (.+)", made)
        type_in(folder, f"{more.replace('--cores 4', '-n -q all --cores 4')}")
    before = files(tmp_path / results)
    trees = [tmp_path / results, folder / "results", project / "results"]
    others = [path / "mnist-sample/png/test" for path in trees if path != tmp_path / results]
    for tree in (tmp_path / results / "mnist-sample/png/test", *others):
        (tree / "7").mkdir(parents=True, exist_ok=True)
        put(tree / "junk", "one's own")
    for image in (tmp_path / results / "mnist-sample/png/test/7").iterdir():
        image.unlink()
    commands = advised(run("verify", succeed=False))
    assert [re.search(r"\bmv\b|snakemake", command)[0] for command in commands] == ["mv", "snakemake"]  # type: ignore[index]
    for command in commands:
        type_in(folder, command)
    after = {path: data for path, data in files(tmp_path / results).items() if "/verify/" not in path}
    assert after == before, "as before, and without the extra file"
    assert [(tree / "junk").exists() for tree in others] == [True] * len(others)
    shutil.rmtree(tmp_path / results / "mnist-sample/png")
    (command,) = [each for each in advised(run("verify", succeed=False)) if "snakemake" in each]
    type_in(folder, command.removeprefix("make it first: "))
    run("verify")


def test_a_run_with_nothing_to_do_names_no_path_of_a_different_folder(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    command = ("--directory", "../work", "--cores", "2", "all", "--config", *PART)
    snakemake(project, *command)
    assert " results/" not in snakemake(project, *command).output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one's own dataset and its results in `work`, and an empty folder `here`."""
    folder = tmp_path_factory.mktemp("made")
    make_own_dataset(folder / "work/my")
    (folder / "here").mkdir()
    config = ("--config", "datasets=my/shapes.yaml")
    snakemake(folder / "work", "-s", str(PROJECT / "Snakefile"), "--cores", "2", "all", *config)
    return folder


@pytest.mark.parametrize("stands", ["work", "here", "."])
def test_the_advice_of_verify_by_hand_works_where_the_user_stands(stands: str, made: Path) -> None:
    work = os.path.relpath(made / "work", made / stands)
    options = ["--dataset", f"{work}/my/shapes.yaml"]
    for role, kind in (("images", "idx3"), ("labels", "idx1")):
        options += [f"--{role}", f"{work}/resources/shapes/shapes-{role}-{kind}-ubyte"]

    def verify(returncode: int) -> str:
        run = run_script("verify", *options, f"{work}/results/shapes/png/train", cwd=made / stands)
        assert run.returncode == returncode
        return run.stderr

    before = files(made / "work/results")
    tree = made / "work/results/shapes/png/train"
    for removed in (next(tree.glob("1/*.png")), tree):
        shutil.rmtree(removed) if removed.is_dir() else removed.unlink()
        (command,) = [each for each in advised(verify(1)) if "snakemake" in each]
        type_in(made / stands, command.removeprefix("make it first: "))
        verify(0)
        assert files(made / "work/results") == before


def test_the_advice_of_a_script_works_in_any_folder(tmp_path: Path) -> None:
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        put(tmp_path / "idx" / name, (PROJECT / "datasets/mnist-sample" / name).read_bytes())
    (tmp_path / "my #1").mkdir()
    files = ("idx/train-images-idx3-ubyte.gz", "idx/train-labels-idx1-ubyte.gz")
    made = run_script("new_dataset", *files, "--output", "my #1/idx.yaml", cwd=tmp_path)
    type_in(tmp_path, made.stdout.splitlines()[-1])
    assert len(list(tmp_path.glob("results/idx/png/train/*/*.png"))) == 1000
