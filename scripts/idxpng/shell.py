"""File names that others chose, as text that neither a terminal nor a shell takes for anything else."""

import os
import shlex


def printable(text: str | os.PathLike[str]) -> str:
    """``text`` in one line, with all that a terminal would not show as itself written as an escape.

    That is control characters, line separators, characters that change the direction of writing, and bytes of a
    file name that are no text.
    """
    text = os.fspath(text)
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def shell_word(text: str | os.PathLike[str]) -> str:
    """``text`` as one word of a command, which bash and zsh read as nothing but this text.

    What is not printable becomes an escape in ``$'...'``. A shell that does not know these finds no such file.
    """
    text = os.fspath(text)
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(_escaped(character) for character in text) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
