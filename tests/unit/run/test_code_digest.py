import re
import shutil
from pathlib import Path

import pytest

import idxpng
from builders import put
from idxpng.run import code_digest as module
from idxpng.run.code_digest import code_digest

SCRIPTS = Path(idxpng.__file__).parents[1]
RULE = """import json
from idxpng import (
    first,
    second,
)
import os, idxpng.third

if __name__ == "__main__":
    from idxpng.command import y


def later():
    from idxpng.wing.lazy import x
    from idxpng.network import z  # not in the digest
"""
MODULES = {
    "first": "from idxpng.behind import x\n",
    "second": "",
    "third": "",
    "behind": "from idxpng import first\n\nfrom idxpng.wing import inside\n",
    "wing/inside": "",
    "wing/lazy": "",
    "wing/other": "",
    "command": "from idxpng import log",
    "log": "",
    "network": "",
    "other": "from idxpng import first\n",
}


@pytest.mark.parametrize(
    ("changed", "matters"),
    [(name, name not in ("command", "log", "network", "other", "wing/other")) for name in MODULES],
)
def test_the_digest_changes_only_with_the_modules_that_the_script_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str, matters: bool
) -> None:
    package = tmp_path / "idxpng"
    monkeypatch.setattr(module, "PACKAGE", package)
    for name, source in MODULES.items():
        put(package / f"{name}.py", source)
    rule = put(tmp_path / "rule.py", RULE)
    before = code_digest(rule)
    assert code_digest(rule) == before
    with open(package / f"{changed}.py", "a") as file:
        file.write("x = 2\n")
    assert (code_digest(rule) != before) == matters


def test_the_digest_changes_with_the_script(tmp_path: Path) -> None:
    rule = tmp_path / "rule.py"
    digests = set()
    for source in ("", "x = 1\n"):
        rule.write_text(source)
        digests.add(code_digest(rule))
    assert len(digests) == 2


RULES = "".join(path.read_text() for path in (SCRIPTS.parent / "rules").glob("*.smk"))
DIGESTED = sorted(re.findall(r'\*\*script\("(\w+)"', RULES))


@pytest.mark.slow
@pytest.mark.parametrize("script", DIGESTED)
def test_the_digest_of_each_script_changes_with_a_shared_module(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(SCRIPTS / "idxpng", tmp_path / "idxpng")
    monkeypatch.setattr(module, "PACKAGE", package)
    before = code_digest(SCRIPTS / f"{script}.py")
    with open(package / "files/atomic.py", "a") as file:
        file.write("\n")
    assert code_digest(SCRIPTS / f"{script}.py") != before


def test_new_words_of_advice_run_no_job_again_but_those_that_give_it_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = shutil.copytree(SCRIPTS / "idxpng", tmp_path / "idxpng")
    monkeypatch.setattr(module, "PACKAGE", package)
    before = {script: code_digest(SCRIPTS / f"{script}.py") for script in DIGESTED}
    with open(package / "advice.py", "a") as file:
        file.write("\n")
    changed = [script for script in DIGESTED if code_digest(SCRIPTS / f"{script}.py") != before[script]]
    assert changed == ["build_idx", "verify"]


def test_the_digest_changes_with_the_given_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = shutil.copytree(SCRIPTS / "idxpng", tmp_path / "idxpng")
    monkeypatch.setattr(module, "PACKAGE", package)
    before = code_digest(SCRIPTS / "make_page.py", idxpng.PAGE_PARTS)
    with open(package / "publish/page/page.css", "a") as file:
        file.write("\n")
    assert code_digest(SCRIPTS / "make_page.py", idxpng.PAGE_PARTS) != before
