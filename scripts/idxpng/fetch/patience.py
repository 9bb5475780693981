"""How long a server may take, and what interrupts a download that waits longer.

`requests` limits only the wait for the next piece: a server that sends one byte a second, or endless headers, would
keep it forever. A download job does nothing else, so a timer checks ten times a second and raises.
"""

import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

TICK = 0.1  # seconds
WORTH = 30.0  # seconds: a body that needs no more time at its present rate is worth the wait
WORK = 2.0  # seconds of CPU time for an answer; endless header lines cost more
MEMORY = 200 << 20  # bytes of memory that a download may add


class TooSlowError(Exception):
    """A server that takes too long. It is not an OSError: requests and urllib3 would catch that."""


@dataclass(frozen=True)
class Patience:
    """How long a server may take.

    ``connect``: seconds for a connection to one address of a host. ``silence``: seconds for each next piece.
    ``answer``: seconds until the body begins, for all addresses and redirects together. ``rate``: bytes per
    second of a body, on average over each ``period`` of seconds, unless little is left. ``retries``: how many without
    progress in between. ``backoff``: seconds before the second retry, doubled before each further one.
    """

    connect: float
    silence: float
    answer: float
    rate: int
    period: float
    retries: int = 0
    backoff: float = 0.0


# While there are other mirrors: each is asked once. A host that is down costs 1.5 s for each of its addresses.
QUICK = Patience(connect=1.5, silence=5.0, answer=4.0, rate=100_000, period=5.0)
# Once no mirror had the file: enough for a host with many addresses of which only the last answers.
PATIENT = Patience(connect=10.0, silence=30.0, answer=180.0, rate=1000, period=30.0, retries=5, backoff=0.5)


@contextmanager
def interrupted(late: Callable[[float], bool]) -> Iterator[None]:
    """Raise TooSlowError in the block as soon as it is too late or the process uses too much memory."""
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
    """The peak memory of this process, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
