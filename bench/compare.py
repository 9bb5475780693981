"""Compare the speed of this workflow with common alternatives and with lower bounds.

All start from MNIST's four files in a local folder and end with 70,000 PNG files in label folders; the fastest also
make 814,255 files in 62 folders. They take turns in each round, so that a busy machine slows all of them alike; figures
are medians.

python bench/compare.py FOLDER [--rounds 3]    measure, and write bench/speed.json and the tables in docs/speed.md
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import made
from usage import Usage, usage

PROJECT = Path(__file__).resolve().parents[1]
RECORD = PROJECT / "bench/speed.json"
PAGE = PROJECT / "docs/speed.md"
IMAGES = 70_000
PARTS = ["tmpfs", "disk", "large"]  # MNIST on both file systems, and many images on tmpfs
BEGIN, END = "<!-- made by make bench -->\n", "<!-- end -->\n"
WAYS_BEGIN = "<!-- made by make bench: ways -->\n"
LARGE_BEGIN = "<!-- made by make bench: large -->\n"
PARTS_BEGIN = "<!-- made by make bench: parts -->\n"
LARGE_GB = 6  # of the made files, of one way's results, and of what a peer has in memory
OURS = "this workflow, `all`"
IN_C = "floor: a C program writing such files"
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--cores", "2"]
# Instead of the command of a rule: start Python, as the rule does, and make empty outputs.
NO_WORK = 'shell:\n        "python -c pass; mkdir -p {output.png:q}; touch {output.manifest:q}"\n'
NO_WORK_FILES = 'shell:\n        "python -c pass; touch {output:q}"\n'


class Way(NamedTuple):
    """``command``: a function of the folder with the four files and of an empty one. ``checks``: what it checks."""

    name: str
    command: Callable[[Path, Path], list[str]]
    checks: str


def peer(reader: str, writer: str, processes: int = 1) -> Callable[[Path, Path], list[str]]:
    program = [sys.executable, str(PROJECT / "bench/peers.py"), reader, writer]
    return lambda folder, out: [*program, str(folder), str(out), str(processes)]


def workflow(project: Path, *config: str) -> Callable[[Path, Path], list[str]]:
    """A run of ``all``; in the values of its ``config``, ``{}`` is the folder with the files."""

    def command(folder: Path, out: Path) -> list[str]:
        where = ["--snakefile", str(project / "Snakefile"), "--directory", str(out)]
        return [*SNAKEMAKE, *where, "all", "--config", *(word.replace("{}", str(folder)) for word in config)]

    return command


MNIST = "datasets=mnist", "mirrors={mnist: '{}'}"
OURS_CHECKS = "SHA-256 of downloads and contents, headers, counts, labels"
POOLS = [
    Way("Pillow, a pool of two processes", peer("struct", "pillow", 2), "nothing"),
    Way("OpenCV, a pool of two processes", peer("struct", "opencv", 2), "nothing"),
]
WAYS = [
    Way(OURS, workflow(PROJECT, *MNIST), OURS_CHECKS),
    Way("tutorial: `struct`, numpy, Pillow", peer("struct", "pillow"), "nothing"),
    Way("idx2numpy, Pillow", peer("idx2numpy", "pillow"), "header and length"),
    Way("python-mnist, Pillow", peer("python-mnist", "pillow"), "magic numbers"),
    Way("mnists, Pillow", peer("mnists", "pillow"), "MD5 of downloads, header and length"),
    Way("tutorial with OpenCV's `imwrite`", peer("struct", "opencv"), "nothing"),
    POOLS[0],
]
LARGE_WAYS = [Way(OURS, workflow(PROJECT, "datasets={}/digits.yaml"), OURS_CHECKS), *POOLS]

# Measured on disk too, where the file system takes most of the time whichever program makes the files.
ON_DISK = {OURS, "tutorial: `struct`, numpy, Pillow", POOLS[0].name}


def without_work(folder: Path) -> Path:
    """A copy of the project whose rules make empty outputs."""
    for name in ("config.yaml", "Snakefile"):
        shutil.copy(PROJECT / name, folder / name)
    for name in ("datasets", "envs", "profiles", "rules", "schemas", "scripts"):
        shutil.copytree(PROJECT / name, folder / name)
    for rules in (folder / "rules").glob("*.smk"):
        commands = re.compile(r'shell:\n(?:        ".*"\n)+')
        replaced = commands.sub(lambda of: NO_WORK if "output.png" in of[0] else NO_WORK_FILES, rules.read_text())
        rules.write_text(replaced)
    return folder


def measure(mnist: Path, folder: Path, rounds: int, ways: list[Way]) -> dict[str, Any]:
    """All figures on the file system of ``folder``, a list of one per round. Each round begins with a different way."""
    graph = Way("floor: the same jobs without work", workflow(without_work(new(folder / "graph")), *MNIST), "")
    figures: dict[str, list[Usage]] = defaultdict(list)
    rates: dict[str, list[float]] = defaultdict(list)
    parts: list[dict[str, float]] = []
    empty = new(folder / "empty")
    (empty / "Snakefile").write_text("rule all:\n")
    writer = floor_program(folder)
    for number in range(rounds):
        for way in [*ways[number:], *ways[:number], graph]:
            out = new(folder / "out")
            os.sync()  # otherwise it waits for the writes of the previous one
            figures[way.name].append(usage(way.command(mnist, out)))
            if way.name == OURS:
                parts.append(cpu_by_rule(out / "logs/mnist"))
                figures["again, with nothing to do"].append(usage(way.command(mnist, out)))
                sizes = write_sizes(out / "results/mnist/png", folder / "written", folder / "sizes")
                train = f"{out}/resources/mnist/train"
                for which in ("ours", "pillow"):
                    idx = f"{train}-images-idx3-ubyte", f"{train}-labels-idx1-ubyte"
                    rates[which].append(label_rate(which, *idx, new(folder / "label")))
            elif way is not graph:
                check_count(out, IMAGES, way)
            print(f"round {number + 1} of {rounds}: {way.name}: {figures[way.name][-1].wall:.1f} s", flush=True)
        figures[IN_C].append(usage([str(writer)], stdin=sizes))
        figures["an empty Snakefile"].append(usage([*SNAKEMAKE, "--directory", str(empty), "all"], cwd=empty))
    return {"figures": figures, "parts": parts, "images_per_second_of_one_label": rates}


def measure_large(mnist: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """As `measure`, of the fastest ways to make many images in many classes."""
    # In a process of its own, because the kernel counts the memory of this one as that of the programs it starts.
    subprocess.run([sys.executable, PROJECT / "bench/made.py", mnist, new(folder / "made")], check=True)
    figures: dict[str, list[Usage]] = defaultdict(list)
    parts: list[dict[str, float]] = []
    writer = floor_program(folder)
    for number in range(rounds):
        for way in [*LARGE_WAYS[number:], *LARGE_WAYS[:number]]:
            out = new(folder / "out")
            figures[way.name].append(usage(way.command(folder / "made", out)))
            if way.name == OURS:
                parts.append(cpu_by_rule(out / "logs/digits"))
                sizes = write_sizes(out / "results/digits/png", folder / "written", folder / "sizes")
            else:
                check_count(out, made.IMAGES, way)
            print(f"round {number + 1} of {rounds}: {way.name}: {figures[way.name][-1].wall:.1f} s", flush=True)
        new(out)
        figures[IN_C].append(usage([str(writer)], stdin=sizes))
        new(folder / "written")
    return {"figures": figures, "parts": parts}


def cpu_by_rule(logs: Path) -> dict[str, float]:
    """The CPU seconds of the jobs of each rule, process start left out, as their logs say."""
    seconds: dict[str, float] = defaultdict(float)
    for path in logs.rglob("*.log"):
        rule = path.relative_to(logs).parts[0].removesuffix(".log")
        seconds[rule] += sum(map(float, re.findall(r"CPU ([\d.]+) s$", path.read_text().strip())))
    return seconds


def floor_program(folder: Path) -> Path:
    program = folder / "floor"
    subprocess.run(["cc", "-O2", "-o", program, PROJECT / "bench/floor.c"], check=True)
    return program


def check_count(out: Path, images: int, way: Way) -> None:
    count = sum(1 for _ in out.rglob("*.png"))
    assert count == images, f"{way.name} made {count} files"


def check_room(folder: str) -> None:
    """Say how much room the largest size needs, before hours of measuring, and end if there is less."""
    free, inodes = shutil.disk_usage(folder).free / 1e9, os.statvfs(folder).f_favail
    print(
        f"needs {LARGE_GB} GB and {made.IMAGES:,} files in {folder}, where {free:.0f} GB and {inodes:,} files are free"
    )
    if free < LARGE_GB or inodes < made.IMAGES:
        sys.exit("not enough room: make some first")


def label_rate(which: str, images: str, labels: str, out: Path) -> float:
    """Images per second of one way in label.py."""
    command = [sys.executable, str(PROJECT / "bench/label.py"), which, images, labels, str(out)]
    return round(float(subprocess.check_output(command)))


def write_sizes(tree: Path, target: Path, sizes: Path) -> Path:
    """Write the input of floor.c: the sizes of the files of ``tree``, and their paths below ``target``."""
    new(target)
    with sizes.open("w") as file:
        for directory in tree.glob("*/*"):
            (target / directory.relative_to(tree)).mkdir(parents=True)
            for entry in os.scandir(directory):
                if entry.name.endswith(".png"):
                    file.write(f"{entry.stat().st_size} {target}/{directory.relative_to(tree)}/{entry.name}\n")
    return sizes


def new(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def machine() -> str:
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    processor = model[1] if model else platform.machine()
    return f"{os.cpu_count()} cores of {processor}, Linux {platform.release()}, Python {platform.python_version()}"


def medians(figures: dict[str, list[list[float]]], name: str) -> list[float]:
    return [median(column) for column in zip(*figures[name], strict=True)]


def rows(memory: dict[str, Any], disk: dict[str, Any], images: int) -> list[str]:
    """The rows of a table in Markdown, the slowest way first."""
    ours = medians(memory, OURS)[0]
    checks = {way.name: way.checks for way in [*WAYS, *LARGE_WAYS]}
    columns = [f"to {images:,} PNG files", "s", "CPU s", "MB", "images/s", "time, ours = 1"]
    columns += ["on disk", "checks"] if disk else ["checks"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for name in sorted(memory, key=lambda name: -medians(memory, name)[0]):
        wall, cpu, _ = medians(memory, name)
        # The kernel counts the process that started a program too, which grows from one round to the next.
        peak_mb = min(used[2] for used in memory[name])
        on_disk = f" {medians(disk, name)[0] / medians(disk, OURS)[0]:.2f} |" if name in disk else " |" if disk else ""
        rate = f"{images / wall:,.0f}" if name in checks or name.startswith("floor") else ""
        memory_used = f"{peak_mb:.0f}" if name != IN_C else ""  # a small program is smaller than what started it
        bold = "**" if name == OURS else ""
        lines.append(
            f"| {bold}{name}{bold} | {wall:.1f} | {cpu:.1f} | {memory_used} | {rate} | {wall / ours:.2f}"
            f" |{on_disk} {checks.get(name, '')} |"
        )
    return lines


def measured(part: dict[str, Any]) -> str:
    rounds = len(part["figures"][OURS])
    return f"Medians of {rounds} rounds in which all took turns, {part['date']}, {part['machine']}."


def table(record: dict[str, Any]) -> str:
    """The record of MNIST as a table in Markdown."""
    memory = record["tmpfs"]["figures"]
    rates = {which: median(values) for which, values in record["tmpfs"]["images_per_second_of_one_label"].items()}
    notes = [
        "",
        measured(record["tmpfs"]),
        f"Files are on tmpfs, except in the column `on disk` ({record['disk']['date']}).",
        "CPU is of all processes, MB of the largest.",
        f"The export of one label, process start left out, makes {rates['ours']:,.0f} images per second,",
        f"{rates['ours'] / rates['pillow']:.1f} times as many as a loop of Pillow's `save` on the same images.",
    ]
    return "\n".join(rows(memory, record["disk"]["figures"], IMAGES) + notes) + "\n"


def large_table(record: dict[str, Any]) -> str:
    """The record of many images as a table in Markdown."""
    figures = record["large"]["figures"]
    lines = [*rows(figures, {}, made.IMAGES), "", measured(record["large"]), "Files are on tmpfs."]
    return "\n".join(lines) + "\n"


def parts_table(record: dict[str, Any]) -> str:
    """Which part of our CPU seconds each rule has, by the number of images, as a table in Markdown."""
    sizes = {IMAGES: record["tmpfs"], made.IMAGES: record["large"]}
    of_parts = {images: part for images, part in sizes.items() if "parts" in part}
    shares = [
        {rule: median(each[rule] for each in part["parts"]) for rule in part["parts"][0]} for part in of_parts.values()
    ]
    rests = [
        medians(part["figures"], OURS)[1] - sum(share.values())
        for part, share in zip(of_parts.values(), shares, strict=True)
    ]
    columns = ["CPU s", *(f"{images:,} images" for images in of_parts)]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for rule in sorted(shares[-1], key=lambda rule: -shares[-1][rule]):
        if shares[-1][rule]:
            lines.append(f"| `{rule}` | {' | '.join(f'{share[rule]:.2f}' for share in shares)} |")
    lines.append(f"| Snakemake, and the start of jobs | {' | '.join(f'{rest:.2f}' for rest in rests)} |")
    return "\n".join(lines) + "\n"


def with_table(text: str, made: str, begin: str = BEGIN) -> str:
    """``text`` with ``made`` between the marks."""
    before, rest = text.split(begin)
    return f"{before}{begin}{made}{END}{rest.split(END, 1)[1]}"


def main(mnist: Path, rounds: int, parts: list[str]) -> None:
    """Measure each of ``parts``, and write it down at once."""
    check_room("/dev/shm")
    record: dict[str, Any] = json.loads(RECORD.read_text())
    for part in parts:
        with tempfile.TemporaryDirectory(prefix=".bench-", dir=PROJECT if part == "disk" else "/dev/shm") as folder:
            if part == "large":
                figures = measure_large(mnist, Path(folder), rounds)
            else:
                ways = [way for way in WAYS if part == "tmpfs" or way.name in ON_DISK]
                figures = measure(mnist, Path(folder), rounds, ways)
        record[part] = {"date": str(datetime.date.today()), "machine": machine(), **figures}
        RECORD.write_text(json.dumps(record, indent=1) + "\n")
    page = with_table(PAGE.read_text(), table(record), WAYS_BEGIN)
    page = with_table(page, large_table(record), LARGE_BEGIN)
    PAGE.write_text(with_table(page, parts_table(record), PARTS_BEGIN))
    print(table(record), large_table(record), parts_table(record), sep="\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder with the four files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default: all)")
    arguments = parser.parse_args()
    main(arguments.folder.resolve(), arguments.rounds, arguments.parts)
