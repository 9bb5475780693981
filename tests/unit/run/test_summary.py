import json
from pathlib import Path
from typing import Any

import pytest

from idxpng.run.summary import last_words
from plans import plan


def words(results: Path, rules: set[str], seconds: float = 0, **config: Any) -> str:
    return last_words(plan(**config), rules, str(results), str(results / "resources"), seconds)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for path in ("train/0/0.png", "train/1/1.png", "train/1/2.png", "test/1/0.png"):
        (tmp_path / "mnist-sample/png" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mnist-sample/png" / path).touch()
    return tmp_path


def test_the_last_words_count_what_is_there_and_lead_from_the_sample_to_mnist(results: Path) -> None:
    said = words(results, {"all", "export"}, 90)
    assert f"3 PNG files in {results}/mnist-sample/png/train" in said
    assert f"1 PNG files in {results}/mnist-sample/png/test" in said
    assert "4 in all, after 1 min 30 s" in said
    assert "--config datasets=mnist" in said
    assert "sample" not in words(results, {"all"}, datasets="mnist")


def test_the_last_words_say_how_to_look_at_it(results: Path) -> None:
    said = words(results, {"all"})
    for path in ("preview/train.png", "preview/test.png", "index.html"):
        assert f"{results}/mnist-sample/{path}" in said
    assert "--report report.html" in said


def test_shards_and_proofs_end_with_what_they_are(results: Path) -> None:
    for folder in ("webdataset", "verify"):
        (results / "mnist-sample" / folder).mkdir()
        document = {"images": 1000, "shards": [{}, {}], "files": 1000, "pinned": {"images": True}}
        (results / f"mnist-sample/{folder}/train.json").write_text(json.dumps(document))
    assert f"1,000 images in 2 shards {results}/mnist-sample/webdataset" in words(
        results, {"webdataset"}, splits="train"
    )
    assert "1,000 PNG files" in words(results, {"verify"}, splits="train")


def test_single_targets_end_without_words(results: Path) -> None:
    assert words(results, {"export", "download"}) == ""
