"""IDX files are built from PNG files: the published bytes from an exported tree, or a new dataset from any images."""

import gzip
import hashlib
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml
from PIL import Image

import build_idx
import convert_images
import export
import merge_manifests
import validate
import write_dataset
from builders import described, idx_bytes, put_image, put_pair
from dataset_files import SCHEMA
from dataset_files import write_dataset as write_dataset_file
from idxpng.dataset.file import load
from idxpng.formats import image_folder
from idxpng.formats.image_folder import ImageFolder
from memory import growth
from project import run_script
from refusals import refusal as refused
from systems import LINUX

RANDOM = numpy.random.default_rng(0)


def pixels(rows: int = 4, columns: int = 6) -> numpy.ndarray:
    return RANDOM.integers(0, 256, (rows, columns), numpy.uint8)


def save_each(folder: Path, classes: Sequence[str]) -> None:
    """An image of each class."""
    for name in classes:
        put_image(folder / name / "1.png", pixels())


def build(folder: Path, out: Path, split: str = "train", **options: Any) -> tuple[bytes, bytes, dict[str, Any]]:
    """The images file and the labels file of a split, decompressed, and the facts."""
    out.mkdir(exist_ok=True)
    files = [out / f"{split}-images-idx3-ubyte.gz", out / f"{split}-labels-idx1-ubyte.gz", out / f"{split}.json"]
    build_idx.main(str(folder), split, str(files[0]), str(files[1]), str(files[2]), **options)
    facts = json.loads(files[2].read_text())
    for file, role in zip(files, ("images", "labels"), strict=False):
        of_file = facts["facts"][role]
        data = file.read_bytes()
        assert of_file["bytes"] == len(data)
        assert of_file["sha256"] == hashlib.sha256(data).hexdigest()
        assert of_file["content_sha256"] == hashlib.sha256(gzip.decompress(data)).hexdigest()
    return gzip.decompress(files[0].read_bytes()), gzip.decompress(files[1].read_bytes()), facts


def refusal(folder: Path, out: Path) -> str:
    message = refused(build, folder, out)
    assert list(out.iterdir()) == []
    return message


def exported(
    folder: Path, images: numpy.ndarray, labels: numpy.ndarray, **settings: Any
) -> tuple[str, str, bytes, bytes]:
    """Export arrays; return the folder of PNG files, the manifest, and the content of both IDX files."""
    splits = {"train": described(len(images), images.shape[1:])}
    dataset = write_dataset_file(folder / "set.yaml", splits=splits, label_type=labels.dtype.name, **settings)
    files, header = [str(path) for path in put_pair(folder, images, labels)], str(folder / "header.json")
    validate.main(dataset, "train", files[0], files[1], header)
    manifests = []
    for label in range(10):
        manifests.append(str(folder / f"{label}.csv"))
        export.main(files[0], files[1], header, str(label), str(folder / f"set/png/train/{label}"), manifests[-1])
    merge_manifests.main(manifests, str(folder / "train.csv"))
    return str(folder / "set/png"), str(folder / "train.csv"), idx_bytes(images), idx_bytes(labels)


def test_an_exported_tree_gives_the_same_idx_files(tmp_path: Path) -> None:
    images = RANDOM.integers(0, 256, (123, 5, 7), numpy.uint8)
    labels = RANDOM.integers(0, 10, 123).astype(numpy.uint8)
    folder, _, *contents = exported(tmp_path, images, labels)
    found_images, found_labels, facts = build(Path(folder), tmp_path / "out")
    assert [found_images, found_labels] == contents
    assert facts["facts"]["class_counts"] == [int((labels == label).sum()) for label in range(10)]


