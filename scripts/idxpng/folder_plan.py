"""What the rules ask on the way back: which folders of images become which IDX files."""

from __future__ import annotations

from typing import Any

from idxpng.config import SHOWN_AS, Config, ConfigError
from idxpng.image_folder import ImageFolder


class FolderPlan:
    """The folders that a configuration names, looked into only when they are asked for."""

    def __init__(self, config: Config) -> None:
        self._folders = {name: ImageFolder(path) for name, path in config.folders.items()}

    def dataset_files(self, wildcards: Any) -> list[str]:
        """The dataset file of each folder.

        Raises:
            ConfigError: when there is no folder.
        """
        if not self._folders:
            todo = "--config 'folders={photos: my/photos}', where my/photos/train/cat/0001.png is an image"
            raise ConfigError(SHOWN_AS, "no folder of images", at="folders", found="nothing", todo=todo)
        return [f"<results>/{name}/idx/{name}.yaml" for name in self._folders]

    def facts(self, wildcards: Any) -> list[str]:
        """What is known of each split of a folder."""
        name = wildcards.dataset
        return [f"<results>/{name}/idx/{split}.json" for split in self._folder(name).splits]

    def path(self, wildcards: Any) -> str:
        """Where a folder is."""
        return str(self._folder(wildcards.dataset).path)

    def directories(self, wildcards: Any) -> list[str]:
        """The directories with the images of a split, which are newer when one is added, removed or renamed."""
        return self._folder(wildcards.dataset).folders(wildcards.split)

    def classes(self, wildcards: Any) -> dict[str, int]:
        """The labels of a folder, to which every split adds its own."""
        return self._folder(wildcards.dataset).classes

    def _folder(self, name: str) -> ImageFolder:
        if name not in self._folders:
            expected = f"one of {', '.join(self._folders)}" if self._folders else "a folder of images"
            raise ConfigError(SHOWN_AS, "no such folder", at="folders", expected=expected, found=name)
        return self._folders[name]
