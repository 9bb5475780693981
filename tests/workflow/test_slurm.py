"""On a real Slurm cluster of four nodes: the same command, the same bytes, and what happens when things are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import make_own_dataset
from project import copy_project, files, snakemake
from slurm_cluster import SlurmCluster, memory_is_limited, wait_for, why_not

# The plugin looks at its jobs first after 40 s, and then ever less often, unless it gets other numbers.
SLURM = ("--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "1")

# All of MNIST without a cluster; a machine that takes longer has in proportion more time with one.
LOCAL_SECONDS = 6

OWN = "datasets=my/shapes.yaml"

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    cluster = SlurmCluster(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def make_project(folder: Path) -> Path:
    """A project with a dataset of three classes, whose one Slurm job is long enough to be killed, and short."""
    copy_project(folder)
    make_own_dataset(folder / "my")
    return folder


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a local run makes."""
    project = make_project(tmp_path_factory.mktemp("local"))
    snakemake(project, "--cores", "2", "all", "--config", OWN)
    return files(project / "results")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def start(project: Path) -> subprocess.Popen[str]:
    """A run on the cluster, going on; its output is in run.log."""
    with (project / "run.log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *SLURM, "all", "--config", OWN],
            cwd=project,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def wait_for_export(cluster: SlurmCluster, project: Path, known: set[int]) -> int:
    """Wait until a new job of the cluster is in the middle of its exports, and give its number."""
    wait_for(lambda: len(list(project.glob("results/*/png/train/*"))) in (1, 2), 90)
    (job,) = [job for job, (state, _) in cluster.jobs().items() if job not in known and state == "RUNNING"]
    return job


@pytest.mark.alone
def test_mnist_takes_one_slurm_job_a_split_and_a_minute_and_comes_out_as_from_a_local_run(
    cluster: SlurmCluster, mnist: Path, memory: Path, tmp_path: Path
) -> None:
    config = ("--config", "datasets=mnist", f"mirrors={{mnist: '{mnist}'}}")
    elsewhere = copy_project(memory / "elsewhere")
    project = copy_project(tmp_path / "project")
    before = set(cluster.jobs())
    began = time.monotonic()
    snakemake(elsewhere, "--cores", "2", "all", *config)
    between = time.monotonic()
    snakemake(project, *SLURM, "all", *config)
    on_one, on_four = between - began, time.monotonic() - between
    print(f"all of MNIST on one machine: {on_one:.1f} s, on four nodes: {on_four:.1f} s")
    assert on_four < 60 * max(1, on_one / LOCAL_SECONDS)
    jobs = {job: of_job for job, of_job in cluster.jobs().items() if job not in before}
    assert [state for state, _ in jobs.values()] == ["COMPLETED", "COMPLETED"]
    assert files(project / "results") == files(elsewhere / "results")


def test_a_node_that_dies_during_an_export_changes_no_byte(
    cluster: SlurmCluster, project: Path, local: dict[str, bytes]
) -> None:
    run = start(project)
    job = wait_for_export(cluster, project, set())
    node = cluster.jobs()[job][1]
    cluster.kill_node(node)
    try:
        assert run.wait(300) == 0, (project / "run.log").read_text()
    finally:
        cluster.start_node(node)
    assert cluster.jobs()[job][1] != node, "Slurm has started it again elsewhere"
    assert files(project / "results") == local
    wait_for(lambda: set(cluster.states().values()) == {"idle"}, 60)


def test_a_canceled_job_is_tried_again(cluster: SlurmCluster, project: Path, local: dict[str, bytes]) -> None:
    before = set(cluster.jobs())
    run = start(project)
    job = wait_for_export(cluster, project, before)
    subprocess.run(["scancel", str(job)], check=True)
    assert run.wait(300) == 0, (project / "run.log").read_text()
    states = [cluster.jobs()[number][0] for number in sorted(set(cluster.jobs()) - before)]
    assert states == ["CANCELLED", "COMPLETED"]
    assert files(project / "results") == local


def test_a_run_with_a_killed_main_process_resumes_as_documented(
    cluster: SlurmCluster, project: Path, local: dict[str, bytes]
) -> None:
    before = set(cluster.jobs())
    run = start(project)
    job = wait_for_export(cluster, project, before)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    subprocess.run(["scancel", str(job)], check=True)
    wait_for(lambda: cluster.jobs()[job][0] == "CANCELLED", 30)
    assert "LockException" in snakemake(project, *SLURM, "all", "--config", OWN, succeed=False).output
    snakemake(project, "--unlock", "all", "--config", OWN)
    run = start(project)
    assert run.wait(300) == 0, (project / "run.log").read_text()
    assert files(project / "results") == local


@pytest.mark.skipif(not memory_is_limited(), reason="this machine has no memory cgroups of version 1")
def test_a_job_that_takes_more_memory_than_it_requests_is_killed(cluster: SlurmCluster, project: Path) -> None:
    before = set(cluster.jobs())
    less = ("--set-resources", "pack:mem_mb=100", "--retries", "0")
    run = snakemake(project, *SLURM, "results/mnist-sample/webdataset/test-000000.tar", *less, succeed=False)
    assert "OUT_OF_MEMORY" in run.output
    assert [cluster.jobs()[job][0] for job in set(cluster.jobs()) - before] == ["OUT_OF_MEMORY"]


def test_shards_take_no_second_attempt(cluster: SlurmCluster, project: Path) -> None:
    before = set(cluster.jobs())
    snakemake(project, *SLURM, "webdataset", "--config", "shard_size=500")
    states = [cluster.jobs()[job][0] for job in set(cluster.jobs()) - before]
    assert states == ["COMPLETED"] * 5, "three shards and two indices"


def test_a_job_that_asks_for_more_than_the_cluster_has_fails_at_once(cluster: SlurmCluster, project: Path) -> None:
    before = set(cluster.jobs())
    began = time.monotonic()
    more = ("--set-resources", "pack:mem_mb=999999", "--retries", "0")
    run = snakemake(project, *SLURM, "results/mnist-sample/webdataset/test-000000.tar", *more, succeed=False)
    assert "Memory specification can not be satisfied" in run.output or "Requested node configuration" in run.output
    assert time.monotonic() - began < 120
    assert not [job for job in set(cluster.jobs()) - before if cluster.jobs()[job][0] == "PENDING"]
