"""Work is spread over processes, and the results stay in order."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from idxpng.errors import DataError
from idxpng.verify.parallel import AHEAD, parallel_map


def slow_first(number: int) -> tuple[int, int]:
    time.sleep(0.05 if number == 0 else 0)
    return number, os.getpid()


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_pieces(processes: int) -> None:
    results = list(parallel_map(slow_first, range(40), processes))
    assert [number for number, _ in results] == list(range(40))
    assert (os.getpid() in {process for _, process in results}) == (processes == 1)


def test_pieces_are_taken_only_a_few_ahead_of_the_work() -> None:
    pieces = iter(range(1000))
    results = parallel_map(slow_first, pieces, 2)
    next(results)
    assert next(pieces) <= 2 * AHEAD + 1
    results.close()  # type: ignore[attr-defined]


def die(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_reported_without_waiting() -> None:
    with pytest.raises(DataError, match="one of 2 processes: the process was killed"):
        list(parallel_map(die, [1], 2))


def refuse(number: int) -> None:
    raise DataError("a.png", "damaged", at=f"byte {number}", todo="make it again")


def test_an_error_in_a_process_keeps_its_message_and_details() -> None:
    with pytest.raises(DataError) as raised:
        list(parallel_map(refuse, [7], 2))
    assert str(raised.value) == "a.png: damaged\n  at:       byte 7\n  to do:    make it again"
    assert (raised.value.problem, raised.value.details["at"]) == ("damaged", "byte 7")


PROGRAM = """
import os, time
from idxpng.errors import DataError
from idxpng.verify.parallel import parallel_map

def work(number):
    os.write(1, f"{os.getpid()}\\n".encode())  # one write; print may write the line in two parts
    time.sleep(60)

if __name__ == "__main__":
    list(parallel_map(work, range(9), 2))
"""


def test_processes_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        children = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
    deadline = time.monotonic() + 10
    while any(map(is_running, children)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
