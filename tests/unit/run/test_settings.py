import json
from pathlib import Path
from typing import Any

import pytest

from builders import put
from idxpng.run.config import Config
from idxpng.run.facts import Facts
from idxpng.run.settings import Settings
from plans import CHANGED_SETTINGS, Wildcards, plan


def settings(missing: list[str], results: str = "results", **config: Any) -> Settings:
    made = plan(results, **config)
    return Settings(made, Facts(made), missing.append)


def files(*names: str, split: str | None = None, **config: Any) -> list[str]:
    job = Wildcards(dataset="mnist", split=split) if split else Wildcards(dataset="mnist")
    return settings([], **config).files(*names)(job)


def test_each_key_of_the_configuration_changes_a_setting_unless_results_do_not_depend_on_it() -> None:
    """Files at mirrors and in folders have settings of their own, which name what was found."""
    without = {"datasets", "mirrors", "folders", "on_nodes"}
    assert {key for _, config in CHANGED_SETTINGS for key in config} == {*Config.__annotations__} - without, (
        "CHANGED_SETTINGS"
    )


@pytest.mark.parametrize(("name", "config"), CHANGED_SETTINGS)
def test_the_file_of_a_setting_has_a_different_name_for_a_different_value_alone(
    name: str, config: dict[str, Any]
) -> None:
    names = (*dict(CHANGED_SETTINGS), "description")
    before, after = files(*names), files(*names, **config)
    changed = [one for one, other in zip(before, after, strict=True) if one != other]
    assert [path.split("/")[-1].split("-")[0] for path in changed] == [name]


def test_a_job_of_a_split_needs_its_facts_and_a_job_of_a_dataset_those_of_all_its_splits() -> None:
    (one,) = files("facts", split="test")
    assert one.startswith("<results>/mnist/.settings/test/facts-")
    assert files("facts") == [*files("facts", split="train"), one]


def test_the_job_of_a_missing_file_is_run(tmp_path: Path) -> None:
    missing: list[str] = []
    (path,) = settings(missing, str(tmp_path)).files("limit")(Wildcards(dataset="mnist"))
    file = tmp_path / path.removeprefix("<results>/")
    assert missing == [str(file)]
    put(file)
    settings(missing, str(tmp_path)).files("limit")(Wildcards(dataset="mnist"))
    assert len(missing) == 1
    put(file.with_name("limit-0123456789abcdef.json"))  # of a different limit, whose results were copied over these
    settings(missing, str(tmp_path)).files("limit")(Wildcards(dataset="mnist"))
    assert missing == [str(file)] * 2


def test_unknown_sources_are_those_of_the_last_run(tmp_path: Path) -> None:
    missing: list[str] = []
    for name, known in (("sources-0123456789abcdef.json", 1), ("sources-fedcba9876543210.json", 0)):
        put(tmp_path / "mnist/.settings/train" / name)
        found = settings(missing, str(tmp_path)).files("sources")(Wildcards(dataset="mnist", split="train"))
        assert found == [f"<results>/mnist/.settings/train/{name}"] * known
    assert missing == []


def test_the_text_is_json_without_markup() -> None:
    text = settings([]).text(Wildcards(dataset="fashion-mnist", setting="train/facts"))
    assert json.loads(text)["classes"]["0"] == "T-shirt/top"
    of_words = settings([]).text(Wildcards(dataset="mnist", setting="description"))
    assert not set("<>&") & set(of_words)
