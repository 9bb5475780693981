from pathlib import Path
from typing import Any

import pytest
import yaml

from idxpng.dataset.file import load
from idxpng.run.config import OwnFolder
from plans import SCHEMA, SPLIT, plan, refusal, write_own_file
from project import PROJECT


def test_an_empty_configuration_selects_the_bundled_sample() -> None:
    empty = plan()
    assert list(empty.catalog.configured) == ["mnist-sample"]
    assert empty.config.limit is None
    assert empty.splits(empty.catalog.dataset("mnist-sample")) == ["train", "test"]


def test_config_yaml_lists_the_defaults() -> None:
    defaults = {key: rule["default"] for key, rule in SCHEMA["properties"].items() if "default" in rule}
    assert yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8")) == defaults


@pytest.mark.parametrize("splits", [2024, [2024], "2024"])
def test_a_split_whose_name_is_a_number_is_found(tmp_path: Path, splits: object) -> None:
    file = write_own_file(tmp_path)(splits={"2024": SPLIT, "other": {"from": "2024", "rows": [0, 1]}})
    assert plan(datasets=file, splits=splits).config.splits == ("2024",)


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        ({"dataset": "mnist"}, ["dataset", "datasets", "did you mean datasets?"]),
        ({"limits": 3}, ["limits", "did you mean limit?"]),
        ({"anything": 3}, ["anything", "datasets, folders, limit, mirrors"]),
        (
            {"datasets": "mnits"},
            ["at:       datasets", "found:    mnits", "did you mean mnist?", "kmnist, kuzushiji-49, mnist"],
        ),
        ({"datasets": "MNIST"}, ["did you mean mnist?"]),
        ({"datasets": "FashionMNIST"}, ["did you mean fashion-mnist?"]),
        ({"datasets": "kannada"}, ["did you mean kannada-mnist?"]),
        ({"datasets": "emnist"}, ["did you mean emnist-balanced or emnist-byclass or", "emnist-mnist?"]),
        ({"datasets": "mnist.yaml"}, ["mnist.yaml: file not found", "did you mean mnist?"]),
        ({"datasets": "results/f/idx/f.yaml"}, ["results/f/idx/f.yaml: file not found", "'folders={f: FOLDER}'"]),
        ({"datasets": []}, ["at:       datasets", "found:    []"]),
        ({"datasets": 5}, ["at:       datasets", "found:    5", "names from datasets"]),
        ({"datasets": None}, ["at:       datasets", "found:    null"]),
        ({"datasets": ["a b"]}, ["at:       datasets.0", 'found:    "a b"', "expected: "]),
        ({"datasets": "../mnist"}, ["at:       datasets", 'found:    "../mnist"', "expected: "]),
        ({"datasets": ["mnist", "mnist"]}, ["at:       datasets", "expected: each item once"]),
        ({"datasets": "nowhere/my.yaml"}, ["nowhere/my.yaml: file not found"]),
        ({"splits": "trian"}, ["at:       splits", "found:    trian", "test, train"]),
        ({"splits": ["train", "../x"]}, ["at:       splits.1", 'found:    "../x"', "expected: "]),
        ({"splits": []}, ["at:       splits", "found:    []"]),
        ({"splits": ["train", "train"]}, ["at:       splits", "expected: each item once"]),
        ({"limit": 0}, ["at:       limit", "found:    0", "1"]),
        ({"limit": -1}, ["at:       limit", "found:    -1"]),
        ({"limit": "ten"}, ["at:       limit", 'found:    "ten"', "a whole number or nothing"]),
        ({"limit": 2.5}, ["at:       limit", "found:    2.5", "a whole number or nothing"]),
        ({"limit": True}, ["at:       limit", "found:    true", "a whole number or nothing"]),
        ({"classes": [3, 12]}, ["at:       classes", "no such label", "found:    12", "0, 1, 2"]),
        ({"classes": "3,five"}, ["at:       classes.1", 'found:    "five"', "a whole number"]),
        ({"classes": []}, ["at:       classes", "found:    []"]),
        ({"classes": [3, 3]}, ["at:       classes", "expected: each item once"]),
        ({"classes": -1}, ["at:       classes", "at least 0"]),
        ({"classes": 1 << 31}, ["at:       classes", "at most 2,147,483,647"]),
        ({"shard_size": 0}, ["at:       shard_size", "at least 1"]),
        ({"shard_size": None}, ["at:       shard_size", "a whole number"]),
        ({"shuffle_seed": -1}, ["at:       shuffle_seed", "at least 0"]),
        ({"shuffle_seed": 1 << 32}, ["at:       shuffle_seed", "at most 4,294,967,295"]),
        ({"shuffle_seed": "x"}, ["at:       shuffle_seed", "a whole number or nothing"]),
        ({"csv_header": "maybe"}, ["at:       csv_header", "true or false"]),
        ({"on_nodes": 1}, ["at:       on_nodes", "true or false"]),
        ({"datasets": ["mnist", "emnist-letters"], "classes": 26}, ["mnist has none of these labels", "found:    26"]),
        ({"mirrors": "https://example.org/"}, ["at:       mirrors", "pairs of a key and a value"]),
        ({"mirrors": "https://me:secret@a.example/b?sig=secret"}, ['found:    "https://a.example/b"']),
        ({"mirrors": {"mnist": 3}}, ["at:       mirrors.mnist", "found:    3", "URL"]),
        ({"mirrors": {"minst": "/data"}}, ["at:       mirrors", "found:    minst", "did you mean mnist?"]),
        ({"mirrors": {"mnist": ""}}, ["expected: at least 1. ", "at:       mirrors.mnist", 'found:    ""', "URL"]),
        (
            {"mirrors": {"mnist": "ftp://me:secret@example.org/"}},
            ["at:       mirrors", "http, https, or file", "ftp://"],
        ),
        ({"mirrors": {"mnist": ["/data", "s3://bucket/"]}}, ["at:       mirrors", "http, https, or file", "s3://"]),
        ({"folders": "photos"}, ["at:       folders", "pairs of a key and a value"]),
        ({"folders": {"x" * 61: "my"}}, ["folders", "at most 60 characters"]),
        ({"folders": {"photos": ""}}, ["at:       folders.photos", "at least 1"]),
        ({"folders": {"photos": {"path": ""}}}, ["at:       folders.photos", "at least 1"]),
        ({"folders": {"photos": {"path": "my", "manifests": ""}}}, ["at:       folders.photos", "at least 1"]),
        (
            {"folders": {"photos": {"path": "my", "manifests": "m", "like": "a b"}}},
            ["at:       folders.photos", "A name from the folder datasets/"],
        ),
        ({"folders": {"photos": {"path": "my", "invert": "no"}}}, ["at:       folders.photos", "true or false"]),
        ({"folders": {"photos": 3}}, ["at:       folders.photos", "found:    3", "A folder; or a mapping with path"]),
        ({"folders": {"photos": {"manifests": "m"}}}, ["at:       folders.photos", "path"]),
        (
            {"folders": {"photos": {"path": "my", "like": "mnist"}}},
            ["a key is missing", "at:       folders.photos", "expected: manifests"],
        ),
        ({"folders": {"photos": {"path": "my", "manifest": "m"}}}, ["did you mean manifests?"]),
        ({"folders": {"my photos": "my"}}, ["folders", "letters, digits", "{my-photos: /path/to/my photos}"]),
        ({"mirrors": {"mnist:/data": ""}}, ["at:       mirrors", "space", "{mnist: /data}", "found:    {mnist:/data}"]),
        ({"mirrors": {"mnist:https://example.org/": None}}, ["{mnist: https://example.org/}"]),
        ({"folders": {"f": {"path:my": ""}}}, ["at:       folders.f", "{path: my}"]),
        ({"mirrors": {2024: "/data"}}, ["at:       mirrors", "found:    2024"]),
        ({"folders": {1: {"path": "my", "manifest": "m"}}}, ["at:       folders.1", "did you mean manifests?"]),
        ({"pathvars": {"resluts": "x"}}, ["at:       pathvars", "resluts", "did you mean results?"]),
        ({"pathvars": {"results": 3}}, ["at:       pathvars.results", "text"]),
        ({"pathvars": {"resources": 3}}, ["at:       pathvars.resources", "text"]),
        ({"pathvars": {"logs": ""}}, ["at:       pathvars.logs", "path of a folder"]),
        ({"pathvars": {"benchmarks": ""}}, ["at:       pathvars.benchmarks", "path of a folder"]),
    ],
    ids=str,
)
def test_a_mistake_is_reported_with_its_key_the_value_found_and_those_allowed(
    config: dict[str, Any], parts: list[str]
) -> None:
    message = refusal(**config)
    assert [part for part in parts if part not in message] == []
    assert "secret" not in message


