"""File names as people spell them: what their words mean, and the files below a folder that match a name."""

import difflib
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from idxpng.formats.compressed import ARRAYS, SUFFIXES

# What words of a name mean. Words with the empty meaning say nothing, so any name may have them.
MEANINGS = {
    "train": "train training",
    "test": "test testing t10k",
    "validation": "val valid validation",
    "images": "image images img imgs x idx3 samples",
    "labels": "label labels lbl lbls y idx1 idx2 targets classes",
    "": " ".join(["idx ubyte byte short data copy zip plain arr 0", *SUFFIXES, *ARRAYS]).replace(".", ""),
}
MEANING = {word: meaning for meaning, words in MEANINGS.items() for word in words.split()}
SPLITS = ("train", "test", "validation")
_GLUED = re.compile(r"\b(train|training|test|testing|t10k|val|validation)(images?|imgs?|labels?|lbls?|targets?)\b")
_NOISE = re.compile(r"u?int\d*")
DEPTH = 3  # folders inside a folder in which files are searched
MOST = 10_000  # files that are looked at


def words(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """What the words of a name or a relative path mean, in order: split and role in their usual words, and others.

    ``trainImages (1).idx3-ubyte.gz`` and ``train/images-idx3-ubyte`` both say ``train`` and ``images``.
    """
    text = re.sub(r"\(\d+\)", " ", os.fspath(path))  # a second download
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|[\W_]+", " ", text).lower()
    found = (MEANING.get(word, word) for word in _GLUED.sub(r"\1 \2", text).split() if not _NOISE.fullmatch(word))
    return tuple(dict.fromkeys(filter(None, found)))


def fits(path: str | os.PathLike[str], expected: str) -> bool:
    """Whether a file's relative path allows it to be the expected one.

    The path, or its last part alone, has or means the expected name, and it names no other split.
    """
    (name, *said, of), (wanted, _, meaning, split) = _said(os.fspath(path)), _said(expected)
    return (name == wanted or (bool(meaning) and meaning in said)) and (of == split or not (of and split))


@lru_cache(2 * MOST)  # for each of many files, a run looks at all of them
def _said(path: str) -> tuple[str, set[str], set[str], set[str]]:
    """The name of a file, what its path and its name mean, and its split: if several parts name one, the innermost."""
    name = Path(path).name
    splits = [set(words(part)).intersection(SPLITS) for part in Path(path).parts]
    return name, set(words(path)), set(words(name)), next(filter(None, reversed(splits)), set())


def find(folder: Path, name: str) -> list[Path]:
    """The files below a folder that may be the one called ``name``."""
    return sorted(path for path in islice(_files(folder), MOST) if fits(path.relative_to(folder), name))


def alike(folder: Path, name: str) -> list[str]:
    """The relative paths of some files below a folder that are most like ``name``."""
    paths = {str(path.relative_to(folder)): path.name for path in islice(_files(folder), MOST)}
    return sorted(paths, key=lambda path: -difflib.SequenceMatcher(None, name, paths[path]).ratio())[:5]


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        hidden = len(Path(root).relative_to(folder).parts) >= DEPTH
        folders[:] = [] if hidden else sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in names if not name.startswith("."))
