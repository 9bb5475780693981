"""Lines are sorted on disk as `sorted` sorts them in memory."""

import random
import resource
import tempfile
from pathlib import Path

import pytest

from idxpng.files import external_sort
from idxpng.files.disk_space import DiskRoomError
from idxpng.files.external_sort import sort_lines
from memory import limited


@pytest.mark.parametrize("count", [0, 1, 10, 1001])
@pytest.mark.parametrize("key", [None, len])
def test_lines_come_as_sorted_gives_them(monkeypatch: pytest.MonkeyPatch, count: int, key: None) -> None:
    monkeypatch.setattr(external_sort, "RUN", 100)
    source = random.Random(count)
    lines = [f"{'é' * source.randrange(9)}{source.randrange(50)}\n" for _ in range(count)]
    found, in_order = sort_lines(iter(lines), key)
    assert (found, list(in_order)) == (count, sorted(lines, key=key))


def test_a_full_temporary_folder_is_reported(tmp_path: Path) -> None:
    told = pytest.raises(DiskRoomError, match=f"{tempfile.gettempdir()}/sorted list: File too large")
    with limited(resource.RLIMIT_FSIZE, 2**18), told:
        sort_lines(f"{number:064}\n" for number in range(20_000))
