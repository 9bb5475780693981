"""What mirrors that are down cost a whole run."""

import re
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from builders import rewritten
from mirror_server import MirrorServer, Misbehavior, black_hole
from project import PROJECT, Snakemake, copy_project, files

SAMPLE = PROJECT / "datasets/mnist-sample"


@contextmanager
def mute(folder: Path) -> Any:
    """A server that takes every connection and says nothing."""
    with MirrorServer(folder) as server:
        for path in SAMPLE.iterdir():
            server.misbehave(f"/{path.name}", *[Misbehavior(delay=600)] * 9)
        yield server.url


DEAD: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "no connection": lambda _: black_hole(),
    "no answer": mute,
}


def seconds(mirrors: dict[Path, list[str]]) -> dict[Path, float]:
    """How long runs, all at once, take to download the sample's four files to a project from the first of its mirrors.

    Mirrors that do not work come before the one that does.
    """
    runs: dict[Path, Snakemake] = {}
    took: dict[Path, float] = {}
    start = time.monotonic()
    for project, urls in mirrors.items():
        with rewritten(project / "datasets/mnist-sample.yaml") as document:
            document["mirrors"] = urls
        shutil.rmtree(project / "resources", ignore_errors=True)
        wanted = [f"resources/mnist-sample/{path.name}" for path in SAMPLE.glob("*.gz")]
        runs[project] = Snakemake(project, "--cores", "4", *wanted, no_proxy="*")
    while len(took) < len(runs):
        for project in runs.keys() - took.keys():
            if runs[project].poll(0.02) is not None:
                took[project] = time.monotonic() - start
    assert {run.status for run in runs.values()} == {0}
    return took


def test_five_silent_mirrors_cost_a_run_at_most_half_a_minute(tmp_path: Path, mirror_server: MirrorServer) -> None:
    shutil.copytree(SAMPLE, mirror_server.folder, dirs_exist_ok=True)
    projects = {kind: copy_project(tmp_path / kind) for kind in DEAD}
    # Other work on the machine lengthens one.
    alone = min(seconds({project: [mirror_server.url]})[project] for project in projects.values())
    with ExitStack() as stack:
        silent = {kind: [stack.enter_context(dead(tmp_path)) for _ in range(5)] for kind, dead in DEAD.items()}
        took = seconds({projects[kind]: [*silent[kind], mirror_server.url] for kind in DEAD})
    for kind, project in projects.items():
        cost = took[project] - alone
        print(f"{kind}: {alone:.1f} s, and {cost:.1f} s more")
        assert cost < 30
        made = files(project / "resources/mnist-sample")
        assert made.keys() == {path.name for path in SAMPLE.glob("*.gz")}
        for name in made:  # each job waited for each silent mirror
            log = (project / f"logs/mnist-sample/download/{name}.log").read_text(encoding="utf-8")
            waited = re.findall(r" INFO (\S+): no .+ within [\d.]+ s\n", log)
            assert waited == [f"{url}/{name}" for url in silent[kind]], log
