"""Other forms of a dataset, and the list by which anyone checks them."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import numpy
import pytest
import yaml

import tree_digest
from idxpng.dataset.file import load
from project import PROJECT, copy_finished, snakemake


def test_all_forms_are_made_in_one_run_and_sha256sum_checks_them(complete: Path) -> None:
    targets = ("all", "webdataset", "archive", "npz", "csv", "checksums")
    shutil.rmtree(complete / "results/mnist-sample/png/train/7")
    run = snakemake(complete, *targets, "--cores", "2", "--config", "csv_header=true")
    assert {rule: run.jobs[rule] for rule in ("export", "archive_split", "save_npz", "write_csv", "list_digests")} == {
        "export": 1,
        "archive_split": 2,
        "save_npz": 1,
        "write_csv": 2,
        "list_digests": 1,
    }
    folder = complete / "results/mnist-sample"
    sums = (folder / "SHA256SUMS").read_text()
    for path in ("archive/test.tar", "csv/train.csv", "npz/mnist-sample.npz", "webdataset/train-000000.tar"):
        assert f"  {path}\n" in sums
    assert sums.count("  png/train/") == 1000
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    with numpy.load(folder / "npz/mnist-sample.npz") as arrays:
        assert {name: arrays[name].shape for name in arrays} == {
            "x_train": (1000, 28, 28),
            "y_train": (1000,),
            "x_test": (200, 28, 28),
            "y_test": (200,),
        }
    assert len((folder / "csv/test.csv").read_text().splitlines()) == 201
    (moved := complete / "später").mkdir()
    (complete / "results").rename(moved / "results")
    again = snakemake(complete, "checksums", "--cores", "1", "--directory", moved.name, PYTHONIOENCODING="ascii")
    assert r"sp\xe4ter/results/mnist-sample/SHA256SUMS" in again.output
    assert again.jobs == {"checksums": 1, "list_digests": 1}


def test_only_the_labels_asked_for_are_in_every_form(project: Path) -> None:
    asked = ("--cores", "2", "--config", "classes=[3,5]", "splits=test")
    snakemake(project, "all", "archive", "npz", "csv", *asked)
    folder = project / "results/mnist-sample"
    counts = {label: len(list((folder / f"png/test/{label}").iterdir())) for label in (3, 5)}
    assert sorted(path.name for path in (folder / "png/test").iterdir()) == ["3", "5"]
    count = sum(counts.values())
    assert len((folder / "manifest/test.csv").read_text().splitlines()) == count + 1
    assert len((folder / "csv/test.csv").read_text().splitlines()) == count
    with numpy.load(folder / "npz/mnist-sample.npz") as arrays:
        assert {label: int((arrays["y_test"] == label).sum()) for label in (3, 5)} == counts
    assert f"{count} PNG files are the rows 0 to 199 with label 3 or 5" in snakemake(project, "verify", *asked).output


@pytest.fixture(scope="module")
def archived(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder with the archive and the tree of both splits."""
    project = copy_finished(finished, tmp_path_factory.mktemp("archived") / "project")
    assert snakemake(project, "archive", "results/mnist-sample/png", "--cores", "2").jobs["archive_split"] == 2
    return project


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_archive_and_a_tree_have_the_pinned_digests(archived: Path, split: str) -> None:
    archive, tree = f"results/mnist-sample/archive/{split}.tar", f"results/mnist-sample/png/{split}"
    pinned = load(PROJECT / "datasets/mnist-sample.yaml").splits[split]
    assert hashlib.sha256((archived / archive).read_bytes()).hexdigest() == pinned.archive_sha256
    assert tree_digest.main(str(archived / tree)) == pinned.tree_sha256


def test_a_changed_archive_pin_remakes_the_archive_alone_and_applies_only_to_all_images(project: Path) -> None:
    files = ("results/mnist-sample/archive/test.tar", "results/mnist-sample/png/test/3")
    snakemake(project, *files, "--cores", "2")
    dataset = project / "datasets/mnist-sample.yaml"
    pinned = load(dataset).splits["test"].archive_sha256
    assert pinned
    dataset.write_text(dataset.read_text().replace(pinned, "ab" * 32))
    shutil.rmtree(project / ".snakemake")
    run = snakemake(project, *files, "--cores", "2", succeed=False)
    assert run.jobs == {"write_settings": 1, "archive_split": 1}
    assert f"expected: SHA-256 {'ab' * 32}" in run.output
    assert f"found:    {pinned}" in run.output
    assert not (project / files[0]).exists()
    for part in ("limit=10", "classes=[3,5]"):
        snakemake(project, files[0], "--cores", "2", "--config", part)


def test_our_own_arrays_come_back_as_the_same_idx_files_and_the_same_arrays(complete: Path) -> None:
    snakemake(complete, "npz", "--cores", "2")
    made = complete / "results/mnist-sample/npz/mnist-sample.npz"
    facts = yaml.safe_load((complete / "datasets/mnist-sample.yaml").read_text())
    facts["mirrors"] = [str(made.parent)]
    for split, parts in facts["splits"].items():
        for role, letter in (("images", "x"), ("labels", "y")):
            content = parts[role]["content_sha256"]
            parts[role] = {"file": made.name, "member": f"{letter}_{split}.npy", "content_sha256": content}
    (complete / "back.yaml").write_text(yaml.safe_dump(facts, sort_keys=False))
    targets = ("npz", "results/back/png/test", "results/back/verify/test.json")
    run = snakemake(complete, *targets, "--cores", "2", "--config", "datasets=back.yaml")
    assert run.jobs["decompress"] == 4
    assert run.jobs["download"] == 1
    assert (complete / "results/back/npz/back.npz").read_bytes() == made.read_bytes()
    originals = complete / "resources/mnist-sample/train-images-idx3-ubyte"
    assert (complete / "resources/back/mnist-sample-x_train").read_bytes() == originals.read_bytes()
