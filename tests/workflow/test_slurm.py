"""On a real Slurm cluster of four nodes: the same command, the same bytes, and what happens when things are killed."""

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
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

PROFILES = {"dies": SLURM, "dies, generic profile": GENERIC}

# What profiles/README.md advises where results are on a tmpfs, as those of tests mostly are.
MEMORY_OF_TMPFS = ("--set-resources", "export:mem_mb=1000", "merge_manifests:mem_mb=1000")

# All of MNIST without a cluster; a machine that takes longer has in proportion more time with one.
LOCAL_SECONDS = 6

OWN = ("--config", "datasets=my/shapes.yaml")

EXPORTED = "results/*/png/train/[0-2]"
HOLD = f"""    import time
    from pathlib import Path

    while Path("hold").exists() and any(Path().glob("{EXPORTED}")):
        time.sleep(0.05)
"""

# Runs two groups: the rule of one is local on nodes, as those of the workflow are, and that of the other is not.
GROUPS = f"""
import os

include: "{PROJECT}/rules/workarounds.smk"
open("starts", "a").write(os.environ.get("SLURM_JOB_ID", "user") + "\\n")

rule all:
    input:
        expand("{{rule}}{{number}}", rule=["local", "other"], number=[1, 2]),
    localrule: True

rule local:
    output:
        "local{{number}}",
    localrule: runs_for_another()
    shell:
        "echo $SLURM_JOB_ID > {{output}}"

rule other:
    output:
        "other{{number}}",
    shell:
        "echo $SLURM_JOB_ID > {{output}}"
"""

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
    """A project with a dataset of three classes, which exports one of them alone while there is a file `hold`."""
    copy_project(folder)
    make_own_dataset(folder / "my")
    export = folder / "scripts/export.py"
    begin = '\nif __name__ == "__main__":\n'
    export.write_text(export.read_text().replace(begin, begin + HOLD))
    return folder


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a local run makes."""
    project = copy_project(tmp_path_factory.mktemp("local"))
    make_own_dataset(project / "my")
    snakemake(project, "--cores", "2", "all", *OWN)
    return files(project / "results")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def python() -> str:
    """The Python of a user of clusters."""
    return python_with("requirements-slurm", "snakemake-executor-plugin-cluster-generic")


def on_cluster(project: Path, *arguments: str, succeed: bool = True) -> Run:
    return snakemake(project, *arguments, succeed=succeed, python=python())


@dataclass
class Going:
    """A run that goes on, and the job that was in the middle of its exports, if it was waited for, with its node."""

    project: Path
    run: Snakemake
    job: int = 0
    node: str = ""

    @classmethod
    def start(cls, project: Path, *arguments: str) -> "Going":
        (project / "run.log").touch()
        return cls(project, Snakemake(project, *arguments, output=str(project / "run.log"), python=python()))

    @property
    def output(self) -> str:
        return (self.project / "run.log").read_text()

    def end(self, status: int = 0) -> None:
        """Let it go on to its end."""
        (self.project / "hold").unlink(missing_ok=True)
        assert self.run.wait(300) == status, self.output

    def reach_exports(self, cluster: SlurmCluster) -> "Going":
        """Wait until its newest job is in the middle of its exports, and stays there."""
        wait_for(lambda: any(self.project.glob(EXPORTED)), 300)
        self.job = cluster.jobs_of(self.project)[-1]
        state, self.node = cluster.jobs()[self.job]
        assert state == "RUNNING"
        return self


@pytest.fixture(scope="module")
def runs(cluster: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Going]:
    """Runs that go on at the same time, since they wait for most of it; those whose nodes die begin."""

    def start(*arguments: str, hold: bool = False) -> Going:
        project = make_project(tmp_path_factory.mktemp("project"))
        if hold:
            (project / "hold").touch()
        return Going.start(project, *arguments)

    dying = {name: start(*profile, "all", *OWN, hold=True) for name, profile in PROFILES.items()}
    nodes = {run.reach_exports(cluster).node for run in dying.values()}
    for node in nodes:
        cluster.kill_node(node)
    wait_for(lambda: all(cluster.states()[node].startswith("down") for node in nodes), 120)  # or jobs would go there

    canceled, killed = start(*SLURM, "all", *OWN, hold=True), start(*SLURM, "all", *OWN, hold=True)
    folder = tmp_path_factory.mktemp("groups")
    (folder / "Snakefile").write_text(GROUPS)
    profile = ("--workflow-profile", f"{PROJECT}/profiles/slurm", *SOON)
    components = ("--group-components", "locals=2", "others=2")
    grouped = Going.start(folder, *profile, "--groups", "local=locals", "other=others", *components)
    shards = start(*SLURM, "webdataset", "--config", "shard_size=500", "splits=train")
    on_nodes = start(*GENERIC, "results/shapes/header/train.json", *OWN, "on_nodes=true")
    little = ("--set-resources", "pack:mem_mb=100", "--retries", "0")
    too_large = start(*SLURM, "results/mnist-sample/webdataset/test-000000.tar", *little)

    subprocess.run(["scancel", str(canceled.reach_exports(cluster).job)], check=True)
    os.killpg(killed.reach_exports(cluster).run.pid, signal.SIGKILL)
    killed.run.wait()
    subprocess.run(["scancel", str(killed.job)], check=True)
    wait_for(lambda: cluster.jobs()[killed.job][0] == "CANCELLED", 60)
    assert "LockException" in on_cluster(killed.project, *SLURM, "all", *OWN, succeed=False).output
    snakemake(killed.project, "--unlock", "all", *OWN)
    for run in (*dying.values(), canceled, killed):
        (run.project / "hold").unlink()
    return dying | {
        "canceled": canceled,
        "killed": Going.start(killed.project, *SLURM, "all", *OWN),
        "grouped": grouped,
        "shards": shards,
        "on nodes": on_nodes,
        "too large": too_large,
    }


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


@pytest.mark.usefixtures("runs")  # which go on meanwhile
def test_the_generic_profile_cancels_its_jobs_on_sigterm_and_tries_a_job_again_that_the_site_canceled(
    cluster: SlurmCluster, project: Path, local: dict[str, bytes]
) -> None:
    for name in ("hold", "asked"):
        (project / name).touch()
    scheduler = project / "profiles/generic/scheduler"
    scheduler.write_text(scheduler.read_text().replace("    esac\n", "    esac\n    echo >>asked\n"))
    run = Going.start(project, *GENERIC, "--seconds-between-status-checks", "5", "all", *OWN).reach_exports(cluster)
    asked = (project / "asked").stat().st_size
    # While Snakemake asks for the state of its jobs, it cancels none.
    wait_for(lambda: (project / "asked").stat().st_size > asked, 60)
    os.kill(run.run.pid, signal.SIGTERM)
    assert run.run.wait(300) == 1
    wait_for(lambda: cluster.states_of(project) == ["CANCELLED"], 60)
    shutil.rmtree(project / "results")
    run = Going.start(project, *GENERIC, "all", *OWN).reach_exports(cluster)
    subprocess.run(["scancel", str(run.job)], check=True)
    run.end()
    assert cluster.states_of(project) == ["CANCELLED", "CANCELLED", "COMPLETED"]
    assert files(project / "results") == local


def test_a_run_with_a_killed_main_process_resumes_as_documented(
    runs: dict[str, Going], local: dict[str, bytes]
) -> None:
    runs["killed"].end()
    assert files(runs["killed"].project / "results") == local


def test_members_of_a_group_run_in_one_snakemake_where_the_plugin_still_starts_one_for_each(
    cluster: SlurmCluster, runs: dict[str, Going]
) -> None:
    runs["grouped"].end()
    folder = runs["grouped"].project
    assert cluster.states_of(folder) == ["COMPLETED", "COMPLETED"]
    job, other_job = ({(folder / f"{rule}{number}").read_text() for number in (1, 2)} for rule in ("local", "other"))
    starts = Counter((folder / "starts").read_text().splitlines(keepends=True))
    assert starts == {"user\n": 1, job.pop(): 1, other_job.pop(): 1 + 2}, "of the user, each job, and two members"
    assert not job and not other_job


def test_a_canceled_job_is_tried_again(cluster: SlurmCluster, runs: dict[str, Going], local: dict[str, bytes]) -> None:
    runs["canceled"].end()
    assert cluster.states_of(runs["canceled"].project) == ["CANCELLED", "COMPLETED"]
    assert files(runs["canceled"].project / "results") == local


def test_a_node_that_dies_during_an_export_changes_no_byte(
    cluster: SlurmCluster, runs: dict[str, Going], local: dict[str, bytes]
) -> None:
    dying = [runs[name] for name in PROFILES]
    nodes = {run.node for run in dying}
    try:
        for run in dying:
            run.end()
    finally:
        for node in nodes:
            cluster.start_node(node)
    for run in dying:
        assert cluster.jobs()[run.job][1] not in nodes, "Slurm has started it again elsewhere"
        assert files(run.project / "results") == local
    wait_for(lambda: "down" not in " ".join(cluster.states().values()), 60)


@pytest.mark.skipif(not memory_is_limited(), reason="this machine has no memory cgroups of version 1")
def test_a_job_that_takes_more_memory_than_it_requests_is_killed(cluster: SlurmCluster, runs: dict[str, Going]) -> None:
    runs["too large"].end(status=1)
    assert "OUT_OF_MEMORY" in runs["too large"].output
    assert cluster.states_of(runs["too large"].project) == ["OUT_OF_MEMORY"]


def test_shards_take_no_second_attempt(cluster: SlurmCluster, runs: dict[str, Going]) -> None:
    runs["shards"].end()
    assert cluster.states_of(runs["shards"].project) == ["COMPLETED"] * 3, "two shards and an index"


def test_validation_runs_on_nodes_on_request(cluster: SlurmCluster, runs: dict[str, Going]) -> None:
    runs["on nodes"].end()
    assert cluster.states_of(runs["on nodes"].project) == ["COMPLETED"] * 3, "two decompressions and a validation"


def test_a_job_that_asks_for_more_than_the_cluster_has_fails_at_once(cluster: SlurmCluster, project: Path) -> None:
    began = time.monotonic()
    more = ("--set-resources", "pack:mem_mb=999999", "--retries", "0")
    run = on_cluster(project, *SLURM, "results/mnist-sample/webdataset/test-000000.tar", *more, succeed=False)
    assert "Memory specification can not be satisfied" in run.output or "Requested node configuration" in run.output
    assert time.monotonic() - began < 120
    assert "PENDING" not in cluster.states_of(project)


def test_a_group_that_the_cluster_refuses_says_why(cluster: SlurmCluster, project: Path) -> None:
    run = on_cluster(project, *SLURM, "all", "--set-resources", "export:mem_mb=999999", *OWN, succeed=False)
    assert run.output.count("Memory specification can not be satisfied") == 3, "for each attempt"
