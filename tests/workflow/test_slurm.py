"""On a real Slurm cluster of four nodes: the same command, the same bytes, and what happens when things are killed."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders import make_own_dataset
from project import PROJECT, Run, Snakemake, copy_project, files, python_with, snakemake
from slurm_cluster import SlurmCluster, memory_is_limited, wait_for, why_not

PROFILE = ("--workflow-profile", "profiles/slurm")
# The plugin looks at its jobs ever less often: with this first look after 1, 12, 33, and 64 s.
SOON = ("--slurm-init-seconds-before-status-checks", "1")
SLURM = (*PROFILE, *SOON)
GENERIC = ("--workflow-profile", "profiles/generic", "--seconds-between-status-checks", "1")

# What profiles/README.md advises where results are on a tmpfs, as those of tests mostly are.
MEMORY_OF_TMPFS = ("--set-resources", "export:mem_mb=1000", "merge_manifests:mem_mb=1000")

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
    """A project with a dataset of three classes, whose exports take long enough to be killed."""
    copy_project(folder)
    make_own_dataset(folder / "my")
    export = folder / "scripts/export.py"
    begin = '\nif __name__ == "__main__":\n'
    export.write_text(export.read_text().replace(begin, f"{begin}    __import__('time').sleep(2)\n"))
    return folder


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a local run makes."""
    project = copy_project(tmp_path_factory.mktemp("local"))
    make_own_dataset(project / "my")
    snakemake(project, "--cores", "2", "all", "--config", OWN)
    return files(project / "results")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def python() -> str:
    """The Python of a user of clusters."""
    return python_with("requirements-slurm", "snakemake-executor-plugin-cluster-generic")


def on_cluster(project: Path, *arguments: str, succeed: bool = True) -> Run:
    return snakemake(project, *arguments, succeed=succeed, python=python())


def start(project: Path, *profile: str) -> Snakemake:
    """A run on the cluster, going on; its output is in run.log."""
    log = project / "run.log"
    log.touch()
    return Snakemake(project, *(profile or SLURM), "all", "--config", OWN, output=str(log), python=python())


def wait_for_export(cluster: SlurmCluster, project: Path) -> int:
    """Wait until the newest job of a project is in the middle of its exports, and give its number."""
    wait_for(lambda: len(list(project.glob("results/*/png/train/*"))) in (1, 2), 90)
    job = cluster.jobs_of(project)[-1]
    assert cluster.jobs()[job][0] == "RUNNING"
    return job


@dataclass
class Fault:
    """A run that something happened to in the middle of an export."""

    project: Path
    run: Snakemake
    job: int
    node: str

    def end(self) -> None:
        assert self.run.wait(300) == 0, (self.project / "run.log").read_text()


@pytest.fixture(scope="module")
def faults(cluster: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fault]:
    """Runs on two nodes that die, with a canceled job, and with a killed main process, which go on at the same time."""

    def in_the_middle(*profile: str) -> Fault:
        project = make_project(tmp_path_factory.mktemp("project"))
        run = start(project, *profile)
        job = wait_for_export(cluster, project)
        return Fault(project, run, job, cluster.jobs()[job][1])

    def on_a_dying_node(*profile: str) -> Fault:
        fault = in_the_middle(*profile)
        cluster.kill_node(fault.node)
        wait_for(lambda: cluster.states()[fault.node].startswith("down"), 60)
        return fault

    dies, dies_generic = on_a_dying_node(*SLURM), on_a_dying_node(*GENERIC)
    canceled = in_the_middle()
    subprocess.run(["scancel", str(canceled.job)], check=True)
    killed = in_the_middle()
    os.killpg(killed.run.pid, signal.SIGKILL)
    killed.run.wait()
    subprocess.run(["scancel", str(killed.job)], check=True)
    wait_for(lambda: cluster.jobs()[killed.job][0] == "CANCELLED", 30)
    return {"dies": dies, "dies, generic profile": dies_generic, "canceled": canceled, "killed": killed}


