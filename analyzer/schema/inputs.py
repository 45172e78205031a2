"""What was read, and what was wrong with it."""

from __future__ import annotations

from analyzer.schema.table import Column, Table

C = Column

INPUTS = Table(
    "inputs",
    "One row per input file or stream, in the order they were given or found.",
    (
        C("input_id", "INTEGER", "Number of the input, from 0."),
        C("path", "VARCHAR", "Path as given, '-' for standard input, ARCHIVE!/NAME for a member."),
        C(
            "sha256",
            "VARCHAR",
            "SHA-256 of its bytes as stored; of a member: of its content.",
            "not read to its end, or not asked for",
        ),
        C(
            "format",
            "VARCHAR",
            "pcap | pcapng | a log format, '+gzip' and the like when compressed.",
            "not recognised",
        ),
        C("bytes", "BIGINT", "Bytes read, as stored."),
        C("records", "BIGINT", "Packet records or log records read."),
        C("first_ns", "BIGINT", "Smallest packet or record time.", "none"),
        C("last_ns", "BIGINT", "Largest packet or record time.", "none"),
        C("snapped", "BIGINT", "Packets captured shorter than they were on the wire."),
        C("complete", "BOOLEAN", "Read to its end without damage."),
        C("archive", "VARCHAR", "Path of the archive that it is a member of.", "not in an archive"),
        C(
            "extract",
            "VARCHAR",
            "Shell command that prints its capture, or its log as lines: in UTF-8, of a JSON "
            "document a record a line.",
            "a file that tools open themselves, or no safe command",
        ),
        C(
            "unit",
            "VARCHAR",
            "packet | line | record (of a JSON document): what places in it count.",
        ),
    ),
)

ISSUES = Table(
    "issues",
    "What could not be read or was cut by a cap, counted by kind.",
    (
        C("code", "VARCHAR", "Stable kind."),
        C("input_id", "INTEGER", "Input.", "concerns the whole run"),
        C("where", "VARCHAR", "First place: offset or packet."),
        C("detail", "VARCHAR", "What was expected, found and lost."),
        C("count", "BIGINT", "How many times."),
        C("incomplete", "BOOLEAN", "Data is missing from the analysis because of it."),
    ),
)
