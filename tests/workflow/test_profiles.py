"""What the profiles for clusters ask of Snakemake."""

from pathlib import Path

import pytest

from project import copy_project, python_with, snakemake


@pytest.mark.parametrize(
    ("target", "jobs"), [("results/mnist-sample/png/test", 1), ("results/mnist-sample/png", 2), ("all", 2)]
)
def test_the_labels_of_a_split_are_one_job_of_a_cluster(tmp_path: Path, target: str, jobs: int) -> None:
    python = python_with("requirements-slurm")
    run = snakemake(copy_project(tmp_path), "--workflow-profile", "profiles/slurm", "-n", target, python=python)
    assert run.output.count("Group job ") == jobs


def test_a_variable_that_is_not_set_in_the_folder_of_local_copies_is_an_error_in_words(tmp_path: Path) -> None:
    run = snakemake(copy_project(tmp_path), "-n", "all", "--local-storage-prefix", "$NOT_SET/files", succeed=False)
    assert "$NOT_SET/files: an environment variable in this path is not set" in run.output
    assert "set it where you start Snakemake" in run.output
    assert not (tmp_path / "$NOT_SET").exists()
