"""Blocks of one log side by side: each lane has a connection of its own to the case, so that two
processors parse, where DuckDB gives one block to one of them. A log of one block needs none."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import duckdb

T = TypeVar("T")


@dataclass(slots=True)
class Lane(Generic[T]):
    """Where a block is read.

    Attributes:
        connection: To the case; nothing else uses it meanwhile.
        tally: What this lane counts.
    """

    connection: duckdb.DuckDBPyConnection
    tally: T


class Lanes(Generic[T]):
    """Runs jobs, each in a lane, as many at a time as there are lanes.

    As a context manager it waits for them; when an exception leaves it, they are interrupted.
    """

    def __init__(self, first: Lane[T], more: Callable[[], Lane[T]], count: int) -> None:
        """Begins.

        Args:
            first: Of the caller's own connection, for a log of one block.
            more: Makes another lane.
            count: How many, when there is more than one block.
        """
        self._first = first
        self._more = more
        self._count = count
        self._waiting: Callable[[Lane[T]], None] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._free: SimpleQueue[Lane[T]] = SimpleQueue()
        self._lanes: list[Lane[T]] = []
        self._running: list[Future[None]] = []

    def run(self, job: Callable[[Lane[T]], None]) -> None:
        """Runs a job now or later; waits while all lanes are busy.

        Raises:
            Exception: What an earlier job raised.
        """
        if self._count < 2:
            job(self._first)
            return
        before, self._waiting = self._waiting, None
        if self._pool is None and before is None:
            self._waiting = job
            return
        if before is not None:
            self._begin()
            self._submit(before)
        self._submit(job)

    def tallies(self) -> list[T]:
        """What each lane counted."""
        return [lane.tally for lane in (self._first, *self._lanes)]

    def _begin(self) -> None:
        self._pool = ThreadPoolExecutor(self._count, thread_name_prefix="log")
        for _ in range(self._count):
            lane = self._more()
            self._lanes.append(lane)
            self._free.put(lane)

    def _submit(self, job: Callable[[Lane[T]], None]) -> None:
        assert self._pool is not None
        lane = self._free.get()
        self._collect()
        self._running.append(self._pool.submit(self._do, job, lane))

    def _do(self, job: Callable[[Lane[T]], None], lane: Lane[T]) -> None:
        try:
            job(lane)
        finally:
            self._free.put(lane)

    def _collect(self, *, wait: bool = False) -> None:
        ended = [each for each in self._running if wait or each.done()]
        self._running = [each for each in self._running if each not in ended]
        for each in ended:
            each.result()

    def __enter__(self) -> Lanes[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                last, self._waiting = self._waiting, None
                if last is not None:
                    last(self._first)
                self._collect(wait=True)
        except BaseException:
            self._stop()
            raise
        finally:
            if kind is not None:
                self._stop()
            if self._pool is not None:
                self._pool.shutdown(wait=True, cancel_futures=True)
            for lane in self._lanes:
                lane.connection.close()

    def _stop(self) -> None:
        for lane in self._lanes:
            lane.connection.interrupt()
