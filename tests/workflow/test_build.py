"""The way back as people ask for it: a folder of images becomes IDX files, and these a dataset like any other."""

from pathlib import Path

import numpy
from PIL import Image

from project import copy_project, files, snakemake


def make_photos(folder: Path) -> dict[str, bytes]:
    """Images of three classes in two splits; the pixels of each, by split and class name."""
    random = numpy.random.default_rng(0)
    made = {}
    for split, count in (("train", 12), ("test", 5)):
        for number in range(count):
            name = ("cat", "dog", "10 eels")[number % 3]
            path = folder / split / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(random.integers(0, 256, (6, 9), numpy.uint8))
            image.save(path)
            made[f"{split}/{number:0{len(str(count - 1))}}.png"] = image.tobytes()
    return made


def test_a_folder_becomes_idx_files_and_these_the_same_images_again(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    made = make_photos(project / "my/photos")
    build = ("idx", "--cores", "2", "--config", "folders={photos: my/photos}")
    run = snakemake(project, *build)
    assert run.jobs == {"build_idx": 2, "write_dataset": 1, "idx": 1}
    assert "--config datasets=results/photos/idx/photos.yaml" in run.output
    built = files(project / "results/photos/idx")
    assert "Nothing to be done" in snakemake(project, *build).output

    own = ("--cores", "2", "--config", "datasets=results/photos/idx/photos.yaml")
    snakemake(project, "all", *own)
    found = {
        f"{path.parts[-3]}/{path.name}": Image.open(path).tobytes()
        for path in (project / "results/photos/png").rglob("*.png")
    }
    assert found == made
    assert "published images and labels of photos" in snakemake(project, "verify", *own).output

    (project / "my/photos/test/cat/0.png").unlink()
    assert snakemake(project, *build).jobs == {"build_idx": 1, "write_dataset": 1, "idx": 1}
    assert files(project / "results/photos/idx").keys() == built.keys()


def test_an_exported_tree_becomes_the_same_idx_files(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    snakemake(project, "results/mnist-sample/png", "--cores", "2")
    snakemake(project, "idx", "--cores", "2", "--config", "folders={back: results/mnist-sample/png}")
    ours = ("--cores", "2", "--config", "datasets=results/back/idx/back.yaml")
    snakemake(project, "resources/back/train-images-idx3-ubyte", "resources/back/test-labels-idx1-ubyte", *ours)
    for back, original in (("train-images-idx3", "train-images-idx3"), ("test-labels-idx1", "t10k-labels-idx1")):
        content = (project / f"resources/mnist-sample/{original}-ubyte").read_bytes()
        assert (project / f"resources/back/{back}-ubyte").read_bytes() == content


def test_without_a_folder_it_says_how_to_name_one(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    assert "folders={photos: my/photos}" in snakemake(project, "idx", "--cores", "1", succeed=False).output
