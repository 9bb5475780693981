"""Reading dataset files: YAML with all that is known about one dataset, see schemas/dataset.schema.yaml."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from idxpng import SCRIPTS
from idxpng.dataset.model import DOWNLOAD_SUFFIXES, ROLES, Dataset, PublishedFile, Split
from idxpng.dataset.schema import check
from idxpng.dataset.strict_yaml import read_with_places, read_yaml
from idxpng.errors import DataError
from idxpng.formats.idx import LABELS
from idxpng.formats.labeled_images import CLASS, file_headers
from idxpng.text import NAME, counted, did_you_mean

DATASETS = SCRIPTS.parent / "datasets"  # those that come with the workflow
SCHEMA = DATASETS.parent / "schemas/dataset.schema.yaml"
FILE_NAME = "at most 60 letters, digits, - and _, starting with a letter or digit, then .yaml"  # of a dataset file
OWN_FILE = "or the path of a dataset file of your own, which ends in .yaml"
OF_A_TREE = ("archive_sha256", "tree_sha256")


def is_shipped(path: str | Path) -> bool:
    """Whether a dataset file comes with the workflow, and is not the user's own."""
    return Path(path).resolve().parent == DATASETS


def origin(dataset: Dataset) -> str:
    """What headers call a dataset file: a shipped one as seen from the project, so that it is the same everywhere.

    A user's own file gets a different name, also in a folder `datasets`.
    """
    of_shipped = f"datasets/{dataset.path.name}"
    if is_shipped(dataset.path):
        return of_shipped
    return f"./{of_shipped}" if dataset.source == of_shipped else dataset.source


def read_schema() -> Any:
    """What a dataset file must look like; None in a copy of the scripts alone."""
    return read_yaml(SCHEMA, str(SCHEMA)) if SCHEMA.exists() else None


def load_all(datasets: Sequence[str]) -> list[Dataset]:
    """Datasets by their names or dataset files; without any, all that come with the workflow. Raises as `load`."""
    schema = read_schema()
    paths: Sequence[str | Path] = datasets or sorted(DATASETS.glob("*.yaml"), key=attrgetter("stem"))
    return [load(path, schema) for path in paths]


def load(
    path: str | Path, schema: dict[str, Any] | None = None, display_name: str | None = None, outdated: bool = False
) -> Dataset:
    """Read and check a dataset file.

    Args:
        path: the file, whose name without suffix is the dataset's; or the name of one that comes with the workflow.
        schema: what it must look like; by default as `read_schema` says. In a job of a run, whose dataset files were
            checked before, nothing but contradictions is checked by default.
        display_name: how messages name the file, when not by its path.
        outdated: whether its class counts may be those of earlier files or classes.

    Raises:
        DataError: when the file is not readable YAML, does not follow the schema or contradicts itself.
    """
    from idxpng.advice import VARIABLE  # not in the digest

    if (shipped := DATASETS / f"{path}.yaml").exists():
        path = shipped
    display_name = display_name or str(path)
    name = Path(path).stem
    if not Path(path).suffix and not Path(path).exists():
        names = sorted(each.stem for each in DATASETS.glob("*.yaml"))
        expected = f"one of {', '.join(names)}; {OWN_FILE}"
        raise DataError(display_name, "no such dataset", expected=expected, todo=did_you_mean(name, names))
    if not re.fullmatch(NAME, name):
        raise DataError(display_name, "not a valid dataset name", expected=FILE_NAME, found=name)
    facts, places = read_with_places(path, display_name)
    if schema is None and VARIABLE not in os.environ:
        schema = read_schema()
    if schema is not None:
        check(facts, schema, display_name, places=places)
    try:
        dataset = _dataset(name, facts, display_name, Path(path))
    except (AttributeError, KeyError, TypeError, ValueError):  # it has changed since the run began
        check(facts, read_schema() or {}, display_name, places=places)
        raise
    _check_agreement(dataset, outdated)
    return dataset


def _dataset(name: str, facts: dict[str, Any], display_name: str, path: Path) -> Dataset:
    label_type = facts.get("label_type", "uint8")
    label_columns = tuple(facts.get("label_columns", (CLASS,)))
    archive = facts.get("archive")
    file_facts = label_type, label_columns, archive and (archive["file"], archive["bytes"])
    splits = facts["splits"].items()
    whole = {split: _split(known, *file_facts) for split, known in splits if "from" not in known}
    parts = {split: _part(known, whole, display_name, f"splits.{split}") for split, known in splits if "from" in known}
    read = {
        "name": name,
        "classes": dict(sorted((int(label), text) for label, text in facts["classes"].items())),
        "label_type": label_type,
        "label_columns": label_columns,
        "mirrors": tuple(facts.get("mirrors", ["."])),
        "splits": {split: (whole | parts)[split] for split in facts["splits"]},
        "creators": tuple(facts.get("creators", ())),
        "source": display_name,
        "path": path,
    }
    return Dataset(**{key: facts[key] for key in {field.name for field in fields(Dataset)} & facts.keys()} | read)