@pytest.mark.parametrize("columns", [("class", "writer", "series"), ("writer", "class", "series")])
def test_transposed_images_and_labels_with_several_columns_are_rebuilt_with_the_manifest(
    tmp_path: Path, columns: Sequence[str]
) -> None:
    images = RANDOM.integers(0, 256, (57, 5, 7), numpy.uint8)
    labels = RANDOM.integers(0, 10, (57, 3)).astype(numpy.int32)
    labels[:, columns.index("writer")] += 70_000
    settings = {"label_columns": list(columns), "orientation": "transposed"}
    folder, listed, *contents = exported(tmp_path, images, labels, **settings)
    like = str(tmp_path / "set.yaml")
    assert list(build(Path(folder), tmp_path / "out", manifest=listed, like=like)[:2]) == contents


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label,writer\n", ["the manifest has no images"]),
        ("path,writer\ntrain/3/00.png,7\n", ["line 1", "the names path, label, writer", "found:    path, writer"]),
        ("path,label,writer\ntrain/3/00.png,,7\n", ["line 2", "without a path or label"]),
        ("path,label,writer\ntrain/3/00.png,10,7\n", ["line 2", "not a class", "one of 0, 1, 2", "found:    10"]),
        (
            "path,label,writer\ntrain/3/00.png,3,2147483648\n",
            ["line 2", "writer does not fit", "a whole number of int32, -2147483648"],
        ),
        ("path,label,writer\ntrain/3/x.png,3,7\n", ["x.png", "missing"]),
        ("path,label,writer\ntrain/3/\0.png,3,7\n", ["\\x00.png", "damaged"]),
        ("path,label,writer\n../x.png,3,7\n", ["line 2", "leads out of the folder", "found:    ../x.png"]),
        ("path,label,writer\n/x.png,3,7\n", ["line 2", "leads out of the folder", "found:    /x.png"]),
        ("path,label,writer\n\xe9", ["not a readable CSV file", "UTF-8"]),
        ("path,label,writer\ntrain/3/00.png,three,7\n", ["line 2", "not a class", "one of 0, 1, 2", "found:    three"]),
        ("path,label,writer\ntrain/3/00.png,3,1_0\n", ["line 2", "a whole number", "found:    1_0"]),
        ("path,label,writer\ntrain/3/00.png,\u0663,7\n", ["line 2", "not a class", "found:    \u0663"]),
        ("path,label,writer\n0.png,3,7\n1.png,3,7\n./0.png,3,8\n", ["an image with two labels", "found:    0.png"]),
    ],
)
def test_a_manifest_with_a_mistake_is_refused(tmp_path: Path, text: str, words: list[str]) -> None:
    labels = numpy.array([[3, 7], [4, 8]], numpy.int32)
    settings = {"label_columns": ["class", "writer"]}
    folder, listed, *_ = exported(tmp_path, numpy.stack([pixels(), pixels()]), labels, **settings)
    Path(listed).write_bytes(text.encode("latin-1" if "\xe9" in text else "utf-8"))
    message = refused(build, Path(folder), tmp_path / "out", manifest=listed, like=str(tmp_path / "set.yaml"))
    assert [each for each in words if each not in message] == []
    assert list((tmp_path / "out").iterdir()) == []


def test_like_without_a_manifest_is_refused(tmp_path: Path) -> None:
    put_image(tmp_path / "my/train/cat/1.png", pixels())
    like = write_dataset_file(tmp_path / "set.yaml")
    assert "give their manifest" in refused(build, tmp_path / "my", tmp_path / "out", like=like)


def test_images_are_in_natural_order_and_classes_are_numbered_across_splits(tmp_path: Path) -> None:
    made = {}
    for name in ("cat/10.png", "cat/9.png", "dog/9.bmp", "class 10/x.tiff", "class 9/1.png"):
        made[name] = pixels()
        put_image(tmp_path / "my/train" / name, made[name])
    put_image(tmp_path / "my/test/eel/1.png", pixels())
    (tmp_path / "my/train/cat/.DS_Store").write_text("x")
    images, labels, facts = build(tmp_path / "my", tmp_path / "out")
    order = ["class 9/1.png", "cat/9.png", "dog/9.bmp", "cat/10.png", "class 10/x.tiff"]
    assert images == idx_bytes(numpy.stack([made[name] for name in order]))
    assert facts["classes"] == {"0": "cat", "1": "class 9", "2": "class 10", "3": "dog", "4": "eel"}
    assert labels == idx_bytes(numpy.array([1, 0, 3, 0, 2], numpy.uint8))


def test_images_whose_names_have_no_suffix_are_in_natural_order_too(tmp_path: Path) -> None:
    made = [pixels() for _ in range(4)]
    for name, image in zip(("cat/2", "dog/3", "cat/10", "dog/11"), made, strict=True):
        put_image(tmp_path / "my/train" / name, image, format="PNG")
    images, _, _ = build(tmp_path / "my", tmp_path / "out")
    assert images == idx_bytes(numpy.stack(made))


