"""File names that others chose, as words of a command that someone can paste."""

import os
import shlex

from idxpng.text import printable


def shell_word(text: str | os.PathLike[str]) -> str:
    """``text`` as one word of a command, which bash and zsh read as nothing but this text.

    What is not printable becomes an escape in ``$'...'``. A shell that does not know these finds no such file.
    """
    text = os.fspath(text)
    if printable(text) == text:
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if printable(character) == character:
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
