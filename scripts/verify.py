"""Prove that PNG files are a published dataset: rebuild its IDX files from them alone, and compare their SHA-256.

Where the dataset file pins the digests, neither the IDX files nor a network is needed.
"""

import os
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

import idxpng
from idxpng import advice, log
from idxpng.dataset.file import load
from idxpng.dataset.model import ROLES, Dataset
from idxpng.errors import DataError
from idxpng.fetch.integrity import with_witnesses
from idxpng.files.json_file import write_json
from idxpng.files.leftovers import remove_proof
from idxpng.replaceable import check_place
from idxpng.text import counted, printable, some
from idxpng.verify import repair
from idxpng.verify.png_tree import Problems
from idxpng.verify.tree_check import TreeCheck

MOST_PROCESSES = 8  # more would wait for the one that digests what they read


def main(
    tree: str,
    /,
    dataset: str,
    split: str | None = None,
    images: str | None = None,
    labels: str | None = None,
    published: Sequence[str] = (),
    manifest: str | None = None,
    limit: int | None = None,
    report: str | None = None,
    processes: int = 1,
    classes: Collection[int] | None = None,
    beside: str | None = None,
) -> None:
    """Prove that a directory of PNG files is a split of a dataset, or all its splits; say so on the terminal.

    Pixels are read without the code and the library that wrote them; an image's label is its directory, its position
    its name. Everything else in the tree is reported as extra, and nothing in it is changed.

    Args:
        tree: the directory, ``.../png/{split}`` with a directory for each label, or ``.../png`` with all splits.
        dataset: the dataset file, or the name of one in datasets/.
        split: name of the split, if it differs from the name of the directory.
        images, labels: the original IDX files; where digests are pinned, they must be those. They are needed to name
            the image that differs, where no digest is pinned, with ``limit`` or ``classes``, and for a split that is a
            part of another.
        published: downloads whose own digest is pinned, but not that of their content: the tree must be what they
            decompress to.
        manifest: CSV file of the split, which has the further columns of labels with several.
        limit: how many images the tree has, counted from the first, if not all.
        report: the JSON file to make of what was proven. An earlier one is removed first.
        processes: how many processes read images; on the command line, by default one for each core, and at most 8.
        classes: the labels whose images the tree has, if not all.
        beside: the directory of all splits; what is in it besides splits of the dataset is reported as extra.

    Raises:
        WrongFileError: when a download is not the published one.
        DataError: when a file is missing, extra, altered, misplaced, or unreadable: which, and what to do; when a given
            original is not the original; and when the dataset file, an original, or the manifest has a mistake.
    """
    if report is not None:
        check_place(report)
        if Path(os.path.realpath(report)).is_relative_to(os.path.realpath(tree)):
            raise DataError(report, "nothing may be added to this directory", todo="give a report outside of it")
        remove_proof(report)
    known = with_witnesses(load(dataset), published)
    if unknown := {*(classes or ())} - known.classes.keys():
        expected = f"some of {', '.join(map(str, known.classes))}"
        raise DataError("--classes", "no such label", expected=expected, found=", ".join(map(str, sorted(unknown))))
    originals = (images, labels) if images and labels else None
    if not originals and (one := images or labels):
        raise DataError(one, "the images or the labels are missing", todo="give both --images and --labels")
    of_split = partial(TreeCheck, known, limit, manifest, processes, classes, originals, beside or tree)
    checks = [of_split(path, name) for name, path in _trees(tree, known, split).items()]
    if absent := [check for check in checks if not os.path.isdir(check.tree)]:
        raise _nothing(absent[0], tree)
    if checks[0].tree != tree:
        _check_names(tree, known)
    if beside is not None:
        _check_names(beside, known)
    if len(checks) > 1 and any((images, labels, manifest, report)):
        raise DataError(
            tree,
            "--images, --labels, --manifest, and --report apply to one split",
            todo=f"give the directory of one split: {' or '.join(advice.shell_path(check.tree) for check in checks)}",
        )
    for check in checks:
        directories = check.directories()
        files = _prove(check)
        if check.directories() != directories:
            todo = "verify again, while no other run or program changes it"
            raise DataError(check.tree, "this directory was changed while it was verified", todo=todo)
        if report is not None:
            document = {
                "dataset": known.name,
                "split": check.name,
                "tree": check.tree,
                **({"part": check.part} if check.part else {}),
                "workflow": {"version": idxpng.__version__},  # as in provenance.json, without time and place
                "equal": True,
                "compared": "each image with its original" if check.part else "digests of IDX files made of the images",
                "files": files,
                "sha256": check.pins,
                "pinned": {role: role in check.split.content_pins for role in ROLES},
            }
            write_json(report, document)
        log.output(_sentence(check, files, published))