@pytest.mark.parametrize(
    ("names", "type_name"), [(["07", "255"], "uint8"), (["0", "256"], "int16"), (["1", "70000"], "int32")]
)
def test_numbered_folders_give_labels_of_the_smallest_type_that_fits(
    tmp_path: Path, names: list[str], type_name: str
) -> None:
    save_each(tmp_path / "my/train", names)
    _, labels, facts = build(tmp_path / "my", tmp_path / "out")
    assert labels == idx_bytes(numpy.array([int(name) for name in names], type_name))
    assert facts["label_type"] == type_name
    assert facts["classes"] == {str(int(name)): str(int(name)) for name in names}


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["೩", "೭", "cat", "²"], ["cat", "²", "೩", "೭"]),
        (["೩", "೭"], ["೩", "೭"]),
        (["a7", "a007", "a07"], ["a007", "a07", "a7"]),
    ],
    ids=["other digits than ours", "other digits alone", "zeros"],
)
def test_names_that_are_no_numbers_are_classes_in_an_order_of_their_own(
    tmp_path: Path, names: list[str], classes: list[str]
) -> None:
    save_each(tmp_path / "my/train", names)
    _, _, facts = build(tmp_path / "my", tmp_path / "out")
    assert facts["classes"] == {str(label): name for label, name in enumerate(classes)}


def test_a_stray_folder_that_moves_labels_is_named_as_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_each(tmp_path / "my/train", ["3", "7"])
    facts, dataset = tmp_path / "out/train.json", str(tmp_path / "out/mine.yaml")
    build(tmp_path / "my", tmp_path / "out")
    write_dataset.main([str(facts)], dataset)
    assert not caplog.text
    (tmp_path / "my/train/New Folder").mkdir()
    build(tmp_path / "my", tmp_path / "out")
    write_dataset.main([str(facts)], dataset)
    assert "their labels count from 0: the label of 3 is 0, 7 is 1" in caplog.text
    assert "no image has the class New Folder" in caplog.text


@pytest.mark.parametrize("text", ["[]", '"a"', '"class_counts": 1', '"class_counts": [true]'])
def test_facts_that_a_person_edited_are_named(tmp_path: Path, text: str) -> None:
    save_each(tmp_path / "my/train", ["3"])
    build(tmp_path / "my", tmp_path / "out")
    facts = tmp_path / "out/train.json"
    key = text.partition(":")[0]
    facts.write_text(text if text == key else re.sub(rf"{key}: \[[^]]*\]", text, facts.read_text()))
    assert refused(write_dataset.main, [str(facts)], str(tmp_path / "mine.yaml")).startswith(f"{facts}: ")


@pytest.mark.parametrize("output", ["images", "labels", "facts"])
def test_an_output_that_is_a_link_to_itself_is_replaced(tmp_path: Path, output: str) -> None:
    save_each(tmp_path / "my/train", ["3"])
    made = tmp_path / output
    made.symlink_to(made)
    images, labels, facts = (str(tmp_path / name) for name in ("images", "labels", "facts"))
    build_idx.main(str(tmp_path / "my"), "train", images, labels, facts)
    assert not made.is_symlink() and made.is_file()


NOT_NAMES = ["new\nline", "\x1b[2J", "\u202egnp", "=) (happy)", "e" * 201, os.fsdecode(b"caf\xe9")]


@pytest.mark.parametrize("name", NOT_NAMES if LINUX else NOT_NAMES[:-1])  # other systems require names to be text
def test_a_class_whose_name_no_dataset_file_may_have_is_refused(tmp_path: Path, name: str) -> None:
    put_image(tmp_path / "my/train" / name / "1.png", pixels())
    message = refusal(tmp_path / "my", tmp_path / "out")
    assert message.startswith(f"{tmp_path}/my: ") and "at:       classes.0\n" in message


def test_an_image_that_is_read_is_not_replaced(tmp_path: Path) -> None:
    put_image(image := tmp_path / "my/train/a/1.png", pixels())
    before = image.read_bytes()
    message = refused(build_idx.main, str(tmp_path / "my"), "train", str(image), str(image), str(image))
    assert "a file in the folder of images" in message
    assert image.read_bytes() == before


