"""Time and memory of the search for duplicates, by the number of images; one image in a hundred is a duplicate.

python bench/duplicates.py 70000 814255 8000000
python bench/duplicates.py --script OTHER_CHECKOUT/scripts/find_duplicates.py 70000
"""

import argparse
import json
import os
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "scripts/find_duplicates.py"
HEADER = {
    "dataset": "digits",
    "split": "train",
    "orientation": "upright",
    "label_columns": ["class"],
    "images": {},
    "labels": {},
    "class_names": {"0": "0"},
    "class_counts": {"0": 0},
}


def main(script: Path, counts: list[int]) -> None:
    """Print the seconds and the peak memory in MB of a job for each number of images."""
    with tempfile.TemporaryDirectory() as name:
        header, manifest = Path(name, "train.json"), Path(name, "train.csv")
        header.write_text(json.dumps(HEADER))
        for count in counts:
            with open(manifest, "w", encoding="utf-8") as file:
                file.write("path,split,index,label,class_name,sha256\n")
                for index in range(count):
                    digest = sha256(b"%d" % (index if index % 100 else 0)).hexdigest()
                    file.write(f"train/{index % 10}/{index:08}.png,train,{index},{index % 10},zero,{digest}\n")
            command = [sys.executable, str(script), "--headers", str(header), "--manifests", str(manifest)]
            began = time.perf_counter()
            process = os.posix_spawn(sys.executable, [*command, "--duplicates", f"{name}/duplicates.json"], os.environ)
            _, status, used = os.wait4(process, 0)
            seconds = time.perf_counter() - began
            if status:
                sys.exit(1)
            cpu = used.ru_utime + used.ru_stime
            print(
                f"{count:>10,} images: {seconds:6.2f} s, CPU {cpu:6.2f} s, {used.ru_maxrss / 1024:.0f} MB", flush=True
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="+", type=int, metavar="IMAGES", help="numbers of images")
    parser.add_argument("--script", type=Path, default=SCRIPT, help="the script to measure")
    arguments = parser.parse_args()
    main(arguments.script, arguments.counts)
