"""What machines do to a run: it is killed, its disk is full, another run works beside it. Nothing is lost or wrong.

With FAULT_MOMENTS=30, runs get SIGKILL at 30 moments instead of 10.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy
import pytest
import yaml

from builders import flip, put_image
from jobs import ALL
from mirror_server import MirrorServer, Misbehavior
from project import Snakemake, copy_finished, copy_project, files, snakemake, without_privilege
from systems import mounted

MOMENTS = int(os.environ.get("FAULT_MOMENTS", "10"))
OTHERS = (signal.SIGTERM, signal.SIGINT)
KILLS = (signal.SIGKILL, *OTHERS, *[signal.SIGKILL] * (MOMENTS - 2), *OTHERS, signal.SIGKILL)
JOBS = sum(ALL.values()) - 1  # that have a log, which each opens when it begins
COMMAND = ("--cores", "2", "all")
SAMPLE = "mnist-sample"
SMALL = ("-t", "tmpfs", "-o", "size=60m", "tmpfs")  # a file system of 60 MB
PHOTOS = {"photos": "my/photos"}


def logs(project: Path) -> list[Path]:
    return list(project.glob("logs/**/*.log"))


def test_a_killed_run_is_finished_by_the_same_command(
    project: Path, finished: Path, undisturbed: dict[str, bytes]
) -> None:
    """One run after the other is killed, each later than the one before; what is there then is right each time."""
    assert len(logs(finished)) == JOBS
    for number, signal_number in enumerate(KILLS):
        process = Snakemake(project, *COMMAND)
        while len(logs(project)) < 1 + (JOBS - 1) * number // (len(KILLS) - 1):
            assert process.poll() is None, "it ended before"
            time.sleep(0.002)
        time.sleep(number % 4 * 0.005)
        os.killpg(process.pid, signal_number)
        assert process.wait(60) != 0
        final = {path: content for path, content in files(project / "results").items() if "/." not in path}
        assert final.items() <= undisturbed.items(), "what has its final name is whole"
        shutil.rmtree(project / ".snakemake/locks", ignore_errors=True)  # which is what --unlock does, in 2 s
    snakemake(project, "--cores", "2", "all")
    assert files(project / "results") == undisturbed


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with mounted(tmp_path_factory.mktemp("disk"), *SMALL) as disk:
        yield disk


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory, disk: Path) -> Path:
    """A project whose resources, results and logs are on that disk, and its folder of images on another."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    make_photos(project / "my/photos")
    pathvars = {name: f"{disk}/{name}" for name in ("results", "resources", "logs")}
    (project / "config.yaml").write_text(yaml.safe_dump({"pathvars": pathvars, "folders": PHOTOS}))
    return project


def make_photos(folder: Path) -> None:
    """Images of two classes, of 10,000 pixels that no compression makes less."""
    random = numpy.random.default_rng(0)
    for name in ("cat", "dog"):
        for number in range(10):
            put_image(folder / f"train/{name}/{number}.png", random.integers(0, 256, (100, 100), numpy.uint8))


@contextmanager
def only(disk: Path, left: int) -> Iterator[None]:
    """Leave only so many bytes free on the disk."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        free = os.statvfs(disk)
        file.write(bytes(free.f_bavail * free.f_frsize - left))
    yield
    filler.unlink()


@pytest.fixture(scope="module")
def everything(crowded: Path, disk: Path) -> dict[str, bytes]:
    """What all rules together make on the disk, where it stays."""
    for targets in (("publish", "webdataset", "archive", "npz", "csv"), ("verify",), ("idx",)):
        snakemake(crowded, "--cores", "2", *targets)
    return without_logs(disk)


@pytest.fixture(scope="module")
def kept(disk: Path, everything: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that, with its times."""
    return copy_finished(disk, tmp_path_factory.mktemp("kept") / "disk")


def without_logs(disk: Path) -> dict[str, bytes]:
    return {path: content for path, content in files(disk).items() if not path.startswith("logs/")}


FULL = "ERROR: {output}: not enough disk space: No space left on device\n  found:    "
NO_SPACE = "ERROR: {output}: not enough disk space\n  expected: "
NO_ROOM = "{disk}/results: no room for 93 files\n  expected: 380,928 bytes, 93 inodes"


