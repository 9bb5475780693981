"""A published folder says its terms in full, and words of a dataset file show in it as they are and act nowhere."""

import json
import re
from pathlib import Path
from typing import Any

import mlcroissant
import numpy
import pytest
import yaml

import write_card
import write_parquet
from builders import idx_bytes
from dataset_files import write_dataset, write_header
from project import PROJECT

HOSTILE = "<script>alert(1)</script> [a](javascript:alert(1)) ![b](x) `c` **d** <!-- | e & $f$ ~~g~~ \\"
ROLES = ("card", "croissant", "license_file", "citation_file", "provenance")


@pytest.fixture
def published(tmp_path: Path) -> Any:
    """Makes the five files of a dataset file with these facts, and gives what is in them."""

    def publish(license_text: str | None = None, **facts: Any) -> dict[str, str]:
        dataset = write_dataset(tmp_path / "set.yaml", **facts)
        images, labels, packed = (str(tmp_path / name) for name in ("images", "labels", "train.parquet"))
        Path(images).write_bytes(idx_bytes(numpy.zeros((5, 2, 3), numpy.uint8)))
        Path(labels).write_bytes(idx_bytes(numpy.arange(5, dtype=numpy.uint8)))
        header = write_header(tmp_path / "train.json", images)
        document = json.loads(Path(header).read_text())
        for role in ("images", "labels"):
            document[role] |= {"file": role, "bytes": 9, "content_sha256": "0" * 64}
        Path(header).write_text(json.dumps(document))
        write_parquet.main(images, labels, header, packed)
        for name in ("index.html", "train.csv"):
            (tmp_path / name).write_text("")
        made = {role: str(tmp_path / role) for role in ROLES}
        write_card.main(
            dataset,
            [header],
            [packed],
            [str(tmp_path / "train.csv")],
            str(tmp_path / "index.html"),
            license_text=license_text,
            **made,
        )
        return {role: Path(path).read_text(encoding="utf-8") for role, path in made.items()}

    return publish


def test_words_that_a_license_asks_for_are_passed_on(published: Any) -> None:
    made = published(license={"spdx": "CC-BY-4.0"}, citation="me", attribution="By me.")
    for role in ("card", "croissant", "license_file"):
        assert "By me." in made[role]
    assert "\nlicense: cc-by-4.0\n" in made["card"]
    assert json.loads(made["croissant"])["license"] == ["https://spdx.org/licenses/CC-BY-4.0"]


def test_a_license_comes_with_its_words_and_its_owner(published: Any) -> None:
    text = PROJECT / "datasets/licenses/MIT.txt"
    made = published(str(text), license={"spdx": "MIT", "note": "Copyright (c) 2017 Me."})
    first, owner, rest = made["license_file"].split("\n\n", 2)
    assert first == "License of A set: MIT"
    assert owner == "Copyright (c) 2017 Me."
    assert rest == text.read_text(encoding="utf-8")


def test_words_of_a_dataset_file_act_neither_in_markdown_nor_in_html(published: Any) -> None:
    made = published(
        title=HOSTILE, citation=HOSTILE, attribution=HOSTILE, license={"spdx": None, "note": f"- # {HOSTILE}"}
    )
    _, front, text = made["card"].split("---\n", 2)
    assert yaml.safe_load(front)["pretty_name"] == HOSTILE
    shown, code = text.split("```bibtex\n")
    acting = re.sub(r"\\[^\w\s]", "", shown)
    for word in ("<", "&", "[a", "[b", "`c", "**", "$f", "~~", "| e"):
        assert word not in acting
    assert "\n\\- \\# " in shown
    assert code.count("```") == 1, "nothing ends the block of code but its own end"
    document = json.loads(made["croissant"])
    assert document["alternateName"] == HOSTILE


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain words, 3.5 and (c) 2017 - MIT/X11: 100%!", "plain words, 3.5 and (c) 2017 - MIT/X11: 100%!"),
        ("1. item", "1\\. item"),
        ("12) item", "12\\) item"),
        ("- item\n+ item\n=", "\\- item\n\\+ item\n\\="),
        ("a_b", "a\\_b"),
        ("<b>&amp;", "\\<b\\>\\&amp;"),
    ],
)
def test_markdown_is_escaped_only_where_it_would_act(text: str, escaped: str) -> None:
    assert write_card.markdown(text) == escaped


def test_where_a_dataset_comes_from_is_in_its_metadata(published: Any) -> None:
    made = published(url="https://example.org/set", creators=["Ada Bee", "Cee Dee"], published="2017-08-25")
    document = json.loads(made["croissant"])
    assert document["url"] == "https://example.org/set"
    assert [person["name"] for person in document["creator"]] == ["Ada Bee", "Cee Dee"]
    assert document["datePublished"] == "2017-08-25"
    assert "<https://example.org/set>" in made["card"]
    bare = json.loads(published()["croissant"])
    assert not {"url", "creator", "datePublished", "creditText"} & set(bare)


@pytest.mark.parametrize("day", ["1998", "2017-08-25"])
def test_metadata_is_valid_without_a_warning_where_the_dataset_file_says_all(
    published: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, day: str
) -> None:
    published(url="https://example.org/set", creators=["Ada Bee"], published=day, license={"spdx": "MIT"})
    described = mlcroissant.Dataset(str((tmp_path / "croissant").rename(tmp_path / "croissant.json")))
    issues = described.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []
    assert described.metadata.license == ["https://spdx.org/licenses/MIT"]
    assert [person.name for person in described.metadata.creators] == ["Ada Bee"]
