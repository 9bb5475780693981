"""The whole workflow, used as people use Snakemake. The bundled sample stands for any dataset."""

import gzip
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml
from PIL import Image

from builders import OWN, idx_bytes, make_own_dataset, rewritten
from jobs import ALL, IMAGES, LABEL
from mirror_server import MirrorServer
from project import COUNT_TIMERS, PROJECT, Run, copy_finished, copy_project, files, rows_of, run_script, snakemake

OF_SHAPES = ("--config", "datasets=my/shapes.yaml")


def write_config(folder: Path, **config: object) -> None:
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


@pytest.fixture(scope="module")
def finished_shapes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A project folder after `all` of a user's dataset, and that run. Not to be changed: see `shapes`."""
    project = copy_project(tmp_path_factory.mktemp("shapes") / "project")
    make_own_dataset(project / "my")
    return project, snakemake(project, "--cores", "2", "all", *OF_SHAPES)


@pytest.fixture
def shapes(finished_shapes: tuple[Path, Run], tmp_path: Path) -> Path:
    """A copy of that folder."""
    return copy_finished(finished_shapes[0], tmp_path / "project")


def test_a_run_says_what_it_does_and_made(finished: Path) -> None:
    run = Run(0, finished.with_suffix(".txt").read_text(encoding="utf-8"))
    assert run.jobs == ALL
    assert "1,000 PNG files in results/mnist-sample/png/train" in run.output
    assert "--config datasets=mnist" in run.output, "a run on the sample says how to get all of MNIST"


def test_the_results_are_laid_out_as_documented(finished: Path) -> None:
    results = finished / "results/mnist-sample"
    assert sorted(path.name for path in results.iterdir()) == [
        ".settings",
        "digests.js",
        "duplicates.json",
        "header",
        "index.html",
        "manifest",
        "png",
        "preview",
        "statistics",
    ]
    assert [path.name for path in sorted((results / "png").iterdir())] == ["test", "train"]
    for split in ("train", "test"):
        assert [path.name for path in sorted((results / "png" / split).iterdir())] == [
            str(label) for label in range(10)
        ]
        counts = json.loads((results / f"header/{split}.json").read_text())["class_counts"]
        assert counts == {
            label.name: len(list(label.glob("*.png"))) for label in sorted((results / "png" / split).iterdir())
        }
    assert not list(finished.rglob("*.partial*"))


def test_every_manifest_row_is_an_image_with_these_pixels(finished: Path) -> None:
    root = finished / "results/mnist-sample"
    for split, count in (("train", 1000), ("test", 200)):
        rows = rows_of(root / f"manifest/{split}.csv")
        assert [int(row["index"]) for row in rows] == list(range(count))
        for row in rows:
            pixels = Image.open(root / "png" / row["path"]).tobytes()
            assert hashlib.sha256(pixels).hexdigest() == row["sha256"]
            assert row["path"].split("/")[:2] == [split, row["label"]]


def test_each_column_and_key_of_the_results_is_documented(finished: Path) -> None:
    results = finished / "results/mnist-sample"
    page = (PROJECT / "docs/reference.md").read_text(encoding="utf-8")
    found = {
        "Manifest columns": (results / "manifest/train.csv").read_text().splitlines()[0].split(","),
        "Header keys": json.loads((results / "header/train.json").read_text()),
        "Statistics keys": json.loads((results / "statistics/train.json").read_text()),
    }
    for title, names in found.items():
        rows = re.findall(r"^\| (`.*?) \|", page.partition(f"## {title}\n")[2].partition("\n## ")[0], re.MULTILINE)
        documented = {*re.findall(r"`(\w+)`", " ".join(rows))}
        assert documented - {"rows"} == {*names}, title  # of which the sample has none


def test_the_number_of_cores_and_the_folder_change_no_byte(finished: Path, project: Path) -> None:
    snakemake(project, "--cores", "1", "all")
    assert files(project / "results") == files(finished / "results")


def test_one_label_in_an_empty_tree_runs_only_what_it_needs(project: Path) -> None:
    run = snakemake(project, "--cores", "2", "results/mnist-sample/png/train/7")
    assert run.jobs == LABEL
    assert [path.name for path in (project / "results/mnist-sample/png/train").iterdir()] == ["7"]


