"""A tree of PNG files is proven to be the published dataset, or it is said which file is not."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from PIL import Image

import export
import validate
import verify
from dataset_files import write_dataset
from idx_bytes import idx_bytes
from project import copy_project, files, snakemake

CLASSES = {"00": "a", "01": "b", "12": "c"}
COUNT = 40
SHAPE = (6, 4)


class Exported:
    """A split of 40 random images, exported as the workflow does it; with ``settings`` of `LabelledImages`."""

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
        self.idx = str(folder / "images"), str(folder / "labels")
        Path(self.idx[0]).write_bytes(idx_bytes(random.integers(0, 256, (COUNT, *SHAPE), numpy.uint8)))
        Path(self.idx[1]).write_bytes(idx_bytes(stored))
        self.header = str(folder / "header.json")
        label_type = "uint8" if len(label_columns) == 1 else "int32"
        split = {"count": COUNT, "shape": list(SHAPE), "images": {"file": "images"}, "labels": {"file": "labels"}}
        dataset = write_dataset(
            folder / "set.yaml",
            classes={int(label): name for label, name in CLASSES.items()},
            label_type=label_type,
            label_columns=list(label_columns),
            splits={"train": split},
            **settings,
        )
        validate.main(dataset, "train", *self.idx, self.header)
        self.export()

    def export(self, limit: int | None = None) -> None:
        parts = []
        for label in CLASSES:
            manifest = self.root / f"manifest/train/{label}.csv"
            directory = str(self.tree / label)
            export.main(*self.idx, self.header, label, directory, str(manifest), limit)
            parts.append(manifest.read_text().splitlines())
        rows = sorted((row for part in parts for row in part[1:]), key=lambda row: int(row.split(",")[2]))
        (self.root / "manifest/train.csv").write_text("\n".join([parts[0][0], *rows, ""]))

    def verify(self, limit: int | None = None) -> None:
        verify.main(*self.idx, self.header, str(self.report), "my/set.yaml", limit)

    def refusal(self) -> str:
        with pytest.raises(verify.VerifyError) as refused:
            self.verify()
        assert not self.report.exists()
        return str(refused.value)

    def some(self, label: str = "01") -> Path:
        return sorted((self.tree / label).glob("*.png"))[0]


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    return Exported(tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"orientation": "transposed"},
        {"label_columns": ("series", "class", "writer")},
        {"orientation": "transposed", "label_columns": ("class", "writer")},
    ],
)
def test_what_was_exported_is_proven(tmp_path: Path, settings: dict[str, Any]) -> None:
    exported = Exported(tmp_path, **settings)
    exported.verify()
    assert f'"files": {COUNT}' in exported.report.read_text()


def test_a_limited_export_is_proven_to_be_the_first_images(exported: Exported) -> None:
    exported.export(limit=7)
    exported.verify(limit=7)
    assert "missing" in exported.refusal()


def test_another_encoder_makes_no_difference(exported: Exported) -> None:
    for path in exported.tree.rglob("*.png"):
        Image.open(path).save(path, optimize=True)
    exported.verify()


def invert(path: Path) -> None:
    Image.open(path).point(lambda value: 255 - value).save(path)


def swap_a_pixel(path: Path) -> None:
    image = Image.open(path)
    pixel = image.getpixel((0, 0))
    assert isinstance(pixel, int)
    image.putpixel((0, 0), pixel ^ 1)
    image.save(path)


def colour(path: Path) -> None:
    Image.open(path).convert("RGB").save(path)


def resize(path: Path) -> None:
    Image.open(path).resize((9, 9)).save(path)


def rotate(path: Path) -> None:
    Image.open(path).transpose(Image.Transpose.ROTATE_180).save(path)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (Path.unlink, "missing"),
        (invert, "altered"),
        (swap_a_pixel, "altered"),
        (colour, "altered"),
        (resize, "altered"),
        (rotate, "altered"),
        (truncate, "unreadable"),
        (empty, "unreadable"),
        (make_a_directory, "unreadable"),
    ],
)
def test_a_harmed_file_is_named_with_what_is_wrong(exported: Exported, harm: Callable[[Path], None], kind: str) -> None:
    path = exported.some()
    harm(path)
    message = exported.refusal()
    assert f"{kind}: 1\n" in message
    assert f"  01/{path.name}" in message
    assert message.endswith(f"all --config datasets=my/set.yaml --forcerun {exported.tree}/01")


def test_a_file_in_the_wrong_directory_is_named_and_both_labels_are_repaired(exported: Exported) -> None:
    path = exported.some()
    path.rename(exported.tree / "00" / path.name)
    message = exported.refusal()
    assert f"misplaced: 1\n              00/{path.name}" in message
    assert f"missing: 1\n              01/{path.name}" in message
    assert message.endswith(f"--forcerun {exported.tree}/00 {exported.tree}/01")


@pytest.mark.parametrize("name", ["01/99.png", "01/notes.txt", "05/00.png", "01/.hidden"])
def test_a_file_too_many_is_named(exported: Exported, name: str) -> None:
    (exported.tree / name).parent.mkdir(exist_ok=True)
    shutil.copyfile(exported.some(), exported.tree / name)
    assert f"extra: 1\n              {name}" in exported.refusal()


def test_two_images_that_changed_places_are_both_named(exported: Exported) -> None:
    first, second, *_ = sorted((exported.tree / "01").glob("*.png"))
    other = second.read_bytes()
    second.write_bytes(first.read_bytes())
    first.write_bytes(other)
    assert "altered: 2\n" in exported.refusal()


def test_of_many_the_first_twenty_and_a_count_are_shown(exported: Exported) -> None:
    for path in exported.tree.rglob("*.png"):
        path.unlink()
    message = exported.refusal()
    assert f"missing: {COUNT}\n" in message
    assert message.count(".png") == 20
    assert f"and {COUNT - 20} more" in message


def test_another_writer_in_the_manifest_is_no_proof(tmp_path: Path) -> None:
    exported = Exported(tmp_path, label_columns=("class", "writer"))
    manifest = exported.root / "manifest/train.csv"
    lines = manifest.read_text().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ",1"
    manifest.write_text("\n".join([*lines, ""]))
    assert "not what was published" in exported.refusal()


def test_no_tree_is_said_with_the_way_to_one(exported: Exported) -> None:
    shutil.rmtree(exported.tree)
    assert "there is nothing to verify" in exported.refusal()


def test_the_workflow_verifies_whenever_it_is_asked_and_its_repair_works(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    snakemake(project, "--cores", "2", "all")
    before = files(project / "results")
    for _ in range(2):
        assert snakemake(project, "--cores", "2", "verify").jobs == {"verify_split": 2, "verify": 1}
    (project / "results/mnist-sample/png/train/3/007.png").unlink()
    swap_a_pixel(project / "results/mnist-sample/png/test/7/000.png")
    assert "Nothing to be done" in snakemake(project, "-n", "all").output, "Snakemake itself sees nothing"
    run = snakemake(project, "--cores", "2", "--keep-going", "verify", succeed=False)
    commands = [line.partition("to do:")[2].split()[1:] for line in run.output.splitlines() if "to do:" in line]
    assert len(commands) == 2
    for command in commands:
        jobs = snakemake(project, *command).jobs
        assert jobs["export"] == 1
        assert "download" not in jobs
    snakemake(project, "--cores", "2", "verify")
    after = files(project / "results")
    assert {path: after[path] for path in before} == before
