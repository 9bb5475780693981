"""A run as a person sees it, on a terminal of its own."""

import os
import time
from pathlib import Path

import pytest

from mirror_server import MirrorServer, Misbehavior
from project import copy_project, on_a_terminal


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("terminal"))


def shown(project: Path, *arguments: str, status: int = 0) -> str:
    """What remains on the terminal of a run that ends with a status."""
    ended, lines = on_a_terminal(project, *arguments)
    text = "\n".join(lines)
    assert ended == status, text
    return text


def test_touching_files_that_are_not_there_leaves_no_advice_about_them(tmp_path: Path) -> None:
    text = shown(copy_project(tmp_path / "project"), "--touch", "all")
    assert "Complete log(s)" in text
    assert "images in" not in text and "Browse" not in text


def test_a_run_leaves_what_it_made_and_how_to_look_at_it(project: Path) -> None:
    text = shown(project, "--cores", "2", "all", "--config", "limit=50")
    assert len(text.split("\n")) < 20, text
    assert "50 PNG files in results/mnist-sample/png/train, a directory per label" in text
    assert "In a browser:      results/mnist-sample/index.html" in text
    assert "Complete log(s)" in text


def test_a_failed_job_reports_its_error_once(project: Path) -> None:
    broken = (project / "datasets/mnist-sample.yaml").read_text().replace("[97, 116,", "[98, 115,")
    (project / "broken.yaml").write_text(broken.replace("[mnist-sample]", "[datasets/mnist-sample]"))
    text = shown(project, "--cores", "2", "all", "--config", "datasets=broken.yaml", status=1)
    assert len(text.split("\n")) < 25, text
    assert text.count("ERROR: ") == 1
    assert "Failed: validate, which makes results/broken/header/train.json" in text
    assert "CalledProcessError" not in text


def test_ctrl_c_ends_a_run_in_words_and_the_same_command_goes_on(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    with MirrorServer(project / "datasets/mnist-sample") as server:
        wanted = [f"resources/mnist-sample/{name}-images-idx3-ubyte" for name in ("train", "t10k")]
        for path in wanted:
            server.misbehave(f"/{Path(path).name}.gz", Misbehavior(stall_after=1000))
        command = ("--cores", "2", *wanted, "--config", f"mirrors={{mnist-sample: {server.url}}}")

        def interrupt(keyboard: int) -> None:
            while len(list((project / "resources").rglob("*images*"))) < 2:  # both cores wait for the mirror
                time.sleep(0.1)
            os.write(keyboard, b"\x03")

        status, lines = on_a_terminal(project, *command, meanwhile=interrupt)
        text = "\n".join(lines)
        assert status != 0
        assert "run the same command again" in text
        for noise in ("Traceback", "KeyboardInterrupt", "Error", "Failed"):
            assert noise not in text
        shown(project, *command)
        assert all((project / path).exists() for path in wanted)


def test_printing_commands_shows_all_of_snakemakes_output(tmp_path: Path) -> None:
    text = shown(copy_project(tmp_path / "project"), "--cores", "2", "results/mnist-sample/png/test/7", "-p")
    assert "rule export:" in text
    assert "scripts/export.py --images" in text
    assert "steps (100%) done" in text
