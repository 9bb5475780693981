"""Untrusted text cannot control a terminal or a shell."""

import os
import subprocess
import unicodedata
from pathlib import Path

import pytest
import yaml

from idxpng.text import UNSAFE, counted, image_size, printable, shell_word, shortened
from project import PROJECT

# Letters, marks and joiners that living languages need, and symbols used as class names.
KEPT = "T-shirt/top", "étoile", "お (o)", "ಕನ್ನಡ", "क्‍ष", "👩‍🚀", "+", "=", "a\u00a0b", r"back\slash"


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(0, "file", "0 files"), (1, "file", "1 file"), (2000, "file", "2,000 files"), (1, "class", "1 class"),
     (2, "class", "2 classes")],
)  # fmt: skip
def test_a_number_has_the_right_form_of_its_noun(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text


@pytest.mark.parametrize(("size", "text"), [((28, 28), "28 × 28 pixels"), ((28, 20), "28 rows × 20 columns")])
def test_a_size_says_what_is_what_unless_it_is_square(size: tuple[int, int], text: str) -> None:
    assert image_size(*size) == text


@pytest.mark.parametrize("text", KEPT)
def test_text_in_any_script_is_not_changed(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2Jb", r"a\x1b[2Jb"),
        ("two\nlines\r", r"two\nlines\r"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("photo\u202egnp.exe", r"photo\u202egnp.exe"),
        ("\u2066a\u2069\u200f\u061c", r"\u2066a\u2069\u200f\u061c"),
        ("\udc80\ud800", r"\udc80\ud800"),
        ("\ufeffa\ufffe", r"\ufeffa\ufffe"),
        (b"\x1b", "b'\\x1b'"),
    ],
)
def test_control_and_direction_characters_are_escaped(text: object, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.slow
def test_every_control_and_direction_character_of_unicode_is_escaped() -> None:
    every = "".join(map(chr, range(0x110000)))
    unsafe = [
        character
        for character in printable(every)
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
    ]
    assert unsafe == []


def test_long_text_is_shortened_and_followed_by_its_length() -> None:
    assert shortened("a" * 200) == "a" * 200
    assert shortened("a" * 140_000) == "a" * 200 + "... (140,000 characters)"
    assert shortened("\n" * 9, 5) == r"\n\n\n\n\n... (9 characters)"


def test_the_schema_of_dataset_files_forbids_control_and_direction_characters() -> None:
    schema = yaml.safe_load((PROJECT / "schemas/dataset.schema.yaml").read_text(encoding="utf-8"))
    assert schema["$defs"]["text"]["pattern"] == rf"^[^{UNSAFE}]+$(?!\n)"


NAMES = [
    "plain.png",
    "two words",
    "it's",
    'double " quote',
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "*",
    "-rf",
    "back\\slash",
    "line\nbreak; touch pwned",
    "\x1b[31mred",
    "\u202egnp.exe",
    "ünïcödé",
    "line\u2028separator",
    "it's\n$(touch pwned)\\",
    os.fsdecode(b"no text \xff"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_name_in_a_shell_command_is_one_word(tmp_path: Path, name: str) -> None:
    command = f"printf %s {shell_word(name)}"
    process = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert process.stdout == os.fsencode(name)
    assert os.listdir(tmp_path) == []
    assert printable(command) == command
