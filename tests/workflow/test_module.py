"""Another workflow imports this one: the example runs, and what docs/module.md promises to it is there."""

import fcntl
import re
import shutil
import subprocess
import sys
import tarfile
import time
from itertools import chain
from pathlib import Path

import pytest

from builders import idx_bytes, make_own_dataset
from idxpng.run.targets import OUTPUTS
from jobs import ALL
from mirror_server import MirrorServer
from project import Snakemake, copy_project, files, on_github, snakemake, without_privilege

EXAMPLE = "examples/module/Snakefile"
SEVENS = "digits/mnist-sample/png/test/7"


def sevens(folder: Path) -> list[str]:
    with tarfile.open(folder / "sevens.tar") as archive:
        return [member.name for member in archive if member.isfile()]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def imported(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workflow that has imported this one from disk, and made all of the contract."""
    folder = tmp_path_factory.mktemp("importing")
    (folder / "config.yaml").write_text("something: of the importing workflow, which is none of ours\n")
    targets = [f"mnist_{target}" for target in OUTPUTS]
    run = snakemake(folder, "-s", str(project / EXAMPLE), "--cores", "2", "sevens", *targets)
    assert run.jobs["mnist_export"] == 10
    return folder


def test_a_workflow_imports_this_one_from_disk(imported: Path) -> None:
    assert len(sevens(imported)) == len(list((imported / SEVENS).glob("*.png"))) > 0


def test_a_workflow_imports_this_one_by_url(project: Path, imported: Path, tmp_path: Path) -> None:
    with MirrorServer(project) as server:
        snakemake(
            tmp_path,
            *("-s", str(project / EXAMPLE), "--cores", "2", "--config", f"workflow={server.url}/Snakefile"),
            XDG_CACHE_HOME=str(tmp_path / "cache"),
        )
    assert sevens(tmp_path) == sevens(imported)


DEPLOYED = """
configfile: "config/config.yaml"

module something:
    snakefile: github("someone/something", path="Snakefile", tag="v9")
    config: config

use rule * from something
"""


@pytest.fixture
def address(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a repository with this project, which git finds on this machine."""
    repository = shutil.copytree(project, tmp_path / "repository", ignore=shutil.ignore_patterns(".snakemake"))
    return on_github(repository, tmp_path / "cache", monkeypatch)


def test_a_deployment_by_snakedeploy_makes_the_sample(address: str, imported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deployed"
    deploy = [sys.executable, "-c", "from snakedeploy.client import main; main()", "deploy-workflow", address]
    subprocess.run([*deploy, str(folder), "--tag", "v9"], check=True)
    assert DEPLOYED.split() == [
        word
        for line in (folder / "workflow/Snakefile").read_text().splitlines()
        for word in line.partition("#")[0].split()
        if "min_version" not in line
    ]
    config = folder / "config/config.yaml"
    for configuration in ("{}\n", config.read_text(encoding="utf-8")):
        config.write_text(configuration, encoding="utf-8")
        assert snakemake(folder, "-n", "all").jobs == ALL
    snakemake(folder, "--cores", "2", "all", "--config", "splits=test", "classes=[7]")
    made = files(folder / "results/mnist-sample/png")
    assert made == {f"test/7/{path}": data for path, data in files(imported / SEVENS).items()}


def test_a_prefix_of_the_importing_workflow_holds_for_all_that_is_made_and_read(
    project: Path, imported: Path, tmp_path: Path
) -> None:
    module = (project / EXAMPLE).read_text().partition("module mnist:")[2].partition("    snakefile:")[0]
    example = (
        (project / EXAMPLE)
        .read_text()
        .replace(module, "\n    prefix: 'digits'\n")
        .replace("digits/{", "digits/results/{")
    )
    (tmp_path / "Snakefile").write_text(example)
    config = ("--config", f"workflow={project / 'Snakefile'}")
    command = [str(word) for word in ("--cores", "2", "sevens", *(f"mnist_{target}" for target in OUTPUTS))]
    snakemake(tmp_path, *command, *config)
    results = files(tmp_path / "digits/results/mnist-sample")
    assert results.keys() == files(imported / "digits/mnist-sample").keys()
    assert {path.name for path in tmp_path.iterdir()} == {"Snakefile", "digits", "sevens.tar", ".snakemake"}
    run = snakemake(tmp_path, "--cores", "2", "mnist_verify", *config)
    assert "mnist_export" not in run.jobs
    assert "write_settings" not in run.jobs


TWICE = """
module one:
    snakefile: "{project}/Snakefile"
    config: {{"datasets": "my/shapes.yaml", "mirrors": {{"shapes": "{folder}/1"}}}}
    prefix: "one"

module two:
    snakefile: "{project}/Snakefile"
    config: {{"datasets": "my/shapes.yaml", "mirrors": {{"shapes": "{folder}/2"}}}}
    prefix: "two"

use rule * from one as one_*
use rule * from two as two_*
"""


def test_a_workflow_that_is_imported_twice_takes_files_from_the_mirrors_of_each_import(
    project: Path, tmp_path: Path
) -> None:
    images, _ = make_own_dataset(tmp_path / "my")
    for name, pixels in (("1", images), ("2", 255 - images)):
        shutil.copytree(tmp_path / "my/idx", tmp_path / name)
        (tmp_path / name / "shapes-images-idx3-ubyte").write_bytes(idx_bytes(pixels))
    (tmp_path / "Snakefile").write_text(TWICE.format(project=project, folder=tmp_path))
    made = [f"{name}/results/shapes/header/train.json" for name in ("one", "two")]
    snakemake(tmp_path, "--cores", "2", *made)
    for name, mirror in (("one", "1"), ("two", "2")):
        idx = Path(name, "resources/shapes/shapes-images-idx3-ubyte")
        assert (tmp_path / idx).read_bytes() == (tmp_path / mirror / idx.name).read_bytes()


BESIDE = """
module mnist:
    snakefile: "{project}/Snakefile"
    config: {{}}

use rule * from mnist as mnist_*

rule summarize:
    default_target: True
    input: "results/mnist-sample/header/test.json"
    output: "results/summary.txt"
    shell: "cp {{input}} {{output}}"
"""


def test_an_importing_workflow_may_put_a_file_beside_the_folders_of_datasets(project: Path, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(BESIDE.format(project=project))
    snakemake(tmp_path, "--cores", "2")
    assert {path.name: path.is_file() for path in (tmp_path / "results").iterdir()} == {
        "mnist-sample": False,
        "summary.txt": True,
    }


CHANGED = """
module mnist:
    snakefile: "{project}/Snakefile"
    config: {{}}

use rule * from mnist as mnist_*

use rule export from mnist as mnist_export with:
    resources: mem_mb=900

use rule list_digests from mnist as mnist_list_digests with:
    resources: mem_mb=900

rule crop:
    input: "results/mnist-sample/png/test/7/0000.png"
"""


def test_an_importing_workflow_may_change_a_rule(project: Path, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(CHANGED.format(project=project))
    snakemake(tmp_path, "--cores", "2", "results/mnist-sample/png/test/7")
    notes = tmp_path / "results/mnist-sample/png/test/7/notes.txt"
    notes.touch()
    run = snakemake(tmp_path, "--cores", "2", "results/mnist-sample/png/test/7", "--forceall", succeed=False)
    assert notes.exists() and "the run would remove what no run made" in run.output
    notes.rename(notes.with_name(".notes"))
    run = snakemake(tmp_path, "--cores", "2", "results/mnist-sample/png/test/7", "--forceall")
    assert run.output.count("the run removes .notes") == 1
    run = snakemake(tmp_path, "mnist_npz", "mnist_checksums", "-n")
    assert "results/mnist-sample/npz" in run.output.partition("rule mnist_list_digests:\n    input: ")[2].split("\n")[0]
    run = snakemake(tmp_path, "crop", "-n", succeed=False)
    assert run.output.count("a PNG file is made together with all others of its label") == 1


def test_a_workflow_that_includes_this_one_has_its_own_targets_and_files(project: Path, tmp_path: Path) -> None:
    own = 'rule mine:\n    output: "n.txt"\n    shell: "touch {output}"\n'
    (tmp_path / "Snakefile").write_text(f'include: "{project}/Snakefile"\n\n{own}')
    for target in ("mine", "n.txt"):
        assert snakemake(tmp_path, target, "-n").jobs["mine"] == 1


def test_resources_that_an_importing_workflow_cannot_write_are_reported_before_the_first_job(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "Snakefile").write_text(BESIDE.format(project=project))
    (tmp_path / "resources").mkdir(mode=0o555)
    run = snakemake(tmp_path, "--cores", "2", succeed=False, before=without_privilege())
    assert "resources/mnist-sample: cannot be written\n  found:    no permission to write in " in run.output
    assert "Error in rule" not in run.output


def test_a_run_that_decompresses_again_never_takes_the_idx_files_from_others(project: Path, tmp_path: Path) -> None:
    command = ["-s", str(project / "Snakefile"), "--cores", "2", "results/mnist-sample/header/test.json"]
    snakemake(tmp_path, *command)
    (idx,) = tmp_path.glob("resources/mnist-sample/t10k-images-idx3-ubyte")
    before = idx.stat().st_ino
    process = Snakemake(tmp_path, *command, "--forcerun", "decompress")
    while process.poll() is None:
        assert idx.exists()
        time.sleep(0.001)
    assert process.wait() == 0
    assert idx.stat().st_ino != before


def test_nothing_is_made_outside_of_the_path_variables(imported: Path) -> None:
    assert {path.name for path in imported.iterdir()} == {"config.yaml", "digits", "sevens.tar", ".snakemake"}


def test_a_run_that_would_remove_what_no_run_made_stops_also_where_it_is_imported(
    project: Path, imported: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(imported, tmp_path / "copy")
    notes = folder / "digits/mnist-sample/png/test/7/notes.txt"
    notes.write_text("mine")
    command = ("-s", str(project / EXAMPLE), "--cores", "2", "mnist_all", "--forcerun", "mnist_export")
    run = snakemake(folder, *command, succeed=False)
    assert "the run would remove what no run made" in run.output and notes.read_text() == "mine"
    notes.unlink()
    with (folder / "digits/mnist-sample/.settings/.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another run is making files here" in snakemake(folder, *command, succeed=False).output


def test_a_shard_has_no_second_name_whose_images_a_loader_would_get_twice(project: Path, imported: Path) -> None:
    for name in ("test-0.tar", "test-0000000.tar"):
        command = ("-s", str(project / EXAMPLE), "-n", f"digits/mnist-sample/webdataset/{name}")
        assert "test has no such shard" in snakemake(imported, *command, succeed=False).output


def test_a_list_of_files_comes_after_all_that_the_same_command_makes(imported: Path) -> None:
    folder = imported / "digits/mnist-sample"
    listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert listed == {*files(folder)} - {"SHA256SUMS"}


def test_a_proof_makes_no_images(project: Path, imported: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(imported, tmp_path / "copy")
    shutil.rmtree(folder / "digits/mnist-sample/png/test/7")
    run = snakemake(folder, "-s", str(project / EXAMPLE), "--cores", "2", "mnist_verify", succeed=False)
    assert "mnist_export" not in run.jobs


def test_every_path_of_the_contract_is_made(imported: Path) -> None:
    for path in ("../resources/mnist-sample/t10k-images-idx3-ubyte", *chain(*OUTPUTS.values())):
        pattern = re.sub(r"\{\w+\}", "*", path.replace("{dataset}", "mnist-sample"))
        assert list((imported / "digits/mnist-sample").glob(pattern)), path
