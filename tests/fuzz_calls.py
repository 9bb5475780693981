"""Have each call of the system fail in turn, while scripts work; run by `make faults`. It is not part of the tests.

A script runs again and again: the first time its first call for a file fails, then its second, and so on; with each of
some errors, with only half of the bytes read or written, and with the death of the process. After each try, what has
its final name must be right, and the same command must finish the work and leave nothing else.
"""

import ctypes
import errno
import gzip
import hashlib
import os
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy

from builders import idx_bytes, put_image
from dataset_files import write_dataset

TESTS = Path(__file__).parent
SCRIPTS = TESTS.parent / "scripts"
SHORT, KILL = -1, -2
HOW = {"EIO": errno.EIO, "ENOSPC": errno.ENOSPC, "EINTR": errno.EINTR, "short": SHORT, "killed": KILL}
# After these the work must be done all the same: Python repeats these calls when a signal interrupts them.
HARMLESS = {"short": ("read", "write", "pread"), "EINTR": ("read", "write", "pread", "open", "openat", "fsync")}
NAMED = ("read", "write", "pread", "fsync")  # errors of these name the file
SECONDS = 60  # for one try


class Inputs:
    """A folder with all that the scripts read: a split of 6 images, compressed, as IDX files, and as PNG files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        random = numpy.random.default_rng(1)
        arrays = {
            "images": random.integers(0, 256, (6, 40, 30), numpy.uint8),
            "labels": numpy.arange(6, dtype=numpy.uint8) % 3,
        }
        split: dict[str, object] = {"count": 6, "shape": [40, 30]}
        for role, array in arrays.items():
            data = idx_bytes(array)
            (folder / role).write_bytes(data)
            (folder / f"{role}.gz").write_bytes(gzip.compress(data))
            split[role] = {"file": f"{role}.gz", "content_sha256": hashlib.sha256(data).hexdigest()}
        classes = {label: f"class {label}" for label in range(3)}
        write_dataset(folder / "set.yaml", classes=classes, splits={"train": split})
        for tree in ("png", "forged"):
            for index, (image, label) in enumerate(zip(arrays["images"], arrays["labels"], strict=True)):
                put_image(folder / tree / f"train/{label}/{index}.png", image)
        put_image(folder / "forged/train/2/5.png", 255 - arrays["images"][5])

    def commands(self) -> dict[str, str]:
        """What to run, by a name; ``OUT`` is the folder of results."""
        idx = "--images images --labels labels"
        return {
            "decompress": "decompress --dataset set.yaml --published images.gz --idx OUT/images",
            "validate": f"validate --dataset set.yaml --split train {idx} --header OUT/train.json",
            "export": f"export {idx} --header header/train.json --label 1 --png OUT/png/train/1 --manifest OUT/m/1.csv",
            "pack": f"pack {idx} --header header/train.json --number 0 --shard-size 5 --shard OUT/train-000000.tar",
            "verify": f"verify --dataset set.yaml {idx} --processes 1 --report OUT/train.json png/train",
            "verify a forged tree": "verify --dataset set.yaml --processes 1 --report OUT/train.json forged/train",
            "build_idx": "build_idx --folder png --split train --images OUT/i.gz --labels OUT/l.gz --facts OUT/f.json",
        }


def run(words: list[str], folder: Path, call: int = 0, how: int = 0) -> tuple[int, str, str]:
    """Run a script in a process of its own; its exit status, its messages, and the name of the call that failed."""
    library = ctypes.CDLL(None)
    library.failed.restype = ctypes.c_char_p
    library.arm(0, 0, b"")
    messages = folder.with_name("messages")
    child = os.fork()
    if not child:
        os.chdir(folder)
        with open(messages, "wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.argv = words
        signal.alarm(SECONDS)
        library.arm(call, how, os.fsencode(folder))
        status = 1
        try:
            runpy.run_path(str(SCRIPTS / f"{words[0]}.py"), run_name="__main__")
            status = 0
        except SystemExit as end:
            status = int(end.code or 0) if isinstance(end.code, int | None) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, messages.read_text(errors="replace"), library.failed().decode()


def state(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def fuzz(name: str, words: list[str], folder: Path, how: str) -> Iterator[tuple[str, str]]:
    """Have each call fail in turn; yield the name of the call, and what went wrong then, if anything did."""
    out = folder / "out"

    def again() -> None:
        shutil.rmtree(out, ignore_errors=True)
        for path in (out / "png/train", out / "m"):
            path.mkdir(parents=True)

    again()
    expected_status, _, _ = run(words, folder)
    expected = state(out)
    assert (expected_status, bool(expected)) == ((1, False) if "forged" in name else (0, True))
    call = 0
    while True:
        again()
        call += 1
        status, messages, failed = run(words, folder, call, HOW[how])
        if not failed:
            return
        found = state(out)
        final = {
            path: data for path, data in found.items() if not path.endswith(".partial") and ".partial/" not in path
        }
        problem = ""
        if not final.items() <= expected.items():
            problem = f"wrong content: {sorted(final.keys() - expected.keys()) or sorted(final)}"
        elif status == 0 and (final != expected or expected_status):
            problem = "success without the result"
        elif status < 0 and how != "killed":
            problem = f"died of signal {-status}"
        elif "Traceback" in messages:
            problem = f"a traceback: {messages.strip().splitlines()[-1]}"
        elif "ERROR: a file: " in messages and how == "EIO" and failed.removesuffix("64") in NAMED:
            problem = "no file is named"
        elif "ERROR: out/" in messages and how == "EIO" and failed.removesuffix("64") in ("read", "pread"):
            problem = "an output is named, not the input"
        elif status != expected_status and failed.removesuffix("64") in HARMLESS.get(how, ()):
            problem = f"not done: {messages.strip().splitlines()[-1:]}"
        elif run(words, folder)[0] != expected_status or state(out) != expected:
            problem = f"not finished by the same command: {sorted(state(out))}"
        yield f"{call}: {failed}", problem


def main() -> int:
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=memory) as temporary:
        folder = Path(temporary, "inputs")
        folder.mkdir()
        inputs = Inputs(folder)
        (folder / "header").mkdir()
        validate = inputs.commands()["validate"].replace("OUT", "header").split()
        assert run(validate, folder)[0] == 0
        tries, broken = Counter[str](), 0
        commands = inputs.commands()
        for script in {command.split()[0] for command in commands.values()}:
            runpy.run_path(str(SCRIPTS / f"{script}.py"))  # loads the modules once for all processes
        for name, command in ((name, commands[name]) for name in sys.argv[1:] or commands):
            for how in HOW:
                for call, problem in fuzz(name, command.replace("OUT", "out").split(), folder, how):
                    tries[name] += 1
                    if problem:
                        broken += 1
                        print(f"BROKEN: {name}, {how}, call {call}: {problem}", flush=True)
            print(f"{name}: {tries[name]} tries", flush=True)
    print(f"{sum(tries.values())} tries, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    if "LD_PRELOAD" not in os.environ:
        with tempfile.TemporaryDirectory() as temporary:
            library = f"{temporary}/failing_calls.so"
            compiler = [os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", library]
            subprocess.run([*compiler, str(TESTS / "failing_calls.c"), "-ldl"], check=True)
            environment = os.environ | {"LD_PRELOAD": library, "PYTHONDONTWRITEBYTECODE": "1"}
            sys.exit(subprocess.run([sys.executable, __file__, *sys.argv[1:]], env=environment).returncode)
    sys.exit(main())
