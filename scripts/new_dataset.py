"""Write a dataset file from IDX files or NumPy arrays, for data of your own.

Give it the images and labels of all splits, compressed or not:

    python scripts/new_dataset.py my/idx/*
    snakemake --cores 4 all --config datasets=my/idx.yaml

It pairs images and labels by the names of files, folders, and arrays, such as train-images-idx3-ubyte.gz and
train-labels-idx1-ubyte.gz, or x_train and y_train in an .npz file, or by their counts. It reads counts, shapes,
classes, and digests from the files. You fill in class names, title, license, and citation; the file works before that,
too.

If the files change later, --update writes their counts, digests, and classes into the dataset file:

    python scripts/new_dataset.py --update my/idx.yaml
"""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from idxpng.advice import command, setting
from idxpng.command import Command
from idxpng.dataset.file import FILE_NAME, OF_A_TREE, load
from idxpng.dataset.file_names import find
from idxpng.dataset.inference import common_folder, infer, infer_again
from idxpng.dataset.model import ROLES, Dataset, PublishedFile
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.dataset.writer import dump, with_key
from idxpng.errors import DataError
from idxpng.fetch.mirrors import local_places
from idxpng.files.atomic import atomic_file
from idxpng.formats.idx import IdxError, read_header
from idxpng.formats.numpy_array import ArrayError, array_name, is_array, member_names, open_idx
from idxpng.text import NAME, counted, printable, shell_word

HEAD = """\
# Made from {kinds}. schemas/dataset.schema.yaml explains every key.

# Yours to fill in: what people call it, under which license it may be used, how to cite it,
# and when it was first published: remove the # and write a year or a day.
"""
CLASSES = """\
# published: "YYYY"  # or "YYYY-MM-DD"

# What each label means: replace the numbers by names, in quotes.
"""
MIRRORS = """
# Where the files are, seen from here. If the preview shows images on their side, add `orientation: transposed`.
"""
FILL_IN = "Fill in title, license, citation, date and the names of the classes, now or later. Then:"


def main(
    files: Sequence[str] = (),
    /,
    output: str | None = None,
    update: str | None = None,
    mirrors: Sequence[str] = (),
) -> str:
    """Write a dataset file for IDX files, or update one, and return a summary and the next steps.

    Args:
        files: IDX files, .npy or .npz files, with images and labels of every split.
        output: the dataset file to write; by default beside their folder, with its name, in which a hyphen replaces
            characters that are not allowed, and the suffix .yaml.
        update: the dataset file to update with the counts and digests that its files have now in its mirrors.
        mirrors: folders in which to look first for the files that the dataset file names.

    Raises:
        IdxError, CompressedFileError: when a file is not an IDX file, or damaged.
        DataError: when they are not images and labels, split by split, ``output`` exists, or a name is not
            allowed in a dataset file.
    """
    if bool(files) == bool(update) or (mirrors and not update) or (output and update):
        todo = "give IDX files for a new dataset file, or a dataset file with --update, which names its files"
        raise DataError("new_dataset.py", "the files to read are not clear", todo=todo)
    if update:
        path, made_of = Path(update), ""
        text = _updated(path, mirrors)
    else:
        path, text, made_of = _new(files, output)
    dataset = _checked(path, text)
    with atomic_file(os.path.realpath(path)) as stream:  # what a link points to
        if update:
            shutil.copymode(path, stream.name)  # who may read it, since it may have a password
        stream.write(text.encode())
    splits = ", ".join(f"{counted(split.count, 'image')} in {name}" for name, split in dataset.splits.items())
    then = "To export it:" if update else FILL_IN
    export = command([], [setting("datasets", str(path))])
    return f"{path}: {splits}; {counted(len(dataset.classes), 'class')}{made_of}\n{then}\n    {export}"


def _new(files: Sequence[str], output: str | None) -> tuple[Path, str, str]:
    """The path and the text of a new dataset file for IDX files, and words that say what it was made of."""
    typed = os.path.normpath(common_folder(files))
    folder, path = Path(os.path.realpath(typed)), Path(output or _beside(typed))
    if path.suffix != ".yaml" or not re.fullmatch(NAME, path.stem):
        todo = "name the dataset file, such as --output digits.yaml"
        raise DataError(path, "not a valid dataset name", expected=FILE_NAME, todo=todo)
    read = _idx_files(files)
    if path.exists():
        todo = f"give --update {shell_word(str(path))} alone, or a different file with --output"
        raise DataError(path, "already exists", todo=todo)
    facts = infer(read)
    _check_found(facts, folder, [file for file, _ in read])
    kinds = " and ".join(sorted({"NumPy arrays" if is_array(*each) else "IDX files" for each in read}))
    to_fill_in = {
        "title": path.stem,
        "license": {"spdx": None, "note": "Not stated yet."},
        "citation": "not stated yet",
    }
    where = {"mirrors": [os.path.relpath(folder, os.path.realpath(path.parent))]}
    splits = {"splits": facts.pop("splits")}
    text = HEAD.format(kinds=kinds) + dump(to_fill_in) + CLASSES + dump(facts)
    return path, text + MIRRORS + dump(where) + "\n" + dump(splits), f"; from {kinds}"


