import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from idxpng.config import WorkflowConfig
from idxpng.dataset import DatasetError

ROOT = Path(__file__).parents[2]
MNIST = yaml.safe_load((ROOT / "datasets/mnist.yaml").read_text(encoding="utf-8"))
SPLIT = MNIST["splits"]["train"]


def source(path: str) -> str:
    return str(ROOT / path)


def plan(**config: Any) -> WorkflowConfig:
    return WorkflowConfig(config, source)


def refusal(**config: Any) -> str:
    with pytest.raises(DatasetError) as error:
        plan(**config)
    return str(error.value)


@pytest.fixture
def own_file(tmp_path: Path) -> Callable[..., str]:
    """Writes a dataset file of one's own, MNIST's but for some keys, and gives its path."""

    def write(name: str = "my/digits.yaml", **changes: Any) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(MNIST | changes), encoding="utf-8")
        return str(path)

    return write


def test_an_empty_configuration_is_the_bundled_sample() -> None:
    empty = plan()
    assert list(empty.datasets) == ["mnist-sample"]
    assert empty.limit is None
    assert empty.splits(empty.dataset("mnist-sample")) == ["train", "test"]


def test_config_yaml_says_what_holds_without_it() -> None:
    schema = yaml.safe_load((ROOT / "schemas/config.schema.yaml").read_text(encoding="utf-8"))
    defaults = {key: of_key["default"] for key, of_key in schema["properties"].items() if "default" in of_key}
    assert yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")) == defaults


@pytest.mark.parametrize(
    ("datasets", "names"),
    [
        ("mnist", ["mnist"]),
        (["mnist"], ["mnist"]),
        (["fashion-mnist", "mnist"], ["fashion-mnist", "mnist"]),
    ],
)
def test_one_name_or_several_are_the_datasets(datasets: Any, names: list[str]) -> None:
    assert list(plan(datasets=datasets).datasets) == names


def test_a_path_is_a_dataset_of_ones_own(own_file: Callable[..., str]) -> None:
    own = plan(datasets=[own_file(title="Mine"), "mnist"])
    assert {name: dataset.title for name, dataset in own.datasets.items()} == {"digits": "Mine", "mnist": "MNIST"}


def test_datasets_that_are_not_configured_are_known_by_name() -> None:
    assert plan().dataset("fashion-mnist").title == "Fashion-MNIST"


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        ({"dataset": "mnist"}, ["dataset", "datasets", "did you mean datasets?"]),
        ({"limits": 3}, ["limits", "did you mean limit?"]),
        ({"anything": 3}, ["anything", "datasets, limit, mirrors"]),
        ({"datasets": "mnits"}, ["at:       datasets", "found:    mnits"]),
        ({"datasets": []}, ["at:       datasets", "found:    []"]),
        ({"datasets": 5}, ["at:       datasets", "found:    5", "names of files"]),
        ({"datasets": None}, ["at:       datasets", "found:    null"]),
        ({"datasets": ["a b"]}, ["at:       datasets.0", 'found:    "a b"', "expected: "]),
        ({"datasets": "../mnist"}, ["at:       datasets", 'found:    "../mnist"', "expected: "]),
        ({"datasets": ["mnist", "mnist"]}, ["at:       datasets", "non-unique"]),
        ({"datasets": "nowhere/my.yaml"}, ["nowhere/my.yaml: there is no such file"]),
        ({"splits": "trian"}, ["at:       splits", "found:    trian", "test, train"]),
        ({"splits": ["train", "../x"]}, ["at:       splits.1", 'found:    "../x"', "expected: "]),
        ({"splits": []}, ["at:       splits", "found:    []"]),
        ({"limit": 0}, ["at:       limit", "found:    0", "1"]),
        ({"limit": -1}, ["at:       limit", "found:    -1"]),
        ({"limit": "ten"}, ["at:       limit", 'found:    "ten"', "integer or null"]),
        ({"limit": 2.5}, ["at:       limit", "found:    2.5", "integer or null"]),
        ({"limit": True}, ["at:       limit", "found:    true", "integer or null"]),
        ({"mirrors": "https://example.org/"}, ["at:       mirrors", "object"]),
        ({"mirrors": {"mnist": 3}}, ["at:       mirrors.mnist", "found:    3", "URL"]),
        ({"mirrors": {"mnist": ""}}, ["at:       mirrors.mnist", 'found:    ""', "URL"]),
        (
            {"mirrors": {"mnist": "ftp://me:secret@example.org/"}},
            ["at:       mirrors", "http, https or file", "ftp://"],
        ),
        ({"mirrors": {"mnist": ["/data", "s3://bucket/"]}}, ["at:       mirrors", "http, https or file", "s3://"]),
        ({"pathvars": {"results": 3}}, ["at:       pathvars.results", "string"]),
    ],
    ids=str,
)
def test_a_mistake_is_told_with_key_found_and_allowed_before_anything_else(
    config: dict[str, Any], parts: list[str]
) -> None:
    message = refusal(**config)
    assert [part for part in parts if part not in message] == []
    assert "secret" not in message


