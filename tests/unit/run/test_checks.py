import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from idxpng.errors import DataError
from idxpng.run.checks import check_folder, check_run
from plans import plan, write_own_file


def write_header(results: Path, name: str, dataset_file: str) -> None:
    (results / name / "header").mkdir(parents=True)
    (results / name / "header/train.json").write_text(json.dumps({"dataset_file": dataset_file}))


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    write = write_own_file(tmp_path)
    return write("a/shapes.yaml"), write("b/shapes.yaml")


def test_results_of_a_different_dataset_with_the_same_name_are_refused(tmp_path: Path, files: tuple[str, str]) -> None:
    write_header(tmp_path, "shapes", files[0])
    check_run(plan(str(tmp_path), datasets=files[0]), [])
    with pytest.raises(DataError) as error:
        check_run(plan(str(tmp_path), datasets=files[1]), [])
    for part in (f"those of {files[1]}", f"those of {files[0]}", "rename the dataset file"):
        assert part in str(error.value)


def test_results_of_a_shipped_dataset_are_refused_for_a_dataset_file_of_the_user(tmp_path: Path) -> None:
    write_header(tmp_path, "mnist", "datasets/mnist.yaml")
    with pytest.raises(DataError, match=r"those of datasets/mnist\.yaml"):
        check_run(plan(str(tmp_path), datasets=write_own_file(tmp_path)("my/mnist.yaml")), [])
    check_run(plan(str(tmp_path), datasets="mnist"), [])


def test_a_dataset_file_may_move_or_be_given_by_a_different_path(tmp_path: Path, files: tuple[str, str]) -> None:
    write_header(tmp_path, "shapes", os.path.relpath(files[0]))
    check_run(plan(str(tmp_path), datasets=files[0]), [])
    Path(files[0]).unlink()
    check_run(plan(str(tmp_path), datasets=files[1]), [])


def test_a_results_folder_that_is_or_is_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    for path in ("results", "results/below"):
        with pytest.raises(DataError, match=r"cannot be a folder[^$]*is a file[^$]*pathvars={results: FOLDER}"):
            check_folder(tmp_path / path, "results")
    check_folder(tmp_path / "new/folder", "results")
    check_folder(tmp_path, "results")


def test_a_limit_that_replaces_a_larger_export_is_warned_of(tmp_path: Path) -> None:
    manifest = tmp_path / "mnist/manifest/test.csv"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("path\n" + "row\n" * 10_000)
    wildcards = SimpleNamespace(dataset="mnist", split="test", label="0")
    job = SimpleNamespace(rule=SimpleNamespace(name="export"), wildcards=wildcards, output=[])
    (words,) = check_run(plan(str(tmp_path), datasets="mnist", limit=20), [job])
    assert "limit=20 replaces 10,000 PNG files with 20" in words
    assert check_run(plan(str(tmp_path), datasets="mnist"), [job]) == []
    assert check_run(plan(str(tmp_path), datasets="mnist", limit=20), []) == []
