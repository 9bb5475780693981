"""The datasets that a run can name: those of the workflow, and dataset files of users."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from idxpng.advice import shown
from idxpng.dataset.file import OWN_FILE, load
from idxpng.dataset.model import Dataset
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.errors import DataError
from idxpng.run.config import SHOWN_AS
from idxpng.text import did_you_mean

OWN = (".yaml", ".yml")
SCHEMA = "schemas/dataset.schema.yaml"
# SPDX identifiers of the licenses whose texts are in datasets/licenses/. The copyright lines are in the `note` of a
# dataset file, not in the text.
TEXTS = ("Apache-2.0", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-4.0", "CC0-1.0", "MIT")


class Catalog:
    """Datasets by name.

    Args:
        entries: names, or paths of dataset files, as the configuration has them.
        source: returns the local path of one of the workflow's own files.
        shipped: names of the datasets that the workflow ships, as far as they can be listed.

    Attributes:
        configured: the datasets of ``entries``, by name.
        entries: how the configuration spells each of them, by name.

    Raises:
        DataError: when an entry does not name a dataset, or its dataset file has a mistake.
    """

    def __init__(self, entries: Sequence[str], source: Callable[[str], str], shipped: Sequence[str] = ()) -> None:
        self._source = source
        self._shipped = shipped
        self._schema = read_yaml(source(SCHEMA), SCHEMA)
        self.configured: dict[str, Dataset] = {}
        self.entries: dict[str, str] = {}
        for entry in entries:
            dataset = self._load(entry, "datasets")
            if dataset.name in self.configured:
                problem = "two datasets have the same name, and thus the same results folder"
                found = f"{self.entries[dataset.name]} and {entry}"
                raise DataError(SHOWN_AS, problem, at="datasets", found=found, todo="rename one of the files")
            self.configured[dataset.name] = dataset
            self.entries[dataset.name] = entry
        self._known = dict(self.configured)

    def dataset(self, name: str, at: str = "datasets") -> Dataset:
        """A dataset by name: configured or shipped with the workflow, so that any can be a target; or by its file.

        ``at``: the configuration key that names it, for messages.
        """
        if name not in self._known:
            self._known[name] = self._load(name, at)
        return self._known[name]

    def may_ship(self, name: str) -> bool:
        """Whether the workflow has a dataset of this name, as far as its datasets can be listed."""
        return name in self._shipped or not self._shipped

    def file_for_download(self, wildcards: Any) -> str:
        """The path of a dataset's file; in an import over the network, Snakemake has then copied bundled files, too."""
        dataset = self.dataset(wildcards.dataset)
        if not self.entries.get(dataset.name, "").endswith(OWN):
            for mirror in dataset.mirrors:
                if "://" not in mirror:
                    self._source(f"datasets/{mirror}/{wildcards.published}")
        return str(dataset.path)

    def license_texts(self, wildcards: Any) -> list[str]:
        """The local paths of the license texts for a dataset's SPDX expression, as far as the workflow has them."""
        named = re.findall(r"[\w.-]+", self.dataset(wildcards.dataset).license["spdx"] or "")
        return [self._source(f"datasets/licenses/{spdx}.txt") for spdx in dict.fromkeys(named) if spdx in TEXTS]

    def _load(self, entry: str, at: str) -> Dataset:
        if entry.endswith(OWN):
            if not os.path.exists(entry):
                made = re.search(r"([^/]+)/idx/\1\.yaml$", entry)
                todo = did_you_mean(Path(entry).stem if Path(entry).name == entry else "", self._shipped)
                if made:
                    todo = f"make it first: idx --config datasets=mnist-sample 'folders={{{made[1]}: FOLDER}}'"
                raise DataError(shown(entry), "file not found", at=at, todo=todo)
            return load(entry, self._schema)
        display_name = f"datasets/{entry}.yaml"
        path = self._source(display_name)
        if not Path(path).is_file():
            expected = f"one of {', '.join(self._shipped) or 'the files in datasets/'}; {OWN_FILE}"
            add = "for a dataset file of your own, add it: --config datasets=FILE" if "/" in at else None  # a target
            todo = did_you_mean(entry, self._shipped) or add
            raise DataError(SHOWN_AS, "no such dataset", at=at, expected=expected, found=entry, todo=todo)
        return load(path, self._schema, display_name=display_name)
