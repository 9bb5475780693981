import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builders import put
from idxpng.run.facts import Facts
from plans import SPLIT, Wildcards, plan, write_own_file


def facts(**config: Any) -> Facts:
    return Facts(plan(**config))


def test_a_job_runs_again_only_for_facts_that_shape_its_output() -> None:
    sample, images = facts(), SPLIT["images"]
    (pinned,) = sample.of_download(Wildcards(dataset="mnist", published="train-images-idx3-ubyte.gz"))
    assert pinned | {"verified": "bytes"} == images | {"content_bytes": 47040016, "type": "uint8"}
    assert "verified" not in pinned, "otherwise a file would be downloaded again after it is verified"
    assert sample.of_split(Wildcards(dataset="mnist", split="train")) == {
        "count": 60000,
        "shape": (28, 28),
        "classes": {label: str(label) for label in range(10)},
        "class_counts": tuple(SPLIT["class_counts"]),
        "label_type": "uint8",
        "label_columns": ("class",),
        "orientation": "upright",
        "files": ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"],
        "digests": [images["content_sha256"], SPLIT["labels"]["content_sha256"]],
    }


def test_an_unpinned_file_is_tracked_by_its_urls_and_by_size_and_time_of_local_copies(
    own_file: Callable[..., str],
) -> None:
    file, url = "digits-idx3-ubyte.gz", "https://me:secret@a.example/idx"
    path = own_file(mirrors=["idx", url], splits={"train": SPLIT | {"images": {"file": file}}})
    seen = []
    for content in ("", "x", "y"):
        put(Path(path).parent / "idx/digits.idx3-ubyte", content)
        of_split = facts(datasets=path).sources(Wildcards(dataset="digits", split="train"))
        assert facts(datasets=path).sources(Wildcards(dataset="digits", split=file)) == {file: of_split[file]}
        (state, shown) = of_split[file]
        assert state.startswith("digits.idx3-ubyte ")
        assert (shown.endswith(f"a.example/idx/{file}"), "secret" in shown) == (True, False)
        seen.append(state)
    assert seen[0] != seen[1] != seen[2]


def test_a_file_and_a_split_of_one_name_have_sources_of_their_own(own_file: Callable[..., str]) -> None:
    files = {"images": {"file": "train"}, "labels": {"file": "labels"}}
    path = own_file(mirrors=["https://a.example"], splits={"train": SPLIT | files})
    assert facts(datasets=path).sources(Wildcards(dataset="digits", split="train")).keys() == {
        "train.plain",
        "labels.plain",
    }


def test_downloads_are_no_sources_where_their_folder_is_a_mirror(tmp_path: Path) -> None:
    file, wildcards = "digits-idx3-ubyte.gz", Wildcards(dataset="digits", split="train")
    path = write_own_file(tmp_path)(mirrors=["../digits"], splits={"train": SPLIT | {"images": {"file": file}}})
    (tmp_path / "digits").mkdir()
    for name in (file, file.removesuffix(".gz")):
        (tmp_path / "digits" / name).touch()
        assert Facts(plan(resources=str(tmp_path), datasets=path)).sources(wildcards) == {}
        (tmp_path / "digits" / name).unlink()
    (tmp_path / "digits/digits.idx3-ubyte").touch()
    assert Facts(plan(resources=str(tmp_path), datasets=path)).sources(wildcards) != {}, "a user's file"


@pytest.mark.parametrize(("at", "seen"), [(0, True), (3 << 19, False), (-1, True)], ids=["start", "middle", "end"])
def test_an_unpinned_file_is_tracked_by_its_first_and_last_bytes(
    own_file: Callable[..., str], tmp_path: Path, at: int, seen: bool
) -> None:
    file = "digits-idx3-ubyte.gz"
    path = own_file(mirrors=["."], splits={"train": SPLIT | {"images": {"file": file}}})
    states = []
    for value in (0, 1):
        content = bytearray(3 << 20)
        content[at] = value
        Path(path).with_name(file).write_bytes(content)
        os.utime(Path(path).with_name(file), (1e9, 1e9))
        states.append(facts(datasets=path).sources(Wildcards(dataset="digits", split=file)))
    assert (states[0] != states[1]) == seen


