"""Coverage-guided fuzzing of the IDX reader, run by `make fuzz`. It is not part of the tests."""

import os
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

with atheris.instrument_imports():
    from idxpng.formats.idx import IdxError, IdxFile

FILE = Path(tempfile.mkdtemp()) / "fuzzed"


def read(data: bytes) -> None:
    """Check for the right data or an `IdxError`; atheris reports any other exception."""
    FILE.write_bytes(data)
    try:
        with IdxFile(FILE) as file:
            assert file.header.to_bytes() + file.read(0, len(file)) == data
            file.values(0, len(file))
    except IdxError:
        pass


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