# What each rule makes, the bytes that are left on the disk, and what is told.
ON_A_FULL_DISK = {
    "decompress": (f"resources/{SAMPLE}/train-images-idx3-ubyte", 500_000, NO_SPACE + "784,016 bytes"),
    "validate": (f"results/{SAMPLE}/header/train.json", 0, FULL),
    "export": (f"results/{SAMPLE}/png/train/3", 200_000, NO_ROOM),
    "merge_manifests": (f"results/{SAMPLE}/manifest/train.csv", 12_288, NO_SPACE),
    "preview": (f"results/{SAMPLE}/preview/train.png", 4096, FULL),
    "measure": (f"results/{SAMPLE}/statistics/train.json", 4096, FULL),
    "find_duplicates": (f"results/{SAMPLE}/duplicates.json", 0, FULL),
    "make_page": (f"results/{SAMPLE}/digests.js", 4096, FULL),
    "write_parquet": (f"results/{SAMPLE}/parquet/train.parquet", 8192, FULL),
    "write_card": (f"results/{SAMPLE}/croissant.json", 4096, FULL),
    "pack": (f"results/{SAMPLE}/webdataset/train-000000.tar", 10**6, FULL),
    "index_shards": (f"results/{SAMPLE}/webdataset/train.json", 0, FULL),
    "verify_split": (f"results/{SAMPLE}/verify/train.json", 0, FULL),
    "archive_split": (f"results/{SAMPLE}/archive/train.tar", 10**6, FULL),
    "save_npz": (f"results/{SAMPLE}/npz/{SAMPLE}.npz", 400_000, FULL),
    "write_csv": (f"results/{SAMPLE}/csv/train.csv", 10**6, FULL),
    "list_digests": (f"results/{SAMPLE}/SHA256SUMS", 0, FULL),
    "build_idx": ("results/photos/idx/train-images-idx3-ubyte.gz", 102_400, FULL),
    "write_dataset": ("results/photos/idx/photos.yaml", 0, FULL),
}


# What else a rule makes of some size.
BESIDE = {
    "validate": [f"results/{SAMPLE}/header/train.crc32"],
    "make_page": [f"results/{SAMPLE}/index.html"],
    "write_card": [f"results/{SAMPLE}/{name}" for name in ("README.md", "LICENSE", "CITATION", "provenance.json")],
}


@pytest.mark.parametrize("rule", ON_A_FULL_DISK)
def test_a_full_disk_is_reported_with_the_file(
    crowded: Path, disk: Path, everything: dict[str, bytes], kept: Path, rule: str
) -> None:
    output, left, told = ON_A_FULL_DISK[rule]
    for path in (output, *BESIDE.get(rule, ()), "logs"):  # whose room a run would have for itself
        remove(disk / path)
    with only(disk, left):
        run = snakemake(crowded, "--cores", "1", f"{disk}/{output}", succeed=False)
    assert told.format(output=disk / output, disk=disk) in run.output, run.output[-3000:]
    assert not (disk / output).exists()
    for path in everything.keys() - without_logs(disk).keys():  # for the next rule
        (disk / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(kept / path, disk / path)


def test_each_rule_succeeds_once_there_is_room(crowded: Path, disk: Path, everything: dict[str, bytes]) -> None:
    """The rules for which the disk was full, in the state in which that left the project."""
    outputs = [output for output, _, _ in ON_A_FULL_DISK.values()]
    for output in (*outputs, *(path for paths in BESIDE.values() for path in paths)):
        remove(disk / output)
    snakemake(crowded, "--cores", "2", *(f"{disk}/{output}" for output in outputs))
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=disk / f"results/{SAMPLE}", check=True)
    remove(disk / f"results/{SAMPLE}/SHA256SUMS")  # which lists what is there
    assert without_logs(disk) == everything


def remove(output: Path) -> None:
    if output.is_dir():
        shutil.rmtree(output)
    else:
        output.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("chunked", "told"),
    [
        (None, "ERROR: {mirror}/{file}: not enough disk space\n  expected: 161,728 bytes"),
        (False, "ERROR: {mirror}/{file}: not enough disk space\n  expected: 161,728 bytes"),
        (True, FULL),
    ],
    ids=["from a directory", "from a server", "from a server that tells no length"],
)
def test_a_download_that_does_not_fit_is_reported_and_finished_once_there_is_room(
    crowded: Path,
    disk: Path,
    everything: dict[str, bytes],
    mirror_server: MirrorServer,
    chunked: bool | None,
    told: str,
) -> None:
    file = "train-images-idx3-ubyte.gz"
    output = f"resources/{SAMPLE}/{file}"
    mirror = f"{crowded}/datasets/{SAMPLE}"
    if chunked is not None:
        mirror = f"{mirror_server.url}/mirror"
        mirror_server.publish(f"/mirror/{file}", (crowded / "datasets" / SAMPLE / file).read_bytes())
        mirror_server.misbehave(f"/mirror/{file}", Misbehavior(chunked=chunked))
    command = ("--cores", "1", f"{disk}/{output}", "--config", f"mirrors={{{SAMPLE}: '{mirror}'}}")
    for path in (output, "logs"):
        remove(disk / path)
    with only(disk, 102_400):
        run = snakemake(crowded, *command, succeed=False)
    assert told.format(mirror=mirror, file=file, output=disk / output) in run.output
    assert not (disk / output).exists()
    snakemake(crowded, *command)
    assert without_logs(disk) == everything


