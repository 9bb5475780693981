"""`make` works wherever a clone lies, also where a blank or an apostrophe is in the path."""

import os
import re
import subprocess
import sys
from pathlib import Path

from project import PROJECT, copy_project, link_environment


def make(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    outside = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=outside | environment, check=False, capture_output=True, text=True
    )


def test_make_runs_the_sample_in_a_folder_with_a_blank_and_an_apostrophe(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "it's a test" / ("long" * 40))
    link_environment(folder)
    run = make(folder)
    assert run.returncode == 0, run.stderr
    assert len(list((folder / "results/mnist-sample/png").rglob("*.png"))) == 1200


def test_an_old_python_is_refused_in_the_first_line(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "project")
    old = tmp_path / "old"
    old.write_text(f"""#!/bin/sh
exec {sys.executable} -c "import sys; sys.version_info = (3, 10, 1); $2"
""")
    old.chmod(0o755)
    run = make(folder, f"PYTHON={old}")
    assert run.returncode != 0
    line = run.stderr.splitlines()[0]
    advice = "name a newer one, such as make PYTHON=python"
    assert re.fullmatch(rf"Python (3\.\d+) or newer is needed, this is \S+: {advice}\1", line)
    assert not (folder / ".venv").exists()


def test_the_readme_has_the_commands_of_make_for_those_without_it(tmp_path: Path) -> None:
    typed = make(copy_project(tmp_path / "project"), "--dry-run").stdout.replace(
        "--quiet --disable-pip-version-check ", ""
    )
    text = " ".join((PROJECT / "README.md").read_text(encoding="utf-8").split())
    sentence = re.search(r"Without make, type `(.+?)`, then `(.+?)`\.", text)
    assert sentence
    assert set(sentence.groups()) <= {line.strip() for line in typed.splitlines()}
