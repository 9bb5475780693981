"""A run as a person sees it, on a terminal of its own."""

from pathlib import Path

import pytest

from project import copy_project, on_a_terminal


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("terminal"))


def test_a_run_leaves_what_it_made_and_how_to_look_at_it(project: Path) -> None:
    status, lines = on_a_terminal(project, "--cores", "2", "all", "--config", "limit=50")
    text = "\n".join(lines)
    assert status == 0, text
    assert len(lines) < 20, text
    assert "50 PNG files in results/mnist-sample/png/train, a directory per label" in text
    assert "open results/mnist-sample/index.html" in text
    assert "Complete log(s)" in text


def test_a_failed_job_reports_its_error_once(project: Path) -> None:
    broken = (project / "datasets/mnist-sample.yaml").read_text().replace("[97, 116,", "[98, 115,")
    (project / "broken.yaml").write_text(broken.replace("[mnist-sample]", "[datasets/mnist-sample]"))
    status, lines = on_a_terminal(project, "--cores", "2", "all", "--config", "datasets=broken.yaml")
    text = "\n".join(lines)
    assert status == 1
    assert len(lines) < 25, text
    assert text.count("ERROR: ") == 1
    assert "Failed: validate, which makes results/broken/header/train.json" in text
    assert "CalledProcessError" not in text


def test_printing_commands_shows_all_of_snakemakes_output(project: Path) -> None:
    status, lines = on_a_terminal(project, "--cores", "2", "all", "--config", "limit=20", "-p")
    text = "\n".join(lines)
    assert status == 0, text
    assert "rule export:" in text
    assert "scripts/export.py --images" in text
    assert "steps (100%) done" in text
