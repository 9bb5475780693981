"""The command line of a script is derived from its function."""

import sys
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from idxpng.command import Command

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


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    monkeypatch.setattr(sys, "argv", ["main.py", *arguments])
    Command("What it does.").run(main)
    return GIVEN


def test_each_parameter_is_an_option_with_values_of_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    given = run(monkeypatch, "--images", "a", "b", "--label-file", "c", "--limit", "3", "--names", "--only", "4", "5")
    assert given == {"images": ["a", "b"], "label_file": "c", "limit": 3, "names": True, "only": [4, 5]}


def test_an_option_that_is_not_given_has_the_default_of_its_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    given = run(monkeypatch, "--images", "a", "--label-file", "c")
    assert given == {"images": ["a"], "label_file": "c", "limit": 7, "names": False, "only": None}


@pytest.mark.parametrize("arguments", [["--images", "a"], ["--images", "a", "--label-file", "c", "--limit", "x"]])
def test_a_missing_option_or_one_of_the_wrong_type_is_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run(monkeypatch, *arguments)
    assert end.value.code == 2


def test_an_argument_added_by_hand_replaces_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py", "c", "--images", "a"])
    command = Command("What it does.")
    command.add_argument("label_file")
    command.run(main)
    assert (GIVEN["label_file"], GIVEN["images"]) == ("c", ["a"])


def test_help_shows_the_text_of_the_docstring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--help")
    shown = " ".join(capsys.readouterr().out.split())
    assert "--label-file LABEL_FILE the IDX files, of which images come first." in shown
    assert "--limit N 100% of them: all by default." in shown
    assert "Raises" not in shown
