import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

import export
from builders import idx_bytes, put, put_pair
from dataset_files import write_header
from idxpng import replaceable
from idxpng.errors import DataError
from idxpng.files.disk_space import DiskRoomError
from idxpng.formats.idx import IdxError
from project import rows_of, start
from refusals import refusal
from systems import needs_memory_limit

COLUMNS = ["path", "split", "index", "label", "class_name", "sha256"]
RANDOM = numpy.random.default_rng(0)
NOISE = RANDOM.integers(0, 256, (3000, 28, 28), dtype="uint8")


class Split:
    """IDX files in a folder, and the results of exporting their labels below it."""

    def __init__(self, folder: Path, images: numpy.ndarray, labels: numpy.ndarray) -> None:
        self.images, self.labels = put_pair(folder, images, labels, ("images-idx3-ubyte", "labels-idx1-ubyte"))
        self.results = folder / "results/digits"
        (self.results / "manifest/train").mkdir(parents=True)

    def png(self, label: str) -> Path:
        return self.results / f"png/train/{label}"

    def manifest(self, label: str) -> Path:
        return self.results / f"manifest/train/{label}.csv"

    def arguments(self, label: str, class_name: str = "one") -> tuple[str, str, str, str, str, str]:
        header = write_header(self.images.with_name("header.json"), self.images, {label: class_name})
        return str(self.images), str(self.labels), header, label, str(self.png(label)), str(self.manifest(label))

    def export(self, label: str, class_name: str = "one", limit: int | None = None) -> None:
        export.main(*self.arguments(label, class_name), limit=limit)

    def rows(self, label: str) -> list[dict[str, str]]:
        return rows_of(self.manifest(label))

    def made(self) -> dict[str, bytes]:
        """All files below the results, by path."""
        files = (path for path in self.results.rglob("*") if path.is_file())
        return {str(path.relative_to(self.results)): path.read_bytes() for path in files}

    def visible(self) -> dict[str, bytes]:
        """As `made`, without files with hidden names."""
        return {path: data for path, data in self.made().items() if not Path(path).name.startswith(".")}


def random_split(folder: Path, count: int, shape: tuple[int, int] = (28, 28), classes: int = 3) -> Split:
    images = RANDOM.integers(0, 256, (count, *shape), dtype="uint8")
    return Split(folder, images, RANDOM.integers(0, classes, count, dtype="uint8"))


def pixels(path: Path) -> numpy.ndarray:
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "L")
        return numpy.asarray(image)


@pytest.mark.slow
@settings(deadline=None, max_examples=25)
@given(
    images=arrays("uint8", array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=12)),
    data=st.data(),
    dtype=st.sampled_from(["uint8", "int8", "int16", "int32"]),
)
def test_each_image_of_a_label_and_no_other_is_exported_pixel_for_pixel(
    tmp_path_factory: pytest.TempPathFactory, images: numpy.ndarray, data: st.DataObject, dtype: str
) -> None:
    labels = data.draw(arrays(dtype, len(images), elements=st.integers(0, 2)))
    split = Split(tmp_path_factory.mktemp("split"), images, labels)
    split.export("1")
    width = len(str(len(images) - 1))
    wanted = {f"{index:0{width}}.png": images[index] for index in numpy.flatnonzero(labels == 1)}
    assert {path.name for path in split.png("1").iterdir()} == wanted.keys()
    for name, image in wanted.items():
        numpy.testing.assert_array_equal(pixels(split.png("1") / name), image)
    assert [row["sha256"] for row in split.rows("1")] == [
        hashlib.sha256(wanted[name].tobytes()).hexdigest() for name in sorted(wanted)
    ]


