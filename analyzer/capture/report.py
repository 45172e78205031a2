"""What reading one input gave, whichever engine read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputReport:
    """The columns of the ``inputs`` table."""

    input_id: int
    path: str
    sha256: str | None
    format: str | None
    bytes: int
    records: int
    first_ns: int | None
    last_ns: int | None
    snapped: int
    complete: bool
    archive: str | None
    extract: str | None
