"""Untrusted YAML is read correctly, or refused at once with the line and column of the problem."""

import os
import resource
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from idxpng.dataset import strict_yaml
from idxpng.dataset.strict_yaml import Place, read_with_places, read_yaml
from idxpng.errors import DataError
from project import PROJECT, run_code
from refusals import refusal
from speed import least_ratio
from systems import needs_memory_limit

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
# Run in a separate process, which may crash and whose memory is limited.
READ = "import sys; from idxpng.dataset.strict_yaml import read_yaml; read_yaml(sys.argv[1], 'mine.yaml')"


@pytest.fixture(params=["CSafeLoader", pytest.param("SafeLoader", marks=pytest.mark.slow)])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both loaders of PyYAML: with libyaml and without."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML without libyaml")
    monkeypatch.setattr(strict_yaml, "LOADER", getattr(yaml, request.param))
    if request.param == "SafeLoader":  # which takes ten times as long
        monkeypatch.setattr(strict_yaml, "MAX_VALUES", strict_yaml.MAX_VALUES // 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: 1\nb: [x, -2, '3', null, ~, true, no]", {"a": 1, "b": ["x", -2, "3", None, None, True, False]}),
        ("{0: zero, '1': one, no: x, 1.5: y}", {"0": "zero", "1": "one", "no": "x", "1.5": "y"}),
        ("day: '2017-08-25'", {"day": "2017-08-25"}),
        ("text: |\n  two\n  lines\n", {"text": "two\nlines\n"}),
        ("name: &unused value", {"name": "value"}),
        ('"<<": "no merge"', {"<<": "no merge"}),
    ],
)
def test_plain_values_are_read(path: Path, text: str, value: object) -> None:
    path.write_text(text, encoding="utf-8")
    assert read_yaml(path, "mine.yaml") == value


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("own", sorted(PROJECT.glob("*/*.yaml")), ids=str)
def test_shipped_files_are_read_as_pyyaml_reads_them(own: Path) -> None:
    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    assert read_yaml(own, "ours") == plain(yaml.safe_load(own.read_text(encoding="utf-8")))


@pytest.mark.usefixtures("loader")
def test_each_value_has_its_place(path: Path) -> None:
    path.write_text("a: 1\nb:\n  - x\n  - {c: no}\n", encoding="utf-8")
    _, places = read_with_places(path, "mine.yaml")
    assert places["a",] == Place(1, 4, "1")
    assert places["b", 0] == Place(3, 5, "x")
    assert places["b", 1, "c"] == Place(4, 9, "no")
    assert places["b", 1][:2] == (4, 5)


HOSTILE = {
    "alias bomb": (BOMB, "line 2, column 8", "no aliases"),
    "brackets": ("[" * 100_000, "line 1, column 22", "at most 20 levels"),
    "braces": ("{a: " * 100_000, "line 1, column 85", "at most 20 levels"),
    "dashes": ("- " * 50_000, "line 1, column 43", "at most 20 levels"),
    "brackets as a key": ("? " + "[" * 100_000, "line 1, column 3", "a key that is text"),
    "values": ("[" + "a," * 200_000 + "]", "line 1, column {twice}", "at most {most:,} values"),
    "keys": ("".join(f"k{i}: \n" for i in range(100_000)), "line {most}", "at most {most:,} values"),
    "merge key": ("a: {x: 1}\n<<: {y: 2}", "line 2, column 1", "no merge keys"),
    "key twice": ("a: 1\nb: 2\na: 3", "line 3, column 1", "the first is in line 1"),
    "key twice in different spellings": ("{0: a, '0': b}", "line 1, column 8", "the first is in line 1"),
    "label of 5,000 digits": (f"{{count: {'9' * 5000}}}", "line 1, column 9", "at most 18 digits"),
    "fraction": ("count: 30.0", "line 1, column 8", "a whole number"),
    "infinity": ("count: .inf", "line 1, column 8", "a whole number"),
    "octal": ("count: 010", "line 1, column 8", "a whole number"),
    "hexadecimal": ("count: 0x1F", "line 1, column 8", "a whole number"),
    "minutes": ("title: 20:30", "line 1, column 8", "in quotes where it is text"),
    "underscores": ("count: 60_000", "line 1, column 8", "a whole number"),
    "date": ("published: 2017-08-25", "line 1, column 12", "in quotes where it is text"),
    "no day": ("title: 2020-13-45", "line 1, column 8", "in quotes where it is text"),
    "tag": ("a: !!python/object/apply:os.system [id]", "line 1, column 4", "no tags"),
    "binary": ("a: !!binary aGk=", "line 1, column 4", "no tags"),
    "list as a key": ("? [a]\n: b", "line 1, column 3", "a key that is text"),
    "alias as a key": ("a: &x y\n*x : b", "line 2, column 1", "a key that is text"),
    "two documents": ("a: 1\n---\nb: 2", "line 2, column 1", "one document"),
}


