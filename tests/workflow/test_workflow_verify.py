"""`verify` as people ask for it: a proof each time, or the files that are wrong and the command that repairs them."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy
import yaml

from builders import flip, put_image, rewritten
from mutated_png import swap_a_pixel
from project import PROJECT, files, snakemake


def test_the_workflow_verifies_whenever_it_is_asked_and_its_repair_works(complete: Path) -> None:
    before = files(complete / "results")
    for options in ((), ("--rerun-triggers", "mtime")):
        assert snakemake(complete, "--cores", "2", "verify", *options).jobs == {"verify_split": 2, "verify": 1}
        shutil.rmtree(complete / ".snakemake")  # as in a copy of the results
    (complete / "results/mnist-sample/png/train/3/007.png").unlink()
    swap_a_pixel(complete / "results/mnist-sample/png/test/7/000.png")
    assert "Nothing to be done" in snakemake(complete, "-n", "all").output, "Snakemake itself sees nothing"
    run = snakemake(complete, "--cores", "2", "--keep-going", "verify", succeed=False)
    commands = [line.partition("snakemake ")[2].split() for line in run.output.splitlines() if "to do:" in line]
    assert len(commands) == 2
    for command in commands:
        jobs = snakemake(complete, *command).jobs
        assert jobs["export"] == 1
        assert "download" not in jobs
    snakemake(complete, "--cores", "2", "verify")
    after = files(complete / "results")
    assert {path: after[path] for path in before} == before


def test_a_proof_needs_neither_the_published_files_nor_the_header(complete: Path) -> None:
    for kept in ("resources", "results/mnist-sample/header", "datasets/mnist-sample"):
        shutil.rmtree(complete / kept)
    run = snakemake(complete, "--cores", "2", "verify")
    assert run.jobs == {"verify_split": 2, "verify": 1}
    sentence = "results/mnist-sample/png/test: 200 PNG files are the published images and labels of MNIST sample"
    assert sentence in run.output
    swap_a_pixel(complete / "results/mnist-sample/png/test/7/000.png")
    run = snakemake(complete, "--cores", "2", "verify", succeed=False)
    advice = next(line for line in run.output.splitlines() if "to find out which image differs" in line)
    shutil.copytree(PROJECT / "datasets/mnist-sample", complete / "datasets/mnist-sample")
    snakemake(complete, *advice.partition("snakemake ")[2].split())
    run = snakemake(complete, "--cores", "2", "verify", succeed=False)
    assert "7/000.png" in run.output


def test_all_and_verify_in_one_command_verify_what_all_makes(project: Path) -> None:
    # With cores to spare, a proof that waits for nothing would begin at once.
    run = snakemake(project, "--cores", "8", "all", "verify", "--config", "splits=test")
    assert (run.jobs["export"], run.jobs["verify_split"]) == (10, 1)


def test_the_first_images_are_proven_with_the_originals(project: Path) -> None:
    (project / "config.yaml").write_text(yaml.safe_dump({"limit": 50, "splits": "test"}))
    run = snakemake(project, "--cores", "2", "results/mnist-sample/png/test", "verify")
    assert "50 PNG files are the rows 0 to 49 of the published images and labels" in run.output
    swap_a_pixel(project / "results/mnist-sample/png/test/7/000.png")
    run = snakemake(project, "--cores", "2", "verify", succeed=False)
    command = next(line for line in run.output.splitlines() if "to do:" in line).partition("snakemake ")[2].split()
    assert snakemake(project, *command).jobs["export"] == 1
    snakemake(project, "--cores", "2", "verify")


def test_what_was_not_asked_for_is_verified_too(complete: Path) -> None:
    png = complete / "results/mnist-sample/png"
    (png / "evil").mkdir()
    assert "evil" in snakemake(complete, "--cores", "2", "verify", succeed=False).output
    (png / "evil").rmdir()
    swap_a_pixel(png / "test/7/000.png")
    run = snakemake(complete, "--cores", "2", "verify", "--config", "splits=train", succeed=False)
    assert "png/test: not the published images" in run.output


def test_the_pinned_download_is_the_witness(complete: Path) -> None:
    """A forged IDX file, and a tree like it, beside the download that they come from."""
    with rewritten(complete / "datasets/mnist-sample.yaml") as facts:
        for split in facts["splits"].values():
            for role in ("images", "labels"):
                split.get(role, {}).pop("content_sha256", None)
    snakemake(complete, "--cores", "2", "verify")
    idx = complete / "resources/mnist-sample/t10k-images-idx3-ubyte"
    flip(idx, 16)
    swap_a_pixel(complete / "results/mnist-sample/png/test/7/000.png")
    for problem in (f"{idx.name}: not the original IDX file", "png/test: not the published images and labels"):
        assert problem in snakemake(complete, "--cores", "2", "verify", succeed=False).output
        idx.unlink(missing_ok=True)
    assert not (complete / "results/mnist-sample/verify/test.json").exists()


def test_an_idx_file_without_any_pin_must_be_what_the_download_decompresses_to(project: Path) -> None:
    with rewritten(project / "datasets/mnist-sample.yaml") as facts:
        for split in facts["splits"].values():
            split |= {role: {"file": split[role]["file"]} for role in ("images", "labels") if role in split}
    sevens = "results/mnist-sample/png/test/7"
    snakemake(project, "--cores", "2", sevens)
    idx = project / "resources/mnist-sample/t10k-images-idx3-ubyte"
    flip(idx, -1)
    idx.touch()  # or no job would read it again
    output = snakemake(project, "--cores", "2", sevens, succeed=False).output
    assert f"{idx.name}: not the original IDX file" in output
    idx.unlink()
    snakemake(project, "--cores", "2", sevens)


def test_a_proof_comes_after_the_labels_of_earlier_runs_are_gone(complete: Path) -> None:
    run = snakemake(complete, "--cores", "4", "all", "verify", "--config", "classes=3")
    assert "png/test: `classes` removes 184 images. Ctrl-C" in run.output
    assert os.listdir(complete / "results/mnist-sample/png/test") == ["3"]


def test_an_excerpt_of_one_split_is_proven_beside_the_whole_of_another(complete: Path) -> None:
    run = snakemake(complete, "--cores", "2", "all", "verify", "--config", "splits=test", "classes=3")
    assert run.jobs["verify_split"] == 1
    assert len(list((complete / "results/mnist-sample/png/train").iterdir())) == 10
    assert "PNG files are the rows 0 to 199 with label 3 of " in run.output


def test_a_list_of_digests_has_the_proofs_of_the_same_command(complete: Path) -> None:
    snakemake(complete, "--cores", "2", "verify", "--config", "splits=test")
    snakemake(complete, "--cores", "2", "all", "checksums", "verify")
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=complete / "results/mnist-sample", check=True)


def test_a_run_does_not_go_on_with_a_dataset_file_that_it_makes_again(project: Path) -> None:
    for number, name in enumerate(("cat", "dog")):
        put_image(project / f"my photos/train/{name}/1.png", numpy.full((4, 4), number, numpy.uint8))
    dataset = "datasets=results/f/idx/f.yaml"
    command = ("--cores", "2", "--config", "folders={f: my photos}")
    first = snakemake(project, "all", *command, dataset, succeed=False)
    assert "file not found" in first.output
    assert "make it first: idx --config datasets=mnist-sample 'folders={f: FOLDER}'" in first.output
    snakemake(project, "idx", *command, "datasets=mnist-sample")
    snakemake(project, "idx", "all", "verify", *command, dataset)
    put_image(project / "my photos/train/cat/2.png", numpy.full((4, 4), 9, numpy.uint8))
    for others in (("all", "verify"), ("all",), ("results/f/png/train",)):
        refused = snakemake(project, "idx", *others, *command, dataset, succeed=False)
        assert "run the target idx on its own, then the others" in refused.output
    snakemake(project, "idx", *command, dataset)
    snakemake(project, "results/f/png/train", "verify", *command, dataset)
    assert len(list((project / "results/f/png/train").rglob("*.png"))) == 3