@pytest.mark.slow
def test_two_files_to_make_have_two_names(tmp_path: Path) -> None:
    put_image(tmp_path / "my/train/a/1.png", pixels())
    options = ["--folder", "my", "--split", "train", "--images", "x", "--labels", "./x", "--facts", "y"]
    done = run_script("build_idx", *options, cwd=tmp_path)
    assert (done.returncode, "x: given twice" in done.stderr) == (1, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my"]


def test_jpeg_and_black_and_white_images_are_read_as_gray(tmp_path: Path) -> None:
    gray, white = pixels(), pixels() > 127
    put_image(tmp_path / "my/train/a/1.jpg", gray)
    put_image(tmp_path / "my/train/a/2.png", white)
    images, _, _ = build(tmp_path / "my", tmp_path / "out")
    decoded = numpy.asarray(Image.open(tmp_path / "my/train/a/1.jpg"))
    assert images == idx_bytes(numpy.stack([decoded, white.astype(numpy.uint8) * 255]))


def test_the_same_images_make_the_same_bytes(tmp_path: Path) -> None:
    for number in range(20):
        put_image(tmp_path / f"my/train/a/{number}.png", pixels())
    for out in ("one", "two"):
        build(tmp_path / "my", tmp_path / out)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    data = (tmp_path / "one/train-images-idx3-ubyte.gz").read_bytes()
    assert data[3:8] == bytes(5), "the gzip header has neither name nor time"


def test_all_images_that_do_not_fit_are_named_with_a_remedy(tmp_path: Path) -> None:
    folder, out = tmp_path / "my", tmp_path / "out"
    for number in range(7):
        put_image(folder / f"train/a/{number}.png", pixels())
    put_image(folder / "train/b/large.png", pixels(9, 9))
    put_image(folder / "train/b/color.png", RANDOM.integers(0, 256, (4, 6, 3), numpy.uint8))
    put_image(folder / "train/b/deep.png", RANDOM.integers(0, 60_000, (4, 6)).astype(numpy.uint16))
    frames = [Image.fromarray(pixels()) for _ in range(3)]
    frames[0].save(folder / "train/b/moving.tiff", save_all=True, append_images=frames[1:])
    (folder / "train/b/words.txt").write_text("x")
    (folder / "train/b/cut.png").write_bytes((folder / "train/a/1.png").read_bytes()[:60])
    message = refusal(folder, out)
    for words in (
        "4 rows × 6 columns: 7 ",
        "9 × 9 pixels: 1 (",
        "b/large.png",
        "in color: 1 (",
        "b/color.png",
        f"convert_images.py {folder} {folder}-gray --size 4x6\n",
        "\n            save images with 8 bits a pixel",
        "not of 8 bits a pixel: 1",
        "b/deep.png",
        "b/moving.tiff",
        "with several pictures in one file: 1 (",
        "b/words.txt",
        "b/cut.png",
        "move files that are not images elsewhere",
    ):
        assert words in message
    assert "remove" not in message, "they may be the only copies"


def test_of_many_sizes_the_most_frequent_are_named(tmp_path: Path) -> None:
    for rows in range(1, 101):
        put_image(tmp_path / f"my/a/{rows}.png", pixels(rows))
    put_image(tmp_path / "my/a/again.png", pixels(50))
    (tmp_path / "my/a/words.txt").write_text("x")
    message = refusal(tmp_path / "my", tmp_path / "out")
    assert len(message.splitlines()) == 12
    assert "found:    not an image: 1 (" in message and "\n            50 rows × 6 columns: 2 (" in message
    assert "and 95 more sizes\n" in message and "--size 50x6\n" in message


@pytest.mark.slow
def test_pillow_prints_no_code_of_its_own(tmp_path: Path) -> None:
    (path := tmp_path / "my/a/0.bmp").parent.mkdir(parents=True)
    Image.new("L", (1, 1)).save(path)
    path.write_bytes(path.read_bytes()[:18] + (10_000).to_bytes(4, "little") * 2 + path.read_bytes()[26:])  # its size
    made = [word for name in ("images", "labels", "facts") for word in (f"--{name}", tmp_path / name)]
    process = run_script("build_idx", "--folder", tmp_path / "my", "--split", "train", *made)
    assert "damaged: 1 (" in process.stderr
    assert "Warning" not in process.stderr


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "the folder is empty"),
        (["train"], "the folder is empty"),
        (["train/a"], "the folder has no images"),
        (["train/a/x.png/"], "not an image"),
        (["train/7/", "train/07/"], "several folders have the same label"),
        (["train/caf\xe9/", "test/cafe\u0301/"], "several folders have the same label"),
        (["tr ain/a/"], "not a valid split name"),
        ([61 * "x" + "/a/"], "at most 60 letters"),
        (["train/99999999999/"], "the label is too large"),
    ],
)
def test_a_folder_with_the_wrong_layout_is_refused(tmp_path: Path, names: list[str], words: str) -> None:
    for name in ("", *names):
        (tmp_path / "my" / name).mkdir(parents=True, exist_ok=True)
    assert words in refusal(tmp_path / "my", tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "refused", "advice"),
    [
        ("train/cat/1 test/cat/2 samples/3", "/samples: files where only folders belong", ""),
        ("train/1", "/train: files where only folders belong", "move images into folders for their classes"),
        (
            "0/1 1/1 test/0/1",
            "/0: files where only folders belong",
            "classes that lie beside a split into a split, such as train",
        ),
        ("0/1 1/1 1/old/2", "/1/old: a folder among images", ""),
    ],
    ids=["a folder beside splits", "no class folders", "classes beside a split", "a folder in a class"],
)
def test_images_in_the_wrong_place_are_refused(tmp_path: Path, names: str, refused: str, advice: str) -> None:
    for name in names.split():
        put_image(tmp_path / f"my/{name}.png", pixels())
    message = refusal(tmp_path / "my", tmp_path / "out")
    assert f"{tmp_path}/my{refused}" in message and advice in message


