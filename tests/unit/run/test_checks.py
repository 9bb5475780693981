import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from builders import put
from idxpng.dataset.file import origin
from idxpng.errors import DataError
from idxpng.run.checks import (
    check_folder,
    check_origins,
    check_run,
    check_spelling,
    dataset_folders,
    replaced_originals,
)
from plans import SPLIT, Wildcards, plan, write_own_file
from project import PROJECT
from refusals import refusal


def job(rule: str, *output: Path | str, **wildcards: str) -> SimpleNamespace:
    """A job of a rule, by default of MNIST."""
    of = Wildcards(**({"dataset": "mnist"} | wildcards))
    return SimpleNamespace(rule=SimpleNamespace(name=rule), wildcards=of, output=list(output), input=[])


def write_header(results: Path, name: str, dataset_file: str) -> None:
    put(results / name / "header/train.json", json.dumps({"dataset_file": dataset_file}))


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    write = write_own_file(tmp_path)
    return write("a/shapes.yaml"), write("b/shapes.yaml")


def test_results_of_a_different_dataset_with_the_same_name_are_refused(tmp_path: Path, files: tuple[str, str]) -> None:
    write_header(tmp_path, "shapes", files[0])
    check_origins(plan(str(tmp_path), datasets=files[0]), ["shapes"])
    message = refusal(check_origins, plan(str(tmp_path), datasets=files[1]), ["shapes"])
    for part in (f"those of {files[1]}", f"those of {files[0]}", "rename your dataset file"):
        assert part in message


def test_results_of_a_shipped_dataset_are_refused_for_a_dataset_file_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_header(tmp_path, "mnist", "datasets/mnist.yaml")
    with pytest.raises(DataError, match=r"found: +those of datasets/mnist\.yaml of the workflow\n"):
        check_origins(plan(str(tmp_path), datasets=write_own_file(tmp_path)("my/mnist.yaml")), ["mnist"])
    of_own = plan(str(tmp_path), datasets=os.path.relpath(write_own_file(tmp_path)("datasets/mnist.yaml")))
    with pytest.raises(DataError, match=r"found: +those of datasets/mnist\.yaml of the workflow\n"):
        check_origins(of_own, ["mnist"])
    for same in ("mnist", str(PROJECT / "datasets/mnist.yaml"), f"{PROJECT}/tests/../datasets/mnist.yaml"):
        check_origins(plan(str(tmp_path), datasets=same), ["mnist"])


def test_a_replaced_original_of_a_split_and_of_its_part_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, copies = write_own_file(tmp_path)("my/digits.yaml", mirrors=["."]), tmp_path / "resources/digits"
    names = [SPLIT[role]["file"] for role in ("images", "labels")]
    for name in names:
        os.utime(put(copies / name), (0, 0))
        (tmp_path / "my" / name).write_bytes(b"newer")
    of_both = plan("results", str(copies.parent), datasets=own, splits=["train", "validation"])
    found = [warning.partition(": ")[0] for warning in replaced_originals(of_both)]
    assert found == [str(tmp_path / "my" / name) for name in names]
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert list(replaced_originals(of_both)) == [], "they may not be read, and the copies are there"


def test_a_dataset_file_may_move_or_be_given_by_a_different_path(tmp_path: Path, files: tuple[str, str]) -> None:
    write_header(tmp_path, "shapes", os.path.relpath(files[0]))
    check_origins(plan(str(tmp_path), datasets=files[0]), ["shapes"])
    Path(files[0]).unlink()
    check_origins(plan(str(tmp_path), datasets=files[1]), ["shapes"])


def test_a_dataset_file_in_an_own_folder_datasets_may_move_or_be_given_by_a_different_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_own_file(tmp_path)("datasets/shapes.yaml")
    monkeypatch.chdir(tmp_path)
    of_own = plan(str(tmp_path), datasets="datasets/shapes.yaml").catalog.dataset("shapes")
    write_header(tmp_path, "shapes", origin(of_own))
    write_header(tmp_path / "old", "shapes", "datasets/shapes.yaml")  # as version 1 called it
    for results in (tmp_path, tmp_path / "old"):
        check_origins(plan(str(results), datasets=path), ["shapes"])
    (tmp_path / "datasets").rename(tmp_path / "my")
    for results in (tmp_path, tmp_path / "old"):
        check_origins(plan(str(results), datasets="my/shapes.yaml"), ["shapes"])


