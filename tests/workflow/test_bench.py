"""The figures in docs are those that were measured, and the ways compared make the same pictures."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
from PIL import Image

import growth
import label
import made
from builders import arrays_of
from compare import (
    IN_C,
    LARGE_BEGIN,
    LARGE_WAYS,
    ON_DISK,
    PAGE,
    PARTS_BEGIN,
    RECORD,
    WAYS,
    WAYS_BEGIN,
    large_table,
    parts_table,
    table,
    with_table,
    without_work,
)
from dataset_files import write_split
from growth import DOWNLOAD_BYTES, FILES, REFERENCE, SHARDS, make_idx
from growth import RECORD as GROWTH
from project import PROJECT, copy_project, files, snakemake

OWN = "datasets=digits.yaml"
SAMPLE = PROJECT / "datasets/mnist-sample"


def test_the_tables_of_ways_are_those_of_the_record() -> None:
    page, record = PAGE.read_text(), json.loads(RECORD.read_text())
    assert with_table(page, table(record), WAYS_BEGIN) == page
    assert with_table(page, large_table(record), LARGE_BEGIN) == page
    assert with_table(page, parts_table(record), PARTS_BEGIN) == page


def test_the_record_has_every_way_and_three_rounds() -> None:
    for place, names in (("tmpfs", {way.name for way in WAYS}), ("disk", ON_DISK)):
        figures = json.loads(RECORD.read_text())[place]["figures"]
        assert names < figures.keys()
        assert min(map(len, figures.values())) >= 3
    large = json.loads(RECORD.read_text())["large"]["figures"]
    assert large.keys() == {IN_C, *(way.name for way in LARGE_WAYS)}
    assert min(map(len, large.values())) >= 3


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_compared_program_writes_the_images_of_the_idx_file(tmp_path: Path, processes: str) -> None:
    program = [sys.executable, str(PROJECT / "bench/peers.py"), "struct", "pillow"]
    command = [*program, str(SAMPLE), str(tmp_path), processes]
    subprocess.run(command, check=True)
    for index, (image, value) in enumerate(zip(*arrays_of(SAMPLE, "t10k"), strict=True)):
        assert (numpy.asarray(Image.open(tmp_path / f"test/{value}/{index}.png")) == image).all()
    assert len(list(tmp_path.rglob("*.png"))) == 1200


@pytest.mark.parametrize("way", [label.ours, label.pillow])
def test_a_measured_export_is_of_all_images_of_the_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[[str, str, Path], float]
) -> None:
    monkeypatch.setattr(label, "DATASET", PROJECT / "datasets/mnist-sample.yaml")
    images, labels = arrays_of(SAMPLE, "train")
    files = write_split(tmp_path, images, labels)
    (tmp_path / "out").mkdir()
    assert way(files[0], files[1], tmp_path / "out") > 0
    assert len(list(tmp_path.rglob("*.png"))) == (labels == label.LABEL).sum()


def test_the_floor_is_the_same_graph_of_jobs_and_does_nothing(tmp_path: Path) -> None:
    run = snakemake(without_work(tmp_path), "--cores", "2", "all")
    assert run.jobs == snakemake(copy_project(tmp_path / "project"), "-n", "all").jobs
    made = files(tmp_path / "results")
    assert made
    assert not any(made.values())


def test_growth_was_measured_whole_and_stays_flat() -> None:
    record = json.loads(GROWTH.read_text())
    for kind, counts in (("files", FILES), ("shards", SHARDS)):
        runs = [run for run in record["runs"] if run["kind"] == kind]
        assert tuple(run["images"] for run in runs) == counts
        (reference,) = [run["rate"] for run in runs if run["images"] == REFERENCE]
        assert all(0.8 < run["rate"] / reference < 1.2 for run in runs)
        assert all(run["peak_mb"] < 200 for run in runs)
    assert record["download"]["bytes"] == DOWNLOAD_BYTES
    assert record["download"]["peak_mb"] < 100


def test_the_measured_download_brings_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "DOWNLOAD_BYTES", 10**6)
    assert growth.download(tmp_path / "d").wall > 0
    assert (tmp_path / "d/copy.plain").stat().st_size == 10**6


def validated(folder: Path, config: str, *more: str) -> int:
    """How many images of a dataset with IDX files just made may be exported: they have their digests, and labels."""
    header = "results/digits/header/train.json"
    snakemake(folder, "-s", str(PROJECT / "Snakefile"), "--cores", "2", header, *more, "--config", config)
    return sum(json.loads((folder / header).read_text())["class_counts"].values())


def test_idx_files_made_to_grow_are_different_digits_and_valid(tmp_path: Path) -> None:
    make_idx(tmp_path, 1500)
    assert validated(tmp_path, OWN, "results/digits/duplicates.json") == 1500
    duplicates = json.loads((tmp_path / "results/digits/duplicates.json").read_text())
    assert duplicates == {"within": {"train": []}, "across": []}


def test_the_files_made_of_mnist_are_the_same_each_time_and_valid(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        dataset = made.make(SAMPLE, tmp_path / name, 2500)
        contents.append(files(tmp_path / name))
    assert contents[0] == contents[1]
    assert validated(tmp_path, f"datasets={dataset}") == 2500
