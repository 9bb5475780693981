"""YAML files that a stranger may have written: plain values, each with its place, within bounds of size and depth."""

import os
import re
import stat
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from idxpng.errors import DataError, permission
from idxpng.text import shortened

MAX_BYTES = 2**20
MAX_DEPTH = 20
MAX_VALUES = 100_000
PLAIN_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TAG = "tag:yaml.org,2002:"
UNREADABLE = "not a readable YAML file"


class Place(NamedTuple):
    """Where a value is in its file, counted from 1, and how it is spelled there."""

    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


KeyPath = tuple[str | int, ...]  # the keys and positions that lead to a value


def read_yaml(path: str | os.PathLike[str], display_name: str) -> Any:
    """The content of a YAML file, see `read_with_places`."""
    return read_with_places(path, display_name)[0]


def read_with_places(path: str | os.PathLike[str], display_name: str) -> tuple[Any, dict[KeyPath, Place]]:
    """The content of a YAML file, and where each of its values is.

    Reads only the part of YAML that a file of facts needs: mappings whose keys are text as it is spelled, lists, text,
    whole numbers, true, false and null. No dates, aliases, merge keys, tags or duplicate keys: with them, a small file
    can ask for any amount of memory, or mean something that it does not seem to say.

    Raises:
        DataError: when the file is not found, is not a regular file, or larger than ``MAX_BYTES``.
    """
    try:
        return _Reader(display_name, LOADER(_read(path, display_name).decode("utf-8"))).document()
    except FileNotFoundError:
        raise DataError(display_name, "file not found") from None
    except OSError as error:
        raise DataError(display_name, "cannot be read", found=error.strerror, todo=permission(error)) from None
    except (UnicodeDecodeError, yaml.reader.ReaderError) as error:
        todo = "save it as UTF-8, without control characters"
        raise DataError(display_name, UNREADABLE, found=" ".join(str(error).split()), todo=todo) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at, found = str(_place(mark)) if mark else None, shortened(error.problem or error.context)
        todo = "indent with spaces, write a space after each colon, quote text with : % or @, close quotes and brackets"
        raise DataError(display_name, UNREADABLE, at=at, found=found, todo=todo) from None


def _read(path: str | os.PathLike[str], display_name: str) -> bytes:
    # Without waiting for a pipe.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise DataError(display_name, "not a regular file")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DataError(display_name, "too large for a YAML file", expected=f"at most {MAX_BYTES:,} bytes")
    return data


def _place(mark: Any, text: str = "") -> Place:
    return Place(mark.line + 1, mark.column + 1, text)


@dataclass
class _Reader:
    """Makes values from a loader's events, and refuses what is not allowed before it makes anything."""

    display_name: str
    loader: Any
    places: dict[KeyPath, Place] = field(default_factory=dict)

    def document(self) -> tuple[Any, dict[KeyPath, Place]]:
        self.loader.get_event()  # the stream's start
        document = None
        if self.loader.check_event(yaml.DocumentStartEvent):
            self.loader.get_event()
            document = self._value(self.loader.get_event(), ())
            self.loader.get_event()
        if not self.loader.check_event(yaml.StreamEndEvent):
            raise self._refused(self.loader.get_event(), "a second document", "one document in a file")
        return document, self.places

    def _value(self, event: Any, path: KeyPath) -> Any:
        if isinstance(event, yaml.AliasEvent):
            raise self._refused(event, f"*{event.anchor}", "no aliases: write the value itself")
        if event.tag not in (None, "!"):
            raise self._refused(event, event.tag, "no tags")
        if len(self.places) >= MAX_VALUES:
            raise self._refused(event, "more", f"at most {MAX_VALUES:,} values")
        if len(path) > MAX_DEPTH:
            raise self._refused(event, "more", f"at most {MAX_DEPTH} levels of nesting")
        self.places[path] = _place(event.start_mark, getattr(event, "value", ""))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            values: list[Any] = []
            while not isinstance(event := self.loader.get_event(), yaml.SequenceEndEvent):
                values.append(self._value(event, (*path, len(values))))
            return values
        return self._scalar(event)

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := self.loader.get_event(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refused(event, "a list, a mapping or an alias", "a key that is text or a number")
            key = event.value
            if event.implicit[0] and key == "<<":
                raise self._refused(event, key, "no merge keys: write the values themselves")
            if key in values:
                first = self.places[*path, key]
                raise self._refused(event, key, f"each key once; the first is in line {first.line}")
            values[key] = self._value(self.loader.get_event(), (*path, key))
        return values

    def _scalar(self, event: Any) -> Any:
        text = event.value
        kind = self.loader.resolve(yaml.ScalarNode, text, event.implicit).removeprefix(TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return self.loader.bool_values[text.lower()]
        if kind == "int" and PLAIN_INTEGER.fullmatch(text):
            return int(text)
        if kind in ("int", "float", "timestamp"):
            raise self._refused(event, text, "a whole number of at most 18 digits; in quotes where it is text")
        return text

    def _refused(self, event: Any, found: str, expected: str) -> DataError:
        at = str(_place(event.start_mark))
        return DataError(self.display_name, UNREADABLE, at=at, expected=expected, found=shortened(found))
