"""How long a server may take, and what interrupts a download that waits longer.

`requests` bounds the wait for each next piece alone, so that one byte a second would keep it for ever, as would headers
without end. A job that downloads has nothing else to do; so a timer looks ten times a second, and raises.
"""

import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

TICK = 0.1  # seconds
WORTH = 30.0  # seconds: a body that needs no longer, at its present rate, is waited for
WORK = 2.0  # seconds of the processor for an answer: what sends lines without end costs more
MEMORY = 200 << 20  # bytes that a download may need beside what it has


class TooSlowError(Exception):
    """A server that takes too long. It is not an OSError: requests and urllib3 would catch that."""


@dataclass(frozen=True)
class Patience:
    """How long a server may take.

    ``connect``: seconds for a connection to one address of a host. ``silence``: seconds for each next piece.
    ``answer``: seconds until the body begins, whatever the number of addresses and redirects. ``rate``: bytes per
    second of a body, on average over each ``period`` of seconds, unless little is left. ``quick``: whether other
    mirrors wait, so that no server is asked again that does not answer.
    """

    connect: float
    silence: float
    answer: float
    rate: int
    period: float
    quick: bool = False


# For each mirror as long as there are others. A run waits 1.5 s for a connection to a host that is down.
QUICK = Patience(connect=1.5, silence=5.0, answer=5.0, rate=100_000, period=5.0, quick=True)
# For each mirror once no other has the file: enough for hosts of many addresses, of which the last one answers.
PATIENT = Patience(connect=10.0, silence=30.0, answer=180.0, rate=1000, period=30.0)


class Watch:
    """Interrupts a block in which a server takes too long.

    Args:
        patience: how long it may take.
        deadline: when all must be over, as `time.monotonic` counts.
    """

    def __init__(self, patience: Patience, deadline: float) -> None:
        self._patience = patience
        self._deadline = deadline
        self.left = 0  # bytes of the body that are still to come

    @contextmanager
    def answer(self) -> Iterator[None]:
        """A block that waits for a body to begin."""
        end = min(self._deadline, time.monotonic() + self._patience.answer)
        work = time.process_time() + WORK
        with _interrupted(lambda now: now > end or time.process_time() > work):
            yield

    @contextmanager
    def body(self, left: int) -> Iterator[None]:
        """A block that reads a body of ``left`` bytes, and counts down what is left of it."""
        self.left = left
        start, left_then = time.monotonic(), left

        def too_slow(now: float) -> bool:
            nonlocal start, left_then
            elapsed, received = now - start, left_then - self.left
            if elapsed >= self._patience.period:
                if received < self._patience.rate * elapsed and self.left * elapsed >= received * WORTH:
                    return True
                start, left_then = now, self.left
            return now > self._deadline

        with _interrupted(too_slow):
            yield


@contextmanager
def _interrupted(late: Callable[[float], bool]) -> Iterator[None]:
    """Raise TooSlowError in the block as soon as it is too late, or the process needs too much memory."""
    most = _peak() + MEMORY

    def look(*_: object) -> None:
        if late(time.monotonic()) or _peak() > most:
            raise TooSlowError

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _peak() -> int:
    """The most memory that this process has needed so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