@pytest.mark.parametrize(("count", "first"), [(1, "0"), (10, "0"), (11, "00"), (100, "00"), (101, "000")])
def test_names_are_padded_to_the_width_of_the_last_index(tmp_path: Path, count: int, first: str) -> None:
    split = Split(tmp_path, numpy.zeros((count, 1, 1), "uint8"), numpy.zeros(count, "uint8"))
    split.export("0")
    names = sorted(path.name for path in split.png("0").iterdir())
    assert (names[0], names[-1]) == (f"{first}.png", f"{count - 1}.png")
    assert [int(Path(name).stem) for name in names] == list(range(count))


def test_a_limit_does_not_change_the_names(tmp_path: Path) -> None:
    split = Split(tmp_path, numpy.zeros((101, 1, 1), "uint8"), numpy.ones(101, "uint8"))
    split.export("1", limit=2)
    assert sorted(path.name for path in split.png("1").iterdir()) == ["000.png", "001.png"]
    assert [row["index"] for row in split.rows("1")] == ["0", "1"]


@pytest.mark.parametrize("limit", [5, 6, 1000])
def test_a_limit_from_the_count_on_changes_nothing(tmp_path: Path, limit: int) -> None:
    split = Split(tmp_path, numpy.zeros((5, 1, 1), "uint8"), numpy.ones(5, "uint8"))
    split.export("1", limit=limit)
    assert len(list(split.png("1").iterdir())) == 5


def test_the_manifest_has_a_row_for_each_image_in_the_order_of_the_idx_file(tmp_path: Path) -> None:
    images = numpy.arange(4 * 2 * 2, dtype="uint8").reshape(4, 2, 2)
    split = Split(tmp_path, images, numpy.array([7, 1, 7, 7], "uint8"))
    split.export("07", "seven")
    digests = {index: hashlib.sha256(images[index].tobytes()).hexdigest() for index in (0, 2, 3)}
    assert split.manifest("07").read_bytes().decode() == ",".join(COLUMNS) + "\n" + "".join(
        f"train/07/{index}.png,train,{index},7,seven,{digest}\n" for index, digest in digests.items()
    )
    assert all((split.results / "png" / row["path"]).is_file() for row in split.rows("07"))


@pytest.mark.parametrize(
    "class_name", ["T-shirt/top", "a, b", 'the "one"', "お", "été «x»", " spaces ", "../up", "=1+1", "'", ",", '"']
)
def test_any_class_name_is_read_back_from_the_manifest_and_is_in_no_path(tmp_path: Path, class_name: str) -> None:
    split = Split(tmp_path, numpy.zeros((1, 1, 1), "uint8"), numpy.zeros(1, "uint8"))
    split.export("0", class_name)
    assert [row["class_name"] for row in split.rows("0")] == [class_name]
    assert split.made().keys() == {"manifest/train/0.csv", "png/train/0/0.png"}


def test_a_label_without_images_is_an_empty_directory_and_a_manifest_of_column_names(tmp_path: Path) -> None:
    split = random_split(tmp_path, 5)
    split.export("9")
    assert list(split.png("9").iterdir()) == []
    assert split.manifest("9").read_text(encoding="utf-8") == ",".join(COLUMNS) + "\n"


def test_a_second_export_makes_the_same_bytes_and_removes_what_does_not_belong(tmp_path: Path) -> None:
    split = random_split(tmp_path, 50)
    split.export("1")
    first = split.made()
    (split.png("1") / "99.png").write_bytes(b"of another run")
    split.export("1")
    assert split.made() == first


def test_a_directory_with_files_of_others_is_not_replaced(tmp_path: Path) -> None:
    split = random_split(tmp_path, 50)
    put(split.png("1") / "photo.png", "mine")
    with pytest.raises(DataError, match=r"which an export would remove[^$]*found: +photo\.png"):
        split.export("1")
    assert [path.read_bytes() for path in split.png("1").iterdir()] == [b"mine"]