def test_a_link_to_nothing_is_not_called_a_folder(tmp_path: Path) -> None:
    put_image(tmp_path / "my/train/a/1.png", pixels())
    (tmp_path / "my/train/a/2.png").symlink_to("nothing")
    assert "found:    a broken link" in refusal(tmp_path / "my", tmp_path / "out")


def test_names_that_exceed_one_sort_run_are_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idxpng.files.external_sort.RUN", 3)
    made = [pixels() for _ in range(25)]
    for number, image in enumerate(made):
        put_image(tmp_path / f"my/train/{number % 3}/{number}.png", image)
    images, labels, _ = build(tmp_path / "my", tmp_path / "out")
    assert images == idx_bytes(numpy.stack(made))
    assert list(labels[8:]) == [number % 3 for number in range(25)]


def test_the_dataset_file_pins_the_built_files(tmp_path: Path) -> None:
    for split in ("train", "test"):
        save_each(tmp_path / "my" / split, ["être", "8 ball"])
        build(tmp_path / "my", tmp_path / "out", split)
    facts = [str(tmp_path / f"out/{split}.json") for split in ("train", "test")]
    write_dataset.main(facts, str(tmp_path / "out/photos.yaml"))
    dataset = load(tmp_path / "out/photos.yaml", SCHEMA)
    assert dataset.classes == {0: "8 ball", 1: "être"}
    assert list(dataset.splits) == ["train", "test"]
    assert dataset.mirror_places() == [str(tmp_path / "out")]
    for part in dataset.splits.values():
        for file in part.files:
            data = (tmp_path / "out" / file.file).read_bytes()
            assert file.sha256 == hashlib.sha256(data).hexdigest()
            assert file.content_bytes == len(gzip.decompress(data))
    assert "license" in yaml.safe_load((tmp_path / "out/photos.yaml").read_text())


@pytest.mark.memory
def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    image = Image.fromarray(pixels(200, 200))
    (tmp_path / "my/train/a").mkdir(parents=True)
    for number in range(1000):
        image.save(tmp_path / f"my/train/a/{number}.png", compress_level=1)
    arguments = [str(tmp_path / "my"), "train", *(str(tmp_path / name) for name in ("images.gz", "labels.gz", "facts"))]
    assert growth("build_idx.main(*sys.argv[1:])", *arguments, before="import build_idx") < 12