def test_results_of_the_user_s_dataset_are_not_replaced_by_a_shipped_one_whose_folder_is_the_target(
    tmp_path: Path,
) -> None:
    write_header(tmp_path, "kmnist", own := write_own_file(tmp_path)("my/kmnist.yaml"))
    message = refusal(check_run, plan(str(tmp_path)), [job("validate", dataset="kmnist")])
    assert "has results of a different dataset" in message and f"those of {own}" in message
    assert check_run(plan(str(tmp_path)), []) == []


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("~/out", f"{Path.home()}/out"),
        ("out/", "out"),
        ("./out", "out"),
        ("a//b/../c", "a/c"),
        (".", os.getcwd()),
        ("a/..", os.getcwd()),
        ("-out", f"{os.getcwd()}/-out"),
    ],
)
def test_a_folder_that_is_not_spelled_as_the_files_in_it_is_refused(path: str, plain: str) -> None:
    message = refusal(check_spelling, path, "results")
    assert f"at:       pathvars.results\n  expected: {plain}\n  found:    {path}" in message
    for good in (plain, "../out", "/out", "a b", "s3://bucket/out"):
        check_spelling(good, "results")


def test_a_results_folder_that_is_or_is_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    for path in ("results", "results/below"):
        with pytest.raises(DataError, match=r"cannot be a folder[^$]*is a file[^$]*pathvars={results: FOLDER}"):
            check_folder(tmp_path / path, "results")
    (tmp_path / "link").symlink_to(tmp_path / "purged")
    assert f"{tmp_path}/link is a file, or a link to nothing" in refusal(check_folder, tmp_path / "link", "results")
    check_folder(tmp_path / "new/folder", "results")
    check_folder(tmp_path, "results")


def test_only_folders_of_datasets_are_locked() -> None:
    def making(output: str, **wildcards: str) -> SimpleNamespace:
        return SimpleNamespace(output=[output], wildcards=Wildcards(**wildcards))

    ours = making("results/mnist/header/test.json", dataset="mnist"), making("resources/kmnist/a.gz", dataset="kmnist")
    theirs = making("results/summary.txt"), making("results/plots/a.svg"), making("results/mnist.txt", dataset="mnist")
    assert dataset_folders("results", [*ours, *theirs]) == {"results/mnist"}


def test_a_folder_of_downloads_that_links_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "mnist").symlink_to(tmp_path / "purged")
    message = refusal(check_run, plan(resources=str(tmp_path)), [job("download", tmp_path / "mnist/a.gz")])
    assert f"{tmp_path}/mnist is a file, or a link to nothing" in message


def export(folder: Path, label: str, *names: str) -> SimpleNamespace:
    """A job that exports a label of MNIST's test set again, in a directory with such images."""
    png, manifest = folder / f"mnist/png/test/{label}", folder / f"mnist/manifest/test/{label}.csv"
    for path in (png, manifest.parent):
        path.mkdir(parents=True, exist_ok=True)
    for name in names:
        (png / name).touch()
    rows = [f"test/{label}/{name},test,{int(name[:-4])},{label},x,y\n" for name in names]
    manifest.write_text("path,split,index,label,class_name,sha256\n" + "".join(rows))
    return job("export", png, manifest, split="test", label=label)


def test_images_that_a_limit_removes_are_counted_where_a_job_removes_them(tmp_path: Path) -> None:
    names = [f"{index:04}.png" for index in (3, 19, 20, 4711)]
    jobs = [export(tmp_path, "0", *names), export(tmp_path, "1", *names)]
    (words,) = check_run(plan(str(tmp_path), datasets="mnist", limit=20), jobs)
    assert f"{tmp_path}/mnist/png/test: `limit` removes 4 images. Ctrl-C" in words
    (words,) = check_run(plan(str(tmp_path), datasets="mnist", limit=20), jobs[:1])
    assert "removes 2 images" in words
    assert check_run(plan(str(tmp_path), datasets="mnist"), jobs) == []
    assert check_run(plan(str(tmp_path), datasets="mnist", limit=20), []) == []


