"""Command-line tools: the options, help, log, and exit status that the scripts share."""

import argparse
import gc
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from idxpng import replaceable
from idxpng.errors import DataError
from idxpng.log import EXPECTED, described, job_log, output

# An entry under "Args:" in a docstring: indentation, names, and text, of which further lines are indented more.
ENTRY = re.compile(r"^( +)(\w[\w, ]*): (.*(?:\n\1 +.*)*)", re.MULTILINE)

# With a width of its own, because looking for the terminal's takes a fortieth of a small job.
HELP = partial(argparse.RawDescriptionHelpFormatter, width=78)

# Options that mean the same in most scripts, unless a docstring explains them itself.
SHARED = {
    "images": "the decompressed IDX file of a split's images.",
    "labels": "the decompressed IDX file of the split's labels.",
    "header": "what `validate` wrote about the IDX files.",
    "limit": "take only the first N images; all by default.",
    "classes": "only images with these labels; all by default.",
}

# The smallest values of numbers that no function checks.
LEAST = {"limit": 1, "count": 1, "shard_size": 1, "processes": 1, "number": 0, "shuffle_seed": 0}


class Command(argparse.ArgumentParser):
    """The command line of a script, whose docstring is the ``description``."""

    def __init__(self, description: str | None) -> None:
        self._paths: list[str] = []
        super().__init__(description=description, formatter_class=HELP)

    def run(self, main: Callable[..., Any]) -> None:
        """Call ``main`` with the arguments of the command line, each by its name; exit with 1 on bad input.

        Each of its parameters is an option of its name, or an argument if it is positional-only: with values of its
        type, required where it has no default, and explained under Args in its docstring, or in `SHARED`. In place of a
        parameter whose type is a named tuple, each of its fields is an option, which the docstring of the tuple may
        explain. Required lists have an item for each split, so they are equally long.
        """
        self.add_argument("--log", metavar="FILE", help="also write messages to this file")
        self.add_argument("--settings", metavar="FILE", nargs="*", default=[], help="make nothing if one is missing")
        call = self._parsed(main)
        replaceable.settings += call.keywords.pop("settings")
        with job_log(call.keywords.pop("log")):
            _check_kinds(self._paths)
            call()
        gc.freeze()  # skips a last garbage collection when the process ends

    def answer(self, main: Callable[..., str | None]) -> None:
        """Call ``main`` as `run` does, and print the text that it returns, or the error alone."""
        call = self._parsed(main)
        try:
            _check_kinds(self._paths)
            text = call()
            if text is not None:
                output(text)
        except EXPECTED as error:
            sys.exit(described(error))

    def _parsed(self, main: Callable[..., Any]) -> partial[Any]:
        """A call of ``main`` with the arguments of the command line."""
        hints = get_type_hints(main)
        names = main.__code__.co_varnames[: main.__code__.co_argcount]
        positional = names[: main.__code__.co_posonlyargcount]
        defaults = dict(zip(reversed(names), reversed(main.__defaults__ or ()), strict=False))
        tuples = {name: hints[name] for name in names if hasattr(hints[name], "_fields")}
        explained = dict(SHARED)
        for fields in tuples.values():
            hints |= get_type_hints(fields)
            defaults |= fields._field_defaults
            explained |= _explanations(fields.__doc__)
        explained |= _explanations(main.__doc__)
        of_splits = []  # options with a value for each split
        for name in chain(*(tuples[name]._fields if name in tuples else [name] for name in names)):
            settings = _values(hints[name], LEAST.get(name)) | ({"nargs": "*"} if defaults.get(name) == () else {})
            if name in positional:
                flag, settings["metavar"] = name, name.upper().removesuffix("S")
            else:
                flag, settings["required"] = f"--{name.replace('_', '-')}", name not in defaults
                if settings["required"] and "nargs" in settings:
                    of_splits.append(name)
            settings["help"] = explained[name].replace("%", "%%") if main.__doc__ else ""  # `python -OO` has none
            # The default is that of the function.
            self.add_argument(flag, default=argparse.SUPPRESS, **settings)
        for word in sys.argv[1:]:
            if re.fullmatch(r"(--[\w-]+=)?", word) or word.endswith("=--"):  # which argparse of Python 3.11 drops
                self.error(f"a value is missing: {word!r}")
        given = vars(self.parse_args())
        counts = {name: len(given[name]) for name in of_splits}
        if len({*counts.values()}) > 1:
            found = ", ".join(f"{count} {name}" for name, count in counts.items())
            self.error(f"expected the same number of each, found {found}")
        values = {name: each if isinstance(each, list) else [each] for name, each in given.items()}
        paths = {name: [each for each in values[name] if isinstance(each, str)] for name in values}
        self._paths = list(chain(*(each for name, each in paths.items() if name != "log")))
        paths.pop("file", None)  # the published name of a file
        replaceable.in_two_roles |= _in_two_roles(paths.values())
        for name, fields in tuples.items():
            given[name] = fields(**{field: given.pop(field) for field in fields._fields if field in given})
        return partial(main, *[given.pop(name) for name in positional if name in given], **given)


def _check_kinds(paths: Iterable[str]) -> None:
    """Raise DataError if one of the paths is a pipe or a device, which may block, never end, or be read only once."""
    for path in paths:
        if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
            raise DataError(path, "a pipe or a device, not a file", todo="give a file in its place")


def _in_two_roles(paths: Iterable[Iterable[str]]) -> set[str]:
    """The paths that two parameters have in common."""
    counts = Counter(chain(*({os.path.realpath(path) for path in each} for each in paths)))
    return {path for path, count in counts.items() if count > 1}


def _explanations(docstring: str | None) -> dict[str, str]:
    """The explanation of each argument in a docstring."""
    section = (docstring or "").partition("Args:\n")[2].partition("\n\n")[0]
    return {
        name: " ".join(text.replace("``", "").split())
        for _, names, text in ENTRY.findall(section)
        for name in names.split(", ")
    }


def _values(hint: Any, least: int | None = None) -> dict[str, Any]:
    """Settings of `argparse` for a type: text, a number, several of them, or a flag."""
    if isinstance(hint, UnionType):  # with None
        hint = get_args(hint)[0]
    if hint is bool:
        return {"action": "store_true"}
    if get_origin(hint) is Literal:
        return {"choices": get_args(hint)}
    if get_origin(hint):
        return {"nargs": "+", "action": "extend"} | _values(get_args(hint)[0], least)
    return {"type": partial(_number, least), "metavar": "N"} if hint is int else {}


def _number(least: int | None, text: str) -> int:
    if not re.fullmatch(r"-?\d+", text) or (least is not None and int(text) < least):
        expected = "a number" if least is None else f"a number of at least {least}"
        raise argparse.ArgumentTypeError(f"expected {expected}, found {text!r}")
    return int(text)
