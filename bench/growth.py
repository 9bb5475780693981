"""Measure speed and memory by the number of images (bench/growth.json), and draw them (docs/growth.svg).

Exports IDX files of up to 700,000 images to files, packs up to 8.1 million (as many as infinite MNIST has) into shards,
each with a run of the workflow, and downloads a file as large as EMNIST's archive.

python bench/growth.py [FOLDER]    FOLDER: on a disk with 60 GB of space (default: here); 6 GB of memory for tmpfs
python bench/growth.py --plot      draw what was measured
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

import numpy as np
import yaml

from compare import PROJECT, SNAKEMAKE, machine, new
from usage import Usage, usage

sys.path.insert(0, str(PROJECT / "scripts"))

from idxpng.formats.compressed import open_content
from idxpng.formats.idx import IdxHeader

RECORD = PROJECT / "bench/growth.json"
PLOT = PROJECT / "docs/growth.svg"
REFERENCE = 70_000
FILES = (10_000, REFERENCE, 700_000)
SHARDS = (10_000, REFERENCE, 700_000, 8_100_000)
DOWNLOAD_BYTES = 560 * 10**6
# The target of each kind of run, and its rule that works on the images.
KINDS = {"files": ("all", "export"), "shards": ("webdataset", "pack")}


def make_idx(folder: Path, count: int) -> None:
    """Write IDX files of ``count`` digits of the sample, each with its number in a corner, and their dataset file."""
    sample = PROJECT / "datasets/mnist-sample"
    with open_content(str(sample / "train-images-idx3-ubyte.gz")) as file:
        images = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 28 * 28)
    with open_content(str(sample / "train-labels-idx1-ubyte.gz")) as file:
        labels = np.frombuffer(file.read()[8:], np.uint8)
    with (folder / "images").open("wb") as image_file, (folder / "labels").open("wb") as label_file:
        image_file.write(IdxHeader.of("uint8", (count, 28, 28)).to_bytes())
        label_file.write(IdxHeader.of("uint8", (count,)).to_bytes())
        for start in range(0, count, len(images)):
            numbered = images.copy()
            numbered[:, :4] = np.arange(start, start + len(images), dtype=">u4")[:, None].view(np.uint8)
            image_file.write(numbered[: count - start].tobytes())
            label_file.write(labels[: count - start].tobytes())
    facts: dict[str, Any] = {
        "title": f"{count} digits",
        "license": {"spdx": None},
        "citation": "none",
        "classes": {label: str(label) for label in range(10)},
        "mirrors": ["."],
        "splits": {
            "train": {
                "count": count,
                "shape": [28, 28],
                "images": {"file": "images"},
                "labels": {"file": "labels"},
            }
        },
    }
    (folder / "digits.yaml").write_text(yaml.safe_dump(facts))


def run(kind: str, count: int, folder: Path) -> dict[str, Any]:
    """Images per CPU second of the rule that works on the images, and what the whole run took.

    The rate leaves out the start of a job, which is measured in a run with ``limit=1``.
    """
    target, rule = KINDS[kind]
    make_idx(new(folder), count)
    command = [*SNAKEMAKE, "--snakefile", str(PROJECT / "Snakefile"), "--directory", str(folder), target, "--config"]
    config = ["datasets=digits.yaml", f"pathvars={{logs: {folder}/first}}", "limit=1"]
    usage([*command, *config], cwd=folder)
    shutil.rmtree(folder / "results")
    whole = usage([*command, "datasets=digits.yaml"], cwd=folder)
    starts, jobs = (cpu_seconds(folder / logs / "digits" / rule) for logs in ("first", "logs"))
    rate = count / (sum(jobs) - median(starts) * len(jobs))
    return {"kind": kind, "images": count, "rate": round(rate), **whole._asdict()}


def cpu_seconds(logs: Path) -> list[float]:
    """CPU seconds of the jobs with logs in ``logs``."""
    return [float(re.findall(r"CPU ([\d.]+) s$", path.read_text().strip())[-1]) for path in logs.rglob("*.log")]


def download(folder: Path) -> Usage:
    """What the script of `download` takes for one large file from a server."""
    (new(folder) / "served").mkdir()
    header = IdxHeader.of("uint8", (DOWNLOAD_BYTES - 8,))
    with (folder / "served/large").open("wb") as file:
        file.write(header.to_bytes())
        file.truncate(DOWNLOAD_BYTES)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        call = (
            f"import sys; sys.path.insert(0, {str(PROJECT / 'scripts')!r}); import download;"
            "from idxpng.dataset.model import PublishedFile as File; from idxpng.formats.idx import IdxHeader;"
            f"mirrors = 'http://127.0.0.1:{server.server_port}',; file = File('large', IdxHeader{tuple(header)});"
            "download.download([file], mirrors, 'copy.plain', 'digits')"
        )
        used = usage([sys.executable, "-c", call], cwd=folder)
        server.shutdown()
    return used


def measure(memory: Path, disk: Path) -> dict[str, Any]:
    """Measure files on tmpfs, which adds the least time, and shards on disk, because they are too large for tmpfs."""
    runs = []
    for kind, counts, folder in (("files", FILES, memory), ("shards", SHARDS, disk)):
        for count in counts:
            runs.append(run(kind, count, folder / "run"))
            print(runs[-1], flush=True)
        shutil.rmtree(folder / "run")
    return {
        "date": str(date.today()),
        "machine": machine(),
        "runs": runs,
        "download": {"bytes": DOWNLOAD_BYTES, **download(disk / "download")._asdict()},
    }


def plot(record: dict[str, Any]) -> None:
    import matplotlib
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.hashsalt": "growth", "svg.fonttype": "none", "font.size": 10})
    figure, (speed, memory) = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for kind, color in (("files", "tab:blue"), ("shards", "tab:orange")):
        runs = [each for each in record["runs"] if each["kind"] == kind]
        counts = [each["images"] for each in runs]
        speed.plot(counts, [each["rate"] for each in runs], "o-", color=color, label=kind)
        memory.plot(counts, [each["peak_mb"] for each in runs], "o-", color=color, label=kind)
        (reference,) = [each["rate"] for each in runs if each["images"] == REFERENCE]
        speed.axhspan(0.8 * reference, 1.2 * reference, color=color, alpha=0.15, linewidth=0)
    memory.axhline(200, color="tab:red", linestyle="--")
    for axes, title in ((speed, "images per second and core"), (memory, "largest process, MB")):
        axes.set(xscale="log", xlabel="images", title=title)
        axes.set_ylim(bottom=0)
        axes.legend()
    figure.savefig(PLOT, metadata={"Date": None})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", default=PROJECT, help="(default: %(default)s)")
    parser.add_argument("--plot", action="store_true", help="only draw what was measured")
    arguments = parser.parse_args()
    if not arguments.plot:
        with (
            tempfile.TemporaryDirectory(prefix="growth-", dir="/dev/shm") as memory,
            tempfile.TemporaryDirectory(prefix=".growth-", dir=arguments.folder) as disk,
        ):
            RECORD.write_text(json.dumps(measure(Path(memory), Path(disk)), indent=1) + "\n")
    plot(json.loads(RECORD.read_text()))
