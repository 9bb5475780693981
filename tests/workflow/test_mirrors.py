"""What mirrors that are down cost a whole run."""

import re
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from mirror_server import MirrorServer, Misbehavior, black_hole
from project import PROJECT, copy_project, files, snakemake

SAMPLE = PROJECT / "datasets/mnist-sample"


@contextmanager
def mute(folder: Path) -> Any:
    """A server that takes every connection and says nothing."""
    with MirrorServer(folder) as server:
        for path in SAMPLE.iterdir():
            server.misbehave(f"/{path.name}", *[Misbehavior(delay=600)] * 9)
        yield server.url


def run(project: Path, *mirrors: str) -> float:
    """Seconds that a run takes to download the four files of the sample, at once, from the first mirror that works."""
    dataset = project / "datasets/mnist-sample.yaml"
    document = yaml.safe_load(dataset.read_text(encoding="utf-8"))
    dataset.write_text(yaml.safe_dump(document | {"mirrors": list(mirrors)}), encoding="utf-8")
    shutil.rmtree(project / "resources", ignore_errors=True)
    start = time.monotonic()
    wanted = [f"resources/mnist-sample/{path.name}" for path in SAMPLE.glob("*.gz")]
    assert snakemake(project, "--cores", "4", *wanted, no_proxy="*").jobs["download"] == 4
    return time.monotonic() - start


@pytest.mark.parametrize("dead", [lambda _: black_hole(), mute], ids=["no connection", "no answer"])
def test_five_silent_mirrors_cost_a_run_at_most_half_a_minute(
    tmp_path: Path, mirror_server: MirrorServer, dead: Callable[[Path], AbstractContextManager[str]]
) -> None:
    shutil.copytree(SAMPLE, mirror_server.folder, dirs_exist_ok=True)
    project = copy_project(tmp_path / "project")
    alone = min(run(project, mirror_server.url) for _ in range(2))  # other work on the machine lengthens one
    with ExitStack() as stack:
        silent = [stack.enter_context(dead(tmp_path)) for _ in range(5)]
        cost = run(project, *silent, mirror_server.url) - alone
    print(f"{alone:.1f} s, and {cost:.1f} s more")
    assert cost < 30
    made = files(project / "resources/mnist-sample")
    assert made.keys() == {path.name for path in SAMPLE.glob("*.gz")}
    for name in made:  # each job waited for each silent mirror
        log = (project / f"logs/mnist-sample/download/{name}.log").read_text(encoding="utf-8")
        assert re.findall(r" INFO (\S+): no .+ within [\d.]+ s\n", log) == [f"{url}/{name}" for url in silent], log
