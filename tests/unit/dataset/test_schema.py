"""The message about a mistake has its key, its line, the value found, the values allowed, and a remedy."""

import re
from pathlib import Path

import pytest

import plans
from dataset_files import SCHEMA
from idxpng.dataset.schema import check
from idxpng.dataset.strict_yaml import read_with_places
from idxpng.formats.idx import LABELS
from idxpng.text import NAME
from refusals import refusal

REST = """
title: x
license: {spdx: null}
citation: x
splits: {a: {count: 1, shape: [1, 1], images: {file: i}, labels: {file: l}}}
"""


def message_about(folder: Path, text: str) -> str:
    """The message about a dataset file with this text."""
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    document, places = read_with_places(path, "mine.yaml")
    return refusal(check, document, SCHEMA, "mine.yaml", places=places)


@pytest.mark.parametrize(
    ("classes", "found", "todo"),
    [
        (
            "{0: no, 1: 'yes'}",
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
def test_text_that_yaml_reads_as_a_different_type_is_refused_with_the_advice_to_quote_it(
    tmp_path: Path, classes: str, found: str, todo: str
) -> None:
    message = message_about(tmp_path, f"classes: {classes}\n{REST}")
    assert "  at:       classes." in message
    assert f"  found:    {found}\n" in message
    assert message.endswith(f"  to do:    {todo}")


def test_quotes_are_not_advised_for_a_list(tmp_path: Path) -> None:
    assert "to do" not in message_about(tmp_path, f"{REST}classes: {{0: [a]}}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("label_columns: [label]", "class. Names of the columns"),
        ("creators: []", "at least 1. Who made it"),
        ("classes: {}", "at least 1. What each value"),
        ("archive: {file: a.zip, bytes: 0}", "at least 1. Size of the archive."),
        ("splits: {a: {from: b, rows: [0, 4294967296]}}", "at most 4,294,967,295."),
    ],
)
def test_too_little_and_too_much_are_said_in_words(tmp_path: Path, text: str, expected: str) -> None:
    kept = [line for line in f"{REST}classes: {{0: a}}".splitlines() if line.split(":")[0] != text.split(":")[0]]
    message = message_about(tmp_path, "\n".join([*kept, text]))
    assert message.startswith("mine.yaml: not allowed here\n")
    assert f"  expected: {expected}" in message


def test_an_unknown_key_is_reported_with_its_line(tmp_path: Path) -> None:
    message = message_about(tmp_path, "title: x\n\ntitel: y\n")
    assert "found:    titel (line 3, column 8)" in message
    assert "\n  to do:    did you mean title?" in message


def test_a_long_unknown_key_is_shortened(tmp_path: Path) -> None:
    message = message_about(tmp_path, f"title: x\n? {'t' * 100_000}\n: y\n")
    assert "(100,000 characters)" in message
    assert len(message) < 800


@pytest.mark.parametrize(
    "name", ["a", "A-1_b", "2024", "a.b", "_a", "-a", "a b", "a/b", "\N{GREEK SMALL LETTER ALPHA}", "a\n", ""]
)
def test_the_schemas_allow_the_names_that_the_rules_have_files_for(name: str) -> None:
    places = SCHEMA["properties"]["splits"], plans.SCHEMA["properties"]["folders"]
    keys = [place["propertyNames"]["pattern"] for place in places]
    values = [plans.SCHEMA["$defs"][what]["pattern"] for what in ("dataset", "split")]
    allowed = bool(re.fullmatch(NAME, name))
    assert [bool(re.search(pattern, name)) for pattern in keys + values] == [allowed] * 4


def test_the_schema_allows_the_types_of_labels_that_can_be_read() -> None:
    assert SCHEMA["properties"]["label_type"]["enum"] == [*LABELS]
