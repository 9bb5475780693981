"""Folders of images in a configuration: one that is missing is named, with what to do."""

from pathlib import Path
from typing import Any

import pytest

from plans import Wildcards, plan
from refusals import refusal

IN_CONFIG = "in a run: --config 'folders={photos: my/photos}'"
EXAMPLE = f"to do:    give it, {IN_CONFIG}, where my/photos/train/cat/0001.png is an image"


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        ({}, f"no such folder\n  at:       folders\n  found:    photos\n  {EXAMPLE}"),
        ({"other": "o"}, "no such folder\n  at:       folders\n  expected: one of other\n  found:    photos"),
        ({"photos": "none"}, "none: folder not found\n  expected: {split}/{class}/{image}"),
        ({"photos": {"path": "none", "manifests": "t"}}, "t: no table of labels\n  at:       folders.photos.manifests"),
    ],
)
def test_a_folder_that_is_missing_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: dict[str, Any], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in refusal(plan(folders=folders).folders.splits, Wildcards(dataset="photos"))


def test_a_split_that_a_folder_does_not_have_is_refused_with_those_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "my/train/cat").mkdir(parents=True)
    folders = plan(folders={"photos": str(tmp_path / "my")}).folders
    told = refusal(folders.settings, Wildcards(dataset="photos", split="tset"))
    assert told == f"{tmp_path}/my: no such split\n  expected: one of train\n  found:    tset"


def test_idx_without_a_folder_is_refused_with_an_example() -> None:
    told = refusal(plan().folders.outputs, Wildcards())
    assert told == f"configuration: no folder of images\n  at:       folders\n  found:    nothing\n  {EXAMPLE}"
