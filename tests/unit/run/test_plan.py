import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import refusals
from builders import put
from idxpng.errors import DataError
from idxpng.run.facts import Facts
from idxpng.run.plan import OUTPUTS
from plans import SPLIT, Wildcards, plan
from project import PROJECT


def test_patterns_are_filled_with_every_configured_value() -> None:
    pattern = "<results>/{dataset}/png/{split}/{label}"
    sample = plan()
    assert sample.expand(pattern) == [
        f"<results>/mnist-sample/png/{split}/{label}" for split in ("train", "test") for label in range(10)
    ]
    assert sample.expand("{dataset}/{split}") == ["mnist-sample/train", "mnist-sample/test"]
    assert sample.expand("{dataset}") == ["mnist-sample"]
    assert sample.expand("{label}", "mnist", "test") == [str(label) for label in range(10)]


def test_a_target_makes_its_outputs_of_the_requested_splits() -> None:
    assert plan().outputs("csv") == [f"<results>/mnist-sample/csv/{split}.csv" for split in ("train", "test")]
    assert plan(splits="test").outputs("archive", "mnist") == ["<results>/mnist/archive/test.tar"]


def test_each_result_is_documented_with_the_target_that_makes_it() -> None:
    table = (PROJECT / "docs/reference.md").read_text(encoding="utf-8").partition("## Results")[2].partition("\n## ")[0]
    documented: dict[str, str] = {}
    for paths, targets in re.findall(r"^\| `results/\{dataset\}/(.*?)` \| `(.*?)` \|", table, re.MULTILINE):
        listed, names = paths.replace("/{index}.png", "").split("`, `"), targets.split("`, `")
        documented |= dict(zip(listed, names * (len(listed) // len(names)), strict=True))
    made = {path: target for target in reversed(OUTPUTS) for path in OUTPUTS[target]}
    assert documented == made, "the table of docs/reference.md"


def test_verify_gets_the_manifest_for_labels_with_several_columns() -> None:
    options = [plan("out").manifest_option(Wildcards(dataset=name, split="test")) for name in ("mnist", "qmnist")]
    assert options == [[], ["--manifest", "out/qmnist/manifest/test.csv"]]


def test_verify_gets_the_paths_of_the_originals() -> None:
    options = plan(resources="in").originals_options(Wildcards(dataset="mnist", split="test"))
    assert options == ["--images", "in/mnist/t10k-images-idx3-ubyte", "--labels", "in/mnist/t10k-labels-idx1-ubyte"]


def test_patterns_are_filled_with_the_configured_splits_alone(own_file: Callable[..., str]) -> None:
    other = own_file(splits={"dig": SPLIT})
    assert plan(datasets=["mnist", other], splits=["test"]).expand("{dataset}/{split}") == ["mnist/test"]
    message = refusals.refusal(
        plan(datasets=["mnist", other], splits="test").validated_splits, Wildcards(dataset="digits")
    )
    assert "digits has none of these splits\n  at:       splits\n  expected: some of dig\n  found:    test" in message
    assert plan(datasets=["mnist", other], splits=["dig", "test"]).expand("{dataset}/{split}") == [
        "mnist/test",
        "digits/dig",
    ]
    assert plan(datasets=["mnist", other]).expand("{split}") == ["train", "test", "dig"]
    assert plan(splits="train").expand("{split}", "mnist", "test") == ["test"]


def test_unknown_splits_and_files_are_refused_with_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"no such split[^$]*one of train, test"):
        plan().idx_files(Wildcards(dataset="mnist", split="t10k"))
    with pytest.raises(DataError, match=r"no such file[^$]*train-labels-idx1-ubyte\.gz"):
        Facts(plan()).of_download(Wildcards(dataset="mnist", published="train-labels.gz"))


@pytest.mark.parametrize(
    ("file", "published"), [("digits.gz", "digits.gz"), ("digits.xz", "digits.xz"), ("digits", "digits.plain")]
)
def test_published_and_decompressed_files_have_different_paths(
    own_file: Callable[..., str], file: str, published: str
) -> None:
    own = plan(datasets=own_file(splits={"train": SPLIT | {"images": {"file": file}}}))
    assert own.idx_files(Wildcards(dataset="digits", split="train")) == {
        "images": "<resources>/digits/digits",
        "labels": "<resources>/digits/train-labels-idx1-ubyte",
    }
    assert own.published(Wildcards(dataset="digits", idx="digits")) == f"<resources>/digits/{published}"
    (facts,) = Facts(own).of_download(Wildcards(dataset="digits", published=published))
    assert facts == {"file": file, "content_bytes": 47040016, "type": "uint8"}


def test_verify_needs_the_originals_only_when_the_pins_do_not_suffice(own_file: Callable[..., str]) -> None:
    sample = Wildcards(dataset="mnist-sample", split="test")
    assert plan().needed_originals(sample) == {}
    assert plan(limit=200).needed_originals(sample) == {}
    assert plan(limit=199).needed_originals(sample) == plan().idx_files(sample)
    facts = SPLIT | {"labels": {"file": "train-labels-idx1-ubyte.gz"}}
    own = plan(datasets=own_file(splits={"train": facts}))
    assert set(own.needed_originals(Wildcards(dataset="digits", split="train"))) == {"images", "labels"}


PART = {"from": "train", "rows": [50000, 60000]}


def test_a_split_that_is_part_of_a_different_split_is_made_only_on_request(own_file: Callable[..., str]) -> None:
    path = own_file(splits={"train": SPLIT, "validation": PART})
    pattern = "{dataset}/{split}"
    assert plan(datasets=path).expand(pattern) == ["digits/train"]
    assert plan(datasets=path, splits="validation").expand(pattern) == ["digits/validation"]
    assert plan(datasets=path, splits=["train", "validation"]).expand(pattern) == ["digits/train", "digits/validation"]
    assert plan(datasets=path, splits="validation", shard_size=3000).expand("{shard}")[-1] == "000003"
    of_part = Facts(plan(datasets=path)).of_split(Wildcards(dataset="digits", split="validation"))
    assert of_part["rows"] == (50000, 60000)
    idx = plan(datasets=path).idx_files(Wildcards(dataset="digits", split="validation"))
    assert idx == plan(datasets=path).idx_files(Wildcards(dataset="digits", split="train"))


def test_patterns_are_filled_with_the_configured_labels_alone(own_file: Callable[..., str]) -> None:
    some = plan(datasets=["mnist", "emnist-letters"], classes=[26, 3])
    assert some.expand("{dataset}/{label}", "mnist") == ["mnist/3"]
    assert some.expand("{dataset}/{label}", "emnist-letters") == ["emnist-letters/03", "emnist-letters/26"]
    assert some.selection_options(Wildcards(dataset="mnist")) == ["--classes", "3"]
    assert some.selection_options(Wildcards(dataset="emnist-letters")) == ["--classes", "3", "26"]
    assert some.limit_option(Wildcards()) == []
    of_mnist = Wildcards(dataset="mnist")
    assert plan(classes=7, limit=9).shard_options(of_mnist)[2:] == ["--limit", "9", "--classes", "7"]
    assert plan(classes="5,3").config.classes == (3, 5)  # so that another order makes nothing again


def test_an_archive_of_all_images_must_match_the_pinned_digest(own_file: Callable[..., str]) -> None:
    path = own_file(splits={"train": SPLIT | {"archive_sha256": "1f" * 32}, "part": PART})
    of_train = Wildcards(dataset="digits", split="train")
    assert plan(datasets=path).archive_options(of_train) == ["--sha256", "1f" * 32]
    assert plan(datasets=path).archive_options(Wildcards(dataset="digits", split="part")) == []
    assert plan(datasets=path, limit=60000).archive_options(of_train)[-2:] == ["--sha256", "1f" * 32]
    assert plan(datasets=path, limit=59999).archive_options(of_train) == ["--limit", "59999"]
    assert plan(datasets=path, classes=3).archive_options(of_train) == ["--classes", "3"]


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
    assert next(iter(own.catalog.dataset("digits").labels.items())) == (first, labels[0])


def test_the_images_of_thousands_of_labels_are_counted_in_time_in_proportion_to_them(
    own_file: Callable[..., str],
) -> None:
    count = 3000
    split = SPLIT | {"count": count, "class_counts": [1] * count}
    own = own_file(classes={str(label): "x" for label in range(count)}, label_type="int16", splits={"train": split})
    made = plan(datasets=own)
    dataset = made.catalog.configured["digits"]
    start = time.process_time()
    for label in dataset.labels:
        assert made.label_count(Wildcards(dataset="digits", split="train", label=label)) == 1
    assert time.process_time() - start < 0.3  # second; with all counts put together for each label it takes one or two


def test_labels_get_no_name_that_says_a_different_type(tmp_path: Path) -> None:
    for path in ("train/3/1.png", "train/300/1.png"):
        put(tmp_path / path)
    labels_of = plan(folders={"mine": str(tmp_path)}).folders.built_labels
    right, wrong = (Wildcards(dataset="mine", split="train", kind=f"idx1-{kind}") for kind in ("short", "ubyte"))
    assert labels_of(right) == "<results>/mine/idx/.train-labels.gz"
    message = refusals.refusal(labels_of, wrong)
    assert "train-labels-idx1-ubyte.gz" in message and "one of train-labels-idx1-short.gz" in message
