"""The targets that people type: folders of results, what else the same command makes, and wrong targets."""

import os
import re
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, NoReturn

from idxpng.advice import setting
from idxpng.errors import DataError
from idxpng.run.catalog import OWN
from idxpng.run.plan import MANIFEST, OUTPUTS, Plan
from idxpng.text import NAME, did_you_mean, shell_word


class Targets:
    """The targets of a run; ``asked`` returns those of the command line, once Snakemake knows them."""

    def __init__(self, plan: Plan, asked: Callable[[], set[str]]) -> None:
        self._plan, self._asked = plan, asked

    def folder_targets(self, words: Iterable[str]) -> dict[str, list[str] | Callable[[Any], NoReturn]]:
        """What to make in each folder of results among the words of a command line. Other words are ignored.

        For a path in the results that no rule makes, a function that raises the error: the word may be no target.
        """
        found: dict[str, list[str] | Callable[[Any], NoReturn]] = {}
        for word in words:
            path = os.path.relpath(word or os.curdir, self._plan.results)
            try:
                files = self._files(word)
            except DataError as error:
                found[word] = partial(_refuse, error)
                continue
            if files == [] and os.path.normpath(word) != os.path.join(self._plan.results, path):
                files = [f"<results>/{path}"]  # by its whole path, which is no output
            if files:
                found[word] = files
        return found

    def _files(self, word: str) -> list[str] | None:
        """What to make in a folder of results; nothing for an output itself, and None for other words.

        Raises:
            DataError: when no rule makes a target in the results, or its dataset, split, or label is unknown.
        """
        name, _, below = os.path.relpath(word or os.curdir, self._plan.results).partition("/")
        if not re.fullmatch(NAME, name) or not os.path.dirname(word.rstrip("/")) or word.startswith("-"):
            return None
        if not f"{below}/".startswith("idx/"):
            return self._in_folder(word, name, below)
        files = self._plan.folders.outputs_of(name)  # of a folder of images, which need not be a dataset
        if below == "idx":
            return files
        if f"<results>/{name}/{below}" not in files:
            known = ", ".join(map(os.path.basename, files))
            raise DataError(word, "no rule makes this", expected=f"in {name}/idx: {known}")
        return []

    def _in_folder(self, word: str, name: str, below: str) -> list[str]:
        """All that targets make in a folder of a dataset's results; none if ``below`` is an output itself."""
        dataset = self._plan.catalog.dataset(name, at=word)
        depth, files = below.count("/") + 1, [] if below else self._plan.outputs("all", name)
        for pattern in dict.fromkeys(path for paths in OUTPUTS.values() for path in paths):
            parts = pattern.split("/")
            if match := re.fullmatch("/".join(map(_as_regex, parts[:depth])).replace("{dataset}", name), below):
                split, label, shard = (match.groupdict().get(key) for key in ("split", "label", "shard"))
                if split:
                    dataset.split(split)
                if label and label not in dataset.labels:
                    labels = f"one of {', '.join(dataset.labels)}"
                    raise DataError(word, f"{name} has no such label", expected=labels, found=label)
                if split and shard and shard not in (shards := self._plan.shards(dataset.split(split))):
                    expected = f"from {shards[0]} to {shards[-1]}"
                    raise DataError(word, f"{split} has no such shard", expected=expected, found=shard)
                if len(parts) == depth:
                    return []
                files += self._plan.expand(f"<results>/{{dataset}}/{pattern}", name, split)
                if pattern.startswith("png/"):  # when the manifest of the split is made, labels of earlier runs go
                    files += self._plan.expand(f"<results>/{{dataset}}/{MANIFEST}", name, split)
        if not files and re.fullmatch(rf"png/{NAME}/\d+/\d+\.png", below):
            todo = f"make the directory of its label: {os.path.dirname(word)}"
            raise DataError(word, "a PNG file is made together with all others of its label", todo=todo)
        if not files:
            self._plan.some_splits(dataset)
            known = sorted({path.partition("/")[0] for paths in OUTPUTS.values() for path in paths} | {"idx"})
            raise DataError(word, "no rule makes this", expected=f"in {name}: {', '.join(known)}")
        return files

    def why_missing(self, message: str, datasets: Collection[str] | None = None) -> str:
        """In new lines, why no rule makes the paths that a message of Snakemake names; empty if that is not known.

        ``datasets``: those that exist, if the message is about a target, which may be a misspelled name.
        """
        try:
            for word in self._asked() if datasets is not None else ():
                if not os.path.dirname(word) and (not word or f" {word} " in message):
                    refuse_name(word, [*OUTPUTS, "idx"], datasets or ())
            for path in (*map(str.strip, message.splitlines()), *message.split()):
                self._files(path)  # raises the reason, if there is one
        except DataError as error:
            return f"\n{error}"
        return ""

    def others(self, wildcards: Any) -> list[str]:
        """What the same command makes of a dataset besides the list of its files, which comes last."""
        return self._outputs_without("checksums", wildcards.dataset)

    def images_of_others(self, wildcards: Any) -> list[str]:
        """What the same command makes of the images of a split besides proofs, which come last.

        On its own, `verify` must not create files whose absence it should report.
        """
        folder, split = f"<results>/{wildcards.dataset}", wildcards.split
        outputs = self._outputs_without("verify", wildcards.dataset)
        below = {path.removeprefix(f"{folder}/") for path in outputs}
        manifest = MANIFEST.format(split=split)
        found = {path for path in below if path.startswith((f"png/{split}/", f"manifest/{split}/"))}
        requested = split in self._plan.splits(self._plan.dataset_of(wildcards))
        of_all_splits = not below.isdisjoint(OUTPUTS["publish"])  # by a path without wildcards, such as index.html
        if (requested and of_all_splits) or manifest in below:
            found.add(manifest)  # when it is made, labels of earlier runs go
        return [f"{folder}/{path}" for path in sorted(found)]

    def _outputs_without(self, target: str, dataset: str) -> list[str]:
        """What the command makes of a dataset besides the outputs of a target."""
        files, own = [], OUTPUTS[target][0].partition("{")[0]
        for word in sorted(self._asked() - {target}):
            path = os.path.relpath(word, self._plan.results)
            if word in OUTPUTS and dataset in self._plan.catalog.configured:
                files += self._plan.outputs(word, dataset)
            elif word == "idx" and dataset in self._plan.config.folders:
                files += self._plan.folders.outputs_of(dataset)
            elif f"{path}/".startswith(f"{dataset}/") and not path.startswith(f"{dataset}/{own}"):
                files += self._files(word) or [f"<results>/{path}"]
        return files


