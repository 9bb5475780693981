"""Checks of a whole run before its first job."""

import math
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from idxpng.advice import if_changed, new_folder, shell_path, shown
from idxpng.dataset.file import origin
from idxpng.dataset.model import PublishedFile
from idxpng.errors import DataError
from idxpng.fetch.integrity import WrongFileError, judge
from idxpng.fetch.mirrors import local_places
from idxpng.files.disk_space import check_room_for_files
from idxpng.files.json_file import read_json
from idxpng.files.leftovers import TIMESTAMP, entries_of, listed_images, not_images
from idxpng.run.catalog import OWN
from idxpng.run.config import SHOWN_AS
from idxpng.run.plan import HEADER, Plan
from idxpng.run.summary import image_count
from idxpng.text import counted, is_url, shell_word, some

OF_IDX = ("idx", "build_idx", "name_labels", "write_dataset", "write_settings")  # what the target idx runs
# How files begin that jobs made and users may have written themselves.
BEGINNINGS = {
    "README.md": b"---\npretty_name:",
    "croissant.json": b'{\n  "@context":',
    "LICENSE": b"License of ",
    "CITATION": b"@misc{",
    "provenance.json": b'{\n  "dataset":',
    "index.html": b"<!doctype html>\n<!-- made by make_page.py -->",
    "digests.js": b"showDigests(",
    "duplicates.json": b'{\n  "within":',
}
PAGES = ("find_duplicates", "make_page", "write_card")  # rules that make them
ON_DISK = ("verify_split", "list_digests")  # rules that look at files which are no inputs
RULES = (*OF_IDX, *PAGES, *ON_DISK, "download", "decompress", "validate", "export", "merge_manifests")  # checked


def check_spelling(path: str, name: str) -> None:
    """Check that ``path`` is a plain path, with which the paths of files in the folder begin.

    ``name``: what the key ``pathvars`` of the configuration calls it.

    Raises:
        DataError: when it is ``.``, begins with ``-``, or has ``~``, which nothing expands, or useless parts, such as a
            slash at its end.
    """
    plain = os.path.normpath(os.path.expanduser(path))
    if plain == os.curdir or plain.startswith("-"):  # no target is below it, or scripts take it for an option
        plain = os.path.abspath(plain)
    if path != plain and "://" not in path:
        problem = "Snakemake takes every letter of this path literally"
        raise DataError(SHOWN_AS, problem, at=f"pathvars.{name}", expected=plain, found=path)


def check_folder(path: str | os.PathLike[str], name: str, writable: bool = True) -> None:
    """Check that ``path`` is, or can become, a directory, and with ``writable`` one in which the run can make files.

    ``name``: what the key ``pathvars`` of the configuration calls it.

    Raises:
        DataError: when it, or the nearest folder above it that exists, is a file or cannot be written.
    """
    existing = Path(path).absolute()
    while not os.path.lexists(existing):
        existing = existing.parent
    todo = "work in another folder: --directory FOLDER"
    if os.access(".", os.W_OK):  # where Snakemake has its notes
        todo += f", or name one: --config 'pathvars={{{name}: FOLDER}}'"
    if not existing.is_dir():
        found = f"{existing} is a file, or a link to nothing"
        raise DataError(path, "cannot be a folder", expected="a folder, or nothing", found=found, todo=todo)
    if writable and not os.access(existing, os.W_OK | os.X_OK):
        found = f"no permission to write in {existing}, or its disk is read-only"
        raise DataError(path, "cannot be written", found=found, todo=f"get permission from its owner, or {todo}")


def check_variables(path: str) -> None:
    """Raise DataError if a path still has environment variables, which would become part of a folder's name."""
    if found := re.search(r"\$\{?\w+\}?", path):
        todo = f"set it where you start Snakemake, and on the nodes of a cluster, or name a folder without {found[0]}"
        raise DataError(path, "an environment variable in this path is not set", found=found[0], todo=todo)


