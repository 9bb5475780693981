"""Paths and commands in messages; tests/workflow/test_where_users_stand.py types them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from idxpng.advice import VARIABLE, call, command, in_config, setting, shell_path, shown
from idxpng.errors import move_away


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that says how the user called Snakemake in the folder ``here``; the process works in ``there``."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "there")

    def remember(snakefile: str = "here/Snakefile", **options: Any) -> None:
        kept = call(str(tmp_path / "here"), str(tmp_path / snakefile), **options)
        kept["words"] = ["snakemake", *kept["words"][kept["words"].index("snakemake") + 1 :]]
        monkeypatch.setenv(VARIABLE, json.dumps(kept))

    return remember


def test_a_path_is_whole_only_where_the_user_stands_in_a_different_folder(
    tmp_path: Path, typed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed()
    assert (shown("a b"), shell_path("a b")) == (f"{tmp_path}/there/a b", f"'{tmp_path}/there/a b'")
    monkeypatch.chdir(tmp_path / "here")
    assert (shown("a b"), shell_path("a b")) == ("a b", "'a b'")


def test_a_command_has_the_options_of_the_call(tmp_path: Path, typed: Callable[..., None]) -> None:
    typed()
    assert command([]) == "snakemake --cores 4 all"
    typed(
        "Snakefile", directory="w", configfiles=["my.yaml"], settings={"pathvars": {"results": "out"}, "splits": "test"}
    )
    start = (
        f"snakemake -s {tmp_path}/Snakefile --directory w --configfile my.yaml --cores 4 all --config datasets=mnist"
    )
    pathvars = """'pathvars={"results": "out"}'"""
    assert command([], ["datasets=mnist"]) == f"{start} {pathvars} splits=test"
    assert command(["x"], ["datasets=mnist"], force=True) == f"{start} {pathvars} splits=test --forcerun x"


@pytest.mark.parametrize(
    "value", ["my/a b.yaml", "a #1.yaml", "a: b.yaml", "!x", "'x'", "- a", "{x}", "~", "été/x.yaml", "m-1.2/x_y.yaml"]
)
def test_a_setting_is_read_as_it_was_meant(value: str) -> None:
    for key, read in (("datasets", [value]), ("splits", value)):
        name, _, text = setting(key, value).partition("=")
        assert (name, yaml.safe_load(text) in (read, value)) == (key, True)


def test_a_setting_of_usual_words_has_no_quotes() -> None:
    assert setting("datasets", "my/m-1.2/x_y.yaml") == "datasets=my/m-1.2/x_y.yaml"


def test_a_command_of_an_importing_workflow_names_paths_and_its_own_settings(typed: Callable[..., None]) -> None:
    typed(settings={"mine": 1}, imported=True)
    assert command(["x", "y"], ["limit=3"]) == "snakemake --cores 4 x y --config mine=1"


def test_an_importing_workflow_names_a_folder_in_the_config_of_its_module(
    typed: Callable[..., None],
) -> None:
    typed()
    assert in_config("mirrors", "mnist", "/data") == "in a run: --config 'mirrors={mnist: /data}'"
    typed(imported=True)
    config = '{"mirrors": {"mnist": "/data"}}'
    assert in_config("mirrors", "mnist", "/data") == f"in the config of `module` in your Snakefile: {config}"


def test_a_run_makes_again_what_was_moved_away(typed: Callable[..., None]) -> None:
    typed()
    move, then = move_away("a").split(", then ")
    assert move.startswith("mv ") and move.endswith("/a.changed") and then == "run the same command again"


def test_a_url_of_a_snakefile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(str(tmp_path), "https://example.org/Snakefile")["words"][-2:] == ["-s", "https://example.org/Snakefile"]


def test_a_file_that_was_moved_away_before_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    meant = "check that this is the file that you mean; if it is: "
    for number in (1, 2, 3):
        Path("a").write_text(str(number))
        command, then = move_away("a").removeprefix(meant).split(", then ")
        subprocess.run(command.split(), check=True)
        assert then == "download or make it again", "no run makes it"
    assert [Path(f"a.changed{number}").read_text() for number in ("", 2, 3)] == ["1", "2", "3"]