def test_an_unpinned_file_is_tracked_by_the_queries_of_its_urls_which_are_not_shown(
    own_file: Callable[..., str],
) -> None:
    def sources(query: str) -> str:
        file = "digits-idx3-ubyte.gz"
        splits = {"train": SPLIT | {"images": {"file": file}}}
        path = own_file(mirrors=[f"https://a.example/idx{query}"], splits=splits)
        (shown,) = facts(datasets=path).sources(Wildcards(dataset="digits", split=file))[file]
        return str(shown)

    assert len({sources(query) for query in ("", "?token=plugh", "?token=xyzzy")}) == 3
    assert "plugh" not in sources("?token=plugh")


@pytest.mark.parametrize(("pinned", "not_pinned"), [("images", "labels"), ("labels", "images")])
def test_an_archive_of_arrays_is_tracked_if_one_of_them_is_not_pinned(
    own_file: Callable[..., str], pinned: str, not_pinned: str
) -> None:
    arrays = {
        pinned: {"file": "digits.npz", "member": "a.npy", "content_sha256": "0" * 64},
        not_pinned: {"file": "digits.npz", "member": "b.npy"},
    }
    path = own_file(mirrors=["."], splits={"train": SPLIT | arrays})
    Path(path).with_name("digits.npz").write_bytes(b"")
    (state,) = facts(datasets=path).sources(Wildcards(dataset="digits", split="digits.npz"))["digits.npz"]
    assert state.startswith("digits.npz 0 ")


def test_an_unpinned_file_is_tracked_by_its_path_in_an_archive(own_file: Callable[..., str], tmp_path: Path) -> None:
    put(tmp_path / "my/a.zip")
    states = []
    for folder in ("first", "second"):
        splits = {"train": SPLIT | {"images": {"file": "images.gz", "member": f"{folder}/images.gz"}}}
        path = own_file(mirrors=["."], archive={"file": "a.zip", "bytes": 1}, splits=splits)
        states.append(facts(datasets=path).sources(Wildcards(dataset="digits", split="images.gz")))
    assert states[0] != states[1]


def test_an_unpinned_file_is_tracked_by_the_urls_of_configured_mirrors(own_file: Callable[..., str]) -> None:
    file = "digits-idx3-ubyte.gz"
    path = own_file(mirrors=["https://a.example"], splits={"train": SPLIT | {"images": {"file": file}}})
    of_file = Wildcards(dataset="digits", split=file)
    found = facts(datasets=path, mirrors={"digits": "https://b.example"}).sources(of_file)
    assert found == {file: [f"https://{host}.example/{file}" for host in "ba"]}


def test_a_pinned_file_and_one_that_is_nowhere_have_no_known_sources(own_file: Callable[..., str]) -> None:
    assert facts().sources(Wildcards(dataset="mnist", split="train")) == {}
    assert facts(datasets=own_file(mirrors=["idx"])).sources(Wildcards(dataset="digits", split="train")) == {}


def test_the_facts_of_a_download_include_the_archive_of_a_member() -> None:
    file = "emnist-letters-test-labels-idx1-ubyte.gz"
    (of_member,) = facts().of_download(Wildcards(dataset="emnist-letters", published=file))
    assert of_member["member"] == f"gzip/{file}"
    assert of_member["archive"] == ("gzip.zip", 561753746)


def test_a_job_runs_again_for_a_different_type_of_labels_of_the_same_size(own_file: Callable[..., str]) -> None:
    """An array is decompressed to labels of that type."""
    splits = {"train": SPLIT | {"labels": {"file": "labels.npy"}}}
    of = [facts(datasets=own_file(label_type=type_, splits=splits)) for type_ in ("uint8", "int8")]
    labels, split = Wildcards(dataset="digits", published="labels.npy"), Wildcards(dataset="digits", split="train")
    assert of[0].of_download(labels) != of[1].of_download(labels)
    assert of[0].of_split(split) != of[1].of_split(split)


def test_a_dataset_that_was_renamed_is_described_anew(own_file: Callable[..., str]) -> None:
    before = Path(own_file())
    after = before.rename(before.with_name("other.yaml"))
    description = facts(datasets=str(after)).description(Wildcards(dataset="other"))
    assert description["name"] == "other", "the card would cite it under its old name"