def test_a_mistake_in_a_dataset_file_names_that_file(own_file: Callable[..., str]) -> None:
    path = own_file(title=3)
    assert refusal(datasets=path).startswith(f"{path}: wrong kind of value\n  at:       title")


def test_two_datasets_of_the_same_name_are_refused(own_file: Callable[..., str]) -> None:
    message = refusal(datasets=[own_file("a/digits.yaml"), own_file("b/digits.yaml")])
    assert "same name" in message
    assert "found:    digits" in message


def test_an_own_file_may_take_the_place_of_a_shipped_one(own_file: Callable[..., str]) -> None:
    assert plan(datasets=own_file("my/mnist.yaml", title="Mine")).dataset("mnist").title == "Mine"


def test_a_whole_number_is_a_limit_however_it_is_written() -> None:
    limit = plan(limit=10.0).limit
    assert (limit, type(limit)) == (10, int)


def test_configured_mirrors_come_first_and_then_those_of_the_dataset() -> None:
    mirrors = plan(mirrors={"mnist": ["https://example.org/mnist/", "/data/mnist", "near"], "fashion-mnist": "x"})
    file = "train-images-idx3-ubyte.gz"
    assert mirrors.mirrors("mnist", file) == ["https://example.org/mnist/", "/data/mnist", "near", *MNIST["mirrors"]]
    assert mirrors.mirrors("fashion-mnist", file)[0] == "x"
    assert plan(mirrors={"mnist": "file:///data/"}).mirrors("mnist", file) == ["file:///data/", *MNIST["mirrors"]]


@pytest.mark.parametrize("empty", [{}, None])
def test_without_configured_mirrors_there_are_those_of_the_dataset(empty: Any) -> None:
    assert plan(mirrors=empty).mirrors("mnist", "train-labels-idx1-ubyte.gz") == MNIST["mirrors"]


def test_relative_mirrors_are_seen_from_the_dataset_file(own_file: Callable[..., str]) -> None:
    path = own_file(mirrors=["files", "../up", "/absolute", "https://example.org/"])
    mirrors = plan(datasets=path).mirrors("digits", "train-images-idx3-ubyte.gz")
    folder = Path(path).parent
    assert [Path(mirror).resolve() for mirror in mirrors[:3]] == [
        folder / "files",
        folder.parent / "up",
        Path("/absolute"),
    ]
    assert mirrors[3:] == ["https://example.org/"]


def test_the_bundled_sample_is_found_beside_its_dataset_file() -> None:
    (folder,) = plan().mirrors("mnist-sample", "train-images-idx3-ubyte.gz")
    assert Path(folder) == ROOT / "datasets/mnist-sample"


def test_a_mirror_of_a_dataset_that_cannot_be_used_is_refused(own_file: Callable[..., str]) -> None:
    path = own_file(mirrors=["ftp://example.org/"])
    message = refusal(datasets=path)
    assert message.startswith(f"{path}: ")
    assert "http, https or file" in message


def test_patterns_are_filled_with_all_that_is_asked_for() -> None:
    pattern = "<results>/{dataset}/png/{split}/{label}"
    sample = plan()
    assert sample.expand(pattern) == [
        f"<results>/mnist-sample/png/{split}/{label}" for split in ("train", "test") for label in range(10)
    ]
    assert sample.expand("{dataset}/{split}") == ["mnist-sample/train", "mnist-sample/test"]
    assert sample.expand("{dataset}") == ["mnist-sample"]
    assert sample.expand("{label}", "mnist", "test") == [str(label) for label in range(10)]


def test_only_the_splits_that_are_asked_for_are_filled_in(own_file: Callable[..., str]) -> None:
    other = own_file(splits={"dig": SPLIT})
    assert plan(datasets=["mnist", other], splits=["test"]).expand("{dataset}/{split}") == ["mnist/test"]
    assert plan(datasets=["mnist", other], splits=["dig", "test"]).expand("{dataset}/{split}") == [
        "mnist/test",
        "digits/dig",
    ]
    assert plan(datasets=["mnist", other]).expand("{split}") == ["train", "test", "dig"]
    assert plan(splits="train").expand("{split}", "mnist", "test") == ["test"]


