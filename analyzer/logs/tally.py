"""What became of the lines of one log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.logs.documents import Lost
from analyzer.logs.text import Damage

if TYPE_CHECKING:
    from analyzer.logs.new_year import NewYear


@dataclass(slots=True)
class Tally:
    """What became of the lines of one input.

    Attributes:
        records: Lines (objects, rows) that a format took.
        ignored: Lines of other kinds in a log that has such.
        others: Lines that no format took.
        first_other: The first of them.
        unusable: Records that say too little, by reason: (how many, first line).
        damage: What decoding lost.
        lost: Records that could not be taken apart.
        new_year: Where a year that is not stated turned.
        program: Arguments of jq that print the records of a document, a line each; None where
            there are none.
    """

    records: int = 0
    ignored: int = 0
    others: int = 0
    first_other: int = 0
    unusable: dict[str, tuple[int, int]] = field(default_factory=dict)
    damage: Damage = field(default_factory=Damage)
    lost: Lost = field(default_factory=Lost)
    new_year: NewYear | None = None
    program: str | None = None

    def add(self, other: Tally) -> None:
        """What another part of the same input counted, of which lines may stand in between."""
        self.records += other.records
        self.ignored += other.ignored
        if other.others and not (self.others and self.first_other < other.first_other):
            self.first_other = other.first_other
        self.others += other.others
        self.damage.add(other.damage)
        self.lost.merge(other.lost)
