"""A tree of PNG files is proven to be the published dataset, or the files that differ are named."""

import gzip
import hashlib
import json
import os
import shutil
import socket
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import ExifTags, Image

import export
import idxpng
import validate
import verify
from builders import described, flip, idx_bytes, put_pair, rewritten
from dataset_files import sha256, write_dataset
from idxpng import advice
from idxpng.dataset.file import identify
from mutated_png import swap_a_pixel
from project import run_script
from refusals import refusal
from systems import LINUX

CLASSES = {"00": "a", "01": "b", "12": "c"}
COUNT = 40
SHAPE = (6, 4)


class Exported:
    """A split of 40 random images, exported by the workflow's scripts, with ``settings`` for the dataset file."""

    def __init__(self, folder: Path, label_columns: tuple[str, ...] = ("class",), **settings: Any) -> None:
        random = numpy.random.default_rng(1)
        labels = random.choice([int(label) for label in CLASSES], COUNT)
        if len(label_columns) == 1:
            stored = labels.astype(numpy.uint8)
        else:
            stored = random.integers(-(2**31), 2**31, (COUNT, len(label_columns)), numpy.int32)
            stored[:, label_columns.index("class")] = labels
        self.root = folder / "results/set"
        self.tree = self.root / "png/train"
        self.report = self.root / "verify/train.json"
        self.report.parent.mkdir(parents=True)
        (self.root / "manifest/train").mkdir(parents=True)
        self.manifest = self.root / "manifest/train.csv"
        self.with_manifest = len(label_columns) > 1
        images = random.integers(0, 256, (COUNT, *SHAPE), numpy.uint8)
        self.images, self.labels = put_pair(folder, images, stored)
        split = described(COUNT, SHAPE, "images.gz", "labels.gz")
        for file in (self.images, self.labels):
            split[file.name]["content_sha256"] = sha256(file)
        self.dataset = write_dataset(
            folder / "set.yaml",
            classes={int(label): name for label, name in CLASSES.items()},
            label_type=stored.dtype.name,
            label_columns=list(label_columns),
            splits={"train": split},
            **settings,
        )
        self.header = self.validate()
        self.export()

    @contextmanager
    def splits(self) -> Iterator[dict[str, Any]]:
        """The splits in the dataset file, to change."""
        with rewritten(Path(self.dataset)) as document:
            yield document["splits"]

    def validate(self, split: str = "train") -> str:
        """Write the header of a split, and return its path."""
        header = str(self.root / f"{split}.json")
        validate.main(self.dataset, split, str(self.images), str(self.labels), header)
        return header

    def unpin(self, *roles: str) -> None:
        """Remove the digests of some files from the dataset file."""
        with self.splits() as splits:
            for role in roles:
                del splits["train"][role]["content_sha256"]

    def export(self, limit: int | None = None) -> None:
        parts = []
        for label in CLASSES:
            manifest = self.root / f"manifest/train/{label}.csv"
            directory = str(self.tree / label)
            export.main(str(self.images), str(self.labels), self.header, label, directory, str(manifest), limit)
            parts.append(manifest.read_text().splitlines())
        rows = sorted((row for part in parts for row in part[1:]), key=lambda row: int(row.split(",")[2]))
        self.manifest.write_text("\n".join([parts[0][0], *rows, ""]))

    def verify(self, tree: Path | None = None, originals: bool = True, **settings: Any) -> None:
        arguments = {"split": "train", "report": str(self.report)}
        if self.with_manifest:
            arguments["manifest"] = str(self.manifest)
        if originals:
            arguments |= {"images": str(self.images), "labels": str(self.labels)}
        verify.main(str(tree or self.tree), self.dataset, **(arguments | settings))

    def refusal(self, **settings: Any) -> str:
        self.report.write_text("of an earlier run")
        message = refusal(self.verify, **settings)
        assert not self.report.exists()
        return message

    def some(self, label: str = "01") -> Path:
        return sorted((self.tree / label).glob("*.png"))[0]


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    return Exported(tmp_path)


@pytest.fixture
def of_writers(tmp_path: Path) -> Exported:
    """With labels of two columns, of which the manifest has the second."""
    return Exported(tmp_path, label_columns=("class", "writer"))


@pytest.mark.parametrize("originals", [True, False])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"orientation": "transposed"},
        {"label_columns": ("series", "class", "writer")},
        {"orientation": "transposed", "label_columns": ("class", "writer")},
    ],
)
def test_an_exported_tree_is_proven(tmp_path: Path, settings: dict[str, Any], originals: bool) -> None:
    exported = Exported(tmp_path, **settings)
    exported.verify(originals=originals)
    assert f'"files": {COUNT}' in exported.report.read_text()


