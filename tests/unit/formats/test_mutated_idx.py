"""A mutated IDX file is read correctly or refused."""

import json
import os
import random
import struct
from pathlib import Path

import pytest

from idxpng import advice
from idxpng.formats.idx import TYPES, IdxError, IdxFile
from memory import allocating_less_than, no_more_memory_than

FILES = int(os.environ.get("MUTATED_FILES", 5_000))  # `make test` has 100,000
TRACED = min(FILES, 5_000)  # whose allocations are traced, which takes four times as long
LENGTHS = (0, 1, 2, 3, 28, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1)


def mutated(source: random.Random) -> bytes:
    """An IDX file of up to 4 dimensions, with lengths of any size, and then damaged."""
    dims = [source.choice(LENGTHS) for _ in range(source.randint(0, 4))]
    if source.random() < 0.5:
        dims = [source.randint(0, 3) for _ in dims]
    header = struct.pack(f">HBB{len(dims)}I", 0, source.choice([*TYPES, 0x0A, 0xFF]), len(dims), *dims)
    data = bytearray(header + source.randbytes(source.choice((0, 1, 4, 9, 24, 100))))
    for _ in range(source.randint(0, 2)):
        data[source.randrange(len(data))] = source.randrange(256)
    return bytes(data[: source.randint(0, len(data))] if source.random() < 0.3 else data)


def read(source: random.Random, count: int, path: Path) -> int:
    """How many of some mutated files are read, which must be correctly. The others must be refused."""
    read = 0
    with path.open("wb", buffering=0) as target:
        for _ in range(count):
            data = mutated(source)
            target.seek(0)
            target.truncate()
            target.write(data)
            try:
                with IdxFile(path) as file:
                    assert file.header.to_bytes() + file.read(0, len(file)) == data
                    file.values(0, len(file))
                    read += 1
            except IdxError:
                pass
    return read


@pytest.mark.slow
def test_mutated_files_are_read_correctly_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a job, and in a folder with a short path: otherwise half of the time goes into the advice of the errors.
    monkeypatch.setenv(advice.VARIABLE, json.dumps(advice.call("/", "Snakefile")))
    monkeypatch.chdir("/")
    source = random.Random(20260)
    with allocating_less_than(2**20):  # a header alone must not cause a large allocation
        valid = read(source, TRACED, tmp_path / "idx")
    with no_more_memory_than(2**24):
        valid += read(source, FILES - TRACED, tmp_path / "idx")
    assert FILES // 100 < valid < FILES, "some files are still valid"