def test_class_folders_without_a_split_are_the_split_train(tmp_path: Path) -> None:
    made = {name: pixels() for name in ("cat/1.png", "dog/0.png", "a cat!/2.png")}
    for name, image in made.items():
        put_image(tmp_path / "pets" / name, image)
    images, _, facts = build(tmp_path / "pets", tmp_path / "out")
    assert images == idx_bytes(numpy.stack([made[name] for name in ("dog/0.png", "cat/1.png", "a cat!/2.png")]))
    assert facts["classes"] == {"0": "a cat!", "1": "cat", "2": "dog"}
    assert ImageFolder(tmp_path / "pets", {}).splits == ["train"]


def test_class_folders_without_a_split_may_be_empty(tmp_path: Path) -> None:
    put_image(tmp_path / "pets/cat/1.png", pixels())
    (tmp_path / "pets/dog").mkdir()
    _, _, facts = build(tmp_path / "pets", tmp_path / "out")
    assert facts["facts"]["class_counts"] == [1, 0]


@pytest.mark.parametrize(
    ("text", "classes", "labels"),
    [
        ("path,label\n1.png,7\n0.png,3\n", {"3": "3", "7": "7"}, [7, 3]),
        ("\ufeffpath,label\n1.png,7\n0.png,3\n", {"3": "3", "7": "7"}, [7, 3]),
        ("label,path\r\ndog,1.png\r\ncat,0.png\r\n", {"0": "cat", "1": "dog"}, [1, 0]),
        ("\ufeffid,path,label\n9,1.png, cat\n8,0.png,dog\n", {"0": "cat", "1": "dog"}, [0, 1]),
        ("path,label\n1.png,A\n0.png,7\n", {"0": "7", "1": "A"}, [1, 0]),
        ('\ufeff"path";label\r\n1.png;"big, bad"\r\n0.png;7\r\n', {"0": "7", "1": "big, bad"}, [1, 0]),
        ("path\tlabel\n1.png\tA\n0.png\t7\n", {"0": "7", "1": "A"}, [1, 0]),
        ("path;label\n1.png;A\n0.png;7\n;\n;;;\n", {"0": "7", "1": "A"}, [1, 0]),
    ],
    ids=[
        "numbers",
        "byte order mark",
        "names",
        "other columns and a mark",
        "digits and letters",
        "semicolons",
        "tabs",
        "empty lines",
    ],
)
def test_labels_in_a_table_need_no_class_folders(
    tmp_path: Path, text: str, classes: dict[str, str], labels: list[int]
) -> None:
    made = [pixels(), pixels()]
    for number, image in enumerate(made):
        put_image(tmp_path / f"scans/{number}.png", image)
    table = tmp_path / "train.csv"
    table.write_text(text, newline="")
    found_images, found_labels, facts = build(tmp_path / "scans", tmp_path / "out", manifest=str(table))
    assert found_images == idx_bytes(numpy.stack(made[::-1]))
    assert found_labels == idx_bytes(numpy.array(labels, numpy.uint8))
    assert facts["classes"] == classes


NO_NUMBER = "labels.csv: a label that is not a whole number"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label\na.png,7\nno.png,7\n", ["missing: 1 ", "no.png", "correct the path in the manifest"]),
        ("path,label\na.png,7.0\n", [NO_NUMBER, "found:    7.0"]),
        ("path,label\na.png,-1\n", ["found:    -1"]),
        (
            "path,label\na.png,7\na.png,07\n",
            ["labels.csv: several names have the same label", "07, 7\n  to do:    use one of these names"],
        ),
        ("path,label\na.png,cat\n./a.png,dog\n", ["labels.csv: an image with two labels", "found:    a.png"]),
        ("path,label\na.png,7\nb.png,NaN\n", [NO_NUMBER, "line 3", "found:    NaN"]),
        ("path,label\na.png,3\nb.png,+7\n", ["line 3", "expected: 0 or more, or names", "found:    +7"]),
        ("path,label\na.png,+7\n", ["found:    +7"]),
        ("path,label\na.png,3\nb.png,1e3\n", ["line 3", "found:    1e3"]),
        ("path,label\na.png,3\nb.png,?\n", ["line 3", "found:    ?"]),
        ("path:label\n0.png:3\n", ["column is missing", "line 1", "the names path, label", "found:    path:label"]),
        ("Path;Label\n0.png;3\n", ["column is missing", "line 1", "the names path, label", "found:    Path, Label"]),
        ("", ["column is missing", "found:    nothing"]),
        ("path;label\na.png;3\na.png;\n", ["line 3", "expected: path, label", "found:    no label"]),
        ("path,label,label\n0.png,3,1\n", ["two columns are named label", "found:    path, label, label"]),
        ("path,label,path\n0.png,3,1.png\n", ["two columns are named path"]),
        (
            "path,label,split\n0.png,3,train\n0.png,3,train\n1.png,3,test\n",
            ["a table of several splits", "line 4", "such as train.csv and test.csv", "found:    train, test"],
        ),
    ],
)
def test_what_is_wrong_in_a_table_is_said_of_the_table(tmp_path: Path, text: str, words: list[str]) -> None:
    put_image(tmp_path / "my/a.png", pixels())
    table = tmp_path / "labels.csv"
    table.write_text(text)
    message = refused(build, tmp_path / "my", tmp_path / "out", manifest=str(table))
    assert [word for word in words if word not in message] == []


