"""Random histories of results, each of which must end like a fresh run; run by `make histories`.

Arguments: for how many seconds, and a seed.

A history is some runs with different settings, some of them killed, and between them edits of the dataset file and its
data, files that are deleted or get an old time, lost notes of Snakemake, and older results that are copied back. A last
run must then make the same bytes as a run in an empty folder, and no image more. It is not part of the tests.
"""

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy

from builders import idx_bytes, put
from dataset_files import sha256, write_dataset
from idxpng.run.plan import OUTPUTS
from project import PROJECT

SETTINGS: dict[str, list[Any]] = {
    "limit": [1, 4, 10, 25],
    "classes": ["0", "[1,2]", "[0,1]"],
    "splits": ["test", "train", "[train,part]", "part"],
    "shard_size": [5],
    "csv_header": ["true"],
    "shuffle_seed": [3],
}
# What a dataset file may say, and its data be, after an edit.
FACTS: dict[str, list[Any]] = {
    "title": ["A set", "Another set"],
    "classes": [{0: "a", 1: "b", 2: "c"}, {0: "a", 1: "other", 2: "c"}],
    "orientation": ["upright", "transposed"],
    "pins": ["sha256", "content_sha256", "both", "none"],
    "seed": [0, 1, 2],
    "count": [29, 30, 31],
}
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile"), "--cores", "2"]


def write(folder: Path, seed: int, count: int, pins: str, **facts: Any) -> None:
    """Write a dataset of two splits with files, and one that is a part, of 5 × 7 pixels."""
    generator = numpy.random.default_rng(seed)
    splits: dict[str, Any] = {"part": {"from": "train", "rows": [2, 9]}}
    for name, size in (("train", count), ("test", 12)):
        images = generator.integers(0, 256, (size, 5, 7), numpy.uint8)
        images[-1] = images[0]
        splits[name] = {"count": size, "shape": [5, 7]}
        for role, array in (("images", images), ("labels", numpy.arange(size, dtype="uint8") * seed % 7 % 3)):
            content = folder / f"{name}-{role}"
            content.write_bytes(idx_bytes(array))
            published = put(folder / f"idx/{content.name}.gz", gzip.compress(content.read_bytes(), mtime=0))
            known = {"sha256": sha256(published), "content_sha256": sha256(content)}
            pinned = {key: digest for key, digest in known.items() if pins in (key, "both")}
            splits[name][role] = {"file": published.name, **pinned}
    write_dataset(folder / "set.yaml", mirrors=["idx"], splits=splits, **facts)


class History:
    """A folder with a dataset, its results, and words on what happened to them."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.folder, self.dice, self.told = folder, dice, list[str]()
        self.facts: dict[str, Any] = {key: values[0] for key, values in FACTS.items()}
        self.facts["pins"] = dice.choice(FACTS["pins"])
        write(folder, **self.facts)

    def settings(self) -> list[str]:
        """Settings of a run: each of them in one run of three."""
        return [f"{key}={self.dice.choice(values)}" for key, values in SETTINGS.items() if self.dice.random() < 0.3]

    def targets(self) -> list[str]:
        return self.dice.sample(sorted(OUTPUTS.keys() - {"verify"}), self.dice.randint(1, 2))

    def run(self, targets: list[str], settings: list[str], seconds: float | None = None) -> int | None:
        """The exit status of a run; None if it was killed after some ``seconds``."""
        shutil.rmtree(self.folder / ".snakemake/locks", ignore_errors=True)  # as `--unlock` does after a kill
        command = [*SNAKEMAKE, *targets, "--config", "datasets=set.yaml", *settings]
        with open(self.folder / "output", "w", encoding="utf-8") as output:
            process = subprocess.Popen(command, cwd=self.folder, stdout=output, stderr=output, start_new_session=True)
            try:
                status: int | None = process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, self.dice.choice([signal.SIGKILL, signal.SIGTERM]))
                process.wait()
                status = None
        self.told.append(f"{' '.join(command[len(SNAKEMAKE) :])}: {status}")
        return status

    def happen(self) -> None:
        """Have something happen."""
        results, saved = self.folder / "results", self.folder / "saved"
        what = self.dice.choice(
            ["run", "kill", "edit", "edit", "delete", "delete", "age", "lose", "save", "bring back"]
        )
        paths = sorted(results.rglob("*"))
        if what in ("run", "kill"):
            self.run(self.targets(), self.settings(), self.dice.uniform(1, 6) if what == "kill" else None)
        elif what == "edit":
            key = self.dice.choice(sorted(FACTS))
            self.facts[key] = self.dice.choice(FACTS[key])
            write(self.folder, **self.facts)
            self.told.append(f"edit: {key} is {self.facts[key]}")
        elif what in ("delete", "age") and paths:
            path = self.dice.choice(paths)
            self.told.append(f"{what}: {path.relative_to(self.folder)}")
            if what == "age":
                os.utime(path, (10**9, 10**9))
            elif path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        elif what == "lose":
            lost = self.dice.choice([".snakemake", "resources"])
            shutil.rmtree(self.folder / lost, ignore_errors=True)
            self.told.append(f"lose: {lost}")
        elif what == "save" and paths:
            shutil.rmtree(saved, ignore_errors=True)
            shutil.copytree(results, saved)
            self.told.append(what)
        elif what == "bring back" and saved.exists():
            over = self.dice.random() < 0.3
            if not over:
                shutil.rmtree(results, ignore_errors=True)
            shutil.copytree(
                saved, results, dirs_exist_ok=True, copy_function=self.dice.choice([shutil.copy, shutil.copy2])
            )
            self.told.append(f"{what}: {'over' if over else 'in place of'} the results")

    def made(self) -> dict[str, bytes]:
        """The results by path, except the list of all files, and settings, whose files say when they were made."""
        top = self.folder / "results/set"
        files = {str(path.relative_to(top)): path for path in top.rglob("*") if path.is_file()}
        return {
            name: path.read_bytes() for name, path in files.items() if not name.startswith((".settings", "SHA256SUMS"))
        }


def problems(used: History, fresh: History, targets: list[str], settings: list[str]) -> list[str]:
    """What a last run makes that a fresh one does not make, and the other way around."""
    statuses = used.run(targets, settings), fresh.run(targets, settings)
    if statuses != (0, 0):
        return [] if statuses[0] == statuses[1] else [f"exit status {statuses[0]}, of a fresh run {statuses[1]}"]
    found, right = used.made(), fresh.made()
    splits = tuple({name[: name.index("/", 4) + 1] for name in right if name.startswith("png/")})
    more = [f"{name} is left" for name in found.keys() - right.keys() if name.startswith(splits)]
    return more + [f"{name} differs, or is missing" for name, data in right.items() if found.get(name) != data]


def main(seconds: float, seed: int) -> int:
    end, histories, broken = time.monotonic() + seconds, 0, 0
    print(f"seed {seed}", flush=True)
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as temporary:
            dice, folders = random.Random(f"{seed} {histories}"), [Path(temporary, name) for name in ("used", "fresh")]
            for folder in folders:
                folder.mkdir()
            used = History(folders[0], dice)
            for _ in range(dice.randint(2, 6)):
                used.happen()
            fresh = History(folders[1], dice)
            write(fresh.folder, **used.facts)
            found = problems(used, fresh, ["all", *used.targets()], used.settings())
        histories += 1
        if found:
            broken += 1
            print(f"BROKEN: history {histories}:", *used.told, *found[:10], sep="\n  ", flush=True)
    print(f"{histories} histories, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(main(numbers[0] if numbers else 600, numbers[1] if len(numbers) > 1 else int(time.time())))
