"""Prove that PNG files are a published dataset: rebuild its IDX files from them alone, and compare their SHA-256.

What the digests must be is pinned in the dataset file. It takes neither the IDX files nor a network.
"""

import argparse
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from idxpng import log
from idxpng.dataset.file import identify, load
from idxpng.dataset.model import ROLES, Dataset
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_file
from idxpng.text import printable, shell_word
from idxpng.verify.png_tree import Problems
from idxpng.verify.tree_check import Claim

PROJECT = Path(__file__).parents[1]
MOST_TARGETS = 100  # in a command that people are to copy
MOST_PROCESSES = 8  # more would wait for the one that digests what they read


def main(
    tree: str,
    dataset: str,
    split: str | None = None,
    images: str | None = None,
    labels: str | None = None,
    manifest: str | None = None,
    limit: int | None = None,
    report: str | None = None,
    processes: int = 1,
    classes: Collection[int] | None = None,
) -> None:
    """Prove that a directory of PNG files is a split of a dataset, or all its splits; say so on the terminal.

    Pixels are read by Pillow, which had no part in writing them; an image's label is its directory, its position
    its name. Nothing else in the tree or beside it is believed, and nothing in it is changed.

    Args:
        tree: the directory, ``.../png/{split}`` with a directory for each label, or ``.../png`` with all splits.
        dataset: the dataset file.
        split: name of the split, where it is not the name of the directory.
        images, labels: the original IDX files. They are needed to name the image that differs, with ``limit``,
            and where no digest of their content is pinned; where one is, they must be the pinned ones.
        manifest: CSV file of the split, for the columns of labels that have more than one.
        limit: how many images the tree has, the first ones, if not all.
        report: the JSON file to make of what was proven. It is removed first.
        processes: how many processes read images.
        classes: the labels whose images the tree has, if not all. Then, and for a split that is a part of another,
            each image is compared with the originals.

    Raises:
        DataError: when a file is missing, extra, altered, misplaced or unreadable: which, and what to do; when a file
            given as the original is not it; and when the dataset file, an original or the manifest has a mistake.
    """
    if report is not None:
        Path(report).unlink(missing_ok=True)
    facts = load(dataset, _schema())
    if (images is None) != (labels is None):
        raise DataError(
            images or labels or "", "the images or the labels are missing", todo="give both --images and --labels"
        )
    trees = _trees(tree, facts, split)
    if len(trees) > 1 and any((images, labels, manifest, report)):
        raise DataError(
            tree,
            "--images, --labels, --manifest, and --report apply to one split",
            todo=f"give the directory of one split: {' or '.join(shell_word(path) for path in trees.values())}",
        )
    for name, path in trees.items():
        count = min(limit or facts.split(name).count, facts.split(name).count)
        claim = Claim(path, facts, name, count, images, labels, manifest, processes, classes)
        digests = _prove(claim)
        if report is not None:
            _write_report(report, claim, digests)
        print(printable(_sentence(claim, digests)))


def _schema() -> Any:
    """What a dataset file must look like; None in a copy of the scripts alone, in a run that has checked the file."""
    schema = PROJECT / "schemas/dataset.schema.yaml"
    return read_yaml(schema, str(schema)) if schema.exists() else None


def _trees(tree: str, dataset: Dataset, split: str | None) -> dict[str, str]:
    """The directory of each split to verify, by its name."""
    name = split or Path(os.path.abspath(tree)).name
    if split is not None:
        dataset.split(split)  # which refuses one that there is not
    one = name in dataset.splits
    trees = {name: tree} if one else {each: os.path.join(tree, each) for each in dataset.whole_splits}
    for path in trees.values():
        if not os.path.isdir(path) or (os.path.islink(path) and not one):
            raise DataError(
                path,
                "there is nothing to verify",
                expected="a directory with a directory for each label",
                todo=_lines(
                    [f"make it first: {_command(dataset)}", "or give the directory of one split, and --split NAME"]
                ),
            )
    if not one:
        problems = Problems()
        for other in set(os.listdir(tree)) - set(dataset.splits):
            problems.add("extra", other)
        if problems:
            raise _error(tree, dataset, found=problems.lines(), todo=problems.removal(tree))
    return trees


def _prove(claim: Claim) -> dict[str, str]:
    """The digests of images and labels that the tree makes, if they are those that it must make."""
    if not claim.covers_file and claim.images is not None:
        if problems := claim.compare():
            raise _error(claim.tree, claim.dataset, problems.lines(), _repairs(claim, problems))
        return claim.pins
    expected = claim.expected() if claim.covers_file else None
    if expected is None:
        raise _unprovable(claim)
    found, tree, problems = claim.rebuild()
    if found is not None:
        log.info("rebuilt from %s: SHA-256 %s", claim.tree, found)
    if found == expected:
        return found
    if claim.images is not None:
        problems = claim.compare()
        if not problems:
            raise DataError(
                claim.tree,
                "the rebuilt file differs from the published one, although each image equals the original",
                todo="if the labels have several columns, make the manifest again; otherwise verify again",
            )
        raise _error(claim.tree, claim.dataset, problems.lines(), _repairs(claim, problems))
    if found is not None:
        raise _another(claim, expected, found)
    counts = claim.facts.class_counts
    if claim.whole and counts is not None:
        found_counts = tree.image_counts()
        problems.labels |= {
            label for label, count in zip(found_counts, counts, strict=True) if found_counts[label] != count
        }
    repairs = _repairs(claim, problems)
    if problems.counts["missing"] and not problems.labels:
        repairs.append(_give_originals(claim))
    raise _error(claim.tree, claim.dataset, problems.lines(), repairs)


