"""One input on its way through a slow engine: its stream, its figures, and what went wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from analyzer.capture.report import InputReport, nothing_analysed
from analyzer.inputs.open import STEP, open_stream
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.capture.plain.packet import Packet
    from analyzer.inputs.spec import Spec


class Source(ABC):
    """Hands out the packets of one input; engines say how (`_packets`).

    Args:
        spec: The input.
        input_id: Its row in ``inputs``.
        digest: Compute its SHA-256.
    """

    def __init__(self, spec: Spec, input_id: int, *, digest: bool) -> None:
        self.spec = spec
        self.input_id = input_id
        self.stream = open_stream(spec, hashed=digest)
        self.records = 0
        self.snapped = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self._counted: dict[str, Issue] = {}
        self.damaged = False

    def packets(self) -> Iterator[Packet]:
        """TCP and UDP packets in the order of the file; never raises for what the file holds."""
        if self.stream.problem is None and self.spec.format is not None:
            yield from self._packets()
            if not self.records and not self.damaged and self.stream.problem is None:
                detail = (
                    "expected packets behind the file header, found no packet: there is nothing "
                    "to analyse"
                )
                self.note("no-packets", "end", detail, incomplete=True)
        self.close()

    @abstractmethod
    def _packets(self) -> Iterator[Packet]:
        """The packets behind the stream's beginning, in the order of the file."""

    def close(self) -> None:
        """Reads the rest of a damaged input, so that its SHA-256 is known, and closes it."""
        if self.damaged:
            self.stream.drain()
        self.stream.close()

    def count(self, ts_ns: int, captured: int, wire: int) -> None:
        """Counts one record of the input."""
        self.records += 1
        self.first_ns = ts_ns if self.first_ns is None else min(self.first_ns, ts_ns)
        self.last_ns = ts_ns if self.last_ns is None else max(self.last_ns, ts_ns)
        self.snapped += wire > captured

    def note(self, code: str, where: str, detail: str, *, incomplete: bool = False) -> None:
        """Counts one problem; the first place is kept."""
        known = self._counted.get(code)
        if known is None:
            known = Issue(code, self.input_id, where, detail, 0, incomplete)
        self._counted[code] = replace(known, count=known.count + 1)

    def note_packet(self, code: str, detail: str) -> None:
        """Counts a packet that is not analysed."""
        self.note(code, f"packet {self.records}", detail)

    def issues(self) -> list[Issue]:
        """What went wrong with this input."""
        problem = self.stream.problem
        first = [replace(problem, input_id=self.input_id)] if problem is not None else []
        found = first + list(self._counted.values())
        if any(issue.incomplete for issue in found):
            return found
        nothing = nothing_analysed(found, self.records, self.input_id)
        return found if nothing is None else [nothing, *found]

    def report(self) -> InputReport:
        """The input's row."""
        return InputReport(
            input_id=self.input_id,
            path=self.spec.path,
            sha256=self.stream.sha256,
            format=str(self.spec.format) if self.spec.format is not None else None,
            bytes=self.stream.stored_bytes,
            records=self.records,
            first_ns=self.first_ns,
            last_ns=self.last_ns,
            snapped=self.snapped,
            complete=not any(issue.incomplete for issue in self.issues()),
            archive=self.spec.archive,
            extract=self.stream.extract,
        )


class StreamFile:
    """A stream as the file object that other libraries read from.

    Attributes:
        refused: A single read asked for more than any sound block holds; it got nothing.
    """

    name = "capture"
    LARGEST = 1 << 24

    def __init__(self, source: Source) -> None:
        self._stream = source.stream
        self._buffer = memoryview(bytearray(STEP))
        self._ready = self._buffer[:0]
        self.offset = 0
        self.refused = False

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes, fewer at the end of the input only."""
        if size > self.LARGEST:
            self.refused = True
            return b""
        pieces = bytearray()
        while len(pieces) < size:
            if not len(self._ready):
                self._ready = self._buffer[: self._stream.readinto(self._buffer)]
                if not len(self._ready):
                    break
            piece = self._ready[: size - len(pieces)]
            pieces += piece
            self._ready = self._ready[len(piece) :]
        self.offset += len(pieces)
        return bytes(pieces)
