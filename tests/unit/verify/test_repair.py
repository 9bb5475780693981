from pathlib import Path

import pytest

from idxpng.verify.png_tree import Problems
from idxpng.verify.repair import moving


def test_what_is_moved_goes_to_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    problems = Problems()
    problems.add("extra", "x")
    for name in ("extra-test", "extra-test2"):
        assert moving(problems, "png/test", "png") == [f"mkdir -- {name}/ && mv -- png/test/x {name}/"]
        (tmp_path / name).mkdir()
    (tmp_path / "png/test").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "png/test")
    assert moving(problems, ".", "..") == [
        f"mkdir -- {tmp_path}/png-extra-test/ && mv -- ./x {tmp_path}/png-extra-test/"
    ]
