"""Names that others chose do nothing to a shell."""

import os
import subprocess
from pathlib import Path

import pytest

from idxpng.text import printable, shell_word

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
