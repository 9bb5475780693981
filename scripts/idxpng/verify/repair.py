"""What is wrong with a tree of PNG files, in words, and the commands that repair it."""

import os
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

from idxpng import advice
from idxpng.dataset.file import identify, is_shipped
from idxpng.dataset.model import ROLES
from idxpng.errors import DataError
from idxpng.text import shell_word, some
from idxpng.verify.png_tree import SHOWN, UNKNOWN, Problems, index_in
from idxpng.verify.tree_check import TreeCheck

# What at least one image has if the IDX file that a tree makes has a different digest.
DIFFERS = {"images": "different pixels", "labels": "a different label"}


def explained(check: TreeCheck, problems: Problems, found: Mapping[str, str]) -> DataError:
    """What is wrong with a tree: its files, as far as they are known, and which of the digests ``found``."""
    compared = check.existing_originals is not None
    differing = [] if compared and problems else [role for role in found if found[role] != check.pins[role]]
    lines, todo = problems.lines(), _repairs(check, problems)
    if differing:
        of_role = {role: f"SHA-256 {found[role]}: at least one image has {DIFFERS[role]}" for role in differing}
        lines = [f"{role}: {of_role.get(role, 'as expected')}" for role in ROLES] + lines
        todo += ["verify again, while nothing else changes the images"] if compared else _which(check)
    elif not compared:
        unknown = f"; {UNKNOWN} is a label that is not known" if problems.counts["missing"] else ""
        lines.append(f"altered pixels, wrong labels: not looked for without the original IDX files{unknown}")
    if "images" in differing and (known := identify([found["images"]])):
        todo.insert(0, f"this is {known[0]}; if you mean that, verify it as the dataset {known[1]}")
    expected = [f"{role}: SHA-256 {check.pins[role]}" for role in differing]
    return DataError(check.tree, f"not the {check.subject}", expected=expected, found=lines, todo=todo)


def _repairs(check: TreeCheck, problems: Problems) -> list[str]:
    """What to do about problems with files."""
    missing, extra = problems.counts["missing"], problems.counts["extra"]
    if (extra and missing == check.count) or (extra > SHOWN and not check.part):
        return [
            f"check that this is the split {check.name} of {check.dataset.name}, with the directories "
            f"{some(check.labels)};",
            f"if its files have other names: rename them by label and position, as in {check.example}, "
            "or make IDX files of it to compare them (the target idx);",
            "if other programs added files: move these elsewhere, and verify again;",
            "or if you need none of its files:",
            *_making_again(check, sorted(problems.labels) or list(check.labels)),
        ]
    # If only a part of a split is verified, the other images may belong to the whole, so they stay.
    kept = [path for path, _ in problems.shown["extra"] if check.part and _may_be_image(path, check)]
    repairs = moving(problems, check.tree, check.top, kept)
    # Nor is a directory made again from which more would have to be moved.
    if extra > SHOWN or kept:
        advised = "verify them with the limit and the classes of the run that made them"
        return [*repairs, f"keep the images of the same split: {advised}"]
    if problems.counts["wrong format"]:
        gray = advice.new_folder("gray", check.top)
        command = advice.run_script("convert_images", advice.shown(check.tree), gray)
        gray_copies = f"verify gray copies with verify.py --split {check.name}; this makes them: {command}"
        repairs += [f"to compare images in color, {gray_copies}", "or if you do not need those in color:"]
    if problems.labels:
        return repairs + _making_again(check, sorted(problems.labels))
    return repairs + (_which(check) if missing else [])


def _may_be_image(path: str, check: TreeCheck) -> bool:
    """Whether a path below a tree may be an image in the files of its split, or a label's directory, by its name."""
    label, *names = path.split("/")
    count = check.split.file_count
    indices = [index_in(name, len(str(count - 1))) for name in names]
    return label in check.dataset.labels and all(index is not None and index < count for index in indices)


def _which(check: TreeCheck) -> list[str]:
    """How to find out which image differs."""
    first, *others = give_originals(check)
    if check.originals:  # where a run makes them
        command = advice.command(check.originals, [_setting(check)], targets=check.originals)
        first, others = f"verify again after this command, which makes the original IDX files: {command}", []
    return [f"to find out which image differs, {first}", *others]


def moving(problems: Problems, tree: str, top: str, kept: Collection[str] = ()) -> list[str]:
    """The command that moves what is extra below ``tree``, as far as it is shown, except the paths ``kept``.

    It goes to a new folder outside of ``top`` under the same names, since it may be the user's only copy.
    """
    others = [path for path, _ in problems.shown["extra"] if path not in kept]
    moved: dict[str, list[str]] = {"": []}
    for path in others:
        moved.setdefault(os.path.dirname(path), []).append(advice.shell_path(os.path.join(tree, path)))
    aside = advice.new_folder(f"extra-{os.path.basename(os.path.abspath(tree))}", top)
    to = {folder: shell_word(os.path.join(aside, folder)) for folder in moved}
    commands = [f"mkdir -- {' '.join(to.values())}"]
    commands += [f"mv -- {' '.join(paths)} {to[folder]}" for folder, paths in moved.items() if paths]
    return [" && ".join(commands)] if len(commands) > 1 else []


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


def give_originals(check: TreeCheck) -> list[str]:
    """How to give the original IDX files."""
    words = chain(*((f"--{role}", file.idx) for role, file in check.split.by_role.items()))
    return _giving(check, "give the original IDX files, decompressed", *words)


def give_published(check: TreeCheck) -> list[str]:
    """How to give the downloads of a split that are pinned, but not by the digest of their content."""
    return _giving(check, "add the published files", "--published", *check.split.unproven)


def _giving(check: TreeCheck, what: str, *words: str) -> list[str]:
    """How to give files, named among options: those in the resources beside the tree, or those that a run makes."""
    names = [word for word in words if not word.startswith("--")]
    beside = os.path.normpath(os.path.join(check.tree, "../../../../resources", check.dataset.name))
    there = all(os.path.exists(os.path.join(beside, name)) for name in names)
    paths = {name: os.path.join(beside if there else f"resources/{check.dataset.name}", name) for name in names}
    give = f"{what}: {' '.join(shell_word(paths.get(word, word)) for word in words)}"
    making_them = advice.command([*paths.values()], [_setting(check)], targets=[*paths.values()])
    return [give] if there else [f"{give};", f"this makes them: {making_them}"]
