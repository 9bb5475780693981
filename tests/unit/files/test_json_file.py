"""JSON that earlier steps made is what they write, or is refused with the place that differs."""

import re
from pathlib import Path
from typing import Any

import pytest

from idxpng.files.json_file import read_made
from refusals import refusal

SHAPE = {"name": str, "sizes": [int], "counts": {str: [float]}}
WHOLE = '{"name": "a", "sizes": [1, 2], "counts": {"x": [1, 0.5]}, "more": null}'


def test_a_document_of_the_right_shape_is_read(tmp_path: Path) -> None:
    (tmp_path / "made.json").write_text(WHOLE)
    document = read_made(tmp_path / "made.json", "a list", SHAPE)
    assert document == {"name": "a", "sizes": [1, 2], "counts": {"x": [1, 0.5]}, "more": None}


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (WHOLE, "[]", "all: expected dict, found []"),
        (WHOLE, "[" * 100_000, "RecursionError"),
        (WHOLE, "", "Expecting value"),
        (WHOLE, "9" * 5000, "Exceeds the limit"),
        ('"name"', '"other"', "name: missing"),
        ('"a"', "7", "name: expected str, found 7"),
        ('"a"', r'"\ud800"', "surrogates not allowed"),
        ("2]", "1.5]", "sizes[1]: expected int, found 1.5"),
        ("0.5", "null", "counts.x[1]: expected float, found null"),
    ],
)
def test_a_document_of_a_different_shape_is_refused_with_the_place(
    tmp_path: Path, old: str, new: str, found: Any
) -> None:
    path = tmp_path / "made.json"
    path.write_text(WHOLE.replace(old, new))
    message = refusal(read_made, path, "a list", SHAPE)
    assert re.match(rf"{path}: not a list\n[^$]*found: .*{re.escape(found)}[^$]*mv .*made.json.changed", message)