def _trees(tree: str, dataset: Dataset, split: str | None) -> dict[str, str]:
    """The directory of each split to verify, by its name."""
    name = split or Path(os.path.abspath(tree)).name
    if split is not None or name in dataset.splits:
        dataset.split(name)  # raises if there is no such split
        return {name: tree}
    paths = {each: os.path.join(tree, each) for each in dataset.splits}
    return {each: path for each, path in paths.items() if each in dataset.whole_splits or os.path.lexists(path)}


def _nothing(check: TreeCheck, tree: str) -> DataError:
    """That there is no directory to check, with what is at the path ``tree`` that was given."""
    found = f"{printable(tree)} is a file; if it is an archive, unpack it first" if os.path.exists(tree) else None
    if os.path.isdir(tree):
        found = f"in {printable(tree)}: {some(os.listdir(tree)) or 'nothing'}"
    other = f"or give the directory of all splits, {check.dataset.name}/png, or that of one split, and --split NAME"
    expected = f"a directory with a directory for each label: {some(check.labels)}"
    todo = [repair.making_first(check), *([] if advice.VARIABLE in os.environ else [other])]
    return DataError(check.tree, "there is nothing to verify", expected=expected, found=found, todo=todo)


def _check_names(folder: str, dataset: Dataset) -> None:
    """Check that a directory has splits of the dataset and nothing else."""
    problems = Problems()
    for other in set(os.listdir(folder)) - set(dataset.splits):
        problems.add("extra", other)
    if problems:
        problem = f"not only the splits of {dataset.title}: {', '.join(dataset.splits)}"
        todo = repair.moving(problems, folder, folder)
        raise DataError(folder, problem, found=problems.lines(), todo=todo)


def _prove(check: TreeCheck) -> int:
    """How many images a tree has, once it is proven."""
    if unproven := check.split.unproven:
        raise DataError(
            check.tree,
            "cannot be verified without the published files",
            found=f"not pinned: the content of {' and '.join(unproven)} in {check.dataset.source}",
            todo=repair.give_published(check),
        )
    originals = check.existing_originals
    if not originals and (check.part or check.not_pinned):
        problem, todo = "cannot be verified without the original IDX files", repair.give_originals(check)
        pinned = f"{check.part}; only the digests of all {check.split.file_count:,} images are pinned"
        found = f"not pinned: {check.not_pinned}" if check.not_pinned else pinned
        raise DataError(check.tree, problem, found=found, todo=todo)
    digests, problems = ({}, Problems()) if check.part else check.rebuild()
    if digests:
        log.info("rebuilt from %s: SHA-256 %s", check.tree, " and ".join(digests.values()))
    if digests == check.pins:
        return check.count
    if originals:
        differing, count = check.compare(*originals)
        if check.part and not differing:
            return count
        problems = differing or problems
    raise repair.explained(check, problems, digests)


def _sentence(check: TreeCheck, files: int, published: Sequence[str]) -> str:
    sentence = f"{check.tree}: {counted(files, 'PNG file')} {'is' if files == 1 else 'are'} the {check.subject}"
    if check.not_pinned:
        return f"{sentence}, as in the given originals; not pinned: {check.not_pinned}"
    digests = f"{'of the originals ' if check.part else ''}{' and '.join(check.pins.values())}"
    pinned = "of the downloads that are pinned" if published else "pinned"
    return f"{sentence} (SHA-256 {digests}, {pinned} in {check.dataset.source})"


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.epilog = """\
examples:
  all of MNIST, wherever its images come from:
    python scripts/verify.py --dataset datasets/mnist.yaml results/mnist/png
  one split, in a directory with a different name:
    python scripts/verify.py --dataset datasets/mnist.yaml --split test ~/digits
  which image differs:
    python scripts/verify.py --dataset datasets/mnist.yaml results/mnist/png/test \\
      --images resources/mnist/t10k-images-idx3-ubyte --labels resources/mnist/t10k-labels-idx1-ubyte

The exit status is 0 when all is proven, and 1 when it is not."""
    command.set_defaults(processes=min(os.cpu_count() or 1, MOST_PROCESSES))
    command.run(main)