def test_nothing_but_label_directories_is_ever_seen_below_png(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = random_split(tmp_path, 50)
    split.export("0")
    seen: set[str] = set()
    write = os.write

    def watch(descriptor: int, data: bytes) -> int:
        seen.update(path.name for path in (split.results / "png").rglob("*") if path.is_dir())
        return write(descriptor, data)

    monkeypatch.setattr("export.os.write", watch)
    split.export("1")
    assert seen == {"train", "0"}


def test_an_error_in_mid_export_leaves_nothing_and_a_second_run_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = RANDOM.integers(0, 2, 50, dtype="uint8")
    whole, broken = (Split(tmp_path / name, NOISE[:50], labels) for name in ("whole", "broken"))
    whole.export("1")
    left = iter(range(5))
    encode = export.PngEncoder.encode

    def encode_until_the_disk_is_full(encoder: export.PngEncoder, image: bytes) -> bytes:
        if next(left, None) is None:
            raise OSError(28, "No space left on device")
        return encode(encoder, image)

    with monkeypatch.context() as patch:
        patch.setattr(export.PngEncoder, "encode", encode_until_the_disk_is_full)
        assert "png/train/1: not enough disk space: No space left" in refusal(broken.export, "1", error=DiskRoomError)
    assert broken.made() == {}
    broken.export("1")
    assert broken.made() == whole.made()


def test_an_error_in_mid_export_leaves_the_last_results_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = random_split(tmp_path, 50)
    split.export("1")
    first = split.made()
    split.labels.write_bytes(idx_bytes(numpy.ones(50, "uint8"))[:-1])
    (proof := tmp_path / "proof.json").touch()
    with monkeypatch.context() as patch, pytest.raises(DataError, match="a newer run has other settings"):
        patch.setattr(replaceable, "settings", [str(tmp_path / "limit-of-then.json")])
        export.main(*split.arguments("1"), proof=str(proof))
    with monkeypatch.context() as patch, pytest.raises(DataError, match=r"proof\.json: given twice"):
        patch.setattr(replaceable, "in_two_roles", {os.path.realpath(proof)})
        export.main(*split.arguments("1"), proof=str(proof))
    assert proof.exists(), "a job of a killed run removes nothing, and no job its input"
    with pytest.raises(IdxError):
        export.main(*split.arguments("1"), proof=str(proof))
    assert split.made() == first
    assert not proof.exists(), "Snakemake removes the images before the job"


def go(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdin
        print("go", file=process.stdin, flush=True)


def start_export(split: Split, label: str, setup: str = "") -> subprocess.Popen[str]:
    code = f"import export, resource\n{setup}\nexport.main(*{split.arguments(label)!r})"
    return start("print('ready', flush=True)\n" + code)


@pytest.mark.slow
def test_a_killed_export_leaves_nothing_and_a_second_run_makes_the_same_bytes(tmp_path: Path) -> None:
    count = len(NOISE)
    split, whole = (Split(tmp_path / name, NOISE, numpy.zeros(count, "uint8")) for name in ("killed", "whole"))
    process = start_export(split, "0")
    try:
        while process.poll() is None and not any(split.results.rglob("*.png")):
            time.sleep(0.001)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert any(split.results.rglob("*.png")), "it was not killed in mid-export"
    assert not split.png("0").exists()
    assert not split.manifest("0").exists()
    split.export("0")
    whole.export("0")
    assert len(whole.rows("0")) == count
    assert split.visible() == whole.visible()


def check_pair(split: Split, label: str, counts: set[int]) -> None:
    """Check that directory and manifest are one export's."""
    names = sorted(path.name for path in split.png(label).iterdir())
    assert [Path(row["path"]).name for row in split.rows(label)] == names
    assert len(names) in counts


EXPORT_AGAIN_AND_AGAIN = """
import ast, sys, export
arguments, limits = map(ast.literal_eval, sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
for limit in limits:
    export.main(*arguments, limit)
"""


@pytest.mark.slow
def test_two_exports_at_once_leave_directory_and_manifest_of_the_same_export(tmp_path: Path) -> None:
    split = Split(tmp_path, NOISE[:40], numpy.zeros(40, "uint8"))
    limits = ([10, 20] * 25, [30, 40] * 25)
    processes = [start(EXPORT_AGAIN_AND_AGAIN, split.arguments("0"), of_one) for of_one in limits]
    go(processes)
    assert [process.wait(60) for process in processes] == [0, 0]
    check_pair(split, "0", {20, 40})
    assert not list(split.results.rglob(".*"))


@pytest.mark.slow
def test_an_export_beside_others_that_are_killed_at_any_moment_is_whole(tmp_path: Path) -> None:
    split = Split(tmp_path, NOISE[:300], numpy.zeros(300, "uint8"))
    for moment in range(15):
        others = [start(EXPORT_AGAIN_AND_AGAIN, split.arguments("0"), [100, 200] * 1000) for _ in range(2)]
        go(others)
        time.sleep(moment * 0.003)
        for other in others:
            other.kill()
            assert other.wait() == -signal.SIGKILL
        split.export("0")
        check_pair(split, "0", {300})
        assert not list(split.results.rglob(".*"))


@pytest.mark.parametrize("change", ["removed", "added"])
def test_a_directory_that_another_program_changed_is_reported_and_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    split = Split(tmp_path, NOISE[:5], numpy.zeros(5, "uint8"))
    write = export._write

    def write_and_change(path: str, data: bytes) -> None:
        write(path if change == "removed" else f"{path}.tmp", data)
        if path.endswith("3.png"):
            Path(path).unlink(missing_ok=True) if change == "removed" else write(path, data)

    monkeypatch.setattr(export, "_write", write_and_change)
    assert "another program changed or removed the directory" in refusal(split.export, "0")
    assert split.made() == {}


def test_a_directory_that_is_gone_as_soon_as_it_is_published_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a second run of Snakemake, which removes its outputs first."""
    split = Split(tmp_path, NOISE[:5], numpy.zeros(5, "uint8"))
    replace = os.replace

    def replace_and_remove(*paths: Path) -> None:
        replace(*paths)
        shutil.rmtree(split.png("0"))

    monkeypatch.setattr("idxpng.files.atomic.os.replace", replace_and_remove)
    assert "another program changed or removed the directory" in refusal(split.export, "0")


@pytest.mark.slow
@needs_memory_limit
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    count, chosen = 260_000, 20  # 200 MB
    labels = numpy.zeros(count, "uint8")
    labels[:: count // chosen] = 1
    split = Split(tmp_path, numpy.zeros((0, 28, 28), "uint8"), labels)
    with open(split.images, "wb") as sparse:
        sparse.write(idx_bytes(numpy.zeros((0, 28, 28), "uint8"))[:4] + count.to_bytes(4, "big") + b"\0\0\0\x1c" * 2)
        sparse.truncate(16 + count * 28 * 28)
    limit = "resource.setrlimit(resource.RLIMIT_DATA, (100 << 20, 100 << 20))"
    assert start_export(split, "1", limit).wait() == 0
    assert len(split.rows("1")) == chosen


def test_swapped_files_and_a_short_path_are_refused_in_words(tmp_path: Path) -> None:
    split = random_split(tmp_path, 3)
    images, labels, header, label, png, manifest = split.arguments("1")
    with pytest.raises(IdxError, match="this file has the images\n  to do:    swap the files"):
        export.main(labels, images, header, label, png, manifest)
    with pytest.raises(DataError, match="png/7: the path is too short\n  expected: FOLDER/png/SPLIT/1"):
        export.main(images, labels, header, label, "png/7", manifest)


@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (64, 1), (300, 200)])
def test_images_of_any_shape_are_exported(tmp_path: Path, shape: tuple[int, int]) -> None:
    images = RANDOM.integers(0, 256, (2, *shape), dtype="uint8")
    split = Split(tmp_path, images, numpy.array([0, 0], "uint8"))
    split.export("0")
    for index in range(2):
        numpy.testing.assert_array_equal(pixels(split.png("0") / f"{index}.png"), images[index])
