from types import SimpleNamespace

from idxpng.run.job_resources import JobResources
from plans import plan

EMNIST = SimpleNamespace(dataset="emnist-byclass")
SAMPLE = SimpleNamespace(dataset="mnist-sample")


def test_jobs_ask_for_more_with_the_dataset_and_with_each_attempt() -> None:
    asks = JobResources(plan().catalog)
    for ask in (asks.mem_mb, asks.runtime, asks.label_runtime):
        assert ask(EMNIST, 1) >= ask(SAMPLE, 1) > 0
        assert ask(EMNIST, 2) == 2 * ask(EMNIST, 1)
    assert asks.label_runtime(EMNIST, 1) < asks.runtime(EMNIST, 1)