def _unprovable(claim: Claim) -> DataError:
    source = claim.dataset.source
    missing = " and ".join(f"splits.{claim.split}.{role}" for role in ROLES if role not in claim.pins)
    return DataError(
        claim.tree,
        "it cannot be verified without the original IDX files",
        found=f"not pinned: content_sha256 of {missing} in {source}"
        if missing
        else f"{claim.part}; only the digests of all {claim.facts.file_count:,} images are pinned",
        todo=_give_originals(claim),
    )


def _another(claim: Claim, expected: Mapping[str, str], found: Mapping[str, str]) -> DataError:
    known = identify((found["images"],), PROJECT / "datasets")
    return _error(
        claim.tree,
        claim.dataset,
        expected=[f"{role}: SHA-256 {expected[role]}" for role in ROLES],
        found=[
            f"images: SHA-256 {found['images']}" + (f", which is {known}" if known else ""),
            f"labels: SHA-256 {found['labels']}",
        ],
        todo=[_give_originals(claim)],
    )


def _error(
    tree: str, dataset: Dataset, found: Sequence[str], todo: Sequence[str], expected: Sequence[str] = ()
) -> DataError:
    return DataError(
        tree,
        f"not the published images and labels of {dataset.title}",
        expected=_lines(expected) or None,
        found=_lines(found),
        todo=_lines(todo) or None,
    )


def _lines(lines: Sequence[str]) -> str:
    return "\n            ".join(lines)


def _repairs(claim: Claim, problems: Problems) -> list[str]:
    """The commands that remove what is extra, and make again just the labels in which something else is wrong."""
    if not problems.labels:
        return problems.removal(claim.tree)
    targets = [shell_word(os.path.join(claim.tree, label)) for label in sorted(problems.labels)]
    forced = " ".join(targets) if len(targets) <= MOST_TARGETS else "export"
    return [*problems.removal(claim.tree), f"{_command(claim.dataset, claim)} --forcerun {forced}"]


def _command(dataset: Dataset, claim: Claim | None = None) -> str:
    """The command that makes the images of a dataset, or those of a claim."""
    own = Path(dataset.source).resolve().parent != PROJECT / "datasets"
    settings = [shell_word(f"datasets={dataset.source if own else dataset.name}")]
    if claim and claim.count < claim.facts.count:
        settings.append(f"limit={claim.count}")
    if claim and claim.facts.parent:
        settings.append(f"splits={claim.split}")
    if claim and claim.classes is not None:
        settings.append(shell_word(f"classes=[{','.join(map(str, claim.classes))}]"))
    return f"snakemake --cores 4 all --config {' '.join(settings)}"


def _give_originals(claim: Claim) -> str:
    files = zip(ROLES, claim.facts.files, strict=True)
    options = " ".join(f"--{role} {shell_word(file.idx)}" for role, file in files)
    return f"to find out which image differs, give the original IDX files, decompressed: {options}"


def _write_report(report: str, claim: Claim, digests: Mapping[str, str]) -> None:
    document = {
        "dataset": claim.dataset.name,
        "split": claim.split,
        "equal": True,
        "files": claim.file_count(),
        "sha256": digests,
        "pinned": {role: role in claim.pins for role in ROLES},
    }
    with atomic_file(report) as file:
        file.write(json.dumps(document, indent=2).encode() + b"\n")


def _sentence(claim: Claim, digests: Mapping[str, str]) -> str:
    source = claim.dataset.source
    of = "" if claim.whole else "first " if claim.covers_file else f"{claim.part} of the "
    what = f"{of}{'published ' if claim.pinned else ''}images and labels"
    sentence = f"{claim.tree}: {claim.file_count():,} PNG files are the {what} of {claim.dataset.title}"
    if claim.pinned:
        digests_of = "" if claim.whole else "of the originals "
        return (
            f"{sentence} (SHA-256 {digests_of}{' and '.join(claim.pins[role] for role in ROLES)}, pinned in {source})"
        )
    missing = " and ".join(f"splits.{claim.split}.{role}" for role in ROLES if role not in claim.pins)
    return f"{sentence}, as the originals given have them; not pinned: content_sha256 of {missing} in {source}"


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, found {text!r}")
    return int(text)


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.epilog = """\
examples:
  all of MNIST, wherever its images come from:
    python scripts/verify.py --dataset datasets/mnist.yaml results/mnist/png
  one split, in a directory that is called otherwise:
    python scripts/verify.py --dataset datasets/mnist.yaml --split test ~/digits
  which image differs:
    python scripts/verify.py --dataset datasets/mnist.yaml results/mnist/png/test \\
      --images resources/mnist/t10k-images-idx3-ubyte --labels resources/mnist/t10k-labels-idx1-ubyte

The exit status is 0 when all is proven, and 1 when it is not."""
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    add = command.add_argument
    add("tree", metavar="TREE", help="directory of a split, or of all splits, such as results/mnist/png")
    add(
        "--dataset", metavar="FILE", required=True, help="dataset file of what it is to be, such as datasets/mnist.yaml"
    )
    add("--split", metavar="NAME", help="which split it is; by default as the directory is called")
    add("--images", metavar="FILE", help="the original images, an IDX file, to name what differs")
    add("--labels", metavar="FILE", help="the original labels, an IDX file")
    add("--manifest", metavar="FILE", help="CSV file of the split, for labels of several columns")
    add("--limit", metavar="N", type=_count, help="the tree has only the first N images of the split")
    add("--report", metavar="FILE", help="JSON file to make when all is proven")
    add("--processes", metavar="N", type=_count, default=processes, help="how many read images (default: %(default)s)")
    add("--classes", metavar="LABEL", type=int, nargs="+", help="the tree has only images with these labels")
    command.run(main)
