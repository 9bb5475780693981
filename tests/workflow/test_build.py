"""The way back as people ask for it: a folder of images becomes IDX files, and these a dataset like any other."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy
import pytest
import yaml
from PIL import Image

from builders import OWN, idx_bytes, put, put_image
from jobs import IDX
from project import Run, copy_finished, copy_project, files, run_script, snakemake

BUILD = ("idx", "--cores", "2", "--config", "folders={photos: my/photos}")
OF_ONE_SPLIT = dict.fromkeys((*IDX, "idx"), 1)


def make_photos(folder: Path) -> dict[str, bytes]:
    """Images of three classes in two splits; the pixels of each, by split and class name."""
    random = numpy.random.default_rng(0)
    made = {}
    for split, count in (("train", 12), ("test", 5)):
        for number in range(count):
            name = ("cat", "<b> {dog}", "10 eels")[number % 3]
            image = random.integers(0, 256, (6, 9), numpy.uint8)
            put_image(folder / split / name / f"{number}.png", image)
            made[f"{split}/{number:0{len(str(count - 1))}}.png"] = image.tobytes()
    return made


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A project folder with photos and their IDX files, and the run that made these. Not to be changed: see `built`."""
    project = copy_project(tmp_path_factory.mktemp("once") / "project")
    make_photos(project / "my/photos")
    return project, snakemake(project, *BUILD)


@pytest.fixture
def built(once: tuple[Path, Run], tmp_path: Path) -> Path:
    """A copy of that folder."""
    return copy_finished(once[0], tmp_path / "project")


def test_a_folder_of_images_survives_the_round_trip_through_idx_files(
    once: tuple[Path, Run], built: Path, tmp_path: Path
) -> None:
    _, run = once
    assert run.jobs == IDX | {"idx": 1}
    assert "--config datasets=results/photos/idx/photos.yaml" in run.output
    idx = files(built / "results/photos/idx")
    assert "Nothing to be done" in snakemake(built, *BUILD).output

    own = ("--cores", "2", "--config", "datasets=results/photos/idx/photos.yaml")
    snakemake(built, "results/photos/png", *own)
    found = {
        f"{path.parts[-3]}/{path.name}": Image.open(path).tobytes()
        for path in (built / "results/photos/png").rglob("*.png")
    }
    assert found == make_photos(tmp_path)
    assert "published images and labels of photos" in snakemake(built, "verify", *own).output

    (built / "my/photos/test/cat/0.png").unlink()
    assert snakemake(built, *BUILD).jobs == OF_ONE_SPLIT
    assert files(built / "results/photos/idx").keys() == idx.keys()

    copy, text = built / "mine.yaml", idx["photos.yaml"].decode()
    copy.write_text(text.replace("mirrors: [.]", "mirrors: [results/photos/idx]").replace("title: photos", "title: My"))
    run_script("new_dataset", "--update", "mine.yaml", cwd=built).check_returncode()
    assert "title: My\n" in copy.read_text() and "count: 4\n" in copy.read_text(), "as the first lines advise"


def test_a_built_file_that_is_damaged_is_made_again_by_the_advised_options(built: Path) -> None:
    idx = files(built / "results/photos/idx")
    own = ("results/photos/png/train", "--cores", "2", "--config", "datasets=results/photos/idx/photos.yaml")
    told = r"if it is damaged or lost, run the target (idx) again, with your folders and (.+)"
    for path in (built / "results/photos/idx").glob("train-*.gz"):
        path.write_bytes(gzip.compress(b"damaged"))
    target, options = re.findall(told, snakemake(built, *own, succeed=False).output)[0]
    assert target == BUILD[0] and snakemake(built, *BUILD, *options.split()).jobs["build_idx"] == 2
    assert files(built / "results/photos/idx") == idx
    snakemake(built, *own)
    path = built / "results/photos/idx/train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(b"damaged"))
    assert re.search(rf"{path.name}: no longer the file that .*; {told}", snakemake(built, *own).output)


def test_a_split_that_is_removed_leaves_the_dataset_file_without_snakemakes_notes(built: Path) -> None:
    shutil.rmtree(built / "my/photos/test")
    shutil.rmtree(built / ".snakemake")
    snakemake(built, *BUILD)
    document = yaml.safe_load((built / "results/photos/idx/photos.yaml").read_text())
    assert list(document["splits"]) == ["train"]


@pytest.mark.parametrize("target", ["idx", "results/mnist-sample/idx"])
def test_a_list_of_digests_has_the_idx_files_of_the_same_command(project: Path, target: str) -> None:
    make_photos(project / "my/photos")
    for count in (1, 2):
        snakemake(
            project, "checksums", target, "--cores", "2", "--config", "folders={mnist-sample: my/photos}", "limit=20"
        )
        folder = project / "results/mnist-sample"
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
        assert (folder / "SHA256SUMS").read_text().count(" idx/") == 7, count
        (project / "my/photos/test/cat/0.png").unlink(missing_ok=True)


