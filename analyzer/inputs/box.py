"""An archive that is being taken apart: what it is, and which of its bytes members have taken."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.inputs.commands import Commands
    from analyzer.inputs.sniff import Format
    from analyzer.inputs.store import Part

MAX_RANGES = 65_536
"""Parts of a zip, with something else between them, that members lie in."""

OVERLAP = 8
"""Sizes of a zip that members which lie inside of others may take together."""

_GAP = 64  # what follows a member's data (4.3.9) takes up to 24 bytes


@dataclass(slots=True)
class Box:
    """An archive that is being taken apart.

    Attributes:
        path: As shown: ``a.tar``, inside it ``a.tar!/b.zip``.
        outer: Path of the file that holds everything.
        format: ``tar`` or ``zip``, and its compression.
        part: Its stored bytes.
        depth: 1 for a file, 2 inside of another archive.
        commands: Makes the commands that print members.
        taken: Parts of a zip that members lie in, as (begin, end), ordered and apart.
        heads: Where members of a zip begin, as many as `MAX_RANGES`.
        spare: Bytes that members of a zip may still share with others.
        seen: Shown paths and how often each came.
    """

    path: str
    outer: str
    format: Format
    part: Part
    depth: int
    commands: Commands
    taken: list[tuple[int, int]] = field(default_factory=list)
    heads: set[int] = field(default_factory=set)
    spare: int = 0
    seen: dict[str, int] = field(default_factory=dict)

    def claim(self, begin: int, end: int) -> bool:
        """Notes where a member of a zip lies; False when it must not be read.

        One whose stated size reaches over its neighbours must not hide them, so they are read all
        the same. But a few bytes, listed a million times, would be decompressed a million times: a
        member is read once, and what overlaps others only as far as `spare` allows.
        """
        if begin in self.heads:
            return False
        full = len(self.heads) >= MAX_RANGES
        at = bisect.bisect(self.taken, (begin, end))
        near = range(max(at - 1, 0), min(at + 1, len(self.taken)))
        if any(self.taken[n][0] < end and begin < self.taken[n][1] for n in near):
            if full or end - begin > self.spare:
                return False
            self.heads.add(begin)
            self.spare -= end - begin
            return True
        if not full:
            self.heads.add(begin)
        first = last = at
        if at and begin - self.taken[at - 1][1] <= _GAP:
            first, begin = at - 1, self.taken[at - 1][0]
        if at < len(self.taken) and self.taken[at][0] - end <= _GAP:
            last, end = at + 1, self.taken[at][1]
        if first == last and len(self.taken) >= MAX_RANGES:
            return False
        self.taken[first:last] = [(begin, end)]
        return True
