"""Results are what a run asks for, whatever notes Snakemake has, and wherever they were moved, copied, or shared."""

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import yaml
from PIL import Image

import planted
from builders import idx_bytes, make_own_dataset
from jobs import IMAGES
from project import PROJECT, Run, Snakemake, copy_finished, files, run_script, snakemake

SHAPES = "results/shapes"
PNG = f"{SHAPES}/png/train"  # where the test is about images: `all` has twice as many jobs


def run(folder: Path, *arguments: str, succeed: bool = True) -> Run:
    """A run of the project in ``folder``, in which is the dataset file shapes.yaml."""
    datasets = () if "--config" in arguments else ("--config",)
    command = ("-s", str(PROJECT / "Snakefile"), "--directory", str(folder), "--cores", "2", *arguments)
    return snakemake(folder, *command, *datasets, "datasets=shapes.yaml", succeed=succeed)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which most has been made. Not to be changed: see `work`."""
    folder = tmp_path_factory.mktemp("finished") / "work"
    make_own_dataset(folder)
    run(folder, "all", "webdataset", "csv", "npz")
    return folder


@pytest.fixture
def work(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished folder with all times kept, as `cp -a` makes it, and without Snakemake's notes."""
    folder = copy_finished(finished, tmp_path / "work")
    shutil.rmtree(folder / ".snakemake")
    return folder


def pictures(folder: Path) -> int:
    return len(list((folder / SHAPES / "png").rglob("*.png")))


def with_dataset(folder: Path, **facts: object) -> None:
    path = folder / "shapes.yaml"
    time = path.stat()
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | facts, allow_unicode=True))
    os.utime(path, ns=(time.st_atime_ns, time.st_mtime_ns))


def test_without_notes_nothing_to_do_is_nothing_to_do(work: Path) -> None:
    before = files(work / "results")
    assert "Nothing to be done" in run(work, "all", "webdataset", "csv", "npz", f"{SHAPES}/png/train/1").output
    assert files(work / "results") == before


EXPORTS = {*IMAGES, "write_settings", "all"}


@pytest.mark.parametrize(
    ("target", "config", "rules"),
    [
        ("all", "limit=10", EXPORTS),
        ("all", "classes=1", EXPORTS - {"export"}),
        (f"{SHAPES}/png/train/1", "limit=10", {"write_settings", "export"}),
        (f"{SHAPES}/png/train", "limit=10", {"write_settings", "export", "merge_manifests", f"{SHAPES}/png/train"}),
        ("webdataset", "shuffle_seed=7", {"write_settings", "pack", "index_shards", "webdataset"}),
        ("csv", "csv_header=true", {"write_settings", "write_csv", "csv"}),
        ("npz", "limit=10", {"write_settings", "save_npz", "npz"}),
    ],
)
def test_other_settings_run_again_what_depends_on_them_and_no_more(
    work: Path, target: str, config: str, rules: set[str]
) -> None:
    assert set(run(work, "-n", target, "--config", config).jobs) == rules


@pytest.mark.parametrize(
    ("facts", "rules"),
    [
        ({"orientation": "transposed"}, EXPORTS | {"validate"}),
        ({"classes": {0: "circle", 1: "box", 2: "star"}}, EXPORTS | {"validate"}),
        ({"title": "Other words"}, {"write_settings", "make_page", "all"}),
    ],
)
def test_other_facts_of_the_dataset_run_again_what_depends_on_them(
    work: Path, facts: dict[str, object], rules: set[str]
) -> None:
    with_dataset(work, **facts)
    assert set(run(work, "-n", "all").jobs) == rules


def test_results_of_a_limit_are_not_taken_for_all_images(work: Path, tmp_path: Path, finished: Path) -> None:
    (work / SHAPES / ".settings").rename(work / "settings")
    (work / SHAPES / ".settings").symlink_to("../../settings")
    run(work, PNG, "--config", "limit=10")
    assert pictures(work) == 10
    moved = work.rename(tmp_path / "moved")
    shutil.rmtree(moved / ".snakemake")
    assert "Nothing to be done" in run(moved, PNG, "--config", "limit=10").output
    run(moved, PNG)
    assert files(moved / SHAPES / "png") == files(finished / SHAPES / "png")