def test_an_image_that_is_edited_in_place_makes_its_split_again(built: Path, tmp_path: Path) -> None:
    images = built / "results/photos/idx/test-images-idx3-ubyte.gz"
    before = gzip.decompress(images.read_bytes())
    edited = built / "my/photos/test/cat/0.png"
    folder = edited.parent.stat()
    Image.new("L", (9, 6), 77).save(tmp_path / "new.png")
    edited.write_bytes((tmp_path / "new.png").read_bytes())
    assert edited.parent.stat().st_mtime_ns == folder.st_mtime_ns, "or the folder alone would show it"
    assert snakemake(built, *BUILD).jobs == OF_ONE_SPLIT
    after = gzip.decompress(images.read_bytes())
    assert after == before[:16] + bytes([77]) * 54 + before[16 + 54 :]
    assert "Nothing to be done" in snakemake(built, *BUILD).output

    os.utime(edited, ns=(0, 0))
    assert snakemake(built, *BUILD).jobs["build_idx"] == 1


def test_a_manifest_gives_order_and_labels_and_like_gives_types(project: Path) -> None:
    random = numpy.random.default_rng(0)
    images = random.integers(0, 256, (30, 5, 7), numpy.uint8)
    labels = random.integers(0, 70_000, (30, 8)).astype(numpy.int32)
    labels[:, 0] %= 3
    columns = ["class", "series", "writer", "digit", "code", "global", "duplicate", "unused"]
    facts = OWN | {"label_type": "int32", "label_columns": columns, "orientation": "transposed"}
    put(project / "my/idx/shapes-images-idx3-ubyte", idx_bytes(images))
    (project / "my/idx/shapes-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    (project / "my/shapes.yaml").write_text(yaml.safe_dump(facts, allow_unicode=True))
    snakemake(project, "results/shapes/png/train", "--cores", "2", "--config", "datasets=my/shapes.yaml")

    def run(manifests: str, like: str = "my/shapes.yaml") -> Run:
        folder = f"{{path: results/shapes/png, manifests: {manifests}, like: {like}}}"
        config = ("--config", "datasets=my/shapes.yaml", f"folders={{back: {folder}}}")
        return snakemake(project, "idx", "--cores", "2", *config)

    def built(manifests: str) -> list[bytes]:
        assert run(manifests).jobs["build_idx"] == 1
        assert "Nothing to be done" in run(manifests).output
        files = (f"results/back/idx/train-{kind}.gz" for kind in ("images-idx3-ubyte", "labels-idx2-int"))
        return [gzip.decompress((project / file).read_bytes()) for file in files]

    assert built("results/shapes/manifest") == [idx_bytes(images), idx_bytes(labels)]
    head, *rows = (project / "results/shapes/manifest/train.csv").read_text().splitlines()
    put(project / "my/lists/train.csv", "\n".join([head, *rows[:1:-1], ""]))
    assert built("my/lists") == [idx_bytes(images[:1:-1]), idx_bytes(labels[:1:-1])]
    shutil.copy(project / "my/shapes.yaml", project / "my/same.yaml")
    assert "Nothing to be done" in run("my/lists", like="my/same.yaml").output


def test_the_name_of_a_labels_file_says_its_type(project: Path) -> None:
    for label in (7, 256):
        put_image(project / f"my/photos/{label}/a.png", numpy.full((4, 4), label % 256, numpy.uint8))
    snakemake(project, *BUILD)
    folder = project / "results/photos/idx"
    names = {"train-images-idx3-ubyte.gz", "train-labels-idx1-short.gz", "train.json", "photos.yaml"}
    built = files(folder)
    assert built.keys() == {*names, ".train-labels.gz"}
    assert gzip.decompress(built["train-labels-idx1-short.gz"])[8:] == bytes([0, 7, 1, 0])
    for name in names:
        (folder / name).unlink()
        snakemake(project, f"results/photos/idx/{name}", *BUILD[1:])
        assert files(folder) == built
    assert "Nothing to be done" in snakemake(project, *BUILD).output
    config = ("--cores", "2", "--config", "datasets=results/photos/idx/photos.yaml")
    assert snakemake(project, "results/photos/png/train", "verify", *config).jobs["verify_split"] == 1

    (project / "my/photos/256/a.png").rename(project / "my/photos/7/b.png")
    (project / "my/photos/256").rmdir()
    snakemake(project, *BUILD)
    assert files(folder).keys() == built.keys() - {"train-labels-idx1-short.gz"} | {"train-labels-idx1-ubyte.gz"}


def test_an_exported_tree_becomes_the_same_idx_files(complete: Path) -> None:
    snakemake(complete, "idx", "--cores", "2", "--config", "folders={back: results/mnist-sample/png}")
    ours = ("--cores", "2", "--config", "datasets=results/back/idx/back.yaml")
    snakemake(complete, "resources/back/train-images-idx3-ubyte", "resources/back/test-labels-idx1-ubyte", *ours)
    for back, original in (("train-images-idx3", "train-images-idx3"), ("test-labels-idx1", "t10k-labels-idx1")):
        content = (complete / f"resources/mnist-sample/{original}-ubyte").read_bytes()
        assert (complete / f"resources/back/{back}-ubyte").read_bytes() == content


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a folder of images and an empty folder, for dry runs."""
    project = copy_project(tmp_path_factory.mktemp("photos"))
    make_photos(project / "my/photos")
    (project / "my/empty").mkdir()
    put(project / "results/other/idx/other.yaml")  # of an earlier run, whose folder is no longer configured
    return project


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("photos/idx/tset-images-idx3-ubyte.gz", "expected: in photos/idx: photos.yaml, train-images-idx3-ubyte.gz, "),
        ("photo/idx/photo.yaml", "no such folder\n  at:       folders\n  expected: one of photos\n  found:    photo"),
        ("none/idx/train-images-idx3-ubyte.gz", "no such folder"),
        ("other/idx/other.yaml", "no such folder"),
        ("empty/idx", "my/empty"),
    ],
)
def test_a_target_in_the_folder_idx_that_no_rule_makes_is_refused_in_words(
    photos: Path, target: str, told: str
) -> None:
    folders = "{photos: my/photos, empty: my/empty}" if "empty" in target else "{photos: my/photos}"
    run = snakemake(photos, "-n", f"results/{target}", "--config", f"folders={folders}", succeed=False)
    assert told in run.output
    assert "No rule to produce" not in run.output


def test_the_folder_idx_of_one_of_several_folders_is_a_target(photos: Path) -> None:
    run = snakemake(photos, "-n", "results/photos/idx", "--config", "folders={photos: my/photos, empty: my/empty}")
    assert run.jobs == IDX | {"results/photos/idx": 1}


def test_a_missing_folder_is_reported_in_words(project: Path) -> None:
    assert "my/photos: folder not found" in snakemake(project, *BUILD, succeed=False).output
    unnamed = snakemake(project, "--cores", "1", "idx", succeed=False).output
    assert "no folder of images" in unnamed and "folders={photos: my/photos}" in unnamed


def test_a_table_of_labels_that_is_missing_is_named(photos: Path) -> None:
    for manifests in ("lables.csv", "my"):
        config = f"folders={{photos: {{path: my/photos, manifests: {manifests}}}}}"
        run = snakemake(photos, "-n", "idx", "--config", config, succeed=False)
        assert f"{manifests}: no table of labels\n  at:       folders.photos.manifests" in run.output


def test_a_folder_whose_name_begins_with_a_dash_is_read(project: Path) -> None:
    make_photos(project / "-photos")
    snakemake(project, "--cores", "2", "idx", "--config", "folders={photos: -photos}")
    assert (project / "results/photos/idx/photos.yaml").is_file()


def test_a_folder_for_each_class_and_a_table_of_labels_become_idx_files(project: Path) -> None:
    drawn = numpy.random.default_rng(0).integers(200, 256, (4, 6, 9), numpy.uint8)
    for number, image in enumerate(drawn):
        for place in (f"pets/{'cat' if number % 2 else 'dog'}", "scans"):
            put_image(project / place / f"{number}.png", image)
    table = project / "labels.csv"
    table.write_bytes("\ufeffpath,label\r\n2.png,7\r\n0.png,3\r\n".encode())
    folders = "folders={pets: pets, scans: {path: scans, manifests: labels.csv, invert: true}}"

    run = snakemake(project, "idx", "--cores", "2", "--config", folders)
    assert "train-images-idx3-ubyte.gz: the images are dark on light" in run.output
    for name, images, labels in (("pets", drawn, [1, 0, 1, 0]), ("scans", 255 - drawn[[2, 0]], [7, 3])):
        folder = project / f"results/{name}/idx"
        assert gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes()) == idx_bytes(images)
        found = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())
        assert found == idx_bytes(numpy.array(labels, numpy.uint8))
        facts = yaml.safe_load((folder / f"{name}.yaml").read_text())
        assert facts.get("inverted", False) == (name == "scans")
    assert "Nothing to be done" in snakemake(project, "idx", "--cores", "2", "--config", folders).output

    own = ("--cores", "2", "--config", "datasets=results/scans/idx/scans.yaml")
    assert (
        "published images and labels of scans" in snakemake(project, "results/scans/png/train", "verify", *own).output
    )
    table.write_text("path,label\n1.png,7\n0.png,3\n")
    upright = folders.replace(", invert: true", "")
    assert snakemake(project, "idx", "--cores", "2", "--config", upright).jobs["build_idx"] == 1
    found = gzip.decompress((project / "results/scans/idx/train-images-idx3-ubyte.gz").read_bytes())
    assert found == idx_bytes(drawn[[1, 0]])
