"""The optimizer while logs are read, and afterwards."""

from __future__ import annotations

import duckdb
import pytest

from analyzer.logs.plans import KEPT, plainly_planned

SETTING = "SELECT current_setting('disabled_optimizers')"


def test_it_is_as_it_was_afterwards() -> None:
    """Also when an error leaves it; what was off before, stays off."""
    connection = duckdb.connect()
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")

    def failed() -> None:
        with plainly_planned(connection):
            ((off,),) = connection.cursor().execute(SETTING).fetchall()
            assert "cte_inlining" in off
            assert "statistics_propagation" in off
            assert not any(kept in off.split(",") for kept in KEPT)
            raise KeyError

    with pytest.raises(KeyError):
        failed()
    assert connection.execute(SETTING).fetchall() == [("statistics_propagation",)]


def test_the_optimizers_that_are_kept_exist() -> None:
    """DuckDB may rename them."""
    names = {n for (n,) in duckdb.connect().execute("FROM duckdb_optimizers()").fetchall()}
    assert set(KEPT) < names
