import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import merge_manifests
import write_dataset
from builders import put
from idxpng.errors import DataError
from idxpng.formats import tar
from project import run_script

HEADER = "path,split,index,label,class_name,sha256\n"


def row(index: int, label: str, class_name: str = "any") -> str:
    return f"train/{label}/{index:03}.png,train,{index},{label},{class_name},{'0' * 64}\n"


def merge(folder: Path, *label_manifests: str) -> str:
    """The text of some label manifests after merging."""
    paths = [folder / f"{number}.csv" for number in range(len(label_manifests))]
    for path, text in zip(paths, label_manifests, strict=True):
        path.write_text(text, encoding="utf-8", newline="")
    merge_manifests.main([str(path) for path in paths], str(folder / "train.csv"))
    assert set(folder.iterdir()) == {*paths, folder / "train.csv"}
    return (folder / "train.csv").read_bytes().decode()


QUOTED = '"a, b"', '"the ""one"" お"'


@pytest.mark.parametrize(
    ("manifests", "merged"),
    [
        (
            [[(1, "0"), (9, "0"), (100, "0")], [(0, "1"), (10, "1")], [(2, "2"), (99, "2")]],
            [(0, "1"), (1, "0"), (2, "2"), (9, "0"), (10, "1"), (99, "2"), (100, "0")],
        ),
        ([[(10000, "0")], [(9999, "1")]], [(9999, "1"), (10000, "0")]),
        ([[], [(3, "1")], []], [(3, "1")]),
        ([[], []], []),
        ([[(0, "0"), (1, "0")]], [(0, "0"), (1, "0")]),
        ([[(1, "0", QUOTED[0])], [(0, "1", QUOTED[1])]], [(0, "1", QUOTED[1]), (1, "0", QUOTED[0])]),
    ],
    ids=["in order", "as numbers", "labels without images", "no images", "one manifest", "quoted names"],
)
@pytest.mark.parametrize("extra", ["", ",17"])
def test_merged_rows_are_in_the_order_of_the_idx_file_below_one_header(
    tmp_path: Path, manifests: list[list[tuple[Any, ...]]], merged: list[tuple[Any, ...]], extra: str
) -> None:
    def text(rows: list[tuple[Any, ...]]) -> str:
        header = HEADER.replace("\n", ",writer\n") if extra else HEADER
        return header + "".join(row(*each).replace("\n", f"{extra}\n") for each in rows)

    assert merge(tmp_path, *map(text, manifests)) == text(merged)


def test_rows_are_in_order_wherever_the_column_of_the_index_is(tmp_path: Path) -> None:
    header, first, second = "path,split,bytes,index,label\n", "1/09.png,train,784,9,1\n", "0/10.png,train,784,10,0\n"
    assert merge(tmp_path, header + second, header + first) == header + first + second


def test_more_labels_than_a_process_may_open_files_by_default_are_merged(tmp_path: Path) -> None:
    paths = [tmp_path / f"{index}.csv" for index in range(300)]
    for index, path in enumerate(paths):
        path.write_text(HEADER + row(index, f"{index}"))
    arguments = [sys.executable, merge_manifests.__file__, "--manifest", tmp_path / "train.csv", *paths]
    limited = ["bash", "-c", 'ulimit -S -n 256 && exec "$@"', "bash", *map(str, arguments)]
    subprocess.run(limited, check=True)
    assert (tmp_path / "train.csv").read_text().count("\n") == 1 + len(paths)


@pytest.mark.parametrize("given", [False, True])
def test_labels_of_an_earlier_run_are_removed_when_their_folder_is_given(tmp_path: Path, given: bool) -> None:
    manifests, png = tmp_path / "manifest/train", tmp_path / "png/train"
    for label in ("0", "00", "01"):
        put(png / label / "000.png")
        put(manifests / f"{label}.csv", HEADER + row(0, label))
    current = [str(manifests / name) for name in ("00.csv", "01.csv")]
    merge_manifests.main(current, str(tmp_path / "manifest/train.csv"), str(png) if given else None)
    left = {"00", "01"} if given else {"0", "00", "01"}
    assert {path.name for path in png.iterdir()} == left == {path.stem for path in manifests.iterdir()}


def test_a_wrong_name_among_the_manifests_removes_no_label(tmp_path: Path) -> None:
    manifests, png = tmp_path / "manifest/train", tmp_path / "png/train"
    for folder in (png / "0", manifests):
        folder.mkdir(parents=True)
    (image := png / "0/000.png").touch()
    (manifests / "0.csv").write_text(HEADER + row(0, "0"))
    with pytest.raises(FileNotFoundError):
        merge_manifests.main([str(manifests / "O.csv")], str(tmp_path / "train.csv"), str(png))
    assert image.exists()


def test_files_that_no_earlier_step_made_are_refused_in_words(tmp_path: Path) -> None:
    (other := tmp_path / "train.json").write_text('{\n"dataset": "mnist"}\n')
    (right := tmp_path / "0.csv").write_text(HEADER + row(0, "0"))
    with pytest.raises(DataError, match=r"train\.json: not the manifest of a label"):
        merge_manifests.main([str(right), str(other)], manifest=str(tmp_path / "train.csv"))
    with pytest.raises(DataError, match=r"train\.json: not what build_idx wrote"):
        write_dataset.main([str(other)], dataset=str(tmp_path / "set.yaml"))
    with pytest.raises(DataError, match=r"train\.json: not an archive of this workflow"):
        list(tar.names(other))
    assert sorted(tmp_path.iterdir()) == [right, other]


@pytest.mark.parametrize("cut", [0, 20, -1])
def test_a_manifest_that_was_cut_short_is_to_be_moved_away(tmp_path: Path, cut: int) -> None:
    with pytest.raises(DataError, match=r"its last line does not end\n  to do: .*mv .*/1\.csv"):
        merge(tmp_path, "path,split,index,label\n", ("path,split,index,label\n" + row(3, "1"))[:cut])


def test_a_file_that_is_read_is_not_replaced(tmp_path: Path) -> None:
    (manifest := tmp_path / "7.csv").write_text(text := HEADER + row(0, "7"))
    (link := tmp_path / "link.csv").symlink_to(manifest)
    for options in (["--manifest", link], ["--manifest", tmp_path / "train.csv", "--log", link]):
        done = run_script("merge_manifests", manifest, *options)
        assert (done.returncode, "link.csv: given twice" in done.stderr) == (1, True)
        assert (manifest.read_text(), link.is_symlink()) == (text, True)