@pytest.mark.parametrize("key", ["splits", "limit", "classes", "shuffle_seed", "mirrors", "folders"])
def test_a_key_without_a_value_is_as_if_it_were_not_there(key: str) -> None:
    config: dict[str, Any] = {key: None}
    assert plan(**config).config == plan().config


@pytest.mark.parametrize(
    "config", [{"shard_size": 1}, {"shuffle_seed": 0}, {"shuffle_seed": (1 << 32) - 1}, {"folders": {"x" * 60: "my"}}]
)
def test_the_least_and_the_greatest_value_are_accepted(config: dict[str, Any]) -> None:
    read = plan(**config).config
    assert {key: getattr(read, key) for key in config} != {key: getattr(plan().config, key) for key in config}


@pytest.mark.parametrize("key", ["limit", "shard_size", "shuffle_seed"])
def test_a_whole_number_written_as_a_float_is_accepted(key: str) -> None:
    config: dict[str, Any] = {key: 10.0}
    value = getattr(plan(**config).config, key)
    assert (value, type(value)) == (10, int)


def test_the_name_of_a_folder_may_be_a_number() -> None:
    assert plan(folders={1: "my/photos"}).config.folders == {"1": OwnFolder("my/photos")}


def test_the_home_directory_can_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert load(write_own_file(tmp_path)(mirrors=["~/data"])).mirror_places() == ["/home/me/data"]
    config = plan(mirrors={"mnist": ["~/data", "https://example.org/~you/"]}).config
    assert config.mirrors == {"mnist": ("/home/me/data", "https://example.org/~you/")}
    folders = {"one": "~/one", "two": {"path": "~/two", "manifests": "~/lists", "like": "mnist"}}
    assert plan(folders=folders).config.folders == {
        "one": OwnFolder("/home/me/one"),
        "two": OwnFolder("/home/me/two", "/home/me/lists", "mnist"),
    }
