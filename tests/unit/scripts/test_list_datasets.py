import subprocess
from pathlib import Path

import pytest
import yaml

from project import PROJECT, run_script

pytestmark = pytest.mark.slow


def listed(*files: Path) -> subprocess.CompletedProcess[str]:
    return run_script("list_datasets", *files, cwd="/")


def test_every_shipped_dataset_is_in_the_table() -> None:
    header, *rows = listed().stdout.splitlines()
    columns = ["name", "published", "images", "classes", "download", "license", "verified", "content"]
    assert header.split() == columns
    assert [row.split()[0] for row in rows] == sorted(path.stem for path in (PROJECT / "datasets").glob("*.yaml"))


def test_a_row_has_the_facts_of_the_dataset_file() -> None:
    rows = {row.split()[0]: row.split()[1:] for row in listed().stdout.splitlines()}
    for name, facts in {
        "emnist-letters": "2017 145,600 26 35.9 MB uncertain pinned 2 of 4",
        "fashion-mnist": "2017 70,000 10 30.9 MB MIT bytes 4 of 4",
        "kannada-mnist": "2019 80,240 10 over 2.5 MB uncertain 5 bytes, 1 pinned 5 of 6",
    }.items():
        assert rows[name] == facts.split()


def test_a_dataset_file_of_the_user_is_listed_with_the_known_facts(tmp_path: Path) -> None:
    document = yaml.safe_load((PROJECT / "datasets/mnist.yaml").read_text())
    del document["splits"]["validation"]
    for split in document["splits"].values():
        split["images"] = {"file": split["images"]["file"]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(document))
    row = listed(tmp_path / "mine.yaml").stdout.splitlines()[1]
    assert " ".join(row.split()) == "mine 1998 70,000 10 over 0.0 MB uncertain 2 bytes, 2 no 2 of 4"


def test_a_mistake_is_reported_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("titel: x")
    process = listed(tmp_path / "mine.yaml")
    assert (process.returncode, process.stdout) == (1, "")
    assert process.stderr.startswith(f"{tmp_path}/mine.yaml: ")
    assert "Traceback" not in process.stderr


def test_an_archive_of_arrays_counts_once(tmp_path: Path) -> None:
    facts = yaml.safe_load((PROJECT / "datasets/mnist.yaml").read_text())
    for split in facts["splits"].values():
        for role in {"images", "labels"} & split.keys():
            split[role] = {"file": "mnist.npz", "member": f"{role}{split['count']}.npy", "bytes": 11_490_434}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(facts))
    assert " 11.5 MB " in listed(tmp_path / "mine.yaml").stdout
