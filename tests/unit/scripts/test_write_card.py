"""A published folder has its full license and citation, and text of a dataset file cannot act as markup in it."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml

import new_dataset
import write_card
import write_parquet
from builders import described
from dataset_files import write_dataset, write_split
from idxpng.dataset.file import load
from idxpng.errors import DataError
from idxpng.formats.split_header import Selection
from idxpng.publish.croissant import ParquetSplit
from idxpng.publish.provenance import FileRecord
from project import PROJECT

HOSTILE = "<script>alert(1)</script> [a](javascript:alert(1)) ![b](x) `c` **d** <!-- | e & $f$ ~~g~~ \\"
ARRAYS = numpy.zeros((5, 2, 3), numpy.uint8), numpy.arange(5, dtype=numpy.uint8)
ROLES = ("card", "croissant", "license_file", "citation_file", "provenance")


@pytest.fixture
def published(tmp_path: Path) -> Any:
    """A function that makes the five files for a dataset file with these facts, and returns their text."""

    def publish(
        license_texts: Sequence[str] = (),
        rows: int = 5,
        part: list[int] | None = None,
        only: Sequence[int] | None = None,
        **facts: Any,
    ) -> dict[str, str]:
        dataset = write_dataset(tmp_path / "set.yaml", **facts)
        files: dict[str, list[str]] = {suffix: [] for suffix in ("json", "parquet", "csv")}
        for split, some in ({"train": [0, rows]} | ({"a-part": part} if part else {})).items():
            _, packed, manifest = (str(tmp_path / f"{split}.{suffix}") for suffix in files)
            images, labels, header = write_split(tmp_path, *ARRAYS, split)
            document = json.loads(Path(header).read_text())
            Path(header).write_text(json.dumps(document | ({"rows": part} if split == "a-part" else {})))
            write_parquet.main(Selection(images, labels, header), packed)
            for role in ("images", "labels"):
                document[role] |= {"file": role, "bytes": 9, "content_sha256": "0" * 64}
            Path(header).write_text(json.dumps(document))
            lines = ["path,split,index", *(f"{split}/0/{index}.png,{split},{index}" for index in range(*some))]
            Path(manifest).write_text("\n".join(lines) + "\n")
            for suffix, path in zip(files, (header, packed, manifest), strict=True):
                files[suffix].append(path)
        (tmp_path / "index.html").write_text("")
        made: dict[str, Any] = {role: str(tmp_path / role) for role in ROLES}
        headers, parquet, manifests = files.values()
        overview = str(tmp_path / "index.html")
        made |= {"license_texts": license_texts, "classes": only}
        write_card.main(dataset, headers, parquet, manifests, overview, **made)
        return {role: Path(made[role]).read_text(encoding="utf-8") for role in ROLES}

    return publish


def test_a_manifest_that_lists_too_few_images_is_not_published(published: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.csv: lists too[^$]*5, as in [^$]*found: +4\n[^$]*mv [^$]*mv "):
        published(rows=4)
    assert not (tmp_path / "card").exists()


@pytest.mark.parametrize("whole", [False, True], ids=["cut short", "overwritten"])
def test_a_damaged_file_is_named(published: Any, tmp_path: Path, whole: bool) -> None:
    published()
    packed = tmp_path / "train.parquet"
    packed.write_bytes(packed.read_bytes()[:-800] + b"\xff" * 790 + packed.read_bytes()[-10:] if whole else b"x")
    made: dict[str, Any] = {role: str(tmp_path / role) for role in ROLES}
    header, parquet, manifest = ([str(tmp_path / f"train.{suffix}")] for suffix in ("json", "parquet", "csv"))
    with pytest.raises(DataError, match=r"train\.parquet: not a Parquet file of images"):
        write_card.main(str(tmp_path / "set.yaml"), header, parquet, manifest, str(tmp_path / "index.html"), **made)


@pytest.mark.parametrize("name", ["train.parquet", "train.csv", "index.html", "MIT"])
def test_a_file_outside_of_the_folder_or_that_is_no_text_is_named_before_anything_is_made(
    published: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    published()
    (tmp_path / "card").unlink()
    wrong = tmp_path_factory.mktemp("elsewhere") / name
    wrong.write_bytes(b"\xff" if name == "MIT" else (tmp_path / name).read_bytes())
    names = ("train.json", "train.parquet", "train.csv", "index.html")
    header, packed, manifest, overview = (str(wrong if each == name else tmp_path / each) for each in names)
    made: dict[str, Any] = {role: str(tmp_path / role) for role in ROLES}
    made |= {"license_texts": [str(wrong)] if name == "MIT" else []}
    with pytest.raises(DataError, match=f"{wrong}: not "):
        write_card.main(str(tmp_path / "set.yaml"), [header], [packed], [manifest], overview, **made)
    assert not (tmp_path / "card").exists()


def test_the_metadata_count_the_classes_that_were_taken(published: Any) -> None:
    for only, words in ((None, "10 classes: "), ([3, 1], "2 classes: ")):
        assert words in json.loads(published(only=only)["croissant"])["description"]


def test_the_card_of_an_excerpt_says_so(published: Any) -> None:
    assert "excerpt" not in published()["card"]
    card = published(splits={"train": described(1234, (2, 3))})["card"]
    assert "\n\nThis is an excerpt of the dataset: 5 of the 1,234 images of train.\n\n|" in card


def test_the_card_promises_no_png_files(published: Any) -> None:
    assert "\n`parquet/` has all images of each split as rows. `png/`, where it is included, " in published()["card"]


@pytest.mark.parametrize(
    ("license_", "citation"), [({"spdx": None, "note": "Not stated."}, "me"), ({"spdx": "MIT"}, "not stated yet")]
)
def test_a_license_or_citation_that_is_not_stated_is_a_warning(
    published: Any, caplog: pytest.LogCaptureFixture, license_: dict[str, str | None], citation: str
) -> None:
    published(license={"spdx": "MIT"}, citation="me")
    assert "stated" not in caplog.text
    published(license=license_, citation=citation)
    assert "set.yaml: its license or citation is not stated" in caplog.text


def test_images_of_a_split_that_another_has_too_are_named_and_count_once(
    published: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(write_card, "_size_category", counted.append)
    splits = {"train": described(5, (2, 3)), "a-part": {"from": "train", "rows": [3, 5]}}
    made = published(splits=splits, part=[3, 5])
    assert "| train | 5 |\n| a-part | 2 (also in train) |" in made["card"]
    assert "train 5, a-part 2 (also in train)" in json.loads(made["croissant"])["description"]
    assert counted == [5]
    header = yaml.safe_load(made["card"].split("---\n")[1])
    (config,) = header["configs"]
    for splits, key in ((header["dataset_info"]["splits"], "name"), (config["data_files"], "split")):
        assert [split[key] for split in splits] == ["train", "a_part"], "`datasets` refuses a hyphen"


@pytest.mark.parametrize(
    ("rows", "category"),
    [(999, "n<1K"), (1000, "1K<n<10K"), (70_000, "10K<n<100K"), (814_255, "100K<n<1M"), (10**10, "n>10B")],
)
def test_the_size_category_is_one_of_hugging_face(rows: int, category: str) -> None:
    assert write_card._size_category(rows) == category


def test_the_card_names_splits_as_hugging_face_takes_them_without_those_that_are_empty(tmp_path: Path) -> None:
    parts = [
        ParquetSplit(name, FileRecord(f"parquet/{name}.parquet", 9, ""), rows, 9, {"image": {}})
        for name, rows in (("a-b", 1), ("c", 2), ("none", 0))
    ]
    splits = {"a-b": described(5, (2, 3))} | {part.name: {"from": "a-b", "rows": [0, 5]} for part in parts[1:]}
    known = load(write_dataset(tmp_path / "set.yaml", splits=splits))
    card = write_card._card(known, parts, "index.html", {})
    header = yaml.safe_load(card.split("---\n")[1])
    (config,) = header["configs"]
    assert {each["split"]: each["path"] for each in config["data_files"]} == {
        "a_b": "parquet/a-b.parquet",
        "c": "parquet/c.parquet",
    }
    assert [split["name"] for split in header["dataset_info"]["splits"]] == ["a_b", "c"]
    assert "| none | 0 |" in card, "readers see it"
    parts[1] = replace(parts[1], name="a_b")
    with pytest.raises(DataError, match=r"set.yaml: two splits have names that differ only in - and _[^$]*a-b, a_b"):
        write_card._card(known, parts, "index.html", {})


def test_the_attribution_is_in_card_metadata_and_license(published: Any) -> None:
    made = published(license={"spdx": "CC-BY-4.0"}, citation="me", attribution="By me.")
    for role in ("card", "croissant", "license_file"):
        assert "By me." in made[role]
    assert "\nlicense: cc-by-4.0\n" in made["card"]
    assert "repeats this.\n" in made["card"], "its text was not given"
    assert json.loads(made["croissant"])["license"] == ["https://spdx.org/licenses/CC-BY-4.0"]


def test_a_license_file_has_the_full_text_and_the_owner(published: Any) -> None:
    text = PROJECT / "datasets/licenses/MIT.txt"
    made = published([str(text)], license={"spdx": "MIT", "note": "Copyright (c) 2017 Me."})
    first, owner, rest = made["license_file"].split("\n\n", 2)
    assert first == "License of A set: MIT"
    assert owner == "Copyright (c) 2017 Me."
    assert rest == text.read_text(encoding="utf-8")
    assert "repeats this, and adds the text of MIT." in made["card"]


def test_text_of_a_dataset_file_is_escaped_in_markdown_and_html(published: Any) -> None:
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
    assert code.count("```") == 1, "text cannot end the block of code"
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
def test_markdown_is_escaped_only_where_needed(text: str, escaped: str) -> None:
    assert write_card.markdown(text) == escaped


def test_url_creators_and_date_are_in_the_metadata(published: Any) -> None:
    made = published(url="https://example.org/set", creators=["Ada Bee", "Cee Dee"], published="2017-08-25")
    document = json.loads(made["croissant"])
    assert document["url"] == "https://example.org/set"
    assert [person["name"] for person in document["creator"]] == ["Ada Bee", "Cee Dee"]
    assert document["datePublished"] == "2017-08-25"
    assert "<https://example.org/set>" in made["card"]
    bare = json.loads(published()["croissant"])
    assert not {"url", "creator", "datePublished", "creditText"} & set(bare)


@pytest.mark.parametrize("day", ["1998", "2017-08-25"])
def test_metadata_of_a_complete_dataset_file_is_valid_without_a_warning(
    published: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, day: str
) -> None:
    import mlcroissant

    published(url="https://example.org/set", creators=["Ada Bee"], published=day, license={"spdx": "MIT"})
    described = mlcroissant.Dataset(str((tmp_path / "croissant").rename(tmp_path / "croissant.json")))
    issues = described.metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []
    assert described.metadata.license == ["https://spdx.org/licenses/MIT"]
    assert [person.name for person in described.metadata.creators] == ["Ada Bee"]


def test_metadata_of_an_unedited_dataset_file_is_valid_but_for_its_date(published: Any, tmp_path: Path) -> None:
    import mlcroissant

    (tmp_path / "idx").mkdir()
    images, labels, _ = write_split(tmp_path / "idx", *ARRAYS)
    new_dataset.main([images, labels], str(tmp_path / "new.yaml"))
    facts = yaml.safe_load((tmp_path / "new.yaml").read_text())
    assert "published" not in facts
    published(**{key: facts[key] for key in ("title", "license", "citation")})
    described = mlcroissant.Dataset(str((tmp_path / "croissant").rename(tmp_path / "croissant.json")))
    issues = described.metadata.ctx.issues
    assert issues.errors == set()
    assert all("datePublished" in warning for warning in issues.warnings), "nobody but its author knows the date"
