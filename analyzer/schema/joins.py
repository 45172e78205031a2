"""What was matched between sources."""

from __future__ import annotations

from analyzer.schema.table import Column, Table

C = Column

JOINS = Table(
    "joins",
    "One row per pair of sources whose lines were joined to conversations.",
    (
        C("source", "VARCHAR", "Log format whose lines were matched."),
        C("target", "VARCHAR", "Where to: 'capture', or the log format that counts bytes."),
        C("key", "VARCHAR", "What had to be equal."),
        C("window_s", "BIGINT", "How far apart in time they may be, seconds."),
        C(
            "confidence",
            "VARCHAR",
            "high (own key, or all ports and addresses) | medium (no server address on one side).",
        ),
        C("matched", "BIGINT", "Connections of the source that were found in the target."),
        C("ambiguous", "BIGINT", "Those among them for which several fitted; the nearest counts."),
        C("unmatched", "BIGINT", "Connections of the source with no match in any source."),
    ),
)