def _beside(folder: str) -> str:
    """The path of the dataset file for a folder."""
    parent, name = os.path.split(folder)
    allowed = re.sub("[^A-Za-z0-9_-]+", "-", name).strip("-_")
    return os.path.relpath(os.path.join(parent, f"{allowed or name}.yaml"))


def _updated(path: Path, mirrors: Sequence[str]) -> str:
    """The text of a dataset file with the counts and digests of its files as they are now.

    Only the lines of keys that change are replaced.
    """
    known = load(path, outdated=True)
    places = [*mirrors, *known.mirror_places()]
    paths = {
        name: [_path(file, places, known.source) for file in split.files] for name, split in known.whole_splits.items()
    }
    facts = infer_again(known, paths)
    text = path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    if facts["classes"].keys() != known.classes.keys():
        text = with_key(text, path, "classes", dict(sorted((facts["classes"] | known.classes).items())))
    if (splits := _splits(path, known, facts)) != read_yaml(path, known.source)["splits"]:
        text = with_key(text, path, "splits", splits)
    return text.replace("\n", "\r\n") if b"\r\n" in path.read_bytes() else text


def _path(file: PublishedFile, mirrors: Sequence[str], dataset: str) -> Path:
    """Where a file of a dataset is on this disk, under any name that a run would find."""
    places = local_places(replace(file, sha256=None, content_sha256=None, git_blob=None, md5=None), mirrors)
    unpacked = [Path(place.where) for place in places if not place.member]
    if not unpacked:
        todo = "write the folder that has it, unpacked, under `mirrors`, or give the folder with --mirrors"
        raise DataError(dataset, f"{file.file} is in no folder of its mirrors", at="mirrors", todo=todo)
    return unpacked[0]


def _splits(path: Path, known: Dataset, facts: dict[str, Any]) -> dict[str, Any]:
    """The splits of a dataset file with new facts, and the old facts of them and their parts that are still true."""
    new, old = facts["splits"], read_yaml(path, known.source)["splits"]
    splits: dict[str, Any] = {}
    for name, split in known.splits.items():
        whole = split.parent or name
        # Facts that are new, such as the first digests of a file, change no image.
        same = facts["classes"].keys() == known.classes.keys() and all(
            old[whole].get(key, value) == value or (key in ROLES and old[whole][key].items() <= value.items())
            for key, value in new[whole].items()
        )
        kept = {key: value for key, value in old[name].items() if same or key not in (*OF_A_TREE, "class_counts")}
        splits[name] = kept if split.parent else dict.fromkeys(("count", "shape", "class_counts")) | kept | new[name]
    return splits


def _check_found(facts: dict[str, Any], folder: Path, files: Sequence[str]) -> None:
    """Check that a run finds each file in the folder by its name in the dataset file."""
    names = {split[role]["file"] for split in facts["splits"].values() for role in ROLES}
    if lost := {name for name in names if not (folder / name).exists() and not find(folder, name)}:
        allowed = "unaccented letters, digits, -, _, and ., different names, and at most 3 folders, none hidden"
        found = [file for file in dict.fromkeys(files) if os.path.basename(file) not in names - lost]
        problem, todo = "the name or the place of a file is not allowed", f"rename it, or move it into {folder}"
        raise DataError(folder, problem, expected=allowed, found=found, todo=todo)


def _idx_files(files: Sequence[str]) -> list[tuple[str, str | None]]:
    """The files, and arrays in them, that are or become IDX files; report the others on standard error."""
    kept: list[tuple[str, str | None]] = []
    others = []
    for file in files:
        if os.path.isdir(file):
            others.append(f"{file}: a folder: give the files in it, as in {shell_word(file)}/*")
            continue
        for member in (*member_names(file),) or (None,):
            try:
                with open_idx(file, member) as stream:
                    read_header(stream, file)
                kept.append((file, member))
            except (IdxError, ArrayError) as error:
                words = (error.problem, error.details["found"], error.details["todo"])
                others.append(f"{array_name(file, member)}: {': '.join(str(word) for word in words if word)}")
    if not kept:
        raise DataError(files[0], "none of the files is an IDX file", found=others)
    for other in others:
        print(f"left out: {printable(other)}", file=sys.stderr)
    return kept


def _checked(path: Path, content: str) -> Dataset:
    """What a draft of the dataset file says."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, path.name)
        draft.write_text(content, encoding="utf-8")
        return load(draft, display_name=str(path))


if __name__ == "__main__":
    Command(__doc__).answer(main)
