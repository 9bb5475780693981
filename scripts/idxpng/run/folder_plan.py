"""Inputs, outputs, and parameters of the rules that build IDX files from folders of images."""

import os
from itertools import chain
from types import SimpleNamespace
from typing import Any

from idxpng.advice import in_config
from idxpng.dataset.model import Dataset
from idxpng.errors import DataError
from idxpng.formats.idx import label_type
from idxpng.formats.image_folder import ImageFolder, tables
from idxpng.formats.labeled_images import CLASS, file_headers
from idxpng.run.catalog import Catalog
from idxpng.run.config import SHOWN_AS, Config

# What IDX files take from the dataset that `like` names.
LAYOUT = ("classes", "label_type", "label_columns", "orientation")


class FolderPlan:
    """The folders of a configuration, which are read only when a rule needs them."""

    def __init__(self, config: Config, catalog: Catalog) -> None:
        self._settings, self._catalog = config.folders, catalog
        self._folders = {
            name: ImageFolder(folder.path, tables(folder.manifests) if folder.manifests else {})
            for name, folder in config.folders.items()
        }

    def outputs(self, wildcards: Any) -> list[str]:
        """All that `idx` makes of all folders.

        Raises:
            DataError: when no folder is configured, or one has the wrong layout.
        """
        if not self._folders:
            raise DataError(SHOWN_AS, "no folder of images", at="folders", found="nothing", todo=_example("photos"))
        return [output for name in self._folders for output in self.outputs_of(name)]

    def outputs_of(self, name: str) -> list[str]:
        """All that `idx` makes of a folder: its dataset file, and the IDX files and the facts of its splits."""
        images = [f"<results>/{name}/idx/{split}-images-idx3-ubyte.gz" for split in self._folder(name).splits]
        parts = self.parts(SimpleNamespace(dataset=name))
        return [f"<results>/{name}/idx/{name}.yaml", *images, *chain(*parts.values())]

    def parts(self, wildcards: Any) -> dict[str, list[str]]:
        """The inputs of the dataset file of a folder, a file for each of its splits: ``labels``, whose names say the
        number of dimensions and the type, and ``facts``, the JSON files that `build_idx` writes.
        """
        name = wildcards.dataset
        folder, model = self._folder(name), self._model(name)
        type_name = model.label_type if model else label_type(max(folder.classes.values(), default=0))
        kind = file_headers(0, (0, 0), type_name, model.label_columns if model else [CLASS])["labels"].kind
        return {
            "labels": [f"<results>/{name}/idx/{split}-labels-{kind}.gz" for split in folder.splits],
            "facts": [f"<results>/{name}/idx/{split}.json" for split in folder.splits],
        }

    def built_labels(self, wildcards: Any) -> str:
        """The labels of a split as `build_idx` names them.

        Raises:
            DataError: when the name to be made, ``{split}-labels-{kind}.gz``, says a different kind of labels.
        """
        name = f"{wildcards.split}-labels-{wildcards.kind}.gz"
        known = list(map(os.path.basename, self.parts(wildcards)["labels"]))
        if name not in known:
            raise DataError(name, "not the type of these labels", expected=f"one of {', '.join(known)}")
        return f"<results>/{wildcards.dataset}/idx/.{wildcards.split}-labels.gz"

    def splits(self, wildcards: Any) -> list[str]:
        """The splits of a folder."""
        return self._folder(wildcards.dataset).splits

    def options(self, wildcards: Any) -> list[str]:
        """The options for a folder, and those that are configured: manifests, the dataset file of `like`, `invert`."""
        folder = self._folder(wildcards.dataset)
        options = [f"--folder={folder.path}"]
        if tables := folder.tables:
            options += ["--manifest", str(tables[wildcards.split]), "--manifests", *map(str, tables.values())]
        options += ["--invert"] if self._settings[wildcards.dataset].invert else []
        if model := self._model(wildcards.dataset):
            options += ["--like", str(model.path)]
        return options

    def settings(self, wildcards: Any) -> dict[str, Any]:
        """What the IDX files of a split depend on: folder, class names and labels of all its splits, a digest that
        changes when an image is edited, what the IDX files take from the dataset that `like` names, and `invert`.
        """
        folder, model = self._folder(wildcards.dataset), self._model(wildcards.dataset)
        return {
            "folder": str(folder.path),
            "classes": folder.classes,
            "state": folder.state(wildcards.split),
            "like": {key: getattr(model, key) for key in LAYOUT} if model else None,
            "invert": self._settings[wildcards.dataset].invert,
        }

    def _model(self, name: str) -> Dataset | None:
        like = self._settings[name].like
        return self._catalog.dataset(like, f"folders.{name}.like") if like else None

    def _folder(self, name: str) -> ImageFolder:
        if name not in self._folders:
            known = ", ".join(self._folders)
            help_ = {"expected": f"one of {known}"} if known else {"todo": _example(name)}
            raise DataError(SHOWN_AS, "no such folder", at="folders", found=name, **help_)
        manifests = self._settings[name].manifests
        if manifests and not self._folders[name].tables:
            expected = "a CSV file, or a folder with one for each split, such as train.csv"
            raise DataError(manifests, "no table of labels", at=f"folders.{name}.manifests", expected=expected)
        return self._folders[name]


def _example(name: str) -> str:
    return f"give it, {in_config('folders', name, f'my/{name}')}, where my/{name}/train/cat/0001.png is an image"
