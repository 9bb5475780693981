from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from plans import plan, refusal
from project import PROJECT


@pytest.mark.parametrize(
    ("datasets", "names"),
    [
        ("mnist", ["mnist"]),
        (["mnist"], ["mnist"]),
        (["fashion-mnist", "mnist"], ["fashion-mnist", "mnist"]),
        ("fashion-mnist,mnist", ["fashion-mnist", "mnist"]),
        ("fashion-mnist, mnist", ["fashion-mnist", "mnist"]),
    ],
)
def test_datasets_can_be_one_name_or_a_list_or_text_with_commas(datasets: Any, names: list[str]) -> None:
    assert list(plan(datasets=datasets).catalog.configured) == names


def test_a_path_names_a_dataset_file_of_the_user(own_file: Callable[..., str]) -> None:
    own = plan(datasets=[own_file(title="Mine"), "mnist"])
    assert {name: dataset.title for name, dataset in own.catalog.configured.items()} == {
        "digits": "Mine",
        "mnist": "MNIST",
    }


def test_a_shipped_dataset_that_is_not_configured_is_found_by_name() -> None:
    assert plan().catalog.dataset("fashion-mnist").title == "Fashion-MNIST"


def test_a_mistake_in_a_dataset_file_names_that_file(own_file: Callable[..., str]) -> None:
    path = own_file(title=3)
    assert refusal(datasets=path).startswith(f"{path}: wrong kind of value\n  at:       title")


def test_two_datasets_of_the_same_name_are_refused(own_file: Callable[..., str]) -> None:
    message = refusal(datasets=[own_file("a/digits.yaml"), own_file("b/digits.yaml")])
    assert "same name" in message
    assert "a/digits.yaml and " in message


def test_a_dataset_file_of_the_user_replaces_a_shipped_one_of_the_same_name(own_file: Callable[..., str]) -> None:
    assert plan(datasets=own_file("my/mnist.yaml", title="Mine")).catalog.dataset("mnist").title == "Mine"


@pytest.mark.parametrize(
    ("spdx", "texts"),
    [
        (None, []),
        ("CC0-1.0", ["CC0-1.0"]),
        ("LicenseRef-mine", []),
        ("(MIT OR Apache-2.0) AND MIT AND ISC", ["MIT", "Apache-2.0"]),
    ],
)
def test_every_license_of_an_expression_has_its_text(
    own_file: Callable[..., str], spdx: str | None, texts: list[str]
) -> None:
    found = plan(datasets=own_file(license={"spdx": spdx})).catalog.license_texts(SimpleNamespace(dataset="digits"))
    assert [Path(path).stem for path in found] == texts
    assert all(Path(path).is_file() for path in found)


def test_the_bundled_sample_is_found_beside_its_dataset_file() -> None:
    (folder,) = plan().catalog.dataset("mnist-sample").mirror_places()
    assert Path(folder) == PROJECT / "datasets/mnist-sample"


def test_a_mirror_with_an_unknown_protocol_is_refused(own_file: Callable[..., str]) -> None:
    path = own_file(mirrors=["ftp://example.org/"])
    message = refusal(datasets=path)
    assert message.startswith(f"{path}: ")
    assert "http, https, or file" in message