@pytest.mark.parametrize(
    ("labels", "first", "last"), [(range(62), "00", "61"), (range(1, 27), "01", "26"), (range(1, 10), "1", "9")]
)
def test_labels_are_padded_to_the_width_of_the_largest(
    own_file: Callable[..., str], labels: range, first: str, last: str
) -> None:
    facts = {key: value for key, value in SPLIT.items() if key != "class_counts"}
    classes = {label: f"class {label}" for label in labels}
    own = plan(datasets=own_file(classes=classes, splits={"train": facts}))
    names = own.expand("{label}")
    assert (names[0], names[-1], len(names)) == (first, last, len(labels))
    assert own.label("digits", first) == labels[0]
    assert own.class_name("digits", last) == f"class {labels[-1]}"
    assert list(own.expected("digits", "train")["classes"]) == names


def test_a_label_that_is_spelt_otherwise_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"no such label[^$]*expected: one of 0, 1[^$]*found: +07"):
        plan().label("mnist-sample", "07")


def test_unknown_splits_and_files_are_refused_with_the_known_ones() -> None:
    with pytest.raises(DatasetError, match=r"no such split[^$]*one of train, test"):
        plan().split("mnist", "t10k")
    with pytest.raises(DatasetError, match=r"no such file[^$]*train-labels-idx1-ubyte\.gz"):
        plan().pinned("mnist", "train-labels.gz")


def test_each_script_is_given_what_the_dataset_file_says() -> None:
    sample, images = plan(), SPLIT["images"]
    pinned = sample.pinned("mnist", "train-images-idx3-ubyte.gz")
    assert pinned | {"verified": "bytes"} == images | {"content_bytes": 47040016}
    assert "verified" not in pinned, "or a file would be downloaded anew whenever someone looks at it"
    content = {"size": 47040016, "sha256": images["content_sha256"], "download_checked": True}
    assert sample.content("mnist", "train-images-idx3-ubyte") == content
    assert sample.expected("mnist", "train") == {
        "count": 60000,
        "shape": (28, 28),
        "classes": {str(label): str(label) for label in range(10)},
        "class_counts": tuple(SPLIT["class_counts"]),
        "images_sha256": images["content_sha256"],
        "labels_sha256": SPLIT["labels"]["content_sha256"],
        "label_columns": ("class",),
    }


@pytest.mark.parametrize(
    ("file", "published"), [("digits.gz", "digits.gz"), ("digits.xz", "digits.xz"), ("digits", "digits.plain")]
)
def test_files_lie_under_names_that_tell_published_and_decompressed_apart(
    own_file: Callable[..., str], file: str, published: str
) -> None:
    own = plan(datasets=own_file(splits={"train": SPLIT | {"images": {"file": file}}}))
    idx_files = own.idx_files("digits", "train", "<resources>/{dataset}/{idx}")
    assert idx_files == {
        "images": "<resources>/digits/digits",
        "labels": "<resources>/digits/train-labels-idx1-ubyte",
    }
    assert own.published("digits", "digits", "<resources>/{dataset}/{published}") == f"<resources>/digits/{published}"
    assert own.pinned("digits", published) == {"file": file, "content_bytes": 47040016}
    assert own.content("digits", "digits")["download_checked"] is False


def test_download_is_told_of_which_archive_a_file_is_a_member() -> None:
    file = "emnist-letters-test-labels-idx1-ubyte.gz"
    pinned = plan().pinned("emnist-letters", file)
    assert pinned["member"] == f"gzip/{file}"
    assert pinned["archive"] == ("gzip.zip", 561753746)


def test_the_last_words_count_the_images_and_lead_from_the_sample_to_mnist(own_file: Callable[..., str]) -> None:
    assert "1,000 PNG files in results/mnist-sample/png/train" in plan().summary("results")
    assert "datasets=mnist" in plan().summary("results")
    limited = plan(datasets="mnist", limit=20_000).summary("/scratch")
    assert "20,000 PNG files in /scratch/mnist/png/train" in limited
    assert "10,000 PNG files in /scratch/mnist/png/test" in limited
    assert "sample" not in limited


def test_the_last_words_say_how_long_it_took_and_how_to_look_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = plan()
    later = time.monotonic() + 90
    monkeypatch.setattr("time.monotonic", lambda: later)
    words = sample.summary("results")
    assert "1,200 in all, after 1 min 30 s" in words
    for path in ("preview/train.png", "preview/test.png", "overview.html"):
        assert f"results/mnist-sample/{path}" in words
    assert "--report report.html" in words
