"""Paths and commands in messages, so that they work where the user typed the command.

Snakemake works in the folder of ``--directory``, and jobs may run on other machines. So the workflow passes the folder
of the user and the options of the command in an environment variable. Scripts that run by hand need neither.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from idxpng import SCRIPTS
from idxpng.text import shell_word

VARIABLE = "IDXPNG_CALL"
FOUND = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")  # without the option --snakefile


def call(
    folder: str,
    snakefile: str,
    directory: str | None = None,
    configfiles: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    imported: bool = False,
) -> dict[str, Any]:
    """How the user called Snakemake, to be kept in the environment for the messages of a run and of its jobs.

    Args:
        folder: where the user typed the command.
        snakefile, directory, configfiles: the options of these names.
        settings: what further commands need after ``--config``.
        imported: whether the workflow of the command imports this one.
    """
    words = [*_snakemake(folder)]
    if "://" in snakefile:
        words += ["-s", snakefile]
    elif os.path.relpath(snakefile, folder) not in FOUND:
        words += ["-s", from_folder(folder, snakefile)]
    words += ["--directory", from_folder(folder, directory)] if directory else []
    words += [word for file in configfiles for word in ("--configfile", from_folder(folder, file))]
    config = [setting(key, value) for key, value in (settings or {}).items()]
    return {"folder": folder, "words": words, "config": config, "imported": imported}


def shown(path: str | os.PathLike[str]) -> str:
    """``path`` as the user needs it: whole if relative paths begin in a different folder than the user's."""
    here = os.path.realpath(_call()["folder"]) == os.path.realpath(os.curdir)
    return os.fspath(path) if here else os.path.abspath(path)


def shell_path(path: str | os.PathLike[str]) -> str:
    """`shown` as one word of a command."""
    return shell_word(shown(path))


def setting(key: str, value: object) -> str:
    """A word after ``--config``, whose value Snakemake reads as YAML; outside of a list, blanks separate datasets."""
    if isinstance(value, str) and re.fullmatch(r"[\w./][\w./@%+=-]*", value):
        return f"{key}={value}"
    return f"{key}={json.dumps([value] if key == 'datasets' else value, ensure_ascii=False)}"


def in_config(key: str, name: str, folder: str) -> str:
    """How to give a run a folder, by a name under a key; an importing workflow need not pass ``--config`` on."""
    if _call()["imported"]:
        return f"in the config of `module` in your Snakefile: {json.dumps({key: {name: folder}})}"
    return f"in a run: --config '{key}={{{name}: {folder}}}'"


def command(
    paths: Sequence[str],
    settings: Sequence[str] = (),
    force: bool = False,
    directory: str | None = None,
    targets: Sequence[str] = ("all",),
) -> str:
    """The command that makes what ``settings`` ask for, or in a workflow that imports this one, ``paths`` alone.

    Args:
        paths: results. Snakemake looks for them in its working directory.
        settings: what comes after ``--config``, such as ``limit=10``.
        force: whether to make ``paths`` again if they exist.
        directory: where Snakemake must work, as `directory_of` finds it for a script; ``paths`` are seen from there.
        targets: what to make.
    """
    typed = _call(directory)
    words = [*typed["words"], "--cores", "4", *(paths if typed["imported"] else targets)]
    if config := [*([] if typed["imported"] else settings), *typed["config"]]:
        words += ["--config", *config]
    if force:
        words += ["--forcerun", *paths]
    return " ".join(map(shell_word, words))


def directory_of(result: str) -> str | None:
    """Where Snakemake must work to make a result that a script got; None if that is here, or unknown."""
    folder, found, _ = os.path.abspath(result).rpartition("/results/")
    return folder if found and folder != os.getcwd() else None


def run_script(name: str, *words: str) -> str:
    """The command that runs one of the scripts."""
    folder, script = _call()["folder"], SCRIPTS / f"{name}.py"
    return " ".join(map(shell_word, (from_folder(folder, sys.executable), from_folder(folder, script), *words)))


def pin(dataset_file: str, mirrors: Iterable[str] = ()) -> str:
    """The command that pins the files of a dataset as they are now; it looks in ``mirrors`` first."""
    folders = [shown(mirror) for mirror in mirrors]
    return run_script("new_dataset", "--update", shown(dataset_file), *(["--mirrors", *folders] if folders else []))


def if_changed(dataset_file: str, mirrors: Iterable[str]) -> str:
    """What to do if a user's file is not the one that the dataset file pins; see `pin`."""
    path = Path(dataset_file).absolute()
    if path.parts[-3:-1] == (path.stem, "idx") and path.read_bytes().startswith(b"# Made by write_dataset.py"):
        return "if it is damaged or lost, run the target idx again, with your folders and --forcerun build_idx"
    return f"if it is your own data that changed, pin it: {pin(dataset_file, mirrors)}"


def install(requirements: str) -> str:
    """The command that installs the packages of a file of envs/, for the Python that runs now."""
    paths = sys.executable, SCRIPTS.parent / f"envs/{requirements}.txt"
    python, file = (shell_word(from_folder(_call()["folder"], path)) for path in paths)
    return f"{python} -m pip install -r {file}"


def new_folder(name: str, outside: str) -> str:
    """The path of a folder that does not exist: where the user stands, or beside ``outside`` if that is in it."""
    here, outside = os.path.realpath(_call()["folder"]), os.path.realpath(outside)
    start = f"{outside}-{name}" if Path(here).is_relative_to(outside) else os.path.join(here, name)
    return from_folder(here, free(start))


def free(path: str) -> str:
    """``path``, or if it exists, the first one with a number at its end that does not."""
    paths = (f"{path}{number if number > 1 else ''}" for number in count(1))
    return next(path for path in paths if not os.path.lexists(path))


def _call(directory: str | None = None) -> dict[str, Any]:
    kept = os.environ.get(VARIABLE)
    return json.loads(kept) if kept else call(os.getcwd(), str(SCRIPTS.parent / "Snakefile"), directory)


@cache  # a second import of the workflow finds the PATH that the first has changed
def _snakemake(folder: str) -> list[str]:
    """The words that start Snakemake; its own name if that is the one beside the Python that runs now."""
    beside = os.path.join(os.path.dirname(sys.executable), "snakemake")
    if shutil.which("snakemake") == beside or not os.path.exists(beside):
        return ["snakemake"]
    return [from_folder(folder, sys.executable), "-m", "snakemake"]


def from_folder(folder: str, path: str | os.PathLike[str]) -> str:
    """``path`` as seen from ``folder`` if it is below that, and whole otherwise."""
    whole = os.path.normpath(os.path.join(folder, path))
    below = os.path.relpath(whole, folder)
    return whole if below.startswith("..") else below
