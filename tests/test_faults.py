"""What machines do to a run: it is killed, its disk is full, another run works beside it. Nothing is lost or wrong.

FAULT_MOMENTS=30 makes the kills more, at 30 moments instead of 10.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from workflow import copy_project, files, snakemake

MOMENTS = int(os.environ.get("FAULT_MOMENTS", "10"))
JOBS = 37  # of `all` on the sample that have a log, which each opens when it begins
SAMPLE = "mnist-sample"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    project = copy_project(tmp_path_factory.mktemp("undisturbed"))
    snakemake(project, "--cores", "2", "all")
    assert len(logs(project)) == JOBS
    return files(project / "results")


def logs(project: Path) -> list[Path]:
    return list(project.glob("logs/**/*.log"))


def start(project: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "snakemake", "--cores", "2", "all", *arguments],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kills(signal_number: signal.Signals, count: int) -> list[tuple[signal.Signals, int, int]]:
    """So many kills, from the first job to the last: how many have begun, and milliseconds since the last of them."""
    return [(signal_number, 1 + (JOBS - 1) * number // (count - 1), number % 4 * 5) for number in range(count)]


@pytest.mark.parametrize(
    ("signal_number", "begun", "milliseconds"),
    [*kills(signal.SIGKILL, MOMENTS), *kills(signal.SIGTERM, 2), *kills(signal.SIGINT, 2)],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_run_that_was_killed_at_any_moment_is_finished_by_the_next(
    tmp_path: Path, undisturbed: dict[str, bytes], signal_number: signal.Signals, begun: int, milliseconds: int
) -> None:
    project = copy_project(tmp_path / "project")
    process = start(project)
    while len(logs(project)) < begun:
        assert process.poll() is None, "it ended before"
        time.sleep(0.002)
    time.sleep(milliseconds / 1000)
    os.killpg(process.pid, signal_number)
    assert process.wait(60) != 0
    if any(project.glob(".snakemake/locks/*")):  # what the README tells of
        snakemake(project, "--unlock", "all")
    snakemake(project, "--cores", "2", "all")
    assert files(project / "results") == undisturbed


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 30 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def project(tmp_path: Path, disk: Path) -> Path:
    """A project whose resources and results are on that disk."""
    project = copy_project(tmp_path / "project")
    pathvars = {"results": f"{disk}/results", "resources": f"{disk}/resources"}
    (project / "config.yaml").write_text(yaml.safe_dump({"pathvars": pathvars}))
    return project


@pytest.mark.parametrize(
    ("made", "target", "left", "words"),
    [
        (None, f"resources/{SAMPLE}/train-images-idx3-ubyte.gz", 100_000, "No space left on device"),
        (None, f"resources/{SAMPLE}/train-images-idx3-ubyte", 500_000, "no space for it on the disk"),
        (f"resources/{SAMPLE}/train-images-idx3-ubyte", f"results/{SAMPLE}/header/train.json", 8192, "No space left"),
        (f"results/{SAMPLE}/header/train.json", f"results/{SAMPLE}/png/train/3", 200_000, "no room for 93 files"),
        (f"results/{SAMPLE}/manifest/train.csv", f"results/{SAMPLE}/manifest/train.csv", 12_288, "No space left"),
        (
            f"results/{SAMPLE}/header/train.json",
            f"results/{SAMPLE}/webdataset/train-000000.tar",
            10**6,
            "No space left",
        ),
    ],
    ids=["download", "decompress", "validate", "export", "manifest", "pack"],
)
def test_a_full_disk_is_named_and_no_obstacle_once_there_is_room(
    project: Path, disk: Path, made: str | None, target: str, left: int, words: str
) -> None:
    if made:
        snakemake(project, "--cores", "2", f"{disk}/{made}")
        (disk / target).unlink(missing_ok=True)
    free = os.statvfs(disk)
    filler = disk / "filler"
    with filler.open("wb") as file:
        file.write(bytes(free.f_bavail * free.f_frsize - left))
    run = snakemake(project, "--cores", "1", f"{disk}/{target}", succeed=False)
    assert words in run.output
    assert str(disk) in run.output
    assert "Traceback" not in run.output
    assert not (disk / target).exists()
    filler.unlink()
    snakemake(project, "--cores", "2", f"{disk}/{target}")
    expected = copy_project(project.parent / "expected")
    snakemake(expected, "--cores", "2", target)
    kind = target.partition("/")[0]
    assert files(disk / kind) == files(expected / kind) | {
        path: content for path, content in files(disk / kind).items() if path not in files(expected / kind)
    }
    assert not list(disk.rglob("*.partial*"))


def test_a_read_only_disk_is_named(project: Path, disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    run = snakemake(project, "--cores", "1", "all", succeed=False)
    assert f"Read-only file system: '{disk}/resources'" in run.output


def test_a_file_where_a_directory_is_due_is_named(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    (project / "results").write_text("a file")
    run = snakemake(project, "--cores", "1", "all", succeed=False)
    assert "Not a directory: 'results" in run.output
    assert (project / "results").read_text() == "a file"


def test_workflows_that_share_their_resources_never_see_half_a_file(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    alone = copy_project(tmp_path / "alone")
    snakemake(alone, "--cores", "2", "all")
    expected = files(alone / "resources")
    shared = tmp_path / "shared"
    pathvars = f"pathvars={{resources: {shared}}}"
    projects = [copy_project(tmp_path / one) for one in ("a", "b")]
    processes = [start(project, "--config", pathvars) for project in projects]
    while any(process.poll() is None for process in processes):
        for name, content in expected.items():
            with suppress(FileNotFoundError):  # Snakemake removes what it is about to make; the other run may fail
                assert (shared / name).read_bytes() == content
        time.sleep(0.01)
    for project in projects:
        snakemake(project, "--cores", "2", "all", "--config", pathvars)
        assert files(project / "results") == undisturbed
    assert files(shared) == expected