@pytest.fixture(scope="module")
def mnist_of_one(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """What a run on one machine makes of MNIST, and its seconds."""
    project = copy_project(tmp_path_factory.mktemp("one"))
    began = time.monotonic()
    snakemake(project, "--cores", "2", "all", *of_mnist(mnist))
    seconds = time.monotonic() - began
    return files(project / "results"), seconds


def of_mnist(mnist: Path) -> tuple[str, ...]:
    return ("--config", "datasets=mnist", f"mirrors={{mnist: '{mnist}'}}")


@pytest.mark.alone
@pytest.mark.parametrize(("profile", "limit"), [(PROFILE, 40), (GENERIC, 30)], ids=["slurm", "generic"])
def test_mnist_takes_one_job_a_split_and_little_time_and_comes_out_as_from_one_machine(
    cluster: SlurmCluster,
    mnist: Path,
    mnist_of_one: tuple[dict[str, bytes], float],
    tmp_path: Path,
    profile: tuple[str, ...],
    limit: float,
) -> None:
    project = copy_project(tmp_path / "project")
    before = set(cluster.jobs())
    results, on_one = mnist_of_one
    began = time.monotonic()
    on_cluster(project, *profile, "all", *of_mnist(mnist), *MEMORY_OF_TMPFS)
    on_four = time.monotonic() - began
    print(f"all of MNIST on one machine: {on_one:.1f} s, on four nodes: {on_four:.1f} s")
    assert on_four < limit * max(1, on_one / LOCAL_SECONDS)
    jobs = {job: of_job for job, of_job in cluster.jobs().items() if job not in before}
    assert [state for state, _ in jobs.values()] == ["COMPLETED", "COMPLETED"]
    assert files(project / "results") == results


@pytest.mark.parametrize("on_a_node", ["runs_for_another()", "False"])
def test_members_of_a_group_run_in_one_snakemake_where_the_plugin_still_starts_one_for_each(
    cluster: SlurmCluster, tmp_path: Path, on_a_node: str
) -> None:
    (tmp_path / "Snakefile").write_text(f"""
include: "{PROJECT}/rules/workarounds.smk"
open("starts", "a").write("a Snakemake\\n")

rule all:
    input:
        "1",
        "2",
    localrule: True

rule one:
    output:
        "{{number}}",
    localrule: {on_a_node}
    shell:
        "touch {{output}}"
""")
    profile = ("--workflow-profile", f"{PROJECT}/profiles/slurm", *SOON)
    on_cluster(tmp_path, *profile, "--groups", "one=both", "--group-components", "both=2")
    assert cluster.states_of(tmp_path) == ["COMPLETED"]
    members = 2 if on_a_node == "False" else 0
    assert len((tmp_path / "starts").read_text().splitlines()) == 2 + members, "of the user, the job, and its members"


def test_a_run_with_a_killed_main_process_resumes_as_documented(
    faults: dict[str, Fault], local: dict[str, bytes]
) -> None:
    killed = faults["killed"]
    assert "LockException" in on_cluster(killed.project, *SLURM, "all", "--config", OWN, succeed=False).output
    snakemake(killed.project, "--unlock", "all", "--config", OWN)
    killed.run = start(killed.project)
    killed.end()
    assert files(killed.project / "results") == local


def test_a_canceled_job_is_tried_again(
    cluster: SlurmCluster, faults: dict[str, Fault], local: dict[str, bytes]
) -> None:
    faults["canceled"].end()
    assert cluster.states_of(faults["canceled"].project) == ["CANCELLED", "COMPLETED"]
    assert files(faults["canceled"].project / "results") == local


def test_a_node_that_dies_during_an_export_changes_no_byte(
    cluster: SlurmCluster, faults: dict[str, Fault], local: dict[str, bytes]
) -> None:
    for fault in ("dies", "dies, generic profile"):
        dies = faults[fault]
        try:
            dies.end()
        finally:
            cluster.start_node(dies.node)
        assert cluster.jobs()[dies.job][1] != dies.node, "Slurm has started it again elsewhere"
        assert files(dies.project / "results") == local
    wait_for(lambda: set(cluster.states().values()) == {"idle"}, 60)


def test_the_generic_profile_cancels_its_jobs_on_sigterm_and_tries_a_job_again_that_the_site_canceled(
    cluster: SlurmCluster, project: Path, local: dict[str, bytes]
) -> None:
    run = start(project, *GENERIC)
    job = wait_for_export(cluster, project)
    subprocess.run(["scontrol", "suspend", str(job)], check=True)  # or it may end before it is canceled
    os.kill(run.pid, signal.SIGTERM)
    assert run.wait(30) == 1
    wait_for(lambda: cluster.states_of(project) == ["CANCELLED"], 30)
    shutil.rmtree(project / "results")
    run = start(project, *GENERIC)
    subprocess.run(["scancel", str(wait_for_export(cluster, project))], check=True)
    assert run.wait(120) == 0, (project / "run.log").read_text()
    assert cluster.states_of(project) == ["CANCELLED", "CANCELLED", "COMPLETED"]
    assert files(project / "results") == local


@pytest.mark.skipif(not memory_is_limited(), reason="this machine has no memory cgroups of version 1")
def test_a_job_that_takes_more_memory_than_it_requests_is_killed(cluster: SlurmCluster, project: Path) -> None:
    less = ("--set-resources", "pack:mem_mb=100", "--retries", "0")
    run = on_cluster(project, *SLURM, "results/mnist-sample/webdataset/test-000000.tar", *less, succeed=False)
    assert "OUT_OF_MEMORY" in run.output
    assert cluster.states_of(project) == ["OUT_OF_MEMORY"]


def test_shards_take_no_second_attempt(cluster: SlurmCluster, project: Path) -> None:
    on_cluster(project, *SLURM, "webdataset", "--config", "shard_size=500")
    assert cluster.states_of(project) == ["COMPLETED"] * 5, "three shards and two indices"


def test_validation_runs_on_nodes_on_request(cluster: SlurmCluster, project: Path) -> None:
    header = "results/shapes/header/train.json"
    on_cluster(project, *GENERIC, header, "--config", OWN, "on_nodes=true")
    assert cluster.states_of(project) == ["COMPLETED"] * 3, "two decompressions and a validation"


def test_a_job_that_asks_for_more_than_the_cluster_has_fails_at_once(cluster: SlurmCluster, project: Path) -> None:
    began = time.monotonic()
    more = ("--set-resources", "pack:mem_mb=999999", "--retries", "0")
    run = on_cluster(project, *SLURM, "results/mnist-sample/webdataset/test-000000.tar", *more, succeed=False)
    assert "Memory specification can not be satisfied" in run.output or "Requested node configuration" in run.output
    assert time.monotonic() - began < 120
    assert "PENDING" not in cluster.states_of(project)


def test_a_group_that_the_cluster_refuses_says_why_once(cluster: SlurmCluster, project: Path) -> None:
    run = on_cluster(project, *SLURM, "all", "--set-resources", "export:mem_mb=999999", "--config", OWN, succeed=False)
    assert run.output.count("Memory specification can not be satisfied") == 1
    assert run.output.count("the same error again") == 2, "in the second and third attempt"
