"""What is wrong with a tree of PNG files, in words, and the commands that repair it."""

import os
from collections.abc import Collection, Mapping, Sequence

from idxpng import advice
from idxpng.dataset.file import is_shipped
from idxpng.dataset.model import ROLES, Dataset
from idxpng.errors import DataError
from idxpng.text import shell_word
from idxpng.verify.png_tree import SHOWN, Problems
from idxpng.verify.tree_check import TreeCheck


def error(
    tree: str, dataset: Dataset, found: list[str], todo: list[str], expected: list[str] | None = None
) -> DataError:
    problem = f"not the published images and labels of {dataset.title}"
    return DataError(tree, problem, expected=expected, found=found, todo=todo)


def explained(
    check: TreeCheck,
    top: str,
    problems: Problems,
    found: Mapping[str, str],
    pins: Mapping[str, str],
    compared: bool,
    to_make: Sequence[str],
) -> DataError:
    """What is wrong with a tree: its files if they are known, otherwise digests that differ: ``found`` from ``pins``.

    ``compared``: whether each image was compared with the original one.
    ``to_make``: the original IDX files that a run can make.
    """
    lines = problems.lines()
    if not compared:
        lines.append("altered pixels, wrong labels: not looked for without the original IDX files")
    missing, extra = problems.counts["missing"], problems.counts["extra"]
    if (extra and missing == check.count) or missing == extra > SHOWN:  # other names, such as without leading zeros
        todo = (
            "give the dataset and the split of this tree, make IDX files of it to compare them (the target idx), "
            "or rename its files by label and position"
        )
        again = ["or if its images are lost:", *_making_again(check, sorted(problems.labels) or list(check.labels))]
        return error(check.tree, check.dataset, lines, [f"{todo}: {check.example};", *again])
    if problems:
        # If only a part of a split is verified, the other images may belong to the whole, so they stay.
        repairs = moving(problems, check.tree, top, check.dataset.labels if check.part else ())
        repairs += _making_again(check, sorted(problems.labels)) if problems.labels else []
        if problems.counts["missing"] and not problems.labels:
            repairs.append(_which(check, to_make))
        return error(check.tree, check.dataset, lines, repairs)
    digests, expected = ([f"{role}: SHA-256 {each[role]}" for role in ROLES] for each in (found, pins))
    todo = "verify again, while nothing else changes the images" if compared else _which(check, to_make)
    return error(check.tree, check.dataset, digests, [todo], expected)


def _which(check: TreeCheck, to_make: Sequence[str]) -> str:
    """How to find out which image differs."""
    do = give_originals(check)
    if to_make:
        command = advice.command(to_make, [_setting(check)], targets=to_make)
        do = f"verify again after this command, which makes the original IDX files: {command}"
    return f"to find out which image differs, {do}"


def moving(problems: Problems, tree: str, top: str, kept: Collection[str] = ()) -> list[str]:
    """The command that moves what is extra below ``tree``, as far as it is shown, except directories ``kept``.

    It goes to a new folder outside of ``top`` under the same names, since it may be the user's only copy.
    """
    extra = [path for path, _ in problems.shown["extra"]]
    others = [path for path in extra if path.partition("/")[0] not in kept]
    moved: dict[str, list[str]] = {"": []}
    for path in others:
        moved.setdefault(os.path.dirname(path), []).append(advice.shell_path(os.path.join(tree, path)))
    aside = advice.new_folder(f"extra-{os.path.basename(os.path.abspath(tree))}", top)
    to = {folder: shell_word(os.path.join(aside, folder)) for folder in moved}
    commands = [f"mkdir -- {' '.join(to.values())}"]
    commands += [f"mv -- {' '.join(paths)} {to[folder]}" for folder, paths in moved.items() if paths]
    lines = [" && ".join(commands)] if len(commands) > 1 else []
    if len(others) < len(extra):
        return [*lines, "keep the images of the same split, and verify all of them: leave out limit and classes"]
    return lines + ["and verify again, since there is more"] * (problems.counts["extra"] > SHOWN)


def _making_again(check: TreeCheck, labels: Sequence[str]) -> list[str]:
    """The command that makes these labels again, and no others; for a copy of results, that which makes the results."""
    if _is_made_here(check):
        return [making(check, labels, force=True)]
    return [f"replace the folders {', '.join(labels)} with what this makes in {_made(check)}:", making(check, labels)]


def making_first(check: TreeCheck) -> str:
    """The command that makes a directory that does not exist, or if no run makes it, that of the results."""
    what = "make it first" if _is_made_here(check) else f"this makes {_made(check)}"
    return f"{what}: {making(check, check.labels)}"


def making(check: TreeCheck, labels: Collection[str], force: bool = False) -> str:
    """The command that makes the directories of some labels, with ``force`` even if they exist."""
    directory, source = None, check.dataset.source
    paths = [os.path.join(_made(check), label) for label in labels]
    if _is_made_here(check) and advice.VARIABLE not in os.environ:
        if directory := advice.directory_of(paths[0]):
            source = advice.from_folder(directory, os.path.abspath(source))
        paths = [os.path.relpath(path, directory) for path in paths]  # Snakemake knows no others
    settings = [_setting(check, source)]
    if check.count < check.split.count:
        settings.append(f"limit={check.count}")
    if check.classes is not None:
        settings.append(f"classes=[{','.join(map(str, check.classes))}]")
    # Otherwise `all` would also make the page again, of this split alone.
    targets = [os.path.dirname(paths[0])] if check.split.parent else ["all"]
    return advice.command(paths, settings, force, directory, targets)


def _setting(check: TreeCheck, source: str | None = None) -> str:
    """The word of a command that names the dataset: a file of one's own, as seen from where the command runs."""
    own = not is_shipped(check.dataset.source)
    return advice.setting("datasets", (source or check.dataset.source) if own else check.dataset.name)


def _is_made_here(check: TreeCheck) -> bool:
    """Whether a run makes this directory of a split: in a job, that run; by hand, a run whose results are `results`."""
    results = "" if advice.VARIABLE in os.environ else "/results"
    return os.path.abspath(check.tree).endswith(f"{results}/{check.dataset.name}/png/{check.name}")


def _made(check: TreeCheck) -> str:
    """The directory of a split that a run makes: this one, or if none makes it, that in `results`."""
    return check.tree if _is_made_here(check) else f"results/{check.dataset.name}/png/{check.name}"


def give_originals(check: TreeCheck) -> str:
    beside = os.path.normpath(os.path.join(check.tree, "../../../../resources", check.dataset.name)) + "/"
    folder = beside if all(os.path.exists(beside + file.idx) for file in check.split.files) else ""
    options = [f"--{role} {shell_word(folder + file.idx)}" for role, file in check.split.by_role.items()]
    return f"give the original IDX files, decompressed: {' '.join(options)}"