def check_origins(plan: Plan, names: Iterable[str]) -> None:
    """Raise DataError if the results folder of one of these datasets has results of a different dataset."""
    for name in names:
        dataset = plan.catalog.dataset(name)
        folder = Path(plan.results, name)
        for header in folder.glob(HEADER.format(split="*")):
            found = read_json(header).get("dataset_file")
            if not isinstance(found, str) or found == origin(dataset):
                continue
            of_shipped = found == f"datasets/{name}.yaml" and plan.catalog.may_ship(name)
            if not of_shipped and (not os.path.exists(found) or os.path.samefile(found, dataset.path)):
                continue  # the file was moved, or its path has a different spelling
            problem, expected = "has results of a different dataset with the same name", f"those of {dataset.source}"
            which = " of the workflow" if of_shipped else ""
            todo = "rename your dataset file, give that of these results as `datasets`, or move the results away"
            raise DataError(shown(folder), problem, expected=expected, found=f"those of {found}{which}", todo=todo)


def dataset_folders(place: str, jobs: Iterable[Any]) -> set[str]:
    """The folders of datasets in results or resources where ``jobs`` make files; other workflows may add others."""
    folders = ((f"{place}/{getattr(job.wildcards, 'dataset', None)}", job.output) for job in jobs)
    return {folder for folder, outputs in folders if any(str(path).startswith(f"{folder}/") for path in outputs)}


def check_run(plan: Plan, jobs: Iterable[Any], targets: Collection[str] = (), storage: str = "") -> list[str]:
    """Check that the outputs of ``jobs`` fit on the disk of the results folder, and can be written.

    Args:
        plan: what the run makes.
        jobs: those that it has to do.
        targets: those of the command line.
        storage: where the results are, such as ``s3://digits``; empty if they are in their folder on this disk.

    Returns:
        Warnings.

    Raises:
        DataError: as `check_origins`, when resources cannot be written but must be, or the run would make a dataset
            file that it has read already, would remove what no run made, or would look on this disk for results that
            are in a storage.
        DiskRoomError: when there is not enough room for the PNG files.
    """
    jobs = list(jobs)
    if storage and any(job.rule.name in ON_DISK for job in jobs):
        place = f"{storage.rstrip('/')}/{plan.results}"
        todo = f"copy {place} into an empty folder, and run it there, by --directory, without the storage"
        raise DataError(place, "verify and checksums look at files on this disk, not in a storage", todo=todo)
    of_targets = {job.wildcards.dataset for job in jobs if job.rule.name == "validate"} - set(plan.catalog.configured)
    check_origins(plan, of_targets)  # the configured ones were checked before
    for folder in dataset_folders(plan.resources, jobs):
        check_folder(folder, "resources")
    made = {os.path.realpath(output) for job in jobs if job.rule.name == "write_dataset" for output in job.output}
    others = {job.rule.name for job in jobs} - {*OF_IDX, *targets}
    # Other targets may be up to date by the old dataset file.
    others |= {word for word in targets if os.path.basename(word) != "idx" and "/idx/" not in word}
    for dataset in plan.catalog.configured.values():
        if os.path.realpath(dataset.path) in made and others:
            problem = "the run would make this dataset file again, but has read the old one already"
            raise DataError(dataset.path, problem, todo="run the target idx on its own, then the others")
    exports = [job for job in jobs if job.rule.name == "export"]
    _check_foreign(plan, exports, [job for job in jobs if job.rule.name in PAGES])
    check_room_for_files(plan.results, sum(plan.label_count(job.wildcards) for job in exports))
    return list(_going(plan, jobs))


