"""Errors form one hierarchy, and are not changed when they are passed between processes."""

import ast
import pickle
import re
from pathlib import Path

import idxpng
from idxpng import errors
from idxpng.errors import DataError

SCRIPTS = Path(idxpng.__file__).parents[1]


def test_a_pickled_error_keeps_its_message_problem_and_details() -> None:
    error = DataError("a.idx", "too short", at="byte 4", expected=8, found="4 bytes", todo="copy it again")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.problem) == (DataError, str(error), "too short")
    assert copy.details == {"at": "byte 4", "expected": 8, "found": "4 bytes", "todo": "copy it again"}


def test_a_list_in_an_error_is_shown_line_by_line_and_an_empty_one_not_at_all() -> None:
    error = DataError("a.idx", "too short", expected=[], found=["a", "b"], todo=["copy it", "or delete it"])
    assert str(error) == "a.idx: too short\n  found:    a\n            b\n  to do:    copy it\n            or delete it"


def test_the_hierarchy_in_the_docstring_matches_the_classes() -> None:
    parents = {}
    for path in SCRIPTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                (parents[node.name],) = (ast.unparse(base) for base in node.bases)
    drawn: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for spaces, name in re.findall(r"^( +)(\w+Error)  ", errors.__doc__ or "", re.MULTILINE):
        above = [each for each in above if each[0] < len(spaces)]
        drawn[name] = above[-1][1] if above else parents.get(name, "")
        above.append((len(spaces), name))
    assert drawn == parents


def test_each_class_below_data_error_is_caught_somewhere() -> None:
    caught = {
        name.id
        for path in [*SCRIPTS.rglob("*.py"), *SCRIPTS.parent.glob("rules/*.smk")]
        for names in re.findall(r"^ *except (.*?)(?: as \w+)?:", path.read_text(), re.MULTILINE)
        for name in ast.walk(ast.parse(names))
        if isinstance(name, ast.Name)
    } | set(re.findall(r"except .*?\w\.(\w+Error)", "\n".join(path.read_text() for path in SCRIPTS.rglob("*.py"))))
    drawn = re.findall(r"^ +(\w+Error)  ", errors.__doc__ or "", re.MULTILINE)
    assert set(drawn) - caught == set()
