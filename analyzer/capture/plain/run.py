"""The loop of a slow engine: packets of all inputs by time, into conversations, into rows."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

from analyzer.capture.plain.conversations import Conversations
from analyzer.capture.plain.messages import Messages
from analyzer.capture.plain.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from analyzer.capture.plain.conversation import Conversation
    from analyzer.capture.plain.conversations import Reader
    from analyzer.capture.plain.packet import Packet
    from analyzer.capture.plain.source import Source
    from analyzer.capture.report import InputReport
    from analyzer.inputs.spec import Spec
    from analyzer.issues import Issue

    Opener = Callable[[Spec, int], Source]

PROGRESS_PACKETS = 256


class SlowRun:
    """Walks inputs that an engine opens.

    Args:
        specs: Inputs, ordered by first packet time.
        opener: Makes a source of an input and its number.
        sink: Takes ``(table, columns)``.
        reader: Makes whoever reads hellos, heads and messages; plain Python by default.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        opener: Opener,
        sink: Callable[[str, dict[str, Any]], object],
        reader: Callable[[Rows], Reader] = Messages,
    ) -> None:
        self._specs = specs
        self._opener = opener
        self.rows = Rows(sink)
        self.reader = reader(self.rows)
        self._sources: list[Source] = []

    def run(
        self,
        progress: Callable[[int], None] | None = None,
        seen: Callable[[Packet, Conversation], object] | None = None,
        last: Callable[[], object] | None = None,
    ) -> tuple[list[InputReport], list[Issue]]:
        """Walks all inputs to their end and writes every conversation.

        Args:
            progress: Told how many stored bytes have been read so far.
            seen: Told each packet after it was accounted, and its conversation.
            last: Called before the last rows are handed on.
        """
        conversations = Conversations(self.rows, self.reader)
        for number, packet in enumerate(self._by_time()):
            conversation = conversations.take(packet)
            if seen is not None:
                seen(packet, conversation)
            if progress is not None and number % PROGRESS_PACKETS == 0:
                progress(self._read_bytes())
        caps = conversations.finish()
        if last is not None:
            last()
        self.rows.flush()
        if progress is not None:
            progress(self._read_bytes())
        ordered = sorted(self._sources, key=lambda source: source.input_id)
        issues = [issue for source in ordered for issue in source.issues()]
        return [source.report() for source in ordered], issues + caps

    def annotate(self, names: list[tuple[str, str]], input_id: int) -> None:
        """Names that a capture file itself states for addresses (pcapng name resolution)."""
        for address, name in names:
            self.rows.add("names", input_id=input_id, addr=address, name=name, kind="nrb")

    def _read_bytes(self) -> int:
        return sum(source.stream.stored_bytes for source in self._sources)

    def _by_time(self) -> Iterator[Packet]:
        """The input whose next packet is the oldest goes on until another has an older one."""
        waiting = list(enumerate(self._specs))[::-1]
        active: list[tuple[int, int, Packet, Iterator[Packet]]] = []
        while waiting or active:
            while waiting and _starts_now(waiting[-1][1], active):
                order, spec = waiting.pop()
                source = self._opener(spec, order)
                self._sources.append(source)
                packets = source.packets()
                first = next(packets, None)
                if first is not None:
                    heapq.heappush(active, (first.ts_ns, order, first, packets))
            if not active:
                continue
            _, order, packet, packets = heapq.heappop(active)
            limit = active[0][0] if active else None
            if waiting and waiting[-1][1].first_ns is not None:
                other = waiting[-1][1].first_ns
                limit = other if limit is None else min(limit, other)
            following: Packet | None = packet
            while following is not None and (limit is None or following.ts_ns <= limit):
                yield following
                following = next(packets, None)
            if following is not None:
                heapq.heappush(active, (following.ts_ns, order, following, packets))


def _starts_now(spec: Spec, active: list[tuple[int, int, Packet, Iterator[Packet]]]) -> bool:
    return not active or spec.first_ns is None or spec.first_ns <= active[0][0]
