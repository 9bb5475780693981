import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from idxpng.run.job_resources import JobResources
from plans import SPLIT, plan, write_own_file
from project import PROJECT

EMNIST = SimpleNamespace(dataset="emnist-byclass", split="train", label="1", shard="000000")
SAMPLE = SimpleNamespace(dataset="mnist-sample", split="train", label="1", shard="000000")
MNIST = SimpleNamespace(dataset="mnist", split="train")


def minutes_of_a_group(resources: JobResources, attempt: int) -> int:
    """What all exports of MNIST's training split and their manifest request together."""
    labels = [SimpleNamespace(**vars(MNIST), label=str(label)) for label in range(10)]
    return sum(resources.label_runtime(label, attempt) for label in labels) + resources.runtime(MNIST, attempt)


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
    resources = JobResources(plan())
    assert [minutes_of_a_group(resources, attempt) for attempt in (1, 2, 3)] == [15, 30, 45]


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