def test_a_dataset_that_is_not_configured_can_be_asked_for_by_its_path(project: Path) -> None:
    assert snakemake(project, "-n", "results/mnist/png/train/7").jobs == LABEL


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("statistics/train.svg", {"measure"}),
        ("preview/train/first.png", {"preview"}),
        ("duplicates.json", {"find_duplicates"}),
        ("digests.js", {"make_page"}),
        ("manifest/train/7.csv", {"export", "merge_manifests"}),
    ],
)
def test_a_deleted_result_is_made_again(complete: Path, path: str, rules: set[str]) -> None:
    deleted = complete / "results/mnist-sample" / path
    before = deleted.read_bytes()
    deleted.unlink()
    assert snakemake(complete, "--cores", "4", "all").jobs.keys() >= rules
    assert deleted.read_bytes() == before


def test_a_moved_workflow_runs_nothing_again(finished: Path, complete: Path, tmp_path: Path) -> None:
    moved = copy_project(tmp_path / "moved")
    run = snakemake(tmp_path, "-s", str(moved / "Snakefile"), "--directory", str(complete), "--cores", "1", "all")
    assert "Nothing to be done" in run.output, "the paths of scripts and of the dataset file are untracked"


def test_a_deleted_label_remakes_one_export(complete: Path) -> None:
    label = complete / "results/mnist-sample/png/train/7"
    before = files(label)
    shutil.rmtree(label)
    made = {"export": 1, "merge_manifests": 1, "make_page": 1, "all": 1}
    assert snakemake(complete, "--cores", "4", "all").jobs == made
    assert files(label) == before


def test_a_changed_limit_exports_again_and_downloads_nothing(complete: Path) -> None:
    assert snakemake(complete, "-n", "all", "--config", "limit=10").jobs == IMAGES | {"write_settings": 1, "all": 1}
    manifest = "results/mnist-sample/manifest/train.csv"
    run = snakemake(complete, "--cores", "2", manifest, "--config", "limit=10")
    assert run.jobs == {"write_settings": 1, "export": 10, "merge_manifests": 1}
    rows = rows_of(complete / manifest)
    assert [row["label"] for row in rows] == ["5", "0", "4", "1", "9", "2", "1", "3", "1", "4"]


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("idxpng/formats/png", {"export"}),
        ("idxpng/formats/idx", {"decompress", "validate", "export", "preview", "measure"}),
        ("idxpng/formats/compressed", {"decompress", "validate", "export", "preview", "measure"}),
        ("export", {"export"}),
        ("idxpng/fetch/http_file", set()),
        ("idxpng/run/config", set()),
    ],
)
def test_an_edited_module_reruns_the_rules_that_use_it_and_no_download(
    complete: Path, module: str, rules: set[str]
) -> None:
    with (complete / f"scripts/{module}.py").open("a") as source:
        source.write("\nEDITED = True\n")
    run = snakemake(complete, "-n", "all")
    assert set(run.jobs) - {"merge_manifests", "find_duplicates", "make_page", "all"} == rules


PUBLISHED = "resources/mnist-sample/t10k-labels-idx1-ubyte.gz"


def test_a_verified_download_outlives_its_mirrors(complete: Path) -> None:
    before = (complete / PUBLISHED).read_bytes()
    shutil.rmtree(complete / "datasets/mnist-sample")
    assert snakemake(complete, "--cores", "1", "--force", PUBLISHED).jobs == {"download": 1}
    (complete / PUBLISHED).write_bytes(b"damaged")
    failed = snakemake(complete, "--cores", "1", "--force", PUBLISHED, succeed=False)
    assert "no mirror has the right file" in failed.output
    assert (complete / PUBLISHED).read_bytes() == b"damaged"
    (complete / PUBLISHED).write_bytes(before)
    snakemake(complete, "--cores", "1", "--force", PUBLISHED)
    assert (complete / PUBLISHED).read_bytes() == before