@pytest.mark.parametrize("name", [".hidden", "0004.png"])
def test_a_file_of_others_in_the_directory_of_a_label_is_named_before_it_goes(tmp_path: Path, name: str) -> None:
    jobs = [export(tmp_path, "0", "0003.png")]
    (tmp_path / "mnist/png/test/0/.snakemake_timestamp").touch()
    assert check_run(plan(str(tmp_path), datasets="mnist"), jobs) == []
    (tmp_path / "mnist/png/test/0" / name).touch()
    (words,) = check_run(plan(str(tmp_path), datasets="mnist"), jobs)
    assert f"{tmp_path}/mnist/png/test/0: the run removes {name}, which it did not make" in words


def move_as_advised(results: Path, jobs: list[SimpleNamespace]) -> Path:
    """Type the command that moves what the jobs would remove; the folder in which it was typed."""
    message = refusal(check_run, plan(str(results), datasets="mnist"), jobs)
    assert "the run would remove what no run made" in message
    here = results / "here"
    here.mkdir()
    subprocess.run(["bash", "-c", message.splitlines()[-1]], cwd=here, check=True)
    return here


@pytest.mark.parametrize("name", ["mine.png", "0009.png/thesis.txt", ".mine/notes.txt", "a\nb", "٣.png"])
def test_what_no_export_makes_is_moved_by_the_advised_command_before_a_run(tmp_path: Path, name: str) -> None:
    jobs = [export(tmp_path, "0", "0003.png"), export(tmp_path, "1", "0005.png")]
    for label in ("0", "1"):
        put(tmp_path / "mnist/png/test" / label / name, f"mine {label}")
    here = move_as_advised(tmp_path, jobs)
    (moved,) = here.iterdir()
    assert {path.read_text() for path in moved.rglob(Path(name).name)} == {"mine 0", "mine 1"}
    assert check_run(plan(str(tmp_path), datasets="mnist"), jobs) == []


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("write_card", ["README.md", "croissant.json", "LICENSE", "CITATION", "provenance.json"]),
        ("make_page", ["index.html", "digests.js"]),
        ("find_duplicates", ["duplicates.json"]),
    ],
)
def test_files_of_ones_own_are_moved_by_the_advised_command_before_a_job_replaces_them(
    tmp_path: Path, rule: str, names: list[str]
) -> None:
    jobs = [job(rule, *(put(tmp_path / "mnist" / name, "mine") for name in names))]
    here = move_as_advised(tmp_path, jobs)
    assert {path.name: path.read_text() for path in here.glob("kept/*")} == {f"mnist-{name}": "mine" for name in names}
    assert check_run(plan(str(tmp_path), datasets="mnist"), jobs) == []


def test_images_that_a_choice_of_classes_removes_are_counted_before_they_go(tmp_path: Path) -> None:
    for label in ("0", "1", "3"):
        export(tmp_path, label, "0003.png", "0004.png")
    (tmp_path / "mnist/manifest/test/.ipynb_checkpoints").mkdir()
    (tmp_path / "mnist/manifest/test/0.csv~").write_text("path\nmine\n")
    merge = job("merge_manifests", tmp_path / "mnist/manifest/test.csv")
    merge.input = ["mnist/manifest/test/3.csv"]
    (words,) = check_run(plan(str(tmp_path), datasets="mnist", classes=3), [merge])
    assert f"{tmp_path}/mnist/png/test: `classes` removes 4 images. Ctrl-C" in words
    assert check_run(plan(str(tmp_path), datasets="mnist"), [merge]) == []


@pytest.mark.parametrize("rules", [["idx", "write_dataset"], ["write_dataset", "export"]])
def test_a_dataset_file_is_not_made_by_the_run_that_has_read_it(tmp_path: Path, rules: list[str]) -> None:
    path = write_own_file(tmp_path)("results/f/idx/f.yaml")
    jobs = [job(name, path, path, dataset="f") for name in rules]
    made = plan(str(tmp_path / "results"), datasets=path)
    if "export" in rules:
        assert "run the target idx on its own" in refusal(check_run, made, jobs)
    else:
        assert check_run(made, jobs) == []
