"""License and citation of a dataset keep their meaning in the formats of other tools."""

from pathlib import Path

import pytest

from dataset_files import write_dataset
from idxpng.dataset.file import load
from idxpng.dataset.model import Dataset
from idxpng.publish.terms import bibtex, hub_license, license_text, license_urls
from idxpng.run.catalog import TEXTS
from project import PROJECT


def dataset(folder: Path, **facts: object) -> Dataset:
    return load(write_dataset(folder / "my-set.yaml", **facts))


def licensed(folder: Path, spdx: str | None, **facts: str) -> Dataset:
    return dataset(folder, license={"spdx": spdx, **facts})


@pytest.mark.parametrize(
    ("spdx", "header"),
    [
        ("MIT", {"license": "mit"}),
        ("CC-BY-SA-4.0", {"license": "cc-by-sa-4.0"}),
        ("ODbL-1.0", {"license": "odbl"}),
        ("ODC-By-1.0", {"license": "odc-by"}),
        ("GPL-3.0-or-later", {"license": "gpl-3.0"}),
        ("PDDL-1.0", {"license": "pddl"}),
        ("LPPL-1.3c", {"license": "lppl-1.3c"}),
        ("C-UDA-1.0", {"license": "c-uda"}),
        (None, {"license": "unknown"}),
        ("MIT OR Apache-2.0", {"license": "other", "license_name": "mit-or-apache-2.0", "license_link": "LICENSE"}),
        ("LicenseRef-mine", {"license": "other", "license_name": "licenseref-mine", "license_link": "LICENSE"}),
    ],
)
def test_a_license_has_the_name_that_the_hub_uses(tmp_path: Path, spdx: str | None, header: dict[str, str]) -> None:
    assert hub_license(licensed(tmp_path, spdx)) == header


def test_metadata_has_the_url_of_a_license_and_its_note(tmp_path: Path) -> None:
    known = licensed(tmp_path, "MIT", note="Copyright (c) 2017 Me.")
    assert license_urls(known) == ["https://spdx.org/licenses/MIT", "Copyright (c) 2017 Me."]
    assert license_urls(licensed(tmp_path, "CC0-1.0")) == ["https://spdx.org/licenses/CC0-1.0"]
    for spdx in (None, "MIT OR Apache-2.0", "LicenseRef-mine"):
        unclear = licensed(tmp_path, spdx, note="Ask A.")
        assert license_urls(unclear) == [license_text(unclear)]
        assert "Ask A." in license_text(unclear)


def test_a_citation_is_bibtex_with_the_known_fields(tmp_path: Path) -> None:
    known = dataset(
        tmp_path,
        title="50% of {all digits & more_",
        citation=r"A. Bee, Back\slash, 2020",
        url="https://example.org/a_b?c=%20",
        creators=["Ada Bee", "Cee, Inc.", "Dee and Sons", "Eff AND Co."],
        published="2017-08-25",
    )
    assert bibtex(known).splitlines() == [
        "@misc{my-set,",
        r"  title = {{50\% of \textbraceleft{}all digits \& more\_}},",
        "  author = {Ada Bee and {Cee, Inc.} and {Dee and Sons} and {Eff AND Co.}},",
        "  year = {2017},",
        "  url = {https://example.org/a_b?c=%20},",
        r"  note = {A. Bee, Back\textbackslash{}slash, 2020}",
        "}",
    ]
    assert bibtex(dataset(tmp_path)) == "@misc{my-set,\n  title = {{A set}},\n  note = {none}\n}"


def test_the_listed_license_texts_match_the_folder() -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (PROJECT / "datasets/licenses").iterdir()}
    assert sorted(texts) == sorted(TEXTS)
    for text in texts.values():
        assert len(text) > 1000
        assert "<year>" not in text, "the note of a dataset file has the owner"


def test_each_license_of_a_shipped_dataset_has_its_text() -> None:
    used = {load(path).license["spdx"] for path in (PROJECT / "datasets").glob("*.yaml")}
    assert used - {None} <= set(TEXTS)


def test_a_license_that_requires_a_copyright_line_has_it_in_the_note() -> None:
    licenses = [load(path).license for path in (PROJECT / "datasets").glob("*.yaml")]
    notes = [license["note"] or "" for license in licenses if license["spdx"] in ("MIT", "BSD-3-Clause")]
    assert notes
    assert [note for note in notes if "Copyright (c)" not in note] == []
