"""What `publish` makes is loaded by the tools that it is made for, with equal pixels and labels."""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from types import ModuleType

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}  # read when `datasets` is imported

import numpy
import pytest
import yaml
from huggingface_hub.utils import filter_repo_objects

import idxpng
from idxpng.formats.idx import IdxFile
from idxpng.publish.croissant import CLASSES, SPLITS
from idxpng.run.checks import BEGINNINGS
from idxpng.text import NAME
from project import PROJECT, copy_finished, files, snakemake
from write_parquet import features

FILES = {"train": "train", "test": "t10k"}
DATA = [f"{kind}/{split}.{suffix}" for kind, suffix in (("parquet", "parquet"), ("manifest", "csv")) for split in FILES]


@pytest.fixture(scope="module")
def datasets() -> ModuleType:
    """The package, which a type checker takes for our folder of that name."""
    return pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def published(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder after `publish`, which makes the images that are missing, too."""
    folder = copy_finished(finished, tmp_path_factory.mktemp("published") / "project")
    shutil.rmtree(folder / "results/mnist-sample/png/train/7")
    run = snakemake(folder, "--cores", "2", "publish")
    assert "1,000 PNG files" in run.output
    assert "Nothing to be done" in snakemake(folder, "--cores", "2", "publish").output
    return folder


def expected(project: Path, split: str) -> tuple[numpy.ndarray, numpy.ndarray]:
    start = project / f"resources/mnist-sample/{FILES[split]}"
    with IdxFile(f"{start}-images-idx3-ubyte") as images, IdxFile(f"{start}-labels-idx1-ubyte") as labels:
        return images.array(), labels.array()


@pytest.mark.parametrize("how", ["card", "parquet", "imagefolder"])
def test_datasets_loads_it_with_equal_pixels_and_labels(
    datasets: ModuleType, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    root = published / "results/mnist-sample"
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    if how == "card":
        loaded = datasets.load_dataset(str(root), cache_dir=str(tmp_path))
    elif how == "parquet":
        paths = {split: str(root / f"parquet/{split}.parquet") for split in FILES}
        loaded = datasets.load_dataset("parquet", data_files=paths, cache_dir=str(tmp_path))
    else:
        loaded = datasets.load_dataset("imagefolder", data_dir=str(root / "png"), cache_dir=str(tmp_path))
    assert set(loaded) == set(FILES)
    for split, rows in loaded.items():
        images, labels = expected(published, split)
        assert rows.features["label"].names == [str(label) for label in range(10)]
        # An image folder comes label by label, each in the order of its names.
        order = numpy.argsort(labels, kind="stable") if how == "imagefolder" else numpy.arange(len(labels))
        assert rows["label"] == labels[order].tolist()
        for image, index in zip(rows["image"], order, strict=True):
            assert (image.mode, image.size) == ("L", (28, 28))
            assert (numpy.asarray(image) == images[index]).all()


def test_croissant_is_valid_and_loads_with_equal_pixels_and_labels(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlcroissant

    monkeypatch.setenv("CROISSANT_CACHE", str(tmp_path))
    described = mlcroissant.Dataset(str(published / "results/mnist-sample/croissant.json"))
    assert not described.metadata.ctx.issues.errors
    assert described.metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    assert "Keras says CC BY-SA 3.0" in str(described.metadata.license)
    names = [record["class.names/name"] for record in described.records("class.names")]
    assert names == [str(label) for label in range(10)]
    assert [record["split.names/name"] for record in described.records("split.names")] == ["train", "test"]
    for split in FILES:
        images, labels = expected(published, split)
        records = list(described.records(split))
        assert [record[f"{split}/label"] for record in records] == labels.tolist()
        assert {record[f"{split}/split"] for record in records} == {split.encode()}
        for record, image in zip(records, images, strict=True):
            assert (numpy.asarray(record[f"{split}/image"]) == image).all()


def test_croissant_says_what_each_file_is_and_where_it_comes_from(published: Path) -> None:
    root = published / "results/mnist-sample"
    document = json.loads((root / "croissant.json").read_text(encoding="utf-8"))
    for file in document["distribution"]:
        content = (root / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["contentSize"] == f"{len(content)} B"
    assert [file["contentUrl"] for file in document["distribution"]] == DATA
    digests = {source["sha256"] for source in document["prov:wasDerivedFrom"]}
    idx = (published / "resources/mnist-sample").glob("*-ubyte")
    assert digests == {hashlib.sha256(path.read_bytes()).hexdigest() for path in idx}
    assert document["citeAs"] == (root / "CITATION").read_text(encoding="utf-8").strip()
    assert document["version"] == idxpng.__version__


def test_the_origin_of_all_is_recorded_with_digests_and_without_a_time(published: Path) -> None:
    root = published / "results/mnist-sample"
    document = json.loads((root / "provenance.json").read_text(encoding="utf-8"))
    assert document["workflow"] == {"version": idxpng.__version__}
    for package in ("pyarrow", "zlib-ng"):  # which make the bytes of the Parquet files and of the images in them
        assert document["software"][package] == version(package)
    for file in document["outputs"]:
        assert hashlib.sha256((root / file["path"]).read_bytes()).hexdigest() == file["sha256"]
    made = [file["path"] for file in document["outputs"]]
    assert made == [*DATA, "index.html", "README.md", "croissant.json", "LICENSE", "CITATION"]
    facts = yaml.safe_load((published / "datasets/mnist-sample.yaml").read_text(encoding="utf-8"))
    for source in document["inputs"]:
        pinned = facts["splits"][source["split"]][source["role"]]
        assert source["published"] == {"file": pinned["file"], "sha256": pinned["sha256"]}
        assert source["content"]["content_sha256"] == pinned["content_sha256"]


def test_the_origin_has_the_commit_where_the_workflow_is_a_clone(complete: Path) -> None:
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for command in (("init", "-q"), ("add", "."), (*author, "commit", "-qm", "All")):
        subprocess.run(["git", *command], cwd=complete, check=True)
    snakemake(complete, "--cores", "2", "publish")
    workflow = json.loads((complete / "results/mnist-sample/provenance.json").read_text())["workflow"]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=complete, check=True, capture_output=True, text=True).stdout
    assert workflow == {"version": idxpng.__version__, "commit": head.strip(), "modified": False}


def test_columns_of_the_workflow_are_reserved(datasets: ModuleType, published: Path) -> None:
    root = published / "results/mnist-sample"
    schema = yaml.safe_load((published / "schemas/dataset.schema.yaml").read_text(encoding="utf-8"))
    reserved = set(schema["properties"]["label_columns"]["items"]["not"]["enum"])
    manifest = (root / "manifest/test.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    rows = datasets.Dataset.from_parquet(str(root / "parquet/test.parquet"))
    snakemake(published, "--cores", "2", "webdataset")
    shard = next((root / "webdataset").glob("test-*.tar"))
    with tarfile.open(shard) as archive:
        suffixes = {name.partition(".")[2] for name in archive.getnames()}
    assert {*manifest, *rows.column_names, *suffixes} <= reserved


def test_parquet_holds_the_png_files_under_their_paths(datasets: ModuleType, published: Path, tmp_path: Path) -> None:
    root = published / "results/mnist-sample"
    rows = datasets.Dataset.from_parquet(str(root / "parquet/test.parquet"), cache_dir=str(tmp_path))
    images = rows.cast_column("image", datasets.Image(decode=False))["image"]
    assert {image["path"]: image["bytes"] for image in images} == {
        f"test/{path}": content for path, content in files(root / "png/test").items()
    }


def test_the_card_says_what_hugging_face_reads_and_what_people_must_know(published: Path) -> None:
    root = published / "results/mnist-sample"
    _, header, text = (root / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    facts = yaml.safe_load(header)
    assert facts["license"] == "unknown"
    assert facts["task_categories"] == ["image-classification"]
    assert facts["size_categories"] == ["1K<n<10K"]
    assert {split["name"]: split["num_examples"] for split in facts["dataset_info"]["splits"]} == {
        "train": 1000,
        "test": 200,
    }
    for name in ("LICENSE", "CITATION"):
        assert (root / name).read_text(encoding="utf-8").strip() in text
    folders = re.findall("`([a-z]+/)`", text)
    assert [name for name in folders if (root / name).is_dir()] == folders == ["parquet/", "png/", "manifest/"]
    assert "Keras says CC BY-SA 3.0, the Hugging Face card ylecun/mnist says MIT" in (root / "LICENSE").read_text()
    assert "doi:10.1109/5.726791" in (root / "CITATION").read_text()


@pytest.mark.parametrize("name", BEGINNINGS)
def test_a_run_knows_its_own_files_by_how_they_begin(published: Path, name: str) -> None:
    assert (published / "results/mnist-sample" / name).read_bytes().startswith(BEGINNINGS[name])


def test_no_split_can_have_the_name_of_a_different_record_set() -> None:
    assert [name for name in (CLASSES, SPLITS) if re.fullmatch(NAME, name)] == []


def test_nothing_is_published_into_the_image_folder(published: Path) -> None:
    names = {Path(path).suffix for path in files(published / "results/mnist-sample/png")}
    assert names == {".png"}


def test_the_documented_upload_has_all_but_the_png_files_their_digests_and_settings(published: Path) -> None:
    page = (PROJECT / "docs/loading.md").read_text("utf-8").replace("\\\n", "")
    (command,) = re.findall("^    (hf upload .*)$", page, re.MULTILINE)
    words = shlex.split(command)
    excluded = [value for option, value in pairwise(words) if option == "--exclude"]
    root = published / "results/mnist-sample"
    names = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    uploaded = set(filter_repo_objects(names | {"SHA256SUMS"}, ignore_patterns=excluded))
    assert uploaded == {name for name in names if not name.startswith(("png/", ".settings/"))}
    assert len(uploaded) < len(names) / 2


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        ({"0": "o", "1": "ki"}, ["o", "ki"]),
        ({"01": "A a", "02": "B b"}, ["none", "A a", "B b"]),
        ({"0": "x", "1": "x"}, ["0 x", "1 x"]),
        ({"0": "x", "9": "y"}, None),
    ],
)
def test_class_labels_are_the_values_in_the_labels_file(classes: dict[str, str], names: list[str] | None) -> None:
    assert features(classes, ["writer"])["label"].get("names") == names