def _refuse(error: DataError, wildcards: Any) -> NoReturn:
    raise error


def _as_regex(part: str) -> str:
    """A part of a path in `OUTPUTS` as a regular expression."""
    for name, value in (("split", NAME), ("label", NAME), ("shard", r"\d+")):
        part = part.replace(f"{{{name}}}", f"(?P<{name}>{value})")
    return part.replace(".", r"\.")


def refuse_name(word: str, rules: Collection[str], datasets: Collection[str]) -> NoReturn:
    """Raise DataError for a target that is neither a path nor one of the ``rules``.

    The error suggests what is meant: a setting, a dataset, a rule with a similar name, or any of the ``rules``.
    """
    if "=" in word:
        todo = f"write it last, after --config: --config {shell_word(word)}"
        raise DataError(word, "a setting is not a target", todo=todo)
    if word in datasets or word.endswith(OWN):
        todo = f"type: all --config {shell_word(setting('datasets', word))}"
        raise DataError(word, "a dataset is not a target", todo=todo)
    if meant := did_you_mean(word, rules):
        raise DataError(word, "no such target", todo=f"{meant} (snakemake --list shows all)")
    expected = f"a path, such as results/mnist/png, or one of {', '.join(rules)}"
    raise DataError(word or "an empty word", "no such target", expected=expected)
