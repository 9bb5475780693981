import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mirror_server import MirrorServer, Misbehavior
from project import PROJECT

SAMPLE = PROJECT / "datasets/mnist-sample"
FILE = "t10k-labels-idx1-ubyte.gz"


def check_mirrors(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(PROJECT / "scripts/check_mirrors.py"), *map(str, arguments)]
    return subprocess.run(command, cwd="/", capture_output=True, text=True, env=os.environ | {"no_proxy": "*"})


@pytest.fixture
def dataset(mirror_server: MirrorServer, tmp_path: Path) -> Path:
    """The dataset file of the sample, whose mirrors are two folders of a server."""
    for mirror in ("a", "b"):
        shutil.copytree(SAMPLE, mirror_server.folder / mirror)
    document = yaml.safe_load((PROJECT / "datasets/mnist-sample.yaml").read_text())
    document["mirrors"] = [f"{mirror_server.url}/a/?key=plugh", f"{mirror_server.url}/b"]
    (tmp_path / "digits.yaml").write_text(yaml.safe_dump(document))
    return tmp_path / "digits.yaml"


@pytest.mark.slow
def test_all_good_mirrors_are_listed_and_end_with_0(dataset: Path) -> None:
    process = check_mirrors(dataset)
    assert process.returncode == 0, process.stderr
    _, *rows = process.stdout.splitlines()
    assert len(rows) == 8
    assert all(row.endswith("good") for row in rows)
    assert "plugh" not in process.stdout


@pytest.mark.slow
def test_one_bad_mirror_of_two_is_shown_and_ends_with_0(dataset: Path, mirror_server: MirrorServer) -> None:
    mirror_server.misbehave(f"/a/{FILE}", Misbehavior(status=404))
    process = check_mirrors(dataset, "--format", "json")
    assert process.returncode == 0
    rows = json.loads(process.stdout)
    assert [row["mirror"] for row in rows if row["state"] != "good"] == [f"{mirror_server.url}/a/{FILE}"]
    assert {row["state"] for row in rows} == {"good", "404 Not Found"}


@pytest.mark.slow
def test_a_file_without_a_good_mirror_ends_with_1_and_is_named(dataset: Path, mirror_server: MirrorServer) -> None:
    for mirror in ("a", "b"):
        mirror_server.misbehave(f"/{mirror}/{FILE}", Misbehavior(status=404))
    process = check_mirrors(dataset, "--format", "markdown")
    assert process.returncode == 1
    assert process.stderr.strip() == f"no mirror has digits/{FILE}"
    assert process.stdout.startswith("| dataset | ")
    assert process.stdout.count("404 Not Found") == 2


@pytest.mark.slow
def test_bytes_that_only_a_digest_tells_apart_are_found_in_full(dataset: Path, mirror_server: MirrorServer) -> None:
    wrong = bytearray((SAMPLE / FILE).read_bytes())
    wrong[-1] ^= 1
    mirror_server.publish(f"/a/{FILE}", bytes(wrong))
    assert "404" not in check_mirrors(dataset).stdout
    process = check_mirrors(dataset, "--full", "--format", "json")
    assert process.returncode == 0, process.stderr
    (bad,) = (row for row in json.loads(process.stdout) if row["state"] != "good")
    assert bad["mirror"] == f"{mirror_server.url}/a/{FILE}"
    assert "not the right file" in bad["state"]
    assert "plugh" not in process.stdout


@pytest.mark.slow
def test_shipped_datasets_go_by_name_and_mistakes_are_reported_without_a_traceback() -> None:
    process = check_mirrors("mnist-sample")
    assert (process.returncode, process.stdout.count("good")) == (0, 4)
    for name in ("nist", "/none/x.yaml"):
        process = check_mirrors(name)
        assert process.returncode == 1
        assert "file not found" in process.stderr
        assert "Traceback" not in process.stderr
