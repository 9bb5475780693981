"""Plans of runs for tests, made like those of the Snakefile."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

import refusals
from builders import put
from idxpng.dataset.strict_yaml import read_yaml
from idxpng.run.catalog import Catalog
from idxpng.run.config import Config
from idxpng.run.plan import Plan
from project import PROJECT

MNIST = yaml.safe_load((PROJECT / "datasets/mnist.yaml").read_text(encoding="utf-8"))
SPLIT = MNIST["splits"]["train"]
SHIPPED = sorted(path.stem for path in (PROJECT / "datasets").glob("*.yaml"))
# Each setting of a run, with keys of the configuration that change it.
CHANGED_SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("limit", {"limit": 5}),
    ("classes", {"classes": [3]}),
    ("splits", {"splits": "test"}),
    ("shards", {"shard_size": 7}),
    ("shards", {"shuffle_seed": 7}),
    ("csv", {"csv_header": True}),
]
SCHEMA = read_yaml(PROJECT / "schemas/config.schema.yaml", "schemas/config.schema.yaml")


def source(path: str) -> str:
    return str(PROJECT / path)


def plan(results: str = "results", resources: str = "resources", **config: Any) -> Plan:
    checked = Config.read(config, SCHEMA)
    return Plan(checked, Catalog(checked.datasets, source, SHIPPED), results, resources)


class Wildcards(SimpleNamespace):
    """Wildcards of a job, with the interface of Snakemake's."""

    def get(self, name: str) -> Any:
        return getattr(self, name, None)


def refusal(**config: Any) -> str:
    """The error message for a configuration that is refused."""
    return refusals.refusal(plan, **config)


def write_own_file(tmp_path: Path) -> Callable[..., str]:
    """A function that writes a copy of MNIST's dataset file with some keys changed, and returns its path."""

    def write(name: str = "my/digits.yaml", **changes: Any) -> str:
        return str(put(tmp_path / name, yaml.safe_dump(MNIST | changes)))

    return write