def test_a_read_only_disk_is_reported(project: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    with mounted(tmp_path / "disk", *SMALL) as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        config = f"pathvars={{results: {disk}/results}}"
        run = snakemake(project, "--cores", "1", "all", "--config", config, succeed=False)
    assert f"{disk}/results: cannot be written" in run.output
    assert f"no permission to write in {disk}, or its disk is read-only" in run.output


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which a file is decompressed, and nothing else."""
    project = copy_project(tmp_path_factory.mktemp("begun"))
    snakemake(project, "--cores", "1", f"resources/{SAMPLE}/train-labels-idx1-ubyte")
    (project / "results").mkdir()
    return project


@pytest.mark.parametrize(
    ("path", "mode", "told"),
    [
        ("results", 0o555, "results: cannot be written\n  found:    no permission to write in "),
        ("logs", 0o555, "logs: cannot be written\n  found:    no permission to write in "),
        (
            f"datasets/{SAMPLE}/train-images-idx3-ubyte.gz",
            0,
            f"datasets/{SAMPLE}/train-images-idx3-ubyte.gz: cannot be read: Permission denied",
        ),
        (
            f"resources/{SAMPLE}/train-labels-idx1-ubyte",
            0,
            f"ERROR: resources/{SAMPLE}/train-labels-idx1-ubyte: Permission denied",
        ),
    ],
    ids=["folder of results", "folder of logs", "file of a mirror", "IDX file"],
)
def test_a_missing_permission_is_reported_with_the_file(
    begun: Path, tmp_path: Path, path: str, mode: int, told: str
) -> None:
    project = copy_finished(begun, tmp_path / "project")
    allowed = (project / path).stat().st_mode
    (project / path).chmod(mode)
    command = ("--cores", "1", f"results/{SAMPLE}/header/train.json")
    run = snakemake(project, *command, succeed=False, before=without_privilege())
    assert told in run.output
    (project / path).chmod(allowed)
    snakemake(project, *command, before=without_privilege())


def test_a_file_in_place_of_the_results_folder_is_reported(project: Path) -> None:
    (project / "results").write_text("a file")
    run = snakemake(project, "--cores", "1", "all", succeed=False)
    assert "results: cannot be a folder" in run.output
    assert (project / "results").read_text() == "a file"


def test_workflows_that_share_resources_never_see_a_partial_file(
    tmp_path: Path, finished: Path, undisturbed: dict[str, bytes]
) -> None:
    expected = files(finished / "resources")
    shared = tmp_path / "shared"
    wanted = [f"results/{SAMPLE}/{name}" for name in ("manifest/test.csv", "preview/train.png")]
    command = ("--cores", "2", *wanted, "--config", f"pathvars={{resources: {shared}}}")
    projects = [copy_project(tmp_path / one) for one in ("a", "b")]
    processes = [Snakemake(project, *command) for project in projects]
    while any(process.poll() is None for process in processes):
        for name, content in expected.items():
            with suppress(FileNotFoundError):  # Snakemake removes what it is about to make; the other run may fail
                assert (shared / name).read_bytes() == content
        time.sleep(0.01)
    for project in projects:
        snakemake(project, *command)
        made = files(project / "results")
        assert made.items() <= undisturbed.items()
        assert len([path for path in made if "/png/test/" in path]) == 200
        assert all((project / path).exists() for path in wanted)
    assert files(shared) == expected


def test_an_idx_file_that_changed_and_kept_its_time_does_not_become_pixels(
    complete: Path, undisturbed: dict[str, bytes]
) -> None:
    flip(complete / f"resources/{SAMPLE}/train-images-idx3-ubyte", *range(16, 16 + 784 * 1000, 784))
    for label in ("3", "7"):
        shutil.rmtree(complete / f"results/{SAMPLE}/png/train/{label}")
    run = snakemake(complete, "--cores", "2", "--keep-going", "all", succeed=False)
    commands = {
        line.partition("to do:")[2].partition(",")[0].strip() for line in run.output.splitlines() if "mv " in line
    }
    assert "is not the one that was validated" in run.output
    assert not list((complete / f"results/{SAMPLE}/png/train").glob("[37]/*.png"))
    (command,) = commands
    subprocess.run(["bash", "-c", command], cwd=complete, check=True)
    snakemake(complete, "--cores", "2", "all")
    (complete / f"results/{SAMPLE}/header/train.crc32.changed").unlink()
    assert files(complete / "results") == undisturbed
