"""Write a dataset file from IDX files or NumPy arrays, for data of your own.

Give it the images and labels of all splits, compressed or not:

    python scripts/new_dataset.py my/idx/*
    snakemake --cores 4 all --config datasets=my/idx.yaml

Files belong together by the names of files, folders, and arrays, as train-images-idx3-ubyte.gz and
train-labels-idx1-ubyte.gz do, or x_train and y_train in an .npz file, or by their counts. Counts, shapes, classes and
digests are read from the files. Names of the classes, title, license and citation are yours to fill in; the file works
before that, too.

If the files change later, --update writes their counts and digests into the dataset file, and keeps the rest.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from idxpng.advice import command, setting
from idxpng.command import Command
from idxpng.dataset.file import OF_A_TREE, load, read_schema
from idxpng.dataset.file_names import find, says
from idxpng.dataset.inference import Named, common_folder, infer
from idxpng.dataset.model import ROLES, Dataset, PublishedFile
from idxpng.dataset.writer import dump, split_facts, with_key
from idxpng.errors import DataError
from idxpng.fetch.mirrors import local_places
from idxpng.files.atomic import atomic_file
from idxpng.formats.compressed import ARRAYS, SUFFIXES
from idxpng.formats.idx import IdxError, read_header
from idxpng.formats.labeled_images import CLASS
from idxpng.formats.numpy_array import ArrayError, is_array, member_names, open_idx
from idxpng.text import counted, is_url, printable, shell_word

HEAD = """\
# Made from {kinds}. schemas/dataset.schema.yaml explains every key.

