"""The same work on many pieces, by several processes, with the results in the order of the pieces."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from idxpng.errors import DataError

Piece = TypeVar("Piece")
Result = TypeVar("Result")

AHEAD = 2  # pieces for each process: one in work, one waiting


def parallel_map(function: Callable[[Piece], Result], pieces: Iterable[Piece], processes: int) -> Iterator[Result]:
    """The result of ``function`` for each piece, in order.

    Only a few pieces and results exist at any time. The processes end with their parent, however that ends.

    Args:
        function: one that other processes can import; they can pickle its arguments and results.
        processes: how many; with one, all is done in this process.

    Raises:
        DataError: when a process was killed, as a system does that is out of memory.
    """
    if processes == 1:
        yield from map(function, pieces)
        return
    from concurrent.futures import Future, ProcessPoolExecutor  # which takes longer than a small job
    from concurrent.futures.process import BrokenProcessPool

    pool = ProcessPoolExecutor(processes, initializer=_start)
    try:
        ahead: deque[Future[Result]] = deque()
        for piece in pieces:
            ahead.append(pool.submit(function, piece))
            if len(ahead) > AHEAD * processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    except BrokenProcessPool:
        raise DataError(
            f"one of {processes} processes",
            "the process was killed",
            todo="give the job more memory, or fewer processes",
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the parent to say that it was interrupted
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
