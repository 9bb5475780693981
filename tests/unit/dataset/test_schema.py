"""The message of a mistake has its key, its line, what was found, what is allowed, and how to write what was meant."""

from pathlib import Path

import pytest

from idxpng.dataset.schema import check
from idxpng.dataset.strict_yaml import read_with_places, read_yaml
from idxpng.errors import DataError
from project import PROJECT

SCHEMA = read_yaml(PROJECT / "schemas/dataset.schema.yaml", "the schema")
REST = """
title: x
license: {spdx: null}
citation: x
splits: {a: {count: 1, shape: [1, 1], images: {file: i}, labels: {file: l}}}
"""


def told(folder: Path, text: str) -> str:
    """The message about a dataset file of this text."""
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    document, places = read_with_places(path, "mine.yaml")
    with pytest.raises(DataError) as error:
        check(document, SCHEMA, "mine.yaml", places=places)
    return str(error.value)


@pytest.mark.parametrize(
    ("classes", "found", "todo"),
    [
        (
            "{0: no, 1: yes}",
            "false (line 1, column 14)",
            'YAML reads no as false: put it in quotes if it is text: "no"',
        ),
        (
            "{0: 'no', 1: Yes}",
            "true (line 1, column 23)",
            'YAML reads Yes as true: put it in quotes if it is text: "Yes"',
        ),
        ("{0: on}", "true (line 1, column 14)", 'YAML reads on as true: put it in quotes if it is text: "on"'),
        ("{0: 7}", "7 (line 1, column 14)", 'put it in quotes if it is text: "7"'),
        ("{0: true}", "true (line 1, column 14)", 'put it in quotes if it is text: "true"'),
        ("{0: ~}", "null (line 1, column 14)", 'YAML reads ~ as null: put it in quotes if it is text: "~"'),
        ("{0: }", "null (line 1, column 14)", 'YAML reads nothing as null: put it in quotes if it is text: ""'),
    ],
)
def test_text_that_yaml_takes_for_something_else_needs_quotes(
    tmp_path: Path, classes: str, found: str, todo: str
) -> None:
    message = told(tmp_path, f"classes: {classes}\n{REST}")
    assert "  at:       classes." in message
    assert f"  found:    {found}\n" in message
    assert message.endswith(f"  to do:    {todo}")


def test_other_values_need_no_quotes(tmp_path: Path) -> None:
    assert "to do" not in told(tmp_path, f"{REST}classes: {{0: [a]}}")


def test_an_unknown_key_is_found_by_its_line(tmp_path: Path) -> None:
    message = told(tmp_path, "title: x\n\ntitel: y\n")
    assert "found:    titel (line 3, column 8)" in message
    assert "did you mean title?" in message


def test_an_unknown_key_may_be_long(tmp_path: Path) -> None:
    message = told(tmp_path, f"title: x\n? {'t' * 100_000}\n: y\n")
    assert "(100,000 characters)" in message
    assert len(message) < 800