def test_all_output_can_be_deleted_and_nothing_is_left_of_a_download(complete: Path) -> None:
    snakemake(complete, "--cores", "1", "--force", PUBLISHED)
    snakemake(complete, "--cores", "1", "--delete-all-output", "all")
    assert [path.name for path in (complete / "results").rglob("*.*") if path.is_file()] == [".lock"]
    data = (complete / "datasets/mnist-sample" / Path(PUBLISHED).name).read_bytes()
    left = [path for folder in ("resources", ".snakemake") for path in (complete / folder).rglob("*") if path.is_file()]
    assert [path for path in left if path.read_bytes() == data or "ubyte" in path.name] == []


def test_a_changed_mirror_downloads_nothing_again(complete: Path) -> None:
    run = snakemake(complete, "-n", "all", "--config", "mirrors={mnist-sample: /somewhere/else}")
    assert "Nothing to be done" in run.output


def test_forcing_export_runs_every_export_and_nothing_before(complete: Path) -> None:
    run = snakemake(complete, "--cores", "2", "--forcerun", "export", "--config", "splits=test")
    made = {"export": 10, "merge_manifests": 1, "find_duplicates": 1, "make_page": 1, "all": 1}
    assert run.jobs == made | {"write_settings": 1}, "since the page has one split now"


@pytest.mark.parametrize(
    ("config", "jobs"),
    [
        ("datasets=mnist", ALL),
        ("datasets=[mnist,fashion-mnist]", {rule: 2 * n if rule != "all" else 1 for rule, n in ALL.items()}),
        ("splits=[train]", {rule: (n + 1) // 2 for rule, n in ALL.items()} | {"write_settings": 5}),
    ],
)
def test_the_command_line_configures(project: Path, config: str, jobs: dict[str, int]) -> None:
    assert snakemake(project, "-n", "--config", config).jobs == jobs


def test_it_runs_from_another_folder_with_the_configuration_there_on_top(project: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    write_config(work, limit=5, splits=["test"], classes=[1, 7])  # of the labels 7, 2, 1, 0, 4
    run = snakemake(tmp_path, "-s", str(project / "Snakefile"), "--directory", str(work), "--cores", "2")
    assert run.jobs["export"] == 2
    made = (work / "results/mnist-sample/png").rglob("*.png")
    assert sorted("/".join(path.parts[-3:]) for path in made) == ["test/1/002.png", "test/7/000.png"]
    assert not (project / "results").exists()


def test_it_runs_from_another_folder_without_a_configuration(project: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert snakemake(tmp_path, "-s", str(project / "Snakefile"), "--directory", str(work), "-n").jobs == ALL


def test_a_folder_with_the_name_of_a_target_is_no_target(project: Path) -> None:
    assert snakemake(project, "-n", "all", "--directory", "idx").jobs == ALL


def test_results_and_resources_can_be_moved(project: Path) -> None:
    write_config(project, splits="test", classes=[7], pathvars={"results": "out", "resources": "out/idx"})
    snakemake(project, "--cores", "2")
    assert (project / "out/mnist-sample/png/test/7/000.png").exists()
    assert (project / "out/idx/mnist-sample/t10k-labels-idx1-ubyte").exists()


def test_a_user_dataset_given_by_path_is_exported(finished_shapes: tuple[Path, Run], tmp_path: Path) -> None:
    project, run = finished_shapes
    images, labels = make_own_dataset(tmp_path)  # the same
    rows = rows_of(project / "results/shapes/manifest/train.csv")
    assert [int(row["label"]) for row in rows] == labels.tolist()
    assert {row["class_name"] for row in rows} == set(OWN["classes"].values())
    for row, image in zip(rows, images, strict=True):
        assert (numpy.asarray(Image.open(project / "results/shapes/png" / row["path"])) == image).all()
    assert "content_sha256: " in run.output, "a run without checksums shows the value to pin"


def test_dropped_labels_and_shards_leave_no_files_for_a_loader(shapes: Path) -> None:
    command = ("--cores", "2", "results/shapes/png", "webdataset", *OF_SHAPES)
    snakemake(shapes, *command, "shard_size=10")
    before = files(shapes / "results/shapes")
    with rewritten(shapes / "my/shapes.yaml") as document:
        document["classes"][10] = "an eleventh"  # so that labels have two digits
    run = snakemake(shapes, *command, "shard_size=30")
    labels = {f"{int(label):02}" for label in document["classes"]}
    assert {path.name for path in (shapes / "results/shapes/png/train").iterdir()} == labels
    assert {path.stem for path in (shapes / "results/shapes/manifest/train").iterdir()} == labels
    folder = shapes / "results/shapes/webdataset"
    listed = [shard["file"] for shard in json.loads((folder / "train.json").read_text())["shards"]]
    assert sorted(path.name for path in folder.glob("train-*.tar")) == listed
    assert sum(path.startswith("webdataset/train-") for path in before) > len(listed)
    assert "shards of an earlier run" in run.output
    assert "labels of an earlier run" in run.output


def test_the_values_that_a_run_shows_can_be_pinned(finished_shapes: tuple[Path, Run], shapes: Path) -> None:
    _, run = finished_shapes
    text = (shapes / "my/shapes.yaml").read_text()
    for role in ("images", "labels"):
        shown = re.search(rf"resources/shapes/shapes-{role}[^:]*: no digest.*content_sha256: (\w+)", run.output)
        assert shown, run.output
        text = text.replace(f"file: shapes-{role}", f"content_sha256: {shown[1]}\n      file: shapes-{role}")
    (shapes / "my/shapes.yaml").write_text(text)
    command = ("--cores", "1", "results/shapes/header/train.json", "--forceall", *OF_SHAPES)
    again = snakemake(shapes, *command)
    assert again.jobs["download"] == 2 and "no digest is pinned" not in again.output


def test_a_generated_dataset_file_runs(project: Path) -> None:
    make_own_dataset(project / "my")
    (project / "my/shapes.yaml").unlink()
    idx = ("my/idx/shapes-images-idx3-ubyte", "my/idx/shapes-labels-idx1-ubyte.gz")
    made = run_script("new_dataset", *idx, "--output", "my/shapes.yaml", cwd=project)
    run = snakemake(project, *shlex.split(made.stdout.partition("snakemake ")[2]))
    assert "no digest is pinned" not in run.output
    assert len(list((project / "results/shapes/png/train").rglob("*.png"))) == 30


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"splits": {"train": OWN["splits"]["train"] | {"count": 31}}}, "`count: 30`"),
        ({"label_type": "int32"}, "`label_type: uint8`"),
    ],
)
def test_a_mistake_in_a_user_dataset_file_is_reported_with_the_key_to_change(
    project: Path, change: dict[str, Any], told: str
) -> None:
    make_own_dataset(project / "my")
    (project / "my/shapes.yaml").write_text(yaml.safe_dump(OWN | change, allow_unicode=True))
    run = snakemake(project, "--cores", "1", "all", "--config", "datasets=my/shapes.yaml", succeed=False)
    assert "my/idx/shapes-" in run.output
    assert told in run.output
    assert "in another way" not in run.output