# Yours to fill in: what people call it, under which license it may be used, how to cite it,
# and when it was first published, a year or a day.
"""
CLASSES = "\n# What each label means: replace the numbers by names, in quotes.\n"
MIRRORS = """
# Where the files are, seen from here. If the preview shows images on their side, add `orientation: transposed`.
"""
FILL_IN = "Fill in title, license, citation, date and the names of the classes, now or later. Then:"


def main(files: Sequence[str], /, output: str | None = None, update: bool = False) -> str:
    """Write a dataset file for IDX files, and return a summary and the next steps.

    Args:
        files: IDX files, .npy or .npz files, with images and labels of every split.
        output: the dataset file to write; by default beside their folder, with its name and the suffix .yaml.
        update: write new counts and digests of these files into an existing dataset file.

    Raises:
        IdxError, CompressedFileError: when a file is not an IDX file, or damaged.
        DataError: when they are not images and labels, split by split, ``output`` exists, or a name is not
            allowed in a dataset file.
    """
    folder = common_folder(files).resolve()
    path = Path(output or os.path.relpath(folder.with_name(f"{folder.name}.yaml")))
    if path.suffix != ".yaml":
        raise DataError(
            path, "not the name of a dataset file", expected="one that ends in .yaml", todo="add .yaml to it"
        )
    read = _idx_files(files)
    if path.exists() and not update:
        raise DataError(path, "the file already exists", todo="add --update, or give a different file with --output")
    kinds = " and ".join(sorted({"NumPy arrays" if is_array(*each) else "IDX files" for each in read}))
    if update:
        text = _updated(path, read, folder)
    else:
        _check_names(facts := infer(read), [folder])
        text = _new(path, facts, folder, kinds)
    dataset = _checked(path, text)
    with atomic_file(path.resolve()) if update else open(path, "xb") as stream:  # what a link points to
        stream.write(text.encode())
    splits = ", ".join(f"{counted(split.count, 'image')} in {name}" for name, split in dataset.splits.items())
    classes = counted(len(dataset.classes), "class")
    then = "To export it:" if update else FILL_IN
    return f"{path}: {splits}; {classes}; from {kinds}\n{then}\n    {command([], [setting('datasets', str(path))])}"


def _new(path: Path, facts: dict[str, Any], folder: Path, kinds: str) -> str:
    """The text of a new dataset file for files of these kinds in a folder."""
    to_fill_in = {
        "title": path.stem,
        "license": {"spdx": None, "note": "Not stated yet."},
        "citation": "not stated yet",
        "published": time.strftime("%Y"),
    }
    mirrors = {"mirrors": [os.path.relpath(folder, path.parent.resolve())]}
    splits = {"splits": facts.pop("splits")}
    text = HEAD.format(kinds=kinds) + dump(to_fill_in) + CLASSES + dump(facts)
    return text + MIRRORS + dump(mirrors) + "\n" + dump(splits)


def _updated(path: Path, read: Sequence[tuple[str, str | None]], folder: Path) -> str:
    """The text of a dataset file with the counts and digests of new IDX files, and with what else is true of them.

    All lines stay but those of the keys that change.
    """
    known = load(path, read_schema())
    named = _named(known, read, folder)
    facts = infer(read, named, known.label_columns)
    _check_names(facts, [Path(mirror) for mirror in known.mirror_places() if not is_url(mirror)] or [folder])
    _check_new(known, facts, named)
    label_type, columns = facts.get("label_type", "uint8"), facts.get("label_columns", [CLASS])
    labels = (label_type, columns), (known.label_type, known.label_columns)
    found, expected = (f"{type_}, {counted(len(names), 'column')}" for type_, names in labels)
    left = ", ".join(name for name in known.whole_splits if name not in facts["splits"])
    if left and found != expected:
        problem = f"the labels of the files differ in type or columns from those of its other splits: {left}"
        raise DataError(path, problem, expected=expected, found=found, todo="give the files of all splits")
    classes = facts["classes"] | known.classes
    text = path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    if classes != known.classes:
        text = with_key(text, path, "classes", dict(sorted(classes.items())))
    text = with_key(text, path, "splits", _splits(known, facts, sorted(classes)))
    if label_type != known.label_type:
        text = with_key(text, path, "label_type", label_type)
    if len(columns) != len(known.label_columns):
        text = with_key(text, path, "label_columns", columns)
    return text.replace("\n", "\r\n") if b"\r\n" in path.read_bytes() else text


def _splits(known: Dataset, facts: dict[str, Any], classes: Sequence[int]) -> dict[str, Any]:
    """The splits of a dataset file with new facts of some, and of the others and their parts all that is still true."""
    new = facts["splits"]
    splits: dict[str, Any] = {}
    wider = len(str(max(classes))) > len(str(max(known.classes)))  # as are the names of all folders
    for name, split in known.splits.items():
        files = new.get(split.parent or name)
        changed = files and split.content_pins != {role: files[role]["content_sha256"] for role in ROLES}
        stale = (*OF_A_TREE, "class_counts") if changed else OF_A_TREE if wider else ()
        splits[name] = {key: value for key, value in split_facts(split).items() if key not in stale}
    for name, found in new.items():
        splits[name] = dict.fromkeys(("count", "shape", "class_counts")) | splits.get(name, {}) | found
    for name, kept in splits.items():
        if "class_counts" in kept:
            labels = facts["classes"] if name in new else known.classes
            counts = dict(zip(labels, kept["class_counts"], strict=True))
            kept["class_counts"] = [counts.get(label, 0) for label in classes]
    return splits


def _named(known: Dataset, read: Sequence[tuple[str, str | None]], folder: Path) -> Named:
    """The split and the name, in a dataset file, of each file that a run takes for it from a mirror.

    If the mirrors have no such file, the folder of all files is one. The name says whether the file is compressed now.
    """
    named: Named = {}
    for name, split in known.whole_splits.items():
        for file in split.files:
            copies = _copies(file, known.mirror_places()) or _copies(file, [str(folder)])
            for path, member in read:
                if os.path.realpath(path) not in copies or not (file.archive or file.member == member):
                    continue
                if file.archive:
                    todo = "delete `archive` and `member` there, and write the folder of the files under `mirrors`"
                    raise DataError(path, f"{known.source} has it in the archive {file.archive[0]}", todo=todo)
                suffix = os.path.splitext(path)[1]
                called = file.published.rpartition(".")[0] + (suffix if suffix in {*SUFFIXES, *ARRAYS} else "")
                other, _ = named.setdefault((Path(path), member), (name, called))
                if other != name:
                    todo = f"write its name, {Path(path).name}, into one of them"
                    raise DataError(path, f"it may be of split {other} or {name} of {known.source}", todo=todo)
    return named


def _copies(file: PublishedFile, mirrors: Sequence[str]) -> list[str]:
    """The paths on this disk from which a run takes a file that is in no archive."""
    return [os.path.realpath(place.where) for place in local_places(file, mirrors) if not place.member]


def _check_new(known: Dataset, facts: dict[str, Any], named: Named) -> None:
    """Check that no files that seem to be a new split can be those of one in the dataset file.

    They can if the split has the same name or the same words in its files, or if its files are gone.
    """
    mirrors, new = known.mirror_places(), facts["splits"]
    has_urls = any(map(is_url, mirrors))
    for name, split in new.items():
        if any((name, split[role]["file"]) in named.values() for role in ROLES):
            continue
        for other, old in known.splits.items():
            alike = any(says(split[role]["file"], file.file) for role, file in old.by_role.items())
            is_here = has_urls or all(local_places(file, mirrors) for file in old.files)
            gone = (old.parent or other) not in new and not is_here
            if other == name or alike or gone:
                raise DataError(
                    known.source,
                    f"it is not clear whether some files are those of the split {other}",
                    at=f"splits.{other}",
                    expected=" and ".join([*_copies(file, mirrors), file.file][0] for file in old.files),
                    found=" and ".join(split[role]["file"] for role in ROLES),
                    todo=f"if they are, move them to the expected places, or write their names into {known.source}; "
                    f"if not, rename the split {other} there, or remove it",
                )


def _check_names(facts: dict[str, Any], folders: Sequence[Path]) -> None:
    """Check that a run finds each file in one of the folders by the name that it has in the dataset file."""
    for name in (split[role]["file"] for split in facts["splits"].values() for role in ROLES):
        if not any((folder / name).exists() or find(folder, name) for folder in folders):
            folder = folders[-1]
            allowed = "letters, digits, -, _ and ., a different name for each file, and at most 3 folders, none hidden"
            todo = f"rename or move the file, such as to {folder / name}"
            raise DataError(folder, "the name or the place of a file is not allowed", expected=allowed, todo=todo)


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
                details = [error.problem, error.details["found"]]
                details += [error.details["todo"]] if isinstance(error, ArrayError) else []
                others.append(f"{file}{f': {member}' if member else ''}: {': '.join(map(str, details))}")
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
        return load(draft, read_schema(), display_name=str(path))


if __name__ == "__main__":
    Command(__doc__).answer(main)
