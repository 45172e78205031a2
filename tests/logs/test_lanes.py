"""Jobs side by side, each with a connection of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import duckdb
import pytest

from analyzer.logs.lanes import Lane, Lanes

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory."""
    with duckdb.connect() as made:
        yield made


def lanes_of(connection: duckdb.DuckDBPyConnection, count: int) -> Lanes[list[int]]:
    """Lanes that tally numbers."""
    return Lanes(Lane(connection, []), lambda: Lane(connection.cursor(), []), count)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("jobs", [0, 1, 2, 40])
def test_every_job_runs_once(connection: duckdb.DuckDBPyConnection, count: int, jobs: int) -> None:
    """Whatever the number of lanes; a single one in the caller's own."""

    def job(number: int, lane: Lane[list[int]]) -> None:
        lane.tally.extend(*lane.connection.execute("SELECT $1", [number]).fetchall())

    with lanes_of(connection, count) as lanes:
        for number in range(jobs):
            lanes.run(lambda lane, number=number: job(number, lane))
    assert sorted(sum(lanes.tallies(), [])) == list(range(jobs))
    if jobs == 1:
        assert lanes.tallies() == [[0]]


def test_no_more_jobs_wait_than_there_are_lanes(connection: duckdb.DuckDBPyConnection) -> None:
    """A job holds a block: `run` waits until one of the lanes is free."""
    go = threading.Event()
    begun: list[int] = []

    def job(number: int) -> None:
        begun.append(number)
        assert go.wait(30)

    with lanes_of(connection, 2) as lanes:
        for number in range(2):
            lanes.run(lambda _, number=number: job(number))
        third = threading.Thread(target=lambda: lanes.run(lambda _: job(2)))
        third.start()
        third.join(0.2)
        assert third.is_alive()
        assert 2 not in begun
        go.set()
        third.join(30)
    assert sorted(begun) == [0, 1, 2]


def test_what_a_job_raises_comes_out(connection: duckdb.DuckDBPyConnection) -> None:
    """At the next job or at the end, and the connections are closed."""

    def fail(_: Lane[list[int]]) -> None:
        raise LookupError("seven")

    def five() -> None:
        with lanes_of(connection, 2) as lanes:
            for _ in range(5):
                lanes.run(fail)

    with pytest.raises(LookupError, match="seven"):
        five()


def test_leaving_early_interrupts(connection: duckdb.DuckDBPyConnection) -> None:
    """Ctrl-C does not wait for a long query."""
    begun = threading.Event()

    def slow(lane: Lane[list[int]]) -> None:
        begun.set()
        lane.connection.execute("SELECT count(*) FROM range(10000000000) t WHERE random() > 2")

    def left() -> None:
        with lanes_of(connection, 2) as lanes:
            for _ in range(2):
                lanes.run(slow)
            assert begun.wait(30)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        left()
