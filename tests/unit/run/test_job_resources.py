from types import SimpleNamespace

import pytest

from idxpng.run.job_resources import JobResources
from plans import plan

EMNIST = SimpleNamespace(dataset="emnist-byclass")
SAMPLE = SimpleNamespace(dataset="mnist-sample")


def test_the_time_of_a_job_suffices_for_slow_storage() -> None:
    resources = JobResources(plan().catalog)
    minutes = 697_932 / 500 / 60  # the larger split of EMNIST at 500 images per second
    assert minutes < resources.runtime(EMNIST, 1) < minutes + 5
    assert minutes / 62 < resources.label_runtime(EMNIST, 1) < minutes / 62 + 5
    assert 0 < resources.runtime(SAMPLE, 1) < 5


def test_the_memory_of_a_job_suffices_for_the_interpreter_and_twenty_bytes_per_label() -> None:
    resources = JobResources(plan().catalog)
    assert resources.mem_mb(EMNIST, 1) - resources.mem_mb(SAMPLE, 1) == pytest.approx(697_932 * 20 / 10**6, abs=1)
    assert 150 < resources.mem_mb(SAMPLE, 1) < 300


def test_each_further_attempt_adds_the_same_amount() -> None:
    resources = JobResources(plan().catalog)
    for resource in (resources.mem_mb, resources.arrow_mb, resources.runtime, resources.label_runtime):
        first, second, third = (resource(EMNIST, attempt) for attempt in (1, 2, 3))
        assert second - first == third - second == first > 0
