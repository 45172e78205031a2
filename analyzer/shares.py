"""Shares as percent: one rounding for the verdict, the report and every other output."""

from __future__ import annotations


def percent(share: float | None) -> str:
    """A share of one as ``15.6 %``, whole ones as ``90 %``; never ``0 %`` or ``100 %`` for what is
    not exactly that. ``unknown`` for None.
    """
    if share is None:
        return "unknown"
    value = share * 100
    if 0 < value < 0.1:
        return "under 0.1 %"
    if 99.9 < value < 100:
        return "over 99.9 %"
    return f"{value:.1f}".removesuffix(".0") + " %"
