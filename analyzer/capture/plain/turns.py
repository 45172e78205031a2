"""Turns: who sent how much before the other side answered.

A turn starts when originator payload follows responder payload and runs to the next such change.
These do not end one: a responder burst of at most 64 bytes, the first two larger bursts after the
handshake when at most 700 bytes each, and anything during a TLS handshake, which is one turn of
its own and no evidence unless more than 16 KiB long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

QUIET_BURST, TICKET_BURST, TICKET_BURSTS = 64, 700, 2
UPLOAD_MIN, UPLOAD_ALWAYS, DRIP_MIN, WIDE_MIN = 4096, 32768, 512, 2048
BIG = (16384, 32768, 65536)
HANDSHAKE_MAX = 16384
HEAD_DEFAULT, HEAD_MIN, HEAD_MAX = 400, 150, 2500
FIGURES = (
    "turns", "upload_turns", "upload_bytes", "upload_app_bytes", "largest_upload",
    "wide_requests", "wide_bytes", "drip_turns", "drip_bytes", "small_app_bytes",
    "big16_turns", "big16_bytes", "big16_app_bytes", "big32_turns", "big32_bytes",
    "big32_app_bytes", "big64_turns", "big64_bytes", "big64_app_bytes",
)  # fmt: skip


def half_octave(up: int) -> int:
    """Lower edge of the half octave that a turn below 16 KiB falls in; 64 is the lowest."""
    octave = min(max(up.bit_length() - 1, 6), 13)
    middle = 3 << (octave - 1)
    return middle if up >= middle else 1 << octave


@dataclass(slots=True)
class Turns:
    """The current turn of a conversation and the figures of those before.

    Attributes:
        figures: Columns of the ``flows`` table.
        requests: How many turns below 16 KiB fell in each half octave.
        up: Originator bytes of the current turn.
        down: Responder bytes of it.
        app: Payload of its TLS application records.
        first: Payload of the first of those, None before it.
        last: Who sent last: 0 originator, 1 responder, None nobody.
        burst: Responder bytes since the originator sent.
        bursts: Larger responder bursts since the handshake.
    """

    figures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    requests: dict[int, int] = field(default_factory=dict)
    up: int = 0
    down: int = 0
    app: int = 0
    first: int | None = None
    last: int | None = None
    burst: int = 0
    bursts: int = 0

    def sent(self, by_originator: bool, size: int, *, tls: bool, in_handshake: bool) -> None:
        """Accounts ``size`` new bytes of sequence space."""
        if not by_originator:
            self.down += size
            self.burst += size
            self.last = 1
            return
        if self.last == 1:
            burst, self.burst = self.burst, 0
            if burst > QUIET_BURST and not in_handshake:
                self.bursts += 1
                if self.bursts > TICKET_BURSTS or burst > TICKET_BURST:
                    self.close(tls=tls)
        self.last = 0
        self.up += size

    def restart(self, tail: int, *, handshake: bool) -> None:
        """Ends the current turn before its last ``tail`` originator bytes; they begin the next.

        Called where a TLS handshake begins inside a conversation, and where one ends.
        """
        tail = min(tail, self.up)
        self.up -= tail
        self.close(tls=True, handshake=handshake)
        self.up, self.last, self.bursts = tail, 0, 0

    def close(self, *, tls: bool, handshake: bool = False) -> None:
        """Ends the current turn and starts an empty one.

        Args:
            tls: The conversation is TLS, so its payload is what its records say.
            handshake: This turn is a TLS handshake.
        """
        if self.up or self.down:
            self.figures["turns"] += 1
            if self.up and (not handshake or self.up > HANDSHAKE_MAX):
                self._judge(self._payload(tls))
        self.up = self.down = self.app = self.burst = 0
        self.first = None

    def median_request(self) -> int | None:
        """Median originator bytes of the turns below 16 KiB, to half an octave."""
        total, seen = sum(self.requests.values()), 0
        for edge in sorted(self.requests):
            seen += self.requests[edge]
            if 2 * seen >= total:
                return edge
        return None

    def _payload(self, tls: bool) -> int:
        """Application payload, less an estimated request head."""
        if not tls:
            return self.up
        if self.up > HANDSHAKE_MAX and 2 * self.app < self.up:
            return self.up  # data in records of another kind: no handshake is that long
        head = HEAD_DEFAULT
        first = self.first
        if first is not None and HEAD_MIN <= first <= HEAD_MAX and self.app > first + QUIET_BURST:
            head = first
        return max(self.app - head, 0)

    def _judge(self, app: int) -> None:
        up, figures = self.up, self.figures
        if up < BIG[0]:
            edge = half_octave(up)
            self.requests[edge] = min(self.requests.get(edge, 0) + 1, 0x7FFF)
        figures["largest_upload"] = max(figures["largest_upload"], up)
        if (up >= UPLOAD_MIN and up > self.down) or up >= UPLOAD_ALWAYS:
            figures["upload_turns"] += 1
            figures["upload_bytes"] += up
            figures["upload_app_bytes"] += app
        elif DRIP_MIN <= up < UPLOAD_MIN and up > self.down:
            figures["drip_turns"] += 1
            figures["drip_bytes"] += up
            figures["small_app_bytes"] += app
        elif up > WIDE_MIN:
            figures["wide_requests"] += 1
            figures["wide_bytes"] += up
            figures["small_app_bytes"] += app
        for limit in BIG:
            if up >= limit:
                name = f"big{limit >> 10}"
                figures[f"{name}_turns"] += 1
                figures[f"{name}_bytes"] += up
                figures[f"{name}_app_bytes"] += app
