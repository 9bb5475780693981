"""Run the workflow like a user: from a copy of the project in a folder, with Snakemake as a separate process."""

import atexit
import csv
import functools
import importlib.metadata
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[1]
DOCS = sorted((PROJECT / "docs").glob("*.md"))
PAGES = [PROJECT / "README.md", *DOCS]

# At the start of a Snakefile: writes a file when Snakemake starts a timer for a job that waits.
COUNT_TIMERS = """
import threading

def start(timer, begin=threading.Timer.start):
    open("started", "a").close()
    begin(timer)

threading.Timer.start = start
"""


@dataclass
class Run:
    """A finished run: its exit status, its output, and the number of jobs by rule."""

    status: int
    output: str

    @property
    def jobs(self) -> dict[str, int]:
        table = re.search(r"^Job stats:\njob +count\n[- ]+\n(.*?)^total ", self.output, re.MULTILINE | re.DOTALL)
        rows = table[1].splitlines() if table else []
        return {rule: int(count) for rule, count in (row.split() for row in rows)}


def without_privilege() -> tuple[str, ...]:
    """The beginning of a command line to which permissions apply, also if root runs the tests."""
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may read and write everything, unless setpriv takes that from it")
    return () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of code in a page that are marked with a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def git_files() -> list[str]:
    """The paths of the project's files, as in a fresh clone of the working tree."""
    command = ["git", "-C", str(PROJECT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in listed if (PROJECT / name).exists()]


def copy_project(folder: Path) -> Path:
    """Copy the project's files to a folder, with compiled modules, as `make` leaves them, and return it."""
    compiled = (str(path.relative_to(PROJECT)) for path in (PROJECT / "scripts").rglob("*.pyc"))
    for name in (*git_files(), *compiled):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # A compiled module is for a source of one time, so scripts keep theirs.
        copy = shutil.copy2 if name.startswith("scripts/") else shutil.copy
        copy(PROJECT / name, target)
    return folder


def rows_of(manifest: Path) -> list[dict[str, str]]:
    """The rows of a manifest, by the names of its columns."""
    with manifest.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def copy_finished(finished: Path, folder: Path) -> Path:
    """Copy a project folder with all that was made there, to change it, and return the copy."""
    return shutil.copytree(finished, folder, copy_function=shutil.copy2)


def link_environment(folder: Path, *more: str) -> str:
    """What `make` installs, and ``more``: locks of envs/, or packages. Returns its Python.

    Links to what is installed here are made much faster than an installation.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=folder, check=True)
    packages = next((folder / ".venv/lib").glob("python*/site-packages"))
    for name in chain(["pip"], *map(locked, ("requirements", *more))):
        with suppress(importlib.metadata.PackageNotFoundError):  # it is for a different system
            package = importlib.metadata.distribution(name)
            for path in {file.parts[0] for file in package.files or () if file.parts[0] != ".."}:
                if not (packages / path).exists():
                    (packages / path).symlink_to(str(package.locate_file(path)))
            for script in package.entry_points.select(group="console_scripts"):
                program = folder / ".venv/bin" / script.name
                start = f"import sys, {script.module}\nsys.exit({script.module}.{script.attr}())\n"
                program.write_text(f"#!{folder}/.venv/bin/python\n{start}")
                program.chmod(0o755)
    (folder / ".venv/ready").touch()
    return f"{folder}/.venv/bin/python"


def locked(name: str) -> list[str]:
    """The packages of a lock of envs/, or the one of that name."""
    lock = PROJECT / f"envs/{name}.txt"
    return re.findall(r"^([\w.-]+)==", lock.read_text(), re.MULTILINE) if lock.exists() else [name]


@functools.cache
def python_with(*more: str) -> str:
    """The Python of such an environment. With all that tests need, Snakemake takes longer to start."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return link_environment(folder, *more)


def users_python() -> str:
    """The Python of users who have no cluster."""
    return python_with("requirements-publish")


@functools.cache
def forks(python: str, before: tuple[str, ...]) -> subprocess.Popen[str]:
    """The process that runs Snakemake without importing it again."""
    command = [*before, python, str(PROJECT / "tests/forks_snakemake.py")]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class Snakemake:
    """A process of Snakemake at work, as `subprocess.Popen` has it.

    Args:
        folder: its working directory.
        arguments: those of its command line.
        output: the file to which its output is added, or its terminal.
        before: the start of its command line.
        python: by default that of users without plugins.
        environment: variables that differ from those of the tests.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        output: str = os.devnull,
        before: Sequence[str] = (),
        python: str = "",
        **environment: str,
    ) -> None:
        self._forks = forks(python or users_python(), tuple(before))
        self.status: int | None = None
        run = {"folder": str(folder), "arguments": arguments, "output": output, "environment": os.environ | environment}
        self.pid = self._ask(run)

    def poll(self, seconds: float = 0) -> int | None:
        """Its exit status if it has ended, or ends within ``seconds``."""
        if self.status is None:
            self.status = self._ask({"wait": self.pid, "seconds": seconds})
        return self.status

    def wait(self, seconds: float = 600) -> int:
        """Its exit status when it has ended."""
        status = self.poll(seconds)
        assert status is not None, f"it has not ended after {seconds} s"
        return status

    def _ask(self, question: dict[str, Any]) -> Any:
        asked, answered = self._forks.stdin, self._forks.stdout
        assert asked and answered
        print(json.dumps(question), file=asked, flush=True)
        return json.loads(answered.readline())


def run_snakemake(folder: Path, *arguments: str, python: str = "", forked: bool = True, **options: Any) -> Run:
    """Run `Snakemake` to its end; if not ``forked``, from the beginning, as a child of this process."""
    with tempfile.NamedTemporaryFile("r+") as output:
        if forked and not any(name.startswith("PYTHON") for name in options):  # which change how Python begins
            status = Snakemake(folder, *arguments, output=output.name, python=python, **options).wait()
        else:
            command = [python or users_python(), "-m", "snakemake", *arguments]
            status = subprocess.run(
                command, cwd=folder, env=os.environ | options, stdout=output, stderr=output, timeout=600
            ).returncode
        output.seek(0)
        return Run(status, output.read())


def snakemake(folder: Path, *arguments: str, succeed: bool = True, **options: Any) -> Run:
    """Like `run_snakemake`, but check that the run succeeds, or that it fails in words if ``succeed`` is false."""
    run = run_snakemake(folder, *arguments, **options)
    assert (run.status == 0) == succeed, run.output
    assert succeed or "Traceback" not in run.output
    return run


def on_a_terminal(
    folder: Path, *arguments: str, meanwhile: Callable[[int], object] = lambda keyboard: None
) -> tuple[int, list[str]]:
    """Run Snakemake on a terminal; return its exit status and the lines that remain there.

    ``meanwhile`` is called when it has begun, with a descriptor to which it can write as with a keyboard.
    """
    ours, its = pty.openpty()
    process = Snakemake(folder, *arguments, output=os.ttyname(its), TERM="xterm")
    os.close(its)
    written = b""
    try:
        meanwhile(ours)
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:
        pass  # Linux raises EIO when the process has closed the terminal
    finally:
        os.close(ours)
    lines = written.decode().replace("\r\n", "\n").split("\n")
    return process.wait(60), [line.rpartition("\r\x1b[K")[2] for line in lines]


def on_github(repository: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Commit all of a folder, tag it as v9, and let git find it at an address on GitHub, which is returned."""
    url = "https://github.com/someone/something"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.file://{repository}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    for command in ("init -q -b main", "add -A", "-c user.name=a -c user.email=a commit -q -m all", "tag v9"):
        subprocess.run(["git", "-C", str(repository), *command.split()], check=True)
    return url


def files(folder: Path) -> dict[str, bytes]:
    """The content of every file below ``folder``, by relative path, without the settings of a run."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and ".settings" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def run_code(code: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """A Python with our modules that has run some code, with ``options`` for `subprocess.run`."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "scripts")}
    return subprocess.run(command, env=environment, **{"capture_output": True, "text": True} | options)


def run_script(script: str, *arguments: object, cwd: Path | str | None = None) -> subprocess.CompletedProcess[str]:
    """A script that has run."""
    command = [sys.executable, str(PROJECT / f"scripts/{script}.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=60)


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    """A Python with our modules, at work until it has said a word."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "scripts")}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout
    process.stdout.readline()
    return process
