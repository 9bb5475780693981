"""The command line of a script is derived from its function."""

import os
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest

from idxpng.command import Command
from idxpng.errors import DataError
from project import PROJECT, run_script

GIVEN: dict[str, Any] = {}


def main(
    images: Sequence[str],
    label_file: str,
    limit: int | None = 7,
    names: bool = False,
    only: Collection[int] | None = None,
) -> None:
    """Do it.

    Args:
        images, label_file: the IDX files, of which ``images``
            come first.
        limit: 100% of them: all by default.
        names: add names.
        only: some labels.

    Raises:
        DataError: never.
    """
    GIVEN.clear()
    GIVEN.update(images=images, label_file=label_file, limit=limit, names=names, only=only)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str, function: Callable[..., None] = main) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", ["main.py", *arguments])
    Command("What it does.").run(function)
    return GIVEN


def test_each_parameter_is_an_option_with_values_of_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    given = run(monkeypatch, "--images", "a", "b", "--label-file", "c", "--limit", "3", "--names", "--only", "4", "5")
    assert given == {"images": ["a", "b"], "label_file": "c", "limit": 3, "names": True, "only": [4, 5]}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero"])
def test_a_pipe_or_a_device_is_named_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    pipe = tmp_path / kind
    if not pipe.exists():
        os.mkfifo(pipe)
    there = [*tmp_path.iterdir()]
    calls: list[tuple[Any, ...]] = [
        ("show", pipe),
        ("merge_manifests", "--manifest", tmp_path / "new.csv", pipe),
        ("decompress", "--dataset", PROJECT / "datasets/mnist.yaml", "--published", pipe, "--idx", tmp_path / "new"),
        ("new_dataset", pipe),
    ]
    for words in calls:
        done = run_script(*words)
        assert done.returncode == 1
        assert f"{pipe}: a pipe or a device, not a file\n  to do:    give a file in its place" in done.stderr
    assert [*tmp_path.iterdir()] == there


def test_an_option_that_is_not_given_has_the_default_of_its_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    given = run(monkeypatch, "--images", "a", "--label-file", "c")
    assert given == {"images": ["a"], "label_file": "c", "limit": 7, "names": False, "only": None}


@pytest.mark.parametrize(
    "arguments", [["--images", "a"], *(["--images", "a", "--label-file", "c", "--limit", n] for n in ("x", "0", "-5"))]
)
def test_a_missing_option_or_one_of_the_wrong_type_is_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, *arguments)
    assert end.value.code == 2


@pytest.mark.parametrize("word", ["", "--names=", "--label-file=--", "--images=--"])
def test_an_empty_value_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--images", "a", "--label-file", "c", word)
    assert f"a value is missing: {word!r}" in capsys.readouterr().err


def test_lists_with_a_value_for_each_split_are_refused_if_one_is_longer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lists(images: Sequence[str], labels: Sequence[str]) -> None:
        """Do it."""
        GIVEN.update(images=images, labels=labels)

    with pytest.raises(SystemExit):
        run(monkeypatch, "--images", "a", "b", "--labels", "c", function=lists)
    assert "expected the same number of each, found 2 images, 1 labels" in capsys.readouterr().err
    assert run(monkeypatch, "--images", "a", "b", "--labels", "c", "d", function=lists)["labels"] == ["c", "d"]


def test_an_option_that_is_given_twice_has_the_values_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "--images", "a", "b", "--image", "c", "--label-file", "d")["images"] == ["a", "b", "c"]


def answer(
    files: Sequence[str] = (), /, kind: Literal["a", "b"] = "a", first: int = 0, last: int = 0, more: Sequence[str] = ()
) -> str:
    """Do it.

    Args:
        files: some.
        kind, first, last, more: which.
    """
    if kind == "b":
        raise DataError("b", "a bad\x1bkind")
    return f"{list(files)} {first} {last} {list(more)}"


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ([], "[] 0 0 []"),
        (["x", "y", "--first", "3", "--more"], "['x', 'y'] 3 0 []"),
        (["--more", "z", "--last", "4"], "[] 0 4 ['z']"),
    ],
)
def test_a_command_takes_positional_parameters_and_prints_what_its_function_returns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], printed: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py", *arguments])
    Command("What it does.").answer(answer)
    assert capsys.readouterr().out == printed + "\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--kind", "c"], 2), (["--kind", "b"], "b: a bad\\x1bkind")],
)
def test_a_command_refuses_other_choices_and_ends_with_the_error(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: object
) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py", *arguments])
    with pytest.raises(SystemExit) as end:
        Command("What it does.").answer(answer)
    assert end.value.code == code


class Pair(NamedTuple):
    """Two.

    Args:
        images: the images of both.
    """

    images: str
    limit: int | None = None


def test_the_fields_of_a_named_tuple_are_options(monkeypatch: pytest.MonkeyPatch) -> None:
    def paired(pair: Pair, label_file: str) -> None:
        """Do it.

        Args:
            label_file: a file.
        """
        GIVEN.clear()
        GIVEN.update(pair=pair, label_file=label_file)

    given = run(monkeypatch, "--images", "a", "--label-file", "c", function=paired)
    assert given == {"pair": Pair("a"), "label_file": "c"}
    given = run(monkeypatch, "--images", "a", "--label-file", "c", "--limit", "3", function=paired)
    assert given == {"pair": Pair("a", 3), "label_file": "c"}


def test_help_shows_how_the_docstring_of_a_named_tuple_explains_its_fields(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def paired(pair: Pair) -> None:
        """Do it."""

    with pytest.raises(SystemExit):
        run(monkeypatch, "--help", function=paired)
    shown = " ".join(capsys.readouterr().out.split())
    assert "--images IMAGES the images of both." in shown
    assert "--limit N take only the first N images; all by default." in shown


def test_help_shows_the_text_of_the_docstring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert "--label-file LABEL_FILE the IDX files, of which images come first." in shown
    assert "--limit N 100% of them: all by default." in shown
    assert "Raises" not in shown
