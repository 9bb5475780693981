"""Running the workflow as users do: a copy of the project in a folder, and Snakemake as a process of its own."""

import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
DOCS = sorted((PROJECT / "docs").glob("*.md"))
PAGES = [PROJECT / "README.md", *DOCS]


@dataclass
class Run:
    """A finished run: its exit status, all that it printed, and how many jobs of each rule it had."""

    status: int
    output: str

    @property
    def jobs(self) -> dict[str, int]:
        table = re.search(r"^Job stats:\njob +count\n[- ]+\n(.*?)^total ", self.output, re.MULTILINE | re.DOTALL)
        rows = table[1].splitlines() if table else []
        return {rule: int(count) for rule, count in (row.split() for row in rows)}


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page that is marked with a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def git_files() -> list[str]:
    """The paths of the project's files, as a fresh clone of the working tree would have them."""
    command = ["git", "-C", str(PROJECT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in listed if (PROJECT / name).exists()]


def copy_project(folder: Path) -> Path:
    """A copy of the project's files."""
    for name in git_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT / name, target)
        shutil.copymode(PROJECT / name, target)
    return folder


def run_snakemake(folder: Path, *arguments: str, before: Sequence[str] = (), **environment: str) -> Run:
    """Run Snakemake in ``folder``, with ``before`` as the beginning of its command line."""
    process = subprocess.run(
        [*before, sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    return Run(process.returncode, process.stdout)


def snakemake(
    folder: Path, *arguments: str, succeed: bool = True, before: Sequence[str] = (), **environment: str
) -> Run:
    """As `run_snakemake`, which must succeed here, or fail where ``succeed`` is false."""
    run = run_snakemake(folder, *arguments, before=before, **environment)
    assert (run.status == 0) == succeed, run.output
    return run


def on_a_terminal(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Exit status of a run, and the lines that remain on the terminal."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "snakemake", *arguments]
    process = subprocess.Popen(
        command, cwd=folder, stdin=its, stdout=its, stderr=its, env=os.environ | {"TERM": "xterm"}
    )
    os.close(its)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:
        pass  # Linux says so when nobody writes to it any more
    finally:
        os.close(ours)
    lines = written.decode().replace("\r\n", "\n").split("\n")
    return process.wait(60), [line.rpartition("\r\x1b[K")[2] for line in lines]


def files(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``: its content by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
