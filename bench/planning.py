"""Measure how long Snakemake plans the shards of many splits of a million images each, for docs/scale.md.

python bench/planning.py [SPLITS]    1,000 by default; nothing is made
"""

import json
import sys
import tempfile
from pathlib import Path

from compare import PROJECT, SNAKEMAKE
from usage import usage

SIZE = {"count": 10**6, "shape": [28, 28]}


def main(splits: int) -> None:
    names = [f"part{number:04}" for number in range(splits)]
    files = {name: {role: {"file": f"{name}-{role}.gz"} for role in ("images", "labels")} for name in names}
    facts = {
        "title": "Many images",
        "license": {"spdx": "CC0-1.0"},
        "citation": "none",
        "classes": {label: str(label) for label in range(10)},
        "splits": {name: SIZE | files[name] for name in names},
    }
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "many.yaml").write_text(json.dumps(facts))
        run = [*SNAKEMAKE, "--snakefile", str(PROJECT / "Snakefile"), "--directory", folder, "-n", "webdataset"]
        used = usage([*run, "--quiet", "all", "--config", "datasets=many.yaml", "shard_size=100000"])
    print(f"{splits} splits: {used.wall:.1f} s, CPU {used.cpu:.1f} s, {used.peak_mb:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
