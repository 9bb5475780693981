"""Text from outside: showing it safely, guessing what it means, recognizing URLs, and quoting it for a shell."""

import os
import re
import shlex
from collections.abc import Collection, Mapping, Sequence

NAME = r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}"  # of a dataset, a split, a folder
SHOWN = 5  # names in a message

# Characters that act instead of showing: they move the cursor, end a line, or turn the order of the letters around
# them. In brackets of a regular expression they are the same for Python and for JSON schemas.
UNSAFE = (
    r"\x00-\x1f\x7f-\x9f"  # control characters; one of them, next line, ends a line
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks, embeddings and isolates of bidirectional text
    r"\u2028\u2029"  # line and paragraph separator
    r"\ud800-\udfff"  # surrogates, which no encoding writes
    r"\ufeff\ufff9-\ufffb\ufffe\uffff"  # byte order mark, annotations, and what XML forbids
)
_UNSAFE = re.compile(f"[{UNSAFE}]")


def printable(text: object) -> str:
    r"""``text`` in one line, safe for a terminal or a log: unsafe characters become escapes such as ``\x1b``."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), str(text))


def shortened(text: object, length: int = 200) -> str:
    """`printable` text, cut after ``length`` characters, with the full length."""
    whole = str(text)
    cut = f"{whole[:length]}... ({len(whole):,} characters)" if len(whole) > length else whole
    return printable(cut)


def counted(number: int, noun: str) -> str:
    """A number with its noun, such as ``1 file``, ``2,000 files``, or ``10 classes``."""
    return f"{number:,} {noun if number == 1 else noun + ('es' if noun.endswith('s') else 's')}"


def some(names: Collection[str]) -> str:
    """The first names for a message, and how many more there are."""
    listed = ", ".join(map(printable, sorted(names)[:SHOWN]))
    return f"{listed} and {len(names) - SHOWN} more" if len(names) > SHOWN else listed


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """The question with the ``known`` names that begin with a word, or with the one that is most like it."""
    import difflib

    word = word[:100].lower()
    longer = [name for name in known if word and name.startswith(word)]
    meant = [word] if word in longer else longer or difflib.get_close_matches(word, known, n=1)
    return f"did you mean {' or '.join(meant)}?" if meant else None


def image_size(rows: int, columns: int) -> str:
    """A size in words, which say what is what where that is not clear: ``28 × 28 pixels``, ``28 rows × 20 columns``."""
    return f"{rows} × {columns} pixels" if rows == columns else f"{rows} rows × {columns} columns"


def aligned(rows: Sequence[Mapping[str, str]], right: Collection[str] = ()) -> str:
    """A table of rows with the same keys, its columns; those in ``right`` are aligned to the right."""
    head = {name: name for row in rows[:1] for name in row}
    widths = {name: max(len(row[name]) for row in (head, *rows)) for name in head}
    styles = {name: f"{'>' if name in right else '<'}{width}" for name, width in widths.items()}
    lines = ("  ".join(f"{row[name]:{style}}" for name, style in styles.items()) for row in (head, *rows))
    return "\n".join(map(str.rstrip, lines))


def is_url(place: str) -> bool:
    """Whether a place is the URL of a server, and not of a file."""
    return "://" in place and not place.startswith("file://")


def shell_word(text: str | os.PathLike[str]) -> str:
    """``text`` as one word of a command for bash and zsh, with unsafe characters as escapes in ``$'...'``."""
    text = os.fspath(text)
    if printable(text) == text:
        return shlex.quote(text)
    quoted = re.sub(r"[\\']", r"\\\g<0>", text)
    return "$'" + _UNSAFE.sub(lambda match: "".join(f"\\x{byte:02x}" for byte in os.fsencode(match[0])), quoted) + "'"
