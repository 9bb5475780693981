from dataclasses import replace
from xml.etree import ElementTree

import pytest

from idxpng.dataset.file import load
from idxpng.publish.page_sections import summary, terms


@pytest.mark.parametrize(("classes", "words"), [(1, "in 1 class: "), (10, "in 10 classes: ")])
def test_the_summary_counts_images_classes_and_splits(classes: int, words: str) -> None:
    size = {"rows": 28, "columns": 28}
    splits = [{"name": "train", "count": 60_000} | size, {"name": "test", "count": 1} | size]
    last = {"name": "last", "count": 9} | size
    assert summary([*splits, last], classes, {"last": " (also in train)"}).startswith("60,001 images")
    assert summary([*splits, last], 1, {"last": "!"}).endswith(": train 60,000, test 1, last 9!")
    assert "of 28 × 28 pixels or 28 rows × 30 columns" in summary([*splits, last | {"columns": 30}], classes)
    assert summary(splits, classes) == f"60,001 images of 28 × 28 pixels {words}train 60,000, test 1"


def test_hostile_terms_are_shown_unchanged_and_unknown_ones_left_out() -> None:
    text = '</dl><img src=x onerror=alert(1)> & "quoted" {{title}}'
    items = ElementTree.fromstring(terms(replace(load("mnist"), license={"spdx": None, "note": text}, citation=text)))
    assert [item.text for item in items] == ["license", "uncertain", "note", text, "cite as", text]