@pytest.fixture(scope="module")
def few(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the first ten images alone."""
    folder = copy_finished(finished, tmp_path_factory.mktemp("few") / "work")
    run(folder, "all", "--config", "limit=10")
    return folder


@pytest.mark.parametrize("copied", ["cp -a", "cp -r"], ids=["older", "newer"])
def test_results_of_a_limit_that_are_copied_over_others_are_not_taken_for_them(
    work: Path, few: Path, finished: Path, copied: str
) -> None:
    subprocess.run([*copied.split(), f"{few}/results/.", f"{work}/results"], check=True)
    assert pictures(work) == 30
    run(work, "all")
    assert files(work / SHAPES) == files(finished / SHAPES)


def test_a_second_working_folder_with_the_same_results_folder_sees_other_settings(work: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy2(work / "shapes.yaml", other)
    shutil.copytree(work / "idx", other / "idx", copy_function=shutil.copy2)
    shared = f"pathvars={{results: {work}/results, resources: {work}/resources}}"
    assert "Nothing to be done" in run(other, "all", "--config", shared).output
    run(other, f"{work}/{PNG}", "--config", shared, "limit=10")
    assert pictures(work) == 10
    run(work, PNG)
    assert pictures(work) == 30


def with_other_images(folder: Path) -> numpy.ndarray:
    """Replace the original images by others, in a file as large as theirs and older than all that was made."""
    path = folder / "idx/shapes-images-idx3-ubyte"
    images = numpy.random.default_rng(1).integers(0, 256, (30, 5, 7), numpy.uint8)
    path.write_bytes(idx_bytes(images))
    os.utime(path, (1e9, 1e9))
    return images


def exported(results: Path) -> numpy.ndarray:
    """The images of the results, uint8 (30, 5, 7)."""
    paths = sorted((results / "shapes/png/train").rglob("*.png"), key=lambda path: path.name)
    return numpy.array([numpy.asarray(Image.open(path)) for path in paths])


@pytest.mark.parametrize("resources", ["kept", "without settings", "only decompressed", "removed"])
def test_originals_without_digests_that_were_replaced_are_used(work: Path, resources: str) -> None:
    folder = work / "resources/shapes"
    if resources == "without settings":
        shutil.rmtree(folder / ".settings")
    elif resources == "only decompressed":
        (folder / "shapes-images-idx3-ubyte.plain").unlink()
    elif resources == "removed":
        shutil.rmtree(folder)
    if resources != "without settings":
        assert "Nothing to be done" in run(work, "all").output
        shutil.rmtree(work / ".snakemake")
    images = with_other_images(work)
    run(work, PNG, "verify")
    assert numpy.array_equal(exported(work / "results"), images)


@pytest.mark.parametrize("how", ["copied over", "another folder", "a link"])
def test_originals_of_the_same_names_sizes_and_times_are_told_apart_and_copies_are_not(work: Path, how: str) -> None:
    idx, kept = work / "idx", work / "kept"
    shutil.copytree(idx, kept, copy_function=shutil.copy2)
    state = (kept / "shapes-images-idx3-ubyte").stat()
    with_dataset(work, mirrors=["kept"])
    assert "Nothing to be done" in run(work, "all").output
    images = with_other_images(work)
    os.utime(idx / "shapes-images-idx3-ubyte", ns=(state.st_atime_ns, state.st_mtime_ns))
    if how == "another folder":
        with_dataset(work, mirrors=["idx"])
    elif how == "a link":
        kept.rename(work / "old")
        kept.symlink_to("idx")
    else:
        shutil.copytree(idx, kept, copy_function=shutil.copy2, dirs_exist_ok=True)
    run(work, PNG, "verify")
    assert numpy.array_equal(exported(work / "results"), images)


def test_an_archive_without_digests_that_was_replaced_is_used(work: Path) -> None:
    def pack() -> None:
        with zipfile.ZipFile(work / "idx.zip", "w") as archive:
            for path in sorted((work / "idx").iterdir()):
                archive.write(path, path.name)

    with_dataset(work, mirrors=["idx.zip"])
    pack()
    run(work, PNG)
    images = with_other_images(work)
    os.utime(work / "idx/shapes-images-idx3-ubyte")  # zip knows no years before 1980
    pack()
    shutil.rmtree(work / ".snakemake")
    run(work, PNG)
    assert numpy.array_equal(exported(work / "results"), images)


def test_a_part_of_a_different_split_without_digests_is_made_again(work: Path) -> None:
    def splits(origin: str) -> dict[str, object]:
        train, more = (yaml.safe_load((work / "shapes.yaml").read_text())["splits"]["train"] for _ in range(2))
        more |= {role: {"file": f"more-{train[role]['file']}"} for role in ("images", "labels")}
        return {"train": train, "more": more, "part": {"from": origin, "rows": [0, 30]}}

    with_dataset(work, splits=splits("train"))
    run(work, f"{SHAPES}/png/part", "--config", "splits=[train,part]")
    made = files(work / SHAPES / "png/part")
    for path in sorted((work / "idx").iterdir()):
        shutil.copy2(path, path.with_name(f"more-{path.name}"))
    other = numpy.random.default_rng(2).integers(0, 256, (30, 5, 7), numpy.uint8)
    (work / "idx/more-shapes-images-idx3-ubyte").write_bytes(idx_bytes(other))
    shutil.rmtree(work / ".snakemake")
    with_dataset(work, splits=splits("more"))
    run(work, f"{SHAPES}/png/part", "--config", "splits=[train,part]")
    assert files(work / SHAPES / "png/part") != made


@pytest.mark.parametrize("notes", ["kept", "removed"])
def test_a_split_that_the_dataset_no_longer_has_is_in_no_result(work: Path, notes: str) -> None:
    train, again, more = (yaml.safe_load((work / "shapes.yaml").read_text())["splits"]["train"] for _ in range(3))
    for path in sorted((work / "idx").iterdir()):
        shutil.copy2(path, path.with_name(f"more-{path.name}"))
    more |= {role: {"file": f"more-{train[role]['file']}"} for role in ("images", "labels")}
    with_dataset(work, splits={"train": train, "more": more})
    run(work, f"{SHAPES}/duplicates.json", "npz")
    with_dataset(work, splits={"train": again})
    if notes == "removed":
        shutil.rmtree(work / ".snakemake")
    run(work, f"{SHAPES}/duplicates.json", "npz")
    assert sorted(numpy.load(work / SHAPES / "npz/shapes.npz")) == ["x_train", "y_train"]
    assert "more" not in json.loads((work / SHAPES / "duplicates.json").read_text())["within"]


def test_a_file_that_does_not_fit_is_refused_by_each_run_and_not_only_by_the_first(work: Path) -> None:
    path = work / "idx/shapes-images-idx3-ubyte"
    path.write_bytes(idx_bytes(numpy.zeros((20, 5, 7), numpy.uint8)))
    for _ in range(2):
        refused = run(work, "all", "verify", succeed=False)
        assert "the number of images differs from the dataset file" in refused.output


def test_own_files_that_are_pinned_again_are_read_again_without_notes(work: Path) -> None:
    run_script("new_dataset", "--update", "shapes.yaml", cwd=work).check_returncode()
    run(work, PNG)
    images = with_other_images(work)
    run_script("new_dataset", "--update", "shapes.yaml", cwd=work).check_returncode()
    shutil.rmtree(work / ".snakemake")
    run(work, PNG, "verify")
    assert numpy.array_equal(exported(work / "results"), images)


def test_results_and_resources_are_two_folders(work: Path) -> None:
    refused = run(work, "all", "--config", "pathvars={resources: results}", succeed=False)
    assert "results and resources are one folder" in refused.output


def test_two_datasets_of_one_name_can_share_downloads(work: Path, tmp_path: Path) -> None:
    other = copy_finished(work, tmp_path / "other")
    images = {work: exported(work / "results"), other: with_other_images(other)}
    for folder in (other, work, other):
        run(folder, PNG, "--config", f"pathvars={{resources: {work}/resources}}")
        assert numpy.array_equal(exported(folder / "results"), images[folder])
        shutil.rmtree(folder / ".snakemake")


def test_results_that_are_copied_back_beside_newer_notes_are_not_taken_for_newer_ones(
    finished: Path, tmp_path: Path
) -> None:
    work = copy_finished(finished, tmp_path / "work")
    run(work, "csv", "--config", "limit=10")
    shutil.rmtree(work / "results")
    copy_finished(finished / "results", work / "results")
    for target in ("npz", "csv"):
        run(work, target, "--config", "limit=10")
    assert len((work / SHAPES / "csv/train.csv").read_text().splitlines()) == 10


def test_sources_that_two_runs_write_never_go_missing_for_the_one_that_downloads(work: Path) -> None:
    sources = next((work / "resources").rglob("sources-*.json"))
    others = sources.with_name("sources-0123456789abcdef.json")
    others.touch()
    command = ("-s", str(PROJECT / "Snakefile"), "--cores", "2", "--forcerun", "write_sources", "--config")
    process = Snakemake(work, str(sources.relative_to(work)), *command, "datasets=shapes.yaml")
    while process.poll() is None:
        assert sources.exists()
    assert (process.status, others.exists()) == (0, False)


@pytest.mark.parametrize("lost", ["idx", "resources"])
def test_results_need_no_originals_and_no_downloads(work: Path, finished: Path, lost: str) -> None:
    shutil.rmtree(work / lost)
    if lost == "idx":
        shutil.copytree(finished / ".snakemake", work / ".snakemake")  # which knows the inputs of each job
    before = files(work / "results")
    assert "Nothing to be done" in run(work, "all").output
    run(work, f"{SHAPES}/preview/train.png", "--forcerun", "preview")
    assert files(work / "results") == before


def test_a_dry_run_writes_nothing_among_the_results(work: Path) -> None:
    before = sorted(work.glob("results/**/*"))
    run(work, "-n", "all", "--config", "limit=10")
    assert sorted(work.glob("results/**/*")) == before
    shutil.rmtree(work / "results")
    run(work, "-n", "all")
    assert not (work / "results").exists()


def test_a_run_that_was_killed_between_two_exports_is_completed_without_notes(work: Path) -> None:
    run(work, f"{PNG}/1", "--config", "limit=10")
    shutil.rmtree(work / ".snakemake")
    run(work, PNG, "--config", "limit=10")
    assert pictures(work) == 10


@pytest.mark.parametrize("stands", [".", ".."])
def test_a_dataset_file_of_the_same_name_is_refused_with_nothing_to_do(work: Path, stands: str) -> None:
    shutil.copytree(work / "idx", work / "other/idx")
    shutil.copy2(work / "shapes.yaml", work / "other")
    shutil.copy2(work / "shapes.yaml", work / "mine.yaml")
    here = (work / stands).resolve()
    directory = ("--directory", work.name) if here != work else ()
    command = ("-s", str(PROJECT / "Snakefile"), *directory, "-n", "all", "--config", "datasets=other/shapes.yaml")
    output = snakemake(here, *command, succeed=False).output
    assert "has results of a different dataset with the same name" in output
    assert "those of shapes.yaml" in output
    (work / "results/shapes").rename(work / "elsewhere")
    assert snakemake(here, *command).jobs["export"] == 3


def test_a_proof_is_removed_when_images_change_and_only_then(work: Path) -> None:
    proof = work / SHAPES / "verify/train.json"
    run(work, "verify")
    run(work, f"{SHAPES}/preview/train.png", "--force")
    assert proof.exists()
    run(work, f"{PNG}/1", "--force")
    assert not proof.exists()
    run(work, "verify")
    run(work, PNG, "--config", "classes=1")
    assert not proof.exists(), "two labels were removed"


def lock(folder: Path) -> int:
    path = folder / SHAPES / ".settings/.lock"
    descriptor = os.open(path, os.O_WRONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def test_two_runs_on_the_same_results_are_refused_in_words(work: Path) -> None:
    descriptor = lock(work)
    output = run(work, "all", "--config", "limit=10", succeed=False).output
    assert f"{SHAPES}: another run is making files here" in output
    assert pictures(work) == 30
    assert "Nothing to be done" in run(work, "all").output, "which needs no lock"
    os.close(descriptor)
    run(work, f"{SHAPES}/header/train.json", "--force")


def test_those_who_can_only_read_the_results_cannot_lock_them(work: Path) -> None:
    path = work / SHAPES / ".settings/.lock"
    assert path.stat().st_mode & 0o044 == 0


@pytest.mark.parametrize("plant", [planted.link, planted.pipe, planted.folder])
def test_a_planted_lock_is_refused_in_words(work: Path, plant: Callable[[Path, Path], None]) -> None:
    path = work / SHAPES / ".settings/.lock"
    path.unlink()
    plant(path, path.with_name("elsewhere"))
    output = run(work, f"{SHAPES}/header/train.json", "--force", succeed=False).output
    assert f"{SHAPES}/.settings/.lock: cannot be locked" in output
    assert not (path.parent / "elsewhere").exists()


def test_a_job_that_goes_on_after_its_run_replaces_nothing_of_a_newer_run(work: Path) -> None:
    (settings,) = (work / SHAPES / ".settings").glob("limit-*.json")
    before = files(work / SHAPES / "png")
    options = ["--label", "1", "--limit", "3"]
    for role, kind in (("images", "idx3"), ("labels", "idx1")):
        options += [f"--{role}", f"resources/shapes/shapes-{role}-{kind}-ubyte"]
    options += ["--header", f"{SHAPES}/header/train.json", "--png", f"{SHAPES}/png/train/1"]
    options += ["--manifest", f"{SHAPES}/manifest/train/1.csv", "--settings", str(settings)]
    run(work, f"{SHAPES}/png/train/0", "--config", "limit=10")
    between = files(work / "results")
    job = run_script("export", *options, cwd=work)
    assert job.returncode == 1
    assert "a newer run has other settings" in job.stderr
    assert files(work / "results") == between != before


def test_a_job_that_goes_on_after_its_run_replaces_nothing_made_of_newer_originals(work: Path) -> None:
    targets = (f"{PNG}/1", "csv", "npz", "webdataset")
    planned = run(work, "-n", "-p", "--forceall", *targets).output
    old = re.findall(r"python \S+/(?:export|write_csv|save_npz|pack|index_shards)\.py .*", planned)
    with_other_images(work)
    run(work, *targets)
    made = files(work / SHAPES)
    for command in old:
        words = shlex.split(command)
        job = subprocess.run([sys.executable, *words[1:]], cwd=work, capture_output=True, text=True)
        assert "a newer run has other settings" in job.stderr, command
    assert files(work / SHAPES) == made
    assert len(old) == 5


def test_files_from_a_clock_that_was_ahead_are_made_again_by_force(work: Path, few: Path) -> None:
    for path in (*(work / "results").rglob("*"), *(work / "resources").rglob("*")):
        state = path.stat()
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 3600 * 10**9))
    refused = run(work, PNG, "--config", "limit=10", succeed=False)
    assert "has older modification time" in refused.output
    run(work, PNG, "--forceall", "--config", "limit=10")
    assert "Nothing to be done" in run(work, PNG, "--config", "limit=10").output
    assert files(work / SHAPES / "png") == files(few / SHAPES / "png")
