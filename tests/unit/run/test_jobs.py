import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from idxpng import advice
from idxpng.fetch.mirrors import VARIABLE, configured, configured_for
from idxpng.run.jobs import JobResources, prepare_environment
from plans import SPLIT, plan, write_own_file
from project import PROJECT

EMNIST = SimpleNamespace(dataset="emnist-byclass", split="train", label="1", shard="000000")
SAMPLE = SimpleNamespace(dataset="mnist-sample", split="train", label="1", shard="000000")


def minutes_of_a_group(dataset: str, labels: Sequence[str]) -> list[int]:
    """What all exports of a training split and their manifest request together, in each attempt."""
    resources, split = JobResources(plan()), {"dataset": dataset, "split": "train"}
    jobs = [SimpleNamespace(**split, label=label) for label in labels]
    manifest = SimpleNamespace(**split)
    return [
        sum(resources.label_runtime(job, attempt) for job in jobs) + resources.runtime(manifest, attempt)
        for attempt in (1, 2, 3)
    ]


def test_the_time_of_a_job_suffices_for_slow_storage() -> None:
    resources = JobResources(plan())
    minutes = 697_932 / 500 / 60  # the larger split of EMNIST at 500 images per second
    assert minutes < resources.runtime(EMNIST, 1) < minutes + 5
    assert minutes / 62 < resources.label_runtime(EMNIST, 1) < minutes / 62 + 5
    assert 0 < resources.runtime(SAMPLE, 1) < 5


def test_the_time_of_a_job_follows_its_own_images() -> None:
    resources = JobResources(plan(limit=30_000, shard_size=200_000))
    assert resources.runtime(EMNIST, 1) == 4
    assert resources.label_runtime(EMNIST, 1) == 1
    assert resources.runtime(SimpleNamespace(dataset="emnist-byclass"), 1) == 3 + 2, "both splits"
    assert resources.runtime(SimpleNamespace(dataset="emnist-byclass", idx="a file"), 1) == 4, "one of them"
    assert resources.shard_runtime(EMNIST, 1) == resources.shards_runtime(EMNIST, 1) == 1
    assert JobResources(plan(shard_size=200_000)).shard_runtime(EMNIST, 1) == 2
    assert JobResources(plan(shard_size=200_000)).shards_runtime(EMNIST, 1) == 4


def test_every_attempt_at_a_split_of_mnist_fits_into_a_partition_of_an_hour() -> None:
    assert minutes_of_a_group("mnist", "0123456789") == [15, 30, 45]


def test_a_split_with_many_classes_requests_what_is_documented() -> None:
    first, _, third = minutes_of_a_group("emnist-byclass", [f"{label:02}" for label in range(62)])
    text = " ".join((PROJECT / "profiles/README.md").read_text(encoding="utf-8").split())
    assert f"{first} minutes for the training split of EMNIST ByClass, at the third attempt {third}." in text


def test_the_plan_for_a_billion_images_has_the_figures_that_its_jobs_request(tmp_path: Path) -> None:
    million = {"count": 10**6, "class_counts": [10**5] * 10}
    file = write_own_file(tmp_path)(splits={"train": SPLIT | million})
    resources = JobResources(plan(datasets=file, shard_size=100_000))
    job = SimpleNamespace(dataset="digits", split="train")
    text = (PROJECT / "docs/scale.md").read_text(encoding="utf-8").replace(",", "")
    figures = re.search(
        r"requests \| (\d+) minutes and (\d+) MB; in its third attempt (\d+) minutes and (\d+) MB", text
    )
    assert figures
    minutes, memory, last_minutes, last_memory = map(int, figures.groups())
    for attempt, asked, asked_memory in ((1, minutes, memory), (3, last_minutes, last_memory)):
        shards = 10 * resources.shard_runtime(job, attempt)
        assert shards + resources.shards_runtime(job, attempt) == asked
        assert resources.mem_mb(job, attempt) == asked_memory


def test_the_memory_of_a_job_suffices_for_snakemake_twice_the_script_and_twenty_bytes_per_label() -> None:
    resources = JobResources(plan())
    assert resources.mem_mb(EMNIST, 1) - resources.mem_mb(SAMPLE, 1) == pytest.approx(697_932 * 20 / 10**6, abs=1)
    assert 450 < resources.mem_mb(SAMPLE, 1) < 600


def test_each_further_attempt_adds_the_same_amount() -> None:
    resources = JobResources(plan())
    for resource in (
        *(resources.mem_mb, resources.arrow_mb, resources.runtime),
        *(resources.label_runtime, resources.shard_runtime, resources.shards_runtime),
    ):
        first, second, third = (resource(EMNIST, attempt) for attempt in (1, 2, 3))
        assert second - first == third - second == first > 0


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """That of this process, as far as Python sees it, until the test ends."""
    found = {name: value for name, value in os.environ.items() if name != VARIABLE}
    monkeypatch.setattr(os, "environ", found)
    return found


def test_the_running_python_comes_first_in_path(environment: dict[str, str]) -> None:
    environment["PATH"] = "/usr/bin"
    prepare_environment({}, None)
    assert environment["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"


def test_mirrors_of_several_workflows_in_one_process_are_merged(environment: dict[str, str]) -> None:
    prepare_environment({"mnist": ("https://me:secret@example.org/",)}, None)
    prepare_environment({"kmnist": ("/data",)}, None)
    assert configured() == {"mnist": ["https://me:secret@example.org/"], "kmnist": ["/data"]}


def test_a_file_has_the_mirrors_of_its_folder(environment: dict[str, str]) -> None:
    prepare_environment(
        {"resources/mnist": ("/1",), "a/resources/mnist": ("/2",), "/data/mnist": ("/3",), "b/resources/mnist": ()},
        None,
    )
    for folder, mirrors in (
        ("resources/mnist", ["/1"]),
        ("a/resources/mnist", ["/2"]),
        ("b/resources/mnist", []),
        ("/data/mnist", ["/3"]),
        (".snakemake/storage/s3/bucket/a/resources/mnist", ["/2"]),
        ("resources/kmnist", []),
        ("", []),
    ):
        assert configured_for(f"{folder}/x.gz") == mirrors


def test_a_variable_whose_value_is_not_ours_is_no_obstacle(environment: dict[str, str]) -> None:
    for value in ("x", "[1]", ""):
        environment["IDXPNG_MIRRORS"] = value
        prepare_environment({"kmnist": ("/data",)}, None)
        assert configured() == {"kmnist": ["/data"]}


def test_a_script_finds_the_library_where_python_is_to_import_from_safe_places_alone(
    environment: dict[str, str],
) -> None:
    environment["PYTHONSAFEPATH"] = "1"
    prepare_environment({}, None)
    subprocess.run([sys.executable, str(PROJECT / "scripts/export.py"), "--help"], env=environment, check=True)


def test_a_second_import_advises_the_command_that_the_first_advises(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    environment["PATH"] = str(tmp_path)
    first = advice.call(str(tmp_path), "Snakefile")
    prepare_environment({}, None)
    assert advice.call(str(tmp_path), "Snakefile") == first
