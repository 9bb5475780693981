"""All of MNIST, the four official files, from an HTTP server to 70,000 PNG files."""

import hashlib
import json
import os
from pathlib import Path

import numpy
import pytest
import yaml
from PIL import Image

import tree_digest
from idxpng.dataset.file import load
from idxpng.formats.idx import IdxFile
from mirror_server import MirrorServer
from project import PROJECT, copy_project, snakemake
from speed import cpu_seconds

FILES = {"train": "train", "test": "t10k"}


CLASS_COUNTS = {
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}


@pytest.fixture(scope="module")
def exported(mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = copy_project(tmp_path_factory.mktemp("mnist"))
    with MirrorServer(mnist) as server:
        snakemake(project, "--cores", "2", "all", "--config", "datasets=mnist", f"mirrors={{mnist: {server.url}}}")
        assert sorted(request.path for request in server.requests) == sorted(
            f"/{path.name}" for path in mnist.glob("*.gz")
        )
    return project


@pytest.mark.parametrize("split", ["train", "test"])
def test_all_images_are_exported_pixel_for_pixel(exported: Path, split: str) -> None:
    png = exported / "results/mnist/png" / split
    with (
        IdxFile(exported / f"resources/mnist/{FILES[split]}-images-idx3-ubyte") as images,
        IdxFile(exported / f"resources/mnist/{FILES[split]}-labels-idx1-ubyte") as labels,
    ):
        expected = images.array()
        digits = len(str(len(images) - 1))
        made = {(label, name) for label in os.listdir(png) for name in os.listdir(png / label)}
        assert made == {(str(label), f"{index:0{digits}}.png") for index, label in enumerate(labels.values())}
        for label, name in made:
            with Image.open(f"{png}/{label}/{name}") as image:
                assert (image.mode, image.size) == ("L", (28, 28))
                assert image.tobytes() == expected[int(name[:-4])].tobytes()
    assert len(made) == len(images) == sum(CLASS_COUNTS[split])


def test_the_first_training_image_is_the_five_of_the_tutorials(exported: Path) -> None:
    with Image.open(exported / "results/mnist/png/train/5/00000.png") as image:
        pixels = numpy.asarray(image)
    assert pixels[5].tolist() == [0] * 12 + [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127] + [0] * 4


def test_the_tree_has_the_digest_that_the_readme_states(exported: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = tree_digest.main(str(exported / "results/mnist/png"))
    assert capsys.readouterr().err == "70,000 PNG files\n"
    assert f"`{digest}`" in (PROJECT / "README.md").read_text()


def check_pins(project: Path, name: str) -> None:
    """Check that the archive and the tree of each split have the digests that the dataset file pins."""
    for split, pinned in load(PROJECT / f"datasets/{name}.yaml").splits.items():
        archive = (project / f"results/{name}/archive/{split}.tar").read_bytes()
        assert hashlib.sha256(archive).hexdigest() == pinned.archive_sha256
        assert tree_digest.main(str(project / f"results/{name}/png/{split}")) == pinned.tree_sha256


def test_archives_and_trees_have_the_digests_that_are_pinned_and_documented(exported: Path) -> None:
    validation = [f"results/mnist/{path}" for path in ("archive/validation.tar", "png/validation")]
    snakemake(exported, "--cores", "2", "archive", *validation, "--config", "datasets=mnist")
    check_pins(exported, "mnist")
    for split in ("train", "test"):
        pinned = load(PROJECT / "datasets/mnist.yaml").splits[split].archive_sha256
        assert f"| `results/mnist/archive/{split}.tar` | `{pinned}` |" in (PROJECT / "docs/forms.md").read_text()


def test_the_archives_of_fashion_mnist_have_the_pinned_digests(tmp_path: Path) -> None:
    folder = os.environ.get("FASHION_MNIST_DIR", "/usr/share/datasets/fashion-mnist")
    if not Path(folder).is_dir():
        pytest.skip("needs Fashion-MNIST: set FASHION_MNIST_DIR, or install Debian's package dataset-fashion-mnist")
    project = copy_project(tmp_path / "fashion")
    config = ("datasets=fashion-mnist", f"mirrors={{fashion-mnist: {folder}}}")
    snakemake(project, "--cores", "2", "archive", "results/fashion-mnist/png", "--config", *config)
    check_pins(project, "fashion-mnist")


def test_the_images_become_the_published_idx_files_again(exported: Path) -> None:
    snakemake(exported, "--cores", "2", "idx", "--config", "folders={back: results/mnist/png}")
    built = yaml.safe_load((exported / "results/back/idx/back.yaml").read_text())["splits"]
    published = yaml.safe_load((PROJECT / "datasets/mnist.yaml").read_text())["splits"]
    for split in ("train", "test"):
        for role in ("images", "labels"):
            assert built[split][role]["content_sha256"] == published[split][role]["content_sha256"]


def test_the_tree_is_proven_to_be_mnist_in_less_than_20_seconds(exported: Path) -> None:
    assert cpu_seconds(exported, "--cores", "2", "verify", "--config", "datasets=mnist") < 20
    report = json.loads((exported / "results/mnist/verify/train.json").read_text())
    assert report["sha256"]["images"] == "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_classes_have_the_published_counts(exported: Path, split: str) -> None:
    png = exported / "results/mnist/png" / split
    assert [len(list((png / str(label)).glob("*.png"))) for label in range(10)] == CLASS_COUNTS[split]
    header = json.loads((exported / f"results/mnist/header/{split}.json").read_text())
    assert list(header["class_counts"].values()) == CLASS_COUNTS[split]
