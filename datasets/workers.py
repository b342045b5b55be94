"""Many files, several processes, one order, bounded memory."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TypeVar

from skelfuse.errors import SkelfuseError

Item = TypeVar("Item")
Result = TypeVar("Result")

MANY = 32  # items that are worth the start of processes
BATCHES_IN_FLIGHT = 3  # for each process: enough to keep it busy, few enough to hold in memory


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    work: Callable[[Item], Result], items: Sequence[Item], *, jobs: int, batch: int = 8
) -> Iterator[Result]:
    """Yield `work(item)` of every item in the items' order, worked on by `jobs` processes.

    >>> list(in_order(abs, [-1, 2, -3], jobs=1))
    [1, 2, 3]
    """
    if jobs == 1 or len(items) <= batch:
        yield from map(work, items)
        return
    # Not fork: it copies locks that other threads may hold. The server starts once and forks clean.
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([])  # by default it would first import the command
    batches = deque(items[i : i + batch] for i in range(0, len(items), batch))
    waiting: deque[Future[list[Result]]] = deque()
    pool = ProcessPoolExecutor(jobs - 1, mp_context=context, initializer=_serve_parent)
    starting = threading.Thread(target=_start, args=(pool,))
    starting.start()  # it takes a quarter of a second, which this process need not wait
    room = BATCHES_IN_FLIGHT * jobs
    try:
        while batches or waiting:
            while batches and len(waiting) < room and not starting.is_alive():
                waiting.append(pool.submit(_work_through, work, batches.popleft()))
            if batches and not (waiting and waiting[0].done()):
                # This process is one of the jobs: it works rather than wait.
                own: Future[list[Result]] = Future()
                own.set_result(_work_through(work, batches.popleft()))
                waiting.append(own)
            else:
                yield from waiting.popleft().result()
    except BrokenProcessPool:
        raise SkelfuseError(
            "a worker process died, most likely for lack of memory",
            remedy="use fewer with --jobs, what is done is kept for --resume; a script of your own "
            "must call this under `if __name__ == '__main__':`",
        ) from None
    finally:
        starting.join()
        pool.shutdown(wait=True, cancel_futures=True)


def read_in_order(
    read: Callable[[Item], Iterable[Result]], items: Sequence[Item], *, jobs: int
) -> Iterator[Result]:
    """Yield whatever `read` finds in the items, in order.

    Many items, most often small ones, go to `jobs` processes; few, perhaps large ones, are read
    here, one finding after the other.
    """
    if jobs > 1 and len(items) > MANY:
        for found in in_order(partial(_all_in, read), items, jobs=jobs):
            yield from found
    else:
        for item in items:
            yield from read(item)


def _all_in(read: Callable[[Item], Iterable[Result]], item: Item) -> list[Result]:
    return list(read(item))


def _start(pool: ProcessPoolExecutor) -> None:
    # Processes inherit what this thread blocks: an interrupt is for the parent, from the start.
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    pool.submit(_nothing)


def _nothing() -> None:
    pass


def _work_through(work: Callable[[Item], Result], batch: Sequence[Item]) -> list[Result]:
    return [work(item) for item in batch]


def _serve_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A parent that was killed tells nobody; its children would wait for work for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