def _part(facts: dict[str, Any], whole: dict[str, Split], display_name: str, at: str) -> Split:
    parent = whole.get(facts["from"])
    if parent is None:
        expected = f"a split with files: {', '.join(whole) or 'there is none'}"
        raise DataError(
            display_name, "`from` names no split with files", at=f"{at}.from", expected=expected, found=facts["from"]
        )
    start, stop = facts["rows"]
    if not start < stop <= parent.count:
        raise DataError(
            display_name,
            f"rows outside split {facts['from']}",
            at=f"{at}.rows",
            expected=f"the first row and the one after the last, from 0 to {parent.count}",
            found=str(facts["rows"]),
        )
    return replace(parent, count=stop - start, rows=(start, stop), parent=facts["from"], **_made_of(facts))


def _split(
    facts: dict[str, Any], label_type: str, label_columns: tuple[str, ...], archive: tuple[str, int] | None
) -> Split:
    count = facts["count"]
    headers = file_headers(count, facts["shape"], label_type, label_columns)
    images, labels = (
        PublishedFile(
            **facts[role],
            header=header,
            archive=archive if "member" in facts[role] and not facts[role]["file"].endswith(".npz") else None,
        )
        for role, header in headers.items()
    )
    rows, columns = facts["shape"]
    return Split(count, (rows, columns), images, labels, file_count=count, **_made_of(facts))


def _made_of(facts: dict[str, Any]) -> dict[str, Any]:
    """What is known of the images of a split, whichever files they are in."""
    counts = facts.get("class_counts")
    digests = {key: facts.get(key) for key in OF_A_TREE}
    return {"class_counts": None if counts is None else tuple(counts), **digests}


def _check_agreement(dataset: Dataset, outdated: bool) -> None:
    """Raise DataError if a dataset file that has all its keys contradicts itself."""
    wrong = partial(DataError, dataset.source)
    largest = LABELS[dataset.label_type][-1]
    if max(dataset.classes) > largest:
        raise wrong(
            "a label is too large for the labels file",
            at="classes",
            expected=f"labels of type {dataset.label_type}: 0 to {largest}",
            found=max(dataset.classes),
            todo="write the type of the numbers in the labels file as label_type",
        )
    files = [file for split in dataset.whole_splits.values() for file in split.files]
    names = [file.idx for file in files]
    if suffixed := [name for name in names if name.endswith(DOWNLOAD_SUFFIXES)]:
        raise wrong("a file name has an extra suffix", at="splits", found=", ".join(suffixed))
    if twice := _alike(names):
        raise wrong("two of its files have the same name", at="splits", found=", ".join(twice))
    if twice := _alike(dataset.splits):
        raise wrong("two of its splits have the same name but for case", at="splits", found=", ".join(twice))
    archives = [file for file in files if file.file.endswith(".npz")]
    if unclear := [file.file for file in archives if not file.member]:
        problem = f"{unclear[0]} has no `member`, which says which of its arrays to take"
        raise wrong(problem, at="splits", expected="the name of an array, such as x_train.npy")
    if lost := [file.file for file in files if file.member and not file.archive and file not in archives]:
        problem = f"{lost[0]} has `member`, but the dataset file names no archive"
        raise wrong(problem, at="archive", expected="the archive's file and bytes")
    for name, split in dataset.splits.items():
        at, counts = f"splits.{name}.class_counts", split.class_counts
        if counts is None or outdated:
            continue
        if (len(counts), sum(counts)) != (len(dataset.classes), split.count):
            expected = f"one for each of {counted(len(dataset.classes), 'class')}, {split.count} in all"
            problem, found = "the class counts do not add up", f"{len(counts)}, {sum(counts)} in all"
            raise wrong(problem, at=at, expected=expected, found=found)


def _alike(names: Iterable[str]) -> list[str]:
    """The names that are not the only ones of their letters, of any case: some file systems take them for the same."""
    counts = Counter(map(str.lower, names := list(names)))
    return sorted({name for name in names if counts[name.lower()] > 1})


def identify(digests: Iterable[str], datasets: Path = DATASETS) -> tuple[str, str] | None:
    """The published or decompressed file with one of these SHA-256, among the dataset files of a folder, in words, and
    the name of its dataset.
    """
    for path in sorted(datasets.glob("*.yaml")):
        facts = read_yaml(path, str(path))
        files = [split[role] for split in facts["splits"].values() for role in ROLES if role in split]
        old = [release | {"file": f"{release['what']} (superseded)"} for release in facts.get("superseded", ())]
        known = {file.get(key): file["file"] for file in (*files, *old) for key in ("sha256", "content_sha256")}
        if found := [known[digest] for digest in digests if digest in known]:
            return f"{found[0]} of {facts['title']}", path.stem
    return None