def _check_foreign(plan: Plan, exports: list[Any], pages: list[Any]) -> None:
    """Check that Snakemake removes nothing that no run made.

    It empties the directories of labels, and replaces the files that the jobs of ``pages`` make.
    """
    found, moves = [], []
    aside = shell_word(new_folder("kept", outside=plan.results))
    for job in exports:
        png, of = Path(job.output[0]), job.wildcards
        entries = entries_of(png)
        others = {name for name in not_images(entries) if not name.startswith(".")}
        if foreign := others | {name for name, is_file in entries.items() if not is_file}:
            found.append(f"{shown(png)}: {some(foreign)}")
            moves.append(f"mv -- {shell_path(png)} {aside}/{of.dataset}-{of.split}-{of.label}")
    for job in pages:
        for path in filter(Path.is_file, map(Path, job.output)):
            with open(path, "rb") as file:
                start = file.read(len(BEGINNINGS[path.name]))
            if start and start != BEGINNINGS[path.name]:
                found.append(shown(path))
                moves.append(f"mv -- {shell_path(path)} {aside}/{job.wildcards.dataset}-{path.name}")
    if found:
        raise DataError(
            shown(plan.results),
            "the run would remove what no run made",
            found=found,
            todo=["move these away, then run the same command again:", " && ".join([f"mkdir -- {aside}", *moves])],
        )


def _going(plan: Plan, jobs: list[Any]) -> Iterator[str]:
    """Warnings about what the run removes and does not make again: other files, labels, and images beyond a limit.

    Snakemake empties the directory of a label before a job makes it.
    """
    removed: Counter[tuple[str, str]] = Counter()
    for job in jobs:
        if job.rule.name == "export":
            png, manifest = map(str, job.output)
            names = entries_of(png).keys() - {TIMESTAMP}
            images = names - set(not_images(names))
            if images:
                images &= listed_images(Path(manifest)) or images
            if others := names - images:
                what = f"{some(others)}, which it did not make. To keep it, press Ctrl-C and move it."
                yield f"{shown(png)}: the run removes {what}"
            rows = plan.dataset_of(job.wildcards).split(job.wildcards.split).rows or (0, 0)
            limit = math.inf if plan.config.limit is None else rows[0] + plan.config.limit
            removed["limit", os.path.dirname(png)] += sum(int(name[:-4]) >= limit for name in images)
        if job.rule.name == "merge_manifests" and plan.config.classes:
            folder = Path(str(job.output[0]).removesuffix(".csv"))
            going = set(filter(re.compile(r"\d+\.csv").fullmatch, entries_of(folder)))
            going -= set(map(os.path.basename, job.input))
            png = str(folder.parents[1] / "png" / folder.name)
            removed["classes", png] += sum(image_count(folder / name) or 0 for name in going)
    for (key, png), count in removed.items():
        if count:
            back = f"Ctrl-C keeps what is still there; the same command without `{key}` makes all of it again."
            yield f"{shown(png)}: `{key}` removes {counted(count, 'image')}. {back}"


def replaced_originals(plan: Plan) -> Iterator[str]:
    """A warning for each file of a user's dataset that was replaced after it was pinned and copied.

    Snakemake does not see that, since it has the pinned file. Only files that changed after the copy was made are read.
    """
    for name, dataset in plan.catalog.configured.items():
        splits = plan.splits(dataset) if plan.catalog.entries[name].endswith(OWN) else ()
        for file in dict.fromkeys(file for split in splits for file in dataset.splits[split].files):  # once for parts
            paths = [place.where for place in local_places(file, plan.mirrors(name)) if not place.member]
            copy = Path(plan.resources, name, file.published)
            if paths and file.pin and copy.is_file() and _was_replaced(paths, copy, file):
                folders = [mirror for mirror in plan.config.mirrors.get(name, ()) if not is_url(mirror)]
                yield (
                    f"{shown(paths[0])}: no longer the file that {shown(dataset.source)} pins, so the results "
                    f"stay as they are; {if_changed(dataset.source, folders)}"
                )


def _was_replaced(paths: list[str], copy: Path, file: PublishedFile) -> bool:
    """Whether all ``paths`` are readable and newer than the ``copy``, and none is the pinned file."""
    for path in paths:
        if os.stat(path).st_ctime_ns <= copy.stat().st_mtime_ns or not os.access(path, os.R_OK):
            return False
        with suppress(WrongFileError):
            judge(path, file)
            return False
    return True