def test_a_tree_is_proven_with_the_dataset_file_alone(
    exported: Exported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = {"images": sha256(exported.images), "labels": sha256(exported.labels)}
    exported.tree.rename(tmp_path / "train")
    for path in (exported.images, exported.labels, Path(exported.header)):
        path.unlink()
    shutil.rmtree(exported.root)
    report = tmp_path / "report.json"
    report.symlink_to(report)  # which is replaced, too
    verify.main(str(tmp_path / "train"), exported.dataset, report=str(report))
    assert capsys.readouterr().out == (
        f"{tmp_path}/train: 40 PNG files are the published images and labels of A set, split train "
        f"(SHA-256 {digests['images']} and {digests['labels']}, pinned in {exported.dataset})\n"
    )
    assert json.loads(report.read_text()) == {
        "dataset": "set",
        "split": "train",
        "tree": f"{tmp_path}/train",
        "workflow": {"version": idxpng.__version__},
        "equal": True,
        "compared": "digests of IDX files made of the images",
        "files": 40,
        "sha256": digests,
        "pinned": {"images": True, "labels": True},
    }


def test_all_splits_are_proven_at_once(exported: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    with exported.splits() as splits:
        others = {role: splits["train"][role] | {"file": f"test-{role}.gz"} for role in ("images", "labels")}
        splits["test"] = splits["train"] | others | {"shape": list(SHAPE)}
    png = exported.tree.parent
    (png / "test").symlink_to("train")
    verify.main(str(png), exported.dataset)
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == [f"{png}/train", f"{png}/test"]
    (png / ".DS_Store").touch()
    moved = f"mkdir -- extra-png/ && mv -- {png}/.DS_Store extra-png/"
    assert refusal(verify.main, str(png), exported.dataset).endswith(moved)
    (png / ".DS_Store").unlink()
    assert "apply to one split" in refusal(verify.main, str(png), exported.dataset, report=str(exported.report))
    (png / "test").unlink()
    assert f"{png}/test: there is nothing to verify" in refusal(verify.main, str(png), exported.dataset)


def test_everything_beside_the_splits_is_named(exported: Exported, tmp_path: Path) -> None:
    part = make_a_part(exported)
    png = part.parent
    told = "png/part: cannot be verified without the original IDX files"
    assert told in refusal(verify.main, str(png), exported.dataset)
    for name in ("evil", ".hidden"):
        (png / name).mkdir()
    (png / "0.png").touch()
    (png / "link").symlink_to(tmp_path)
    names = "\n              ".join([".hidden", "0.png", "evil", "link\n"])
    assert names in refusal(verify.main, str(png), exported.dataset)
    assert names in refusal(exported.verify, beside=str(png))
    shutil.rmtree(part)
    for name in ("evil", ".hidden"):
        (png / name).rmdir()
    for name in ("0.png", "link"):
        (png / name).unlink()
    exported.verify(beside=str(png))


@pytest.mark.parametrize("part", [{"limit": 7}, {"classes": [1]}])
def test_images_beyond_a_limit_or_of_other_labels_are_not_to_be_removed(
    exported: Exported, part: dict[str, Any]
) -> None:
    message = exported.refusal(**part)
    assert "extra: " in message
    assert "mv " not in message
    assert message.endswith("verify them with the limit and the classes of the run that made them")
    exported.some("01").unlink()
    assert exported.refusal(**part).endswith("of the run that made them"), "or the others would be lost"
    for junk in ("-junk", "01/.DS_Store"):
        (exported.tree / junk).touch()
    assert f"-junk extra-train/ && mv -- {exported.tree}/01/.DS_Store extra-train/01\n" in exported.refusal(**part)


def test_a_limited_export_is_proven_to_be_the_first_images(
    exported: Exported, capsys: pytest.CaptureFixture[str]
) -> None:
    exported.export(limit=7)
    exported.verify(limit=7)
    assert "7 PNG files are the rows 0 to 6 of the published images and labels of A set" in capsys.readouterr().out
    report = json.loads(exported.report.read_text())
    assert (report["part"], report["compared"]) == ("rows 0 to 6", "each image with its original")
    assert "missing" in exported.refusal()
    assert "cannot be verified without the original IDX files" in exported.refusal(limit=7, originals=False)


def test_what_other_programs_left_in_a_limited_export_is_to_be_moved(exported: Exported) -> None:
    exported.export(limit=7)
    (exported.tree / "01/.DS_Store").touch()
    message = exported.refusal(limit=7)
    assert message.endswith(f" && mv -- {exported.tree}/01/.DS_Store extra-train/01")


@pytest.mark.parametrize("name", ["001.png", "1.png", "99.png"])
def test_an_image_of_a_limited_export_under_a_name_that_no_image_has_is_to_be_moved_and_made_again(
    exported: Exported, name: str
) -> None:
    exported.export(limit=7)
    (path := exported.some("01")).rename(path.with_name(name))
    move, make = exported.refusal(limit=7).splitlines()[-2:]
    assert move.endswith(f" && mv -- {exported.tree}/01/{name} extra-train/01")
    assert "limit=7" in make and make.endswith("/png/train/01")


def make_a_part(exported: Exported) -> Path:
    """The tree of a split with rows 3 to 7 of the files, whose images keep their names."""
    with exported.splits() as splits:
        splits["part"] = {"from": "train", "rows": [3, 8]}
    header = exported.validate("part")
    tree = exported.root / "png/part"
    (exported.root / "manifest/part").mkdir()
    for label in CLASSES:
        manifest = str(exported.root / f"manifest/part/{label}.csv")
        export.main(str(exported.images), str(exported.labels), header, label, str(tree / label), manifest)
    return tree


def test_a_part_of_a_split_is_proven_with_the_originals(exported: Exported, capsys: pytest.CaptureFixture[str]) -> None:
    tree = make_a_part(exported)
    names = sorted(path.name for path in tree.rglob("*.png"))
    assert names == sorted(path.name for path in exported.tree.rglob("*.png"))[3:8]
    exported.verify(tree, split="part")
    assert "5 PNG files are the rows 3 to 7 of the published images" in capsys.readouterr().out
    assert json.loads(exported.report.read_text())["files"] == 5
    assert "cannot be verified without the original IDX files" in exported.refusal(
        tree=tree, split="part", originals=False
    )
    invert(next(tree.rglob("*.png")))
    assert "altered: 1" in exported.refusal(tree=tree, split="part")


def test_the_labels_of_a_part_with_several_columns_are_those_of_the_originals(of_writers: Exported) -> None:
    tree, rows = make_a_part(of_writers), of_writers.manifest.read_text().splitlines()
    manifest = of_writers.root / "manifest/part.csv"
    name = rows[4].split("/")[1]
    for kept, classes in ((rows[4:9], None), ([row for row in rows[4:9] if f"/{name}/" in row], [int(name)])):
        manifest.write_text("\n".join([rows[0], *kept, ""]))
        for label in CLASSES.keys() - {name} if classes else ():
            shutil.rmtree(tree / label)
        of_writers.verify(tree, split="part", manifest=str(manifest), classes=classes)
        manifest.write_text("\n".join([rows[0], *(row[:-1] + str((int(row[-1]) + 1) % 10) for row in kept), ""]))
        refused = of_writers.refusal(tree=tree, split="part", manifest=str(manifest), classes=classes)
        assert "differs from the published one\n  at:       line 2" in refused


def test_the_repair_of_a_part_makes_nothing_of_all_splits(exported: Exported) -> None:
    tree = make_a_part(exported)
    image = next(tree.glob("*/*.png"))
    invert(image)
    command = exported.refusal(tree=tree, split="part").splitlines()[-1]
    made = f"results/set/png/part/{image.parent.name}"
    wanted = f"--cores 4 results/set/png/part --config datasets=set.yaml --forcerun {made}"
    assert command.endswith(wanted)
    copy = shutil.copytree(tree, exported.root.parent / "copy")
    command = exported.refusal(tree=copy, split="part").splitlines()[-1]
    assert command.endswith(f"--cores 4 results/set/png/part --config datasets={exported.dataset}")


def test_a_tree_of_some_labels_is_proven_with_the_originals(exported: Exported) -> None:
    kept, *others = sorted(exported.tree.iterdir())
    stray = next(others[0].iterdir())
    moved = stray.rename(kept / stray.name)
    for other in others:
        shutil.rmtree(other)
    assert f"{kept.name}/{moved.name} (its label was not requested)" in exported.refusal(classes=[int(kept.name)])
    moved.unlink()
    exported.verify(classes=[int(kept.name)])
    assert json.loads(exported.report.read_text())["files"] == len(list(kept.iterdir()))
    some = next(kept.iterdir())
    some.unlink()
    assert "missing: 1" in exported.refusal(classes=[int(kept.name)])
    assert "classes=" in exported.refusal(classes=[int(kept.name)])


@pytest.mark.parametrize("processes", [1, 2])
def test_a_tree_from_a_different_encoder_is_proven(
    exported: Exported, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in exported.tree.rglob("*.png"):
        Image.open(path).save(path, optimize=True)
    monkeypatch.setattr("idxpng.verify.rebuilt_idx.FEWEST_FOR_PROCESSES", 0)
    monkeypatch.setattr("idxpng.verify.rebuilt_idx.CHUNK_IMAGES", 3)
    exported.verify(processes=processes)


def unzipped(tree: Path, copy: Path) -> None:
    with zipfile.ZipFile(copy.with_suffix(".zip"), "w") as archive:
        for path in tree.rglob("*.png"):
            archive.write(path, path.relative_to(tree))
    zipfile.ZipFile(copy.with_suffix(".zip")).extractall(copy)


def with_timestamps(tree: Path, copy: Path) -> None:
    shutil.copytree(tree, copy)
    for label in copy.iterdir():
        (label / ".snakemake_timestamp").touch()


def copied(*command: str) -> Callable[[Path, Path], None]:
    def copy_tree(tree: Path, copy: Path) -> None:
        if shutil.which(command[0]) is None:
            pytest.skip(f"needs {command[0]}")
        subprocess.run([*command, f"{tree}/.", str(copy)], check=True)

    return copy_tree


@pytest.mark.parametrize(
    "copy",
    [copied("cp", "-r"), copied("cp", "-rl"), copied("rsync", "-r"), copied("rsync", "-a"), unzipped, with_timestamps],
    ids=["cp -r", "cp -rl", "rsync -r", "rsync -a", "unzipped", "with timestamps"],
)
def test_a_copied_tree_is_proven(exported: Exported, tmp_path: Path, copy: Callable[[Path, Path], None]) -> None:
    copy(exported.tree, tmp_path / "copy")
    exported.verify(tmp_path / "copy", originals=False)


def test_a_tree_without_directories_of_empty_classes_is_proven(exported: Exported) -> None:
    exported.export(limit=2)
    for label in exported.tree.iterdir():
        if not any(label.iterdir()):
            label.rmdir()
    assert len(list(exported.tree.iterdir())) < len(CLASSES)
    exported.verify(limit=2)


def pin_downloads_only(exported: Exported, folder: Path, git: bool = False) -> dict[str, Path]:
    """Compress the originals, and pin these files in place of their content."""
    downloads = {role: folder / f"{role}.gz" for role in ("images", "labels")}
    with exported.splits() as splits:
        for role, path in downloads.items():
            path.write_bytes(data := gzip.compress((folder / role).read_bytes()))
            blob = hashlib.sha1(b"blob %d\0%s" % (len(data), data)).hexdigest()
            splits["train"][role] = {"file": path.name} | ({"git_blob": blob} if git else {"sha256": sha256(path)})
    return downloads


@pytest.mark.parametrize("git", [False, True], ids=["SHA-256", "Git identity"])
def test_a_tree_is_proven_by_what_pinned_downloads_decompress_to(
    exported: Exported, tmp_path: Path, git: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    published = [str(path) for path in pin_downloads_only(exported, tmp_path, git).values()]
    exported.verify(published=published, originals=False)
    assert json.loads(exported.report.read_text())["pinned"] == {"images": True, "labels": True}
    assert "of the downloads that are pinned in" in capsys.readouterr().out
    flip(exported.images, -1)
    exported.validate()
    exported.export()
    assert "not the original IDX file\n  expected: SHA-256 " in exported.refusal(published=published)
    assert "not the published images and labels" in exported.refusal(published=published, originals=False)
    for originals in (True, False):
        message = exported.refusal(published=published[:1], originals=originals)
        assert (
            "cannot be verified without the published files\n  found:    not pinned: the content of labels.gz"
            in message
        )
        give, command = message.splitlines()[-2:]
        assert give.endswith("add the published files: --published resources/set/labels.gz;")
        assert "this makes them: " in command and "--cores 4 resources/set/labels.gz --config datasets=" in command
    (beside := exported.images.parent / "resources/set").mkdir(parents=True)
    shutil.copy(published[1], beside)
    assert exported.refusal(published=published[:1]).endswith(
        f"add the published files: --published {beside}/labels.gz"
    )


def test_a_pinned_download_that_is_not_the_published_file_proves_nothing(exported: Exported, tmp_path: Path) -> None:
    downloads = pin_downloads_only(exported, tmp_path)
    downloads["images"].write_bytes(gzip.compress(exported.images.read_bytes()[:-1] + b"x"))
    message = exported.refusal(published=[str(path) for path in downloads.values()])
    assert message.startswith(f"{downloads['images']}: not the right file: its content differs")


def invert(path: Path) -> None:
    Image.open(path).point(lambda value: 255 - value).save(path)


def turn(path: Path) -> None:
    with Image.open(path) as image:
        image.load()
        exif = image.getexif()
        exif[ExifTags.Base.Orientation] = 3
        image.save(path, exif=exif)


def make_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def make_a_link(path: Path) -> None:
    path.rename(path.parents[3] / "elsewhere")
    path.symlink_to(path.parents[3] / "elsewhere")


def edit(change: Callable[[Image.Image], Image.Image]) -> Callable[[Path], None]:
    return lambda path: change(Image.open(path)).save(path)


rotate = edit(lambda image: image.transpose(Image.Transpose.ROTATE_180))

HARM = [
    (Path.unlink, "missing"),
    (invert, "altered"),
    (swap_a_pixel, "altered"),
    (edit(lambda image: image.convert("RGB")), "wrong format"),
    (edit(lambda image: image.resize((9, 9))), "altered"),
    (rotate, "altered"),
    (turn, "altered"),
    (lambda path: path.write_bytes(path.read_bytes()[:-30]), "unreadable"),
    (lambda path: path.write_bytes(b""), "unreadable"),
    (make_a_directory, "unreadable"),
    (make_a_pipe, "unreadable"),
    (make_a_link, "unreadable"),
]


@pytest.mark.parametrize(("harm", "kind"), HARM)
def test_a_damaged_file_is_named_with_its_problem(exported: Exported, harm: Callable[[Path], None], kind: str) -> None:
    path = exported.some()
    harm(path)
    message = exported.refusal()
    assert f"{kind}: 1\n" in message
    assert f"  01/{path.name}" in message
    made = f"--directory {Path(exported.dataset).parent} --cores 4 all --config datasets=set.yaml"
    assert message.endswith(f"{made} --forcerun results/set/png/train/01")


def test_the_repair_of_a_tree_by_its_whole_path_names_the_targets_as_snakemake_does(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported.some().unlink()
    monkeypatch.chdir(Path(exported.dataset).parent)
    assert exported.tree.is_absolute()
    command = exported.refusal().rpartition("snakemake ")[2]
    assert "--directory" not in command and command.endswith("--forcerun results/set/png/train/01")


@pytest.mark.parametrize(("harm", "kind"), HARM)
def test_a_damaged_file_is_detected_without_the_originals(
    exported: Exported, harm: Callable[[Path], None], kind: str
) -> None:
    path = exported.some()
    harm(path)
    message = exported.refusal(originals=False)
    if harm in (invert, swap_a_pixel, rotate):
        assert f"expected: images: SHA-256 {sha256(exported.images)}\n" in message
        assert ": at least one image has different pixels\n            labels: as expected\n" in message
        made = "resources/set/images", "resources/set/labels"
        give, command = message.splitlines()[-2:]
        assert give.endswith("give the original IDX files, decompressed: --images {} --labels {};".format(*made))
        assert "this makes them: " in command and "--cores 4 {} {} --config datasets=".format(*made) in command
        (beside := exported.images.parent / "resources/set").mkdir(parents=True)
        for file in (exported.images, exported.labels):
            shutil.copy(file, beside)
        message = exported.refusal(originals=False)
        assert message.endswith(f": --images {beside}/images --labels {beside}/labels"), "those of the results"
    else:
        assert f"{kind}: 1\n" in message
        assert path.name in message


def test_the_label_of_a_missing_image_is_found_by_class_counts_without_the_originals(exported: Exported) -> None:
    with exported.splits() as splits:
        splits["train"]["class_counts"] = [len(list((exported.tree / label).iterdir())) for label in CLASSES]
    exported.some("12").rename(exported.root / "12.png")
    message = exported.refusal(originals=False)
    count = len(list((exported.tree / "12").iterdir()))
    assert f"wrong count: 1\n              12 ({count} images; expected {count + 1})\n" in message
    assert "; ? is a label that is not known" in message
    assert message.endswith("--forcerun results/set/png/train/12")


def test_a_file_in_the_wrong_directory_is_named_and_both_labels_are_repaired(exported: Exported) -> None:
    path = exported.some()
    path.rename(exported.tree / "00" / path.name)
    message = exported.refusal()
    assert f"misplaced: 1\n              00/{path.name}" in message
    assert f"missing: 1\n              01/{path.name}" in message
    assert message.endswith("--forcerun results/set/png/train/00 results/set/png/train/01")
    message = exported.refusal(originals=False)
    assert f"expected: labels: SHA-256 {sha256(exported.labels)}\n  found:    images: as expected\n" in message
    assert ": at least one image has a different label\n" in message
    with exported.splits() as splits:
        counts = splits["train"]["class_counts"] = [len(list((exported.tree / label).iterdir())) for label in CLASSES]
        counts[0], counts[1] = counts[0] - 1, counts[1] + 1
    message = exported.refusal(originals=False)
    assert f"  00 ({counts[0] + 1} images; expected {counts[0]})\n" in message
    assert "--forcerun results/set/png/train/00 results/set/png/train/01\n" in message
    assert "to find out which image differs" in message


def test_images_of_another_dataset_are_named(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    known = shutil.copytree(Path(exported.dataset).parent, exported.root / "datasets", ignore=lambda *_: ["results"])
    (known / "set.yaml").rename(known / "other.yaml")
    shutil.copy(exported.dataset, known / "first.yaml")
    with rewritten(known / "first.yaml") as first:
        del first["splits"]["train"]["images"]["content_sha256"]
    monkeypatch.setattr("idxpng.verify.repair.identify", partial(identify, datasets=known))
    with exported.splits() as splits:
        splits["train"]["images"]["content_sha256"] = "0" * 64
    message = exported.refusal(originals=False)
    assert "to do:    this is images.gz of A set; if you mean that, verify it as the dataset other\n" in message
    assert "to find out which image differs" in message, "a run replaces them"
    invert(exported.some())
    assert "this is" not in exported.refusal(originals=False), "the labels alone do not tell"


def test_the_gray_copies_of_images_in_color_are_proven(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(exported.root)
    for path in exported.tree.rglob("*.png"):
        Image.open(path).convert("RGB").save(path)
    gray_copies, either, _ = exported.refusal(originals=False).splitlines()[-3:]
    assert either.strip() == "or if you do not need those in color:"
    command = gray_copies.partition("verify gray copies with verify.py --split train; this makes them: ")[2]
    subprocess.run(["bash", "-c", command], check=True)
    exported.verify(exported.root / command.rpartition(" ")[2], originals=False)


def test_an_image_in_two_directories_is_named(exported: Exported) -> None:
    path = exported.some()
    shutil.copy(path, exported.tree / "00")
    assert f"misplaced: 1\n              00/{path.name} (its label is 01)\n" in exported.refusal()
    message = exported.refusal(originals=False)
    assert f"misplaced: 1\n              01/{path.name} (also in 00)\n" in message
    assert message.endswith("--forcerun results/set/png/train/00 results/set/png/train/01")


@pytest.mark.parametrize("name", ["01/99.png", "01/notes.txt", "01/.hidden", "01/00.PNG", "01/0.png", "01/+1.png", "x"])
def test_an_extra_file_is_named(exported: Exported, name: str) -> None:
    shutil.copyfile(exported.some(), exported.tree / name)
    for originals in (True, False):
        message = exported.refusal(originals=originals)
        assert f"extra: 1\n              {name}\n" in message
        assert f" && mv -- {exported.tree}/{name} extra-train/" in message.splitlines()[-1]


@pytest.mark.parametrize("name", ["05", "1", "01/01", ".ipynb_checkpoints"])
def test_an_extra_directory_is_named_even_if_empty(exported: Exported, name: str) -> None:
    (exported.tree / name).mkdir()
    for _ in range(2):
        message = exported.refusal()
        assert f"extra: 1\n              {name} (a directory)\n" in message
        assert f" && mv -- {exported.tree}/{name} extra-train/" in message.splitlines()[-1]
        shutil.copyfile(exported.some(), exported.tree / name / "00.png")


def test_two_swapped_images_are_reported_as_altered(exported: Exported) -> None:
    first, second, *_ = sorted((exported.tree / "01").glob("*.png"))
    other = second.read_bytes()
    second.write_bytes(first.read_bytes())
    first.write_bytes(other)
    assert "altered: 2\n" in exported.refusal()
    assert "not the published" in exported.refusal(originals=False)


def test_only_the_first_twenty_of_many_problems_are_listed(exported: Exported) -> None:
    for path in exported.tree.rglob("*.png"):
        path.unlink()
    message = exported.refusal()
    assert f"missing: {COUNT}\n" in message
    assert message.count(".png") == 20
    assert f"and {COUNT - 20} more" in message


def test_a_changed_writer_in_the_manifest_is_refused(of_writers: Exported) -> None:
    lines = of_writers.manifest.read_text().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ",1"
    of_writers.manifest.write_text("\n".join([*lines, ""]))
    assert "differs from the published one\n  at:       line 4, writer\n  expected: " in of_writers.refusal()
    assert "labels: SHA-256" in of_writers.refusal(originals=False)
    of_writers.unpin("images", "labels")
    assert "line 4" in of_writers.refusal(), "the originals decide"


def test_images_that_changed_before_they_were_compared_are_to_be_verified_again(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = dict.fromkeys(("images", "labels"), "a0")
    monkeypatch.setattr(verify.TreeCheck, "rebuild", lambda self: (found, verify.Problems()))
    assert exported.refusal().endswith("to do:    verify again, while nothing else changes the images")


@pytest.mark.slow
def test_a_report_never_takes_the_place_of_what_is_verified(exported: Exported) -> None:
    dataset = Path(exported.dataset)
    before = dataset.read_bytes(), entries(exported.tree)
    image = sorted((exported.tree / "01").iterdir())[0]
    for report, why in (
        (dataset, "given twice"),
        (image, "nothing may be added"),
        (exported.tree / "x", "nothing may"),
    ):
        done = run_script("verify", "--dataset", dataset, "--report", report, exported.tree)
        assert (done.returncode, why in done.stderr) == (1, True), done.stderr
    assert (dataset.read_bytes(), entries(exported.tree)) == before


@pytest.mark.parametrize("what", ["a directory", "a file"])
def test_nothing_is_said_of_images_that_another_run_replaced_meanwhile(
    exported: Exported, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    rebuild = verify.TreeCheck.rebuild

    def rebuild_and_replace(check: Any) -> Any:
        found = rebuild(check)
        if what == "a directory":
            exported.export()
        else:  # in a directory that keeps its inode, as one may that replaces another
            image = next(exported.tree.rglob("*.png"))
            shutil.copy(image, exported.root / "copy.png")
            (exported.root / "copy.png").replace(image)
        return found

    monkeypatch.setattr(verify.TreeCheck, "rebuild", rebuild_and_replace)
    assert "this directory was changed while it was verified" in exported.refusal()


def test_a_directory_too_high_or_too_low_is_answered_with_those_to_give(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tree in (exported.root, exported.tree / "01", exported.root / "none/train"):
        message = refusal(verify.main, str(tree), exported.dataset)
        assert "there is nothing to verify" in message
        assert "to do:    this makes results/set/png/train: " in message, "but not this directory"
        listed = sorted(os.listdir(tree))[:2] if tree.exists() else []
        assert (f"found:    in {tree}: {', '.join(listed)}" in message) == tree.exists()
        other = "or give the directory of all splits, set/png, or that of one split, and --split NAME"
        assert message.endswith(other)
        with monkeypatch.context() as run:
            run.setenv(advice.VARIABLE, json.dumps(advice.call(str(exported.root), "Snakefile")))
            assert other not in refusal(verify.main, str(tree), exported.dataset), "a run has no such option"


@pytest.mark.parametrize("originals", [True, False])
def test_without_the_originals_an_error_says_that_altered_pixels_were_not_looked_for(
    exported: Exported, originals: bool
) -> None:
    exported.some("00").unlink()
    invert(exported.some("01"))
    message = exported.refusal(originals=originals)
    assert "missing: 1\n" in message
    assert ("altered: 1\n" in message) == originals
    assert ("altered pixels, wrong labels: not looked for without the original IDX files" in message) != originals


def test_a_split_may_be_called_like_a_label(exported: Exported) -> None:
    Path(exported.dataset).write_text(Path(exported.dataset).read_text().replace("train:", "'01':"))
    exported.verify(split="01")


def test_an_archive_is_to_be_unpacked(exported: Exported) -> None:
    archive = shutil.make_archive(str(exported.root / "train"), "zip", exported.tree)
    assert f"{archive} is a file; if it is an archive, unpack it first" in refusal(
        verify.main, archive, exported.dataset
    )


@pytest.mark.parametrize(("renamed", "lacking"), [(COUNT, 0), (COUNT, 1), (25, 0), (25, 3)])
def test_nothing_of_a_tree_with_other_names_or_of_a_different_dataset_is_to_be_moved(
    exported: Exported, renamed: int, lacking: int
) -> None:
    paths = sorted(exported.tree.rglob("*.png"))[:renamed]
    for path in paths[lacking:]:
        path.rename(path.with_name(f"000{path.name}"))
    for path in paths[:lacking]:
        path.unlink()
    for originals in (True, False):
        message = exported.refusal(originals=originals)
        lost = sorted({path.parent.name for path in paths}) if originals else CLASSES
        assert (
            "mv " not in message and "check that this is the split train of set, with the directories 00, " in message
        )
        assert "rename them by label and position, as in 00/07.png, or make IDX files of it" in message
        assert "or if you need none of its files:\n" in message
        assert message.endswith("--forcerun " + " ".join(f"results/set/png/train/{label}" for label in lost))


def test_an_image_changed_in_the_originals_too_is_refused(exported: Exported) -> None:
    flip(exported.images, -1)
    pinned = Path(exported.dataset).read_text()
    exported.unpin("images")
    exported.validate()
    Path(exported.dataset).write_text(pinned)
    exported.export()
    message = exported.refusal()
    assert f"{exported.images}: not the original IDX file\n  expected: SHA-256 " in message
    assert f"if it is: mv {exported.images} {exported.images}.changed, then download or make it again" in message
    assert f"images: SHA-256 {sha256(exported.images)}" in exported.refusal(originals=False)
    exported.export(limit=7)
    assert "not the original IDX file" in exported.refusal(limit=7), "although the first images are"


@pytest.mark.parametrize("roles", [("images",), ("labels",), ("images", "labels")])
def test_facts_that_are_not_pinned_are_reported(
    exported: Exported, roles: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    exported.unpin(*roles)
    named = f"not pinned: content_sha256 of {' and '.join(f'splits.train.{role}' for role in roles)}"
    exported.verify()
    assert capsys.readouterr().out == (
        f"{exported.tree}: 40 PNG files are the images and labels of A set, split train, "
        "as in the given originals; "
        f"{named} in {exported.dataset}\n"
    )
    assert json.loads(exported.report.read_text())["pinned"] == {
        role: role not in roles for role in ("images", "labels")
    }
    assert named in exported.refusal(originals=False)
    invert(exported.some())
    assert "altered: 1\n" in exported.refusal()


@pytest.mark.parametrize("role", ["images", "labels"])
def test_originals_of_a_different_shape_are_refused(exported: Exported, role: str) -> None:
    exported.unpin("images", "labels")
    path = getattr(exported, role)
    path.write_bytes(idx_bytes(numpy.zeros((COUNT + 1, *SHAPE)[: 3 if role == "images" else 1], numpy.uint8)))
    message = exported.refusal()
    assert f"{path}: not the original IDX file\n  expected: {COUNT}" in message
    assert f"check that this is the file that you mean; if it is: mv {path} {path}.changed" in message


def test_a_file_published_without_compression_needs_one_digest(exported: Exported) -> None:
    with exported.splits() as splits:
        for role in ("images", "labels"):
            splits["train"][role] = {"file": role, "sha256": splits["train"][role]["content_sha256"]}
    exported.verify(originals=False)
    assert '"images": true' in exported.report.read_text()


def test_files_left_by_other_programs_are_named_with_the_command_that_moves_them(exported: Exported) -> None:
    names = [".DS_Store", "01/.DS_Store", "01/Thumbs.db", "01/._00.png", "desktop.ini"]
    for name in names:
        (exported.tree / name).touch()
    message = exported.refusal(originals=False)
    assert f"extra: {len(names)}\n" in message
    check_moving(message, exported)


def check_moving(message: str, exported: Exported) -> None:
    """Check that the advised command loses nothing, and does nothing more, when it is pasted into a shell."""
    before = entries(exported.tree)
    command = message.partition("to do:")[2].strip()
    assert command.startswith("mkdir -- ")
    assert command.isprintable()
    pasted = exported.root / "pasted"
    pasted.mkdir()
    subprocess.run(["bash", "-c", command], cwd=pasted, check=True)
    (moved,) = pasted.iterdir()
    assert entries(exported.tree) | entries(moved) == before
    exported.verify(originals=False)


def entries(folder: str | Path) -> set[Path]:
    return {path.relative_to(folder) for path in Path(folder).rglob("*")}


def test_names_with_commands_or_control_characters_are_quoted_in_the_advised_command(exported: Exported) -> None:
    names = [
        "$(touch pwned)",
        "`touch pwned`",
        "; touch pwned #",
        "a\ntouch pwned",
        "\x1b[2J",
        "\u202egnp.00",
        "-rf",
        "'",
    ]
    if LINUX:  # other systems require names to be text
        names.append(os.fsdecode(b"\xff"))
    for name in names:
        (exported.tree / name).mkdir()
        (exported.tree / "01" / name).touch()
    message = exported.refusal(originals=False)
    assert all(line.isprintable() for line in message.splitlines())
    check_moving(message, exported)


def test_the_path_of_a_tree_that_contains_a_command_is_quoted(exported: Exported, tmp_path: Path) -> None:
    tree = tmp_path / "$(touch pwned)/results/set/png/train"
    tree.parent.mkdir(parents=True)
    exported.tree.rename(tree)
    invert(sorted((tree / "01").iterdir())[0])
    command = exported.refusal(tree=tree).partition("to do:")[2].strip()
    assert f"--directory '{tmp_path}/$(touch pwned)'" in command and command.endswith("results/set/png/train/01")


def damaged_copy(exported: Exported, copy: Path, *labels: str) -> Path:
    """A copy of the tree, without an image of each of these labels."""
    shutil.copytree(exported.tree, copy)
    for label in labels:
        sorted((copy / label).iterdir())[0].unlink()
    return copy


def test_a_copy_below_a_folder_called_results_is_repaired_where_the_user_works(
    exported: Exported, tmp_path: Path
) -> None:
    copy = damaged_copy(exported, tmp_path / "results/copy", "00")
    assert "--directory" not in exported.refusal(tree=copy)


def test_a_copy_that_no_run_makes_is_repaired_by_hand_from_results(exported: Exported, tmp_path: Path) -> None:
    copy = damaged_copy(exported, tmp_path / "copy/set/png/train", "00")
    message = exported.refusal(tree=copy)
    assert "replace the folders 00 with what this makes in results/set/png/train:" in message
    assert "--forcerun" not in message


def test_a_copy_is_repaired_by_the_results_that_the_advised_command_makes(exported: Exported, tmp_path: Path) -> None:
    copy = damaged_copy(exported, tmp_path / "copy", "00", "12")
    replace, command = exported.refusal(tree=copy).splitlines()[-2:]
    assert "replace the folders 00, 12 with what this makes in results/set/png/train:" in replace
    assert command.endswith(f"--cores 4 all --config datasets={exported.dataset}")


def test_pipes_sockets_and_links_are_named_and_not_opened(exported: Exported) -> None:
    os.mkfifo(exported.tree / "pipe")
    os.mkfifo(exported.tree / "01/pipe")
    (exported.tree / "01/link").symlink_to("/dev/zero")
    (exported.tree / "loop").symlink_to(exported.tree)
    here = os.open(".", os.O_RDONLY)
    os.chdir(exported.tree)  # because the path of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind("socket")
    finally:
        os.fchdir(here)
        os.close(here)
    message = exported.refusal(originals=False)
    for line in (
        "01/link (a symbolic link)",
        "01/pipe (not a file)",
        "loop (a symbolic link)",
        "pipe (not a file)",
        "socket (not a file)",
    ):
        assert f"  {line}\n" in message
    check_moving(message, exported)


def test_a_label_directory_that_is_a_link_is_refused(exported: Exported, tmp_path: Path) -> None:
    (exported.tree / "01").rename(tmp_path / "elsewhere")
    (exported.tree / "01").symlink_to(tmp_path / "elsewhere")
    message = exported.refusal()
    assert "extra: 1\n              01 (a symbolic link)\n" in message
    count = len(list((tmp_path / "elsewhere").iterdir()))
    assert f"missing: {count}\n" in message
    assert f" && mv -- {exported.tree}/01 extra-train/\n" in message


def test_a_timestamp_file_with_content_is_reported_as_extra(exported: Exported) -> None:
    (exported.tree / "01/.snakemake_timestamp").write_bytes(bytes(100_000))
    assert "extra: 1\n              01/.snakemake_timestamp\n" in exported.refusal()
    (exported.tree / "01/.snakemake_timestamp").unlink()
    (exported.tree / "01/.snakemake_timestamp").symlink_to("/dev/null")
    assert "01/.snakemake_timestamp (a symbolic link)\n" in exported.refusal()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "end of file"),
        (b"index\n", "end of file"),
        (b"\xff\xfe", "can't decode byte 0xff"),
        (b"index,class,writer\n0,0\n", "index 0, writer None"),
        (b"index,writer\n1,1\n", "index 1, writer 1"),
        (b'"' * 10**6, "index None, writer None"),
        (b"index,writer\n\0", "index "),
    ],
)
def test_a_file_that_is_not_a_manifest_is_reported(of_writers: Exported, content: bytes, found: str) -> None:
    of_writers.manifest.write_bytes(content)
    message = of_writers.refusal(originals=False)
    assert message.startswith(f"{of_writers.manifest}: no valid row for image 0\n")
    assert "expected: index 0, and whole numbers: writer\n" in message and found in message.partition("found: ")[2]
    assert len(message) < 1000


@pytest.mark.parametrize("value", ["2147483648", "9" * 5000, "x", ""])
def test_a_value_that_is_not_a_label_is_reported(of_writers: Exported, value: str) -> None:
    lines = of_writers.manifest.read_text().splitlines()
    lines[1] = f"{lines[1].rpartition(',')[0]},{value}"
    of_writers.manifest.write_text("\n".join(lines))
    assert f"{of_writers.manifest}: " in of_writers.refusal(originals=False)


def test_labels_with_several_columns_need_a_manifest(of_writers: Exported, tmp_path: Path) -> None:
    assert "its directories say the class of each image, but not: writer\n" in of_writers.refusal(
        manifest=None, originals=False
    )
    assert "file not found" in of_writers.refusal(manifest=str(tmp_path / "nowhere"), originals=False)
    os.mkfifo(tmp_path / "pipe")
    assert "file not found" in of_writers.refusal(manifest=str(tmp_path / "pipe"), originals=False)


@pytest.mark.slow
def test_the_command_prints_the_proof_or_the_problem(exported: Exported, tmp_path: Path) -> None:
    arguments = "--dataset", "set.yaml", "results/set/png/train"
    proven = run_script("verify", *arguments, "--log", "log", cwd=tmp_path)
    assert (proven.returncode, proven.stderr) == (0, "")
    assert proven.stdout.startswith(
        "results/set/png/train: 40 PNG files are the published images and labels of A set, split train ("
    )
    invert(exported.some())
    refused = run_script("verify", *arguments, "--images", "images", "--labels", "labels", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "altered: 1\n" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--images", "images", "results/set/png/train"], "give both --images and --labels"),
        (["--split", "nist", "results/set/png/train"], "no such split"),
        (
            ["--classes", "99", "--images", "images", "--labels", "labels", "--", "results/set/png/train"],
            "no such label",
        ),
        (["--limit", "0", "results/set/png/train"], "expected a number of at least 1"),
        (["--limit", "-3", "results/set/png/train"], "expected a number of at least 1"),
        (["nowhere"], "nowhere/train: there is nothing to verify"),
        (["set.yaml"], "set.yaml/train: there is nothing to verify"),
        (["--dataset", "results/set/train.json", "results/set/png/train"], "results/set/train.json: "),
        (["--images", "set.yaml", "--labels", "labels", "--limit", "3", "results/set/png/train"], "not an IDX file"),
        (["--images", "none", "--labels", "labels", "--limit", "3", "results/set/png/train"], "none: No such file"),
    ],
)
@pytest.mark.usefixtures("exported")
def test_a_mistake_in_the_command_is_reported_without_a_traceback(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    process = run_script("verify", "--dataset", "set.yaml", *arguments, cwd=tmp_path)
    assert process.returncode > 0
    assert message in process.stderr
    assert "Traceback" not in process.stderr