def test_a_table_in_another_encoding_is_to_be_saved_in_utf_8(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes("path,label\na.png,\xe9t\xe9\n".encode("latin-1"))
    message = refused(build, tmp_path, tmp_path / "out", manifest=str(tmp_path / "labels.csv"))
    assert "0xe9" in message and message.endswith("to do:    save the table as CSV UTF-8")


def test_tables_are_found_whatever_the_case_of_their_suffix(tmp_path: Path) -> None:
    for name in ("train.csv", "test.CSV", "notes.txt", ".hidden.csv"):
        (tmp_path / name).touch()
    assert sorted(image_folder.tables(tmp_path)) == ["test", "train"]


def test_a_table_also_names_the_gray_copies_of_its_images(tmp_path: Path) -> None:
    for number in range(2):
        put_image(tmp_path / f"scans/{number}.jpg", RANDOM.integers(0, 256, (4, 6, 3), numpy.uint8))
    table, gray = tmp_path / "train.csv", tmp_path / "gray"
    table.write_text("path,label\n1.jpg,7\n0.jpg,3\n")
    convert_images.main(str(tmp_path / "scans"), str(gray))
    images, _, _ = build(gray, tmp_path / "out", manifest=str(table))
    assert images == idx_bytes(
        numpy.stack([numpy.asarray(Image.open(gray / f"{number}.jpg.png")) for number in (1, 0)])
    )
    before = ImageFolder(gray, {"train": table}).state("train")
    os.utime(gray / "0.jpg.png", (1, 1))
    assert ImageFolder(gray, {"train": table}).state("train") != before


def test_an_image_that_a_table_lists_twice_with_one_label_is_taken_twice(tmp_path: Path) -> None:
    put_image(tmp_path / "scans/0.png", pixels())
    (tmp_path / "train.csv").write_text("path,label,split\n0.png,3,train\n0.png,3,train\n")
    _, labels, _ = build(tmp_path / "scans", tmp_path / "out", manifest=str(tmp_path / "train.csv"))
    assert labels == idx_bytes(numpy.array([3, 3], numpy.uint8))


@pytest.mark.parametrize(
    ("value", "invert", "words"),
    [
        (255, False, "`invert: true`"),
        (192, False, "`invert: true`"),
        (191, False, ""),
        (0, False, ""),
        (255, True, ""),
        (0, True, "leave out `invert`"),
    ],
)
def test_drawings_dark_on_light_are_reported_in_one_line_and_inverted_on_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, value: int, invert: bool, words: str
) -> None:
    drawing = numpy.full((4, 6), value, numpy.uint8)
    drawing[1, 2] = 100
    put_image(tmp_path / "my/train/3/0.png", drawing)
    images, _, _ = build(tmp_path / "my", tmp_path / "out", invert=invert)
    assert images == idx_bytes((255 - drawing if invert else drawing)[None])
    reported = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(reported) == bool(words)
    assert words in "".join(reported)
    write_dataset.main([str(tmp_path / "out/train.json")], dataset=str(tmp_path / "out/drawings.yaml"))
    dataset = tmp_path / "out/drawings.yaml"
    load(dataset, SCHEMA)
    assert yaml.safe_load(dataset.read_text()).get("inverted", False) == invert


def test_images_of_a_single_value_are_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(2):
        put_image(tmp_path / f"my/train/3/{number}.png", numpy.zeros((4, 6), numpy.uint8))
    build(tmp_path / "my", tmp_path / "out")
    assert "every pixel of every image is 0" in caplog.text
