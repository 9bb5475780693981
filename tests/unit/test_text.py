"""What others wrote is shown, and does nothing to a terminal or a shell."""

import os
import subprocess
import unicodedata
from pathlib import Path

import pytest
import yaml

from idxpng.text import UNSAFE, printable, shell_word, shortened
from project import PROJECT

# Letters, marks and joiners that words of living languages need, and signs that people use as class names.
KEPT = "T-shirt/top", "étoile", "お (o)", "ಕನ್ನಡ", "क्‍ष", "👩‍🚀", "+", "=", "a\u00a0b", r"back\slash"


@pytest.mark.parametrize("text", KEPT)
def test_words_of_any_script_stay_as_they_are(text: str) -> None:
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
def test_what_acts_is_escaped(text: object, shown: str) -> None:
    assert printable(text) == shown


def test_no_character_that_acts_is_left_in_all_of_unicode() -> None:
    every = "".join(map(chr, range(0x110000)))
    acting = [
        character
        for character in printable(every)
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in ("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI")
    ]
    assert acting == []


def test_long_text_is_cut_and_says_its_length() -> None:
    assert shortened("a" * 200) == "a" * 200
    assert shortened("a" * 140_000) == "a" * 200 + "... (140,000 characters)"
    assert shortened("\n" * 9, 5) == r"\n\n\n\n\n... (9 characters)"


def test_dataset_files_may_have_no_text_that_acts() -> None:
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
def test_a_name_in_a_command_is_the_name_and_nothing_else(tmp_path: Path, name: str) -> None:
    command = f"printf %s {shell_word(name)}"
    process = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert process.stdout == os.fsencode(name)
    assert os.listdir(tmp_path) == []
    assert printable(command) == command
