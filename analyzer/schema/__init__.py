"""The tables of a case: the only definition of their names, columns, units and NULLs.

Terms are Zeek's: originator (client) and responder (server). Times are integer nanoseconds since
1970 UTC, sizes are integer bytes, unknown is NULL and never 0 or "". The case is made from this.
"""

from __future__ import annotations

from analyzer.schema.derived import ADDRESSES, ATTRIBUTED, ENDPOINTS, FINDING_FLOWS
from analyzer.schema.inputs import INPUTS, ISSUES
from analyzer.schema.joins import JOINS
from analyzer.schema.messages import DNS, DNS_ANSWERS, HTTP, TLS, TLS_ALERTS, TLS_SERVER
from analyzer.schema.observations import OBSERVATIONS
from analyzer.schema.table import Column, Table
from analyzer.schema.traffic import FLOWS, NAMES

__all__ = [
    "ADDRESSES",
    "ATTRIBUTED",
    "DERIVED",
    "DNS",
    "DNS_ANSWERS",
    "ENDPOINTS",
    "FINDING_FLOWS",
    "FLOWS",
    "HTTP",
    "INPUTS",
    "ISSUES",
    "JOINS",
    "NAMES",
    "OBSERVATIONS",
    "TABLES",
    "TLS",
    "TLS_ALERTS",
    "TLS_SERVER",
    "Column",
    "Table",
]

TABLES: tuple[Table, ...] = (
    *(FLOWS, NAMES, DNS, DNS_ANSWERS, TLS, TLS_SERVER, TLS_ALERTS, HTTP),
    *(INPUTS, ISSUES, JOINS),
)
"""What inputs are read into."""

DERIVED: tuple[Table, ...] = (ADDRESSES, ENDPOINTS, ATTRIBUTED, FINDING_FLOWS)
"""What the case derives from those and the rules read, and what the rules found."""