def test_a_replaced_download_is_not_exported(project: Path) -> None:
    """Also where only the digest of the published file is pinned, and that was right when it was downloaded."""
    make_own_dataset(project / "my")
    published = project / "my/idx/shapes-labels-idx1-ubyte.gz"
    document = OWN | {"splits": {"train": dict(OWN["splits"]["train"])}}
    pin = {"sha256": hashlib.sha256(published.read_bytes()).hexdigest()}
    document["splits"]["train"]["labels"] = {"file": published.name} | pin
    (project / "my/shapes.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))
    download = "resources/shapes/shapes-labels-idx1-ubyte.gz"
    snakemake(project, "--cores", "1", download, "--config", "datasets=my/shapes.yaml")
    (project / download).write_bytes(gzip.compress(idx_bytes(numpy.zeros(30, "uint8"))))
    run = snakemake(project, "--cores", "2", "all", "--config", "datasets=my/shapes.yaml", succeed=False)
    assert f"{download}: not the right file: its content differs" in run.output
    assert pin["sha256"] in run.output
    assert not (project / "results/shapes/png").exists()


def test_a_label_that_is_not_a_class_stops_the_run_before_any_export(project: Path) -> None:
    _, labels = make_own_dataset(project / "my")
    labels[17] = 9
    (project / "my/idx/shapes-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    run = snakemake(project, "--cores", "2", "all", "--config", "datasets=my/shapes.yaml", succeed=False)
    for words in ("image 17 has a label that is not a class", "byte 25", "one of 0, 1, 2", "found:    9"):
        assert words in run.output
    assert not (project / "results").exists() or not list((project / "results").rglob("*.png"))


def test_a_wrong_file_is_refused_and_named(project: Path, mnist: Path) -> None:
    with MirrorServer(mnist) as server:
        mirrors = ("--config", f"mirrors={{fashion-mnist: {server.url}}}")
        proxies = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
        wrong = "resources/fashion-mnist/t10k-labels-idx1-ubyte.gz"
        run = snakemake(project, "--cores", "1", wrong, *mirrors, succeed=False, **proxies)
    assert "not the right file: this is t10k-labels-idx1-ubyte.gz of MNIST" in run.output
    assert "--config 'mirrors={fashion-mnist: /path/to/folder}'" in run.output
    assert not list((project / "resources").rglob("*labels*"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--config", "dataset=mnist"], "unknown key"),
        (["--config", "datasets=nist"], "no such dataset"),
        (["results/mnist/png/train/10"], "one of 0, 1, 2"),
        (["results/mnist/header/dev.json"], "one of train, test"),
        (["resources/mnist/train-images.gz"], "no such file"),
        (["all", "pathvars={results: out}"], "write it last, after --config"),
    ],
)
def test_a_mistake_in_the_request_is_named_with_what_is_allowed(
    project: Path, arguments: list[str], words: str
) -> None:
    refused = snakemake(project, "-n", *arguments, succeed=False)
    assert words in refused.output
    assert "Error" not in refused.output and 'File "' not in refused.output, "the run ends with our message alone"


def test_snakemake_list_explains_every_rule(project: Path) -> None:
    listed = snakemake(project, "--list").output
    for rule in ALL:
        assert f"\n{rule} (" in f"\n{listed}"


def check_exported(project: Path, images: numpy.ndarray) -> None:
    for path in (project / "results/shapes/png").rglob("*.png"):
        assert (numpy.asarray(Image.open(path)) == images[int(path.stem)]).all()


def test_own_data_that_changed_is_fetched_and_exported_again(shapes: Path, tmp_path: Path) -> None:
    images, _ = make_own_dataset(tmp_path)  # the same
    command = ("--cores", "2", "all", *OF_SHAPES)
    assert "Nothing to be done" in snakemake(shapes, *command).output
    (shapes / "my/idx/shapes-images-idx3-ubyte").write_bytes(idx_bytes(255 - images))
    run = snakemake(shapes, *command)
    assert (run.jobs["download"], run.jobs["export"]) == (1, 3)
    check_exported(shapes, 255 - images)
    assert "Nothing to be done" in snakemake(shapes, *command).output


def test_own_data_that_is_pinned_and_replaced_is_named_with_the_command_that_pins_it(
    shapes: Path, tmp_path: Path
) -> None:
    images, _ = make_own_dataset(tmp_path)  # the same
    run_script("new_dataset", "--update", "my/shapes.yaml", cwd=shapes).check_returncode()
    command = ("--cores", "2", "results/shapes/png/train", *OF_SHAPES)
    assert "no longer the file" not in snakemake(shapes, *command).output
    replaced = shapes / "my/idx/shapes-images-idx3-ubyte"
    replaced.write_bytes(idx_bytes(255 - images))
    run = snakemake(shapes, *command)
    assert "Nothing to be done" in run.output
    (update,) = re.findall(r"my/idx/shapes-images-idx3-ubyte: no longer the file that .* pin it: (.+)", run.output)
    subprocess.run(["bash", "-c", update], cwd=shapes, check=True)
    run = snakemake(shapes, *command)
    assert (run.jobs["download"], run.jobs["export"]) == (1, 3)
    check_exported(shapes, 255 - images)
    assert "étoile" in (shapes / "my/shapes.yaml").read_text(encoding="utf-8")
    assert "no longer the file" not in snakemake(shapes, *command).output


def test_two_datasets_of_one_name_do_not_share_a_folder_of_results(shapes: Path) -> None:
    make_own_dataset(shapes / "b")
    other = ("--config", "datasets=b/shapes.yaml", "--forceall")
    run = snakemake(shapes, "--cores", "2", "all", *other, succeed=False)
    assert "results/shapes: has results of a different dataset with the same name" in run.output


def test_the_image_folder_holds_nothing_but_images(finished: Path) -> None:
    from sklearn.datasets import load_files

    png = finished / "results/mnist-sample/png"
    assert {path.suffix for path in png.rglob("*") if path.is_file()} == {".png"}
    train = load_files(png / "train", encoding=None, load_content=False)
    assert (len(train.filenames), train.target_names) == (1000, [str(label) for label in range(10)])


def test_a_folder_of_results_is_a_target(project: Path) -> None:
    png = "results/mnist-sample/png"
    command = ("--cores", "2", f"{png}/test", "--config")
    run = snakemake(project, *command, "classes=[3,7]")
    assert run.jobs["export"] == 2
    assert re.search(rf"Made in \d+ s:\n  {png}/test\n", run.output)
    made = {path.parent.relative_to(project / png) for path in (project / png).rglob("*.png")}
    assert made == {Path("test/3"), Path("test/7")}
    snakemake(project, *command, "classes=[3]")
    assert os.listdir(project / png / "test") == ["3"], "labels of an earlier run would be classes"
    snakemake(project, *command, "classes=[3,7]")
    assert "Nothing to be done" in snakemake(project, *command, "classes=[3,7]").output
    assert snakemake(project, "-n", f"{png}/test").jobs["export"] == 8


def test_no_timer_is_started_while_jobs_wait_for_a_core(project: Path) -> None:
    snakefile = (project / "Snakefile").read_text(encoding="utf-8")
    (project / "Snakefile").write_text(COUNT_TIMERS + snakefile, encoding="utf-8")
    make_own_dataset(project / "my")
    snakemake(project, "--cores", "1", "results/shapes/manifest/train.csv", *OF_SHAPES)
    assert not (project / "started").exists()
    shutil.rmtree(project / "results")
    timespan = ("--max-jobs-per-timespan", "100/1s")
    snakemake(project, "--cores", "1", "results/shapes/png/train/1", *timespan, *OF_SHAPES)
    assert (project / "started").exists(), "who sets a limit has it"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("limit: 10\ndatasets: [mnist\n", "line 3"),
        ("limit: 3\nlimit: 4\n", "line 2"),
        ("- 3\n", "[3]"),
        (Path("gone.yaml"), "file not found"),
        (Path("config.yaml"), "cannot be read"),
    ],
    ids=["no end", "a key twice", "a list", "a link to nothing", "a link to itself"],
)
def test_a_mistake_in_config_yaml_is_reported_with_file_and_line(tmp_path: Path, text: str | Path, told: str) -> None:
    path = tmp_path / "config.yaml"
    path.symlink_to(text) if isinstance(text, Path) else path.write_text(text)
    run = snakemake(tmp_path, "-s", str(PROJECT / "Snakefile"), "-n", "all", succeed=False)
    (message,) = re.findall(r"^config.yaml.*(?:\n  .*)*", run.output, re.MULTILINE)
    assert told in message


@pytest.mark.parametrize("text", ["", "# limit: 10\n"])
def test_all_keys_of_config_yaml_may_be_comments(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    assert snakemake(tmp_path, "-s", str(PROJECT / "Snakefile"), "-n", "all").jobs == ALL


def test_nothing_to_do_runs_nothing(complete: Path) -> None:
    assert "Nothing to be done" in snakemake(complete, "--cores", "4", "all").output


def test_class_counts_of_the_sample_are_those_of_its_labels(finished: Path) -> None:
    labels = gzip.decompress((finished / "datasets/mnist-sample/train-labels-idx1-ubyte.gz").read_bytes())[8:]
    counts = json.loads((finished / "results/mnist-sample/header/train.json").read_text())["class_counts"]
    assert counts == {str(label): count for label, count in sorted(Counter(labels).items())}