def seconds_to_read(path: Path, text: str) -> float:
    path.write_text(text, encoding="utf-8")
    start = time.process_time()
    with suppress(DataError):
        read_yaml(path, "mine.yaml")
    return time.process_time() - start


@pytest.mark.slow
@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("text", "at", "expected"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_yaml_is_refused_at_once_with_its_line_and_column(
    path: Path, text: str, at: str, expected: str
) -> None:
    most = strict_yaml.MAX_VALUES
    at, expected = (words.format(most=most, twice=2 * most) for words in (at, expected))
    path.write_text(text, encoding="utf-8")
    start = time.process_time()
    message = refusal(read_yaml, path, "mine.yaml")
    seconds = time.process_time() - start
    assert message.startswith("mine.yaml: not a readable YAML file")
    # PyYAML 6.0.4 and newer reads ahead in brackets, up to a depth of its own.
    if "[[" not in text or "found:    exceeded maximum nesting depth" not in message:
        assert f"  at:       {at}" in message
        assert expected in message.partition("expected:")[2].partition("\n")[0]
    assert len(message) < 600
    if seconds >= 0.1 and strict_yaml.LOADER is not yaml.SafeLoader:
        honest = "".join(f"k{i}: \n" for i in range(most - 1))  # as many values as are allowed
        of_both = (lambda: seconds_to_read(path, text), lambda: seconds_to_read(path, honest))
        assert least_ratio(*of_both, rounds=10, enough=1.5) < 1.5


@pytest.mark.parametrize(
    ("data", "todo"), [(b"a:\n\tb: 1", "indent with spaces"), (b"a: [1", "close"), (b"a: \xff", "UTF-8")]
)
def test_a_mistake_in_the_spelling_of_yaml_is_refused_with_what_yaml_needs(path: Path, data: bytes, todo: str) -> None:
    path.write_bytes(data)
    assert todo in refusal(read_yaml, path, "mine.yaml").partition("to do:")[2]


@pytest.mark.slow
@needs_memory_limit
@pytest.mark.parametrize("name", ["alias bomb", "brackets", "braces", "dashes", "brackets as a key", "keys"])
def test_hostile_yaml_neither_exhausts_memory_nor_crashes_the_interpreter(path: Path, name: str) -> None:
    path.write_text(HOSTILE[name][0], encoding="utf-8")
    limit = 400 * 2**20
    process = run_code(READ, path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert process.returncode == 1, "an error of this library and not a signal"
    assert "DataError: mine.yaml: not a readable YAML file" in process.stderr


def test_a_file_up_to_the_size_limit_is_read_and_a_larger_one_is_refused(path: Path) -> None:
    path.write_bytes(b"a: 1\n" + b"#" * (strict_yaml.MAX_BYTES - 5))
    assert read_yaml(path, "mine.yaml") == {"a": 1}
    with open(path, "ab") as file:
        file.truncate(2**40)
    assert "too large for a YAML file\n  expected: at most 1,048,576 bytes" in refusal(read_yaml, path, "mine.yaml")


@pytest.mark.parametrize("what", ["pipe", "/dev/zero"])
def test_a_pipe_or_device_is_refused_without_waiting(path: Path, what: str) -> None:
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(what)
    assert "mine.yaml: not a regular file" in refusal(read_yaml, path, "mine.yaml")


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("text", ["a: \x1b[2J", "a: [\x1b]", '"\x1b": ', "%\x1b"])
def test_control_characters_of_a_file_are_escaped_in_errors(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    assert "\x1b" not in refusal(read_yaml, path, "mine.yaml")


def test_control_characters_in_the_details_of_an_error_are_escaped() -> None:
    error = DataError("a\nb\x1b.yaml", "bad", found="one\ntwo\u202e", expected="\x07")
    assert str(error) == "a\\nb\\x1b.yaml: bad\n  expected: \\x07\n  found:    one\ntwo\\u202e"
