"""What the profiles for clusters ask of Snakemake."""

from pathlib import Path

import pytest

from project import copy_project, snakemake


@pytest.mark.parametrize(
    ("target", "jobs"), [("results/mnist-sample/png/test", 1), ("results/mnist-sample/png", 2), ("all", 2)]
)
def test_the_labels_of_a_split_are_one_job_of_a_cluster(tmp_path: Path, target: str, jobs: int) -> None:
    run = snakemake(copy_project(tmp_path), "--workflow-profile", "profiles/slurm", "-n", target)
    assert run.output.count("Group job ") == jobs
