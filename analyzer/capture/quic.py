"""From QUIC Initials to ClientHellos: who tries which keys on what, and how often.

A client's Initials are protected by the destination connection id of its *first* one. After a Retry
it begins again with the id that the server chose (RFC 9000 section 17.2.5), after version
negotiation with a new id; once the server has answered it uses the server's id, but the keys stay.
So each Initial is tried with the keys of the attempts that its conversation has made so far, then
with its own id. What opens with a client's keys comes from the client.

Everything is bounded: attempts and failures for each conversation, failures in all, unfinished
hellos. What a bound costs is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analyzer.capture.layout import C_FLOW, C_LEN, C_OFF, C_PLACE
from analyzer.capture.quic_frames import MAX_HELLO, Pieces, crypto_frames
from analyzer.capture.quic_keys import VERSIONS_GOOGLE, initial_keys, salts
from analyzer.capture.quic_packets import Initial, initials, unprotect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.capture.types import Bytes, Ints

MAX_ATTEMPTS = 4
MAX_FAILURES = 8
TOTAL_FAILURES = 1 << 18
UNFINISHED = 1024
LEAST_HELLO = 44  # up to the session id: a shorter piece names nothing


@dataclass(slots=True)
class Attempt:
    """One connection attempt: an Initial whose keys follow from its own connection id."""

    version: int
    salt: bytes
    dcid: bytes
    pieces: Pieces | None = field(default_factory=Pieces)  # None when its hello was handed on


@dataclass(slots=True)
class Talk:
    """What is known of a conversation."""

    side: int = -1
    named: bool = False
    failures: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    last: Ints | None = None  # the candidate that came last, for a hello that stays unfinished


@dataclass(frozen=True, slots=True)
class Found:
    """A ClientHello.

    Attributes:
        own: The candidate that completed it.
        hello: The handshake message.
        version: QUIC version of its packets.
        cut: Something of it is missing.
    """

    own: Ints
    hello: bytes
    version: int
    cut: bool


class Hellos:
    """Conversations whose ClientHello is wanted or was found, by flow id."""

    def __init__(self, unfinished: int = UNFINISHED, failures: int = TOTAL_FAILURES) -> None:
        """Starts with none.

        Args:
            unfinished: Hellos that may be incomplete at once.
            failures: Initials that may stay closed in all; then further ones are skipped.
        """
        self.limit = unfinished
        self.failures_left = failures
        self.talks: dict[int, Talk] = {}
        self.waiting: dict[int, None] = {}  # flows with an unfinished hello, longest idle first
        self.evicted = 0
        self.skipped = 0
        self.clients: list[tuple[int, int]] = []  # (place, flow id) of clients found just now

    def read(self, c: Ints, arena: Bytes) -> list[Found]:
        """Opens what can be opened among candidates in packet order; the hellos that got ready."""
        found: list[Found] = []
        places = c[:, (C_FLOW, C_PLACE, C_OFF, C_LEN)].tolist()
        for row, (flow, place, offset, length) in enumerate(places):
            talk = self.talks.get(flow)
            if talk is None:
                talk = self.talks[flow] = Talk()
            if talk.side >= 0 and talk.side != place & 1:
                continue  # the server's: nothing to learn from it
            if talk.failures >= MAX_FAILURES:
                self.skipped += not talk.named
                continue
            data = arena[offset : offset + length].tobytes()
            for packet in initials(data):
                if self.failures_left <= 0 or talk.failures >= MAX_FAILURES:
                    self.skipped += not talk.named
                    break
                attempt, frames = self._open(talk, data, packet)
                if frames is None:
                    continue
                if talk.side < 0:
                    talk.side = place & 1
                    self.clients.append((place, flow))
                if attempt is not None and attempt.pieces is not None:
                    talk.last = c[row]
                    self._take(flow, talk, attempt, frames, found)
            if flow in self.waiting:
                found += self._make_room()
        return found

    def _open(
        self, talk: Talk, data: bytes, packet: Initial
    ) -> tuple[Attempt | None, bytes | None]:
        """Frames of an Initial and the attempt it belongs to; None where nothing opens it."""
        for attempt in talk.attempts:
            if attempt.version != packet.version:
                continue
            if attempt.pieces is None and attempt.dcid == packet.dcid:
                return attempt, None  # sent again; its hello is known
            keys = initial_keys(attempt.version, attempt.salt, attempt.dcid)
            frames = unprotect(data, packet, keys)
            if frames is not None:
                return attempt, frames
        if len(talk.attempts) < MAX_ATTEMPTS:
            for salt in salts(packet.version):
                keys = initial_keys(packet.version, salt, packet.dcid)
                frames = unprotect(data, packet, keys)
                if frames is not None:
                    attempt = Attempt(packet.version, salt, packet.dcid)
                    talk.attempts.append(attempt)
                    return attempt, frames
        talk.failures += 1
        self.failures_left -= 1
        return None, None

    def _take(
        self, flow: int, talk: Talk, attempt: Attempt, frames: bytes, found: list[Found]
    ) -> None:
        """Adds the CRYPTO data of one packet; hands the hello on when it is complete."""
        pieces = attempt.pieces
        if pieces is None or talk.last is None:
            return
        for offset, piece in crypto_frames(frames, attempt.version in VERSIONS_GOOGLE):
            pieces.add(offset, piece)
        wanted = pieces.wanted()
        if wanted == 0:
            attempt.pieces = None  # a client begins with its hello, whatever this is
        elif wanted is not None and pieces.ready() >= wanted:
            attempt.pieces = None
            talk.named = True
            hello = bytes(pieces.data[:wanted])
            found.append(Found(talk.last.copy(), hello, attempt.version, wanted == MAX_HELLO))
        self.waiting.pop(flow, None)
        if any(one.pieces is not None for one in talk.attempts):
            talk.last = talk.last.copy()
            self.waiting[flow] = None
        else:
            talk.last = None

    def _make_room(self) -> list[Found]:
        """Gives up the hellos of conversations that were idle for longest."""
        found: list[Found] = []
        while len(self.waiting) > self.limit:
            flow = next(iter(self.waiting))
            found += self._give_up(self.talks[flow])
            del self.waiting[flow]
            self.evicted += 1
        return found

    def _give_up(self, talk: Talk) -> list[Found]:
        """What there is of unfinished hellos."""
        found = []
        for attempt in talk.attempts:
            pieces = attempt.pieces
            if pieces is None or talk.last is None:
                continue
            attempt.pieces = None
            ready = pieces.ready()
            if ready >= LEAST_HELLO and not talk.named:
                talk.named = True
                hello = bytes(pieces.data[: min(ready, pieces.wanted() or 0)])
                found.append(Found(talk.last, hello, attempt.version, cut=True))
        talk.last = None
        return found

    def end(self, flows: Iterable[int], flooded: Iterable[int] = ()) -> list[Found]:
        """Forgets conversations that have ended; the hellos that stayed unfinished.

        Args:
            flows: Their ids.
            flooded: Ids of those that sent more Initials than were handed on.
        """
        for flow in flooded:
            talk = self.talks.get(flow)
            self.skipped += talk is not None and not talk.named
        found: list[Found] = []
        for flow in flows:
            talk = self.talks.pop(flow, None)
            if talk is not None and self.waiting.pop(flow, flow) is None:
                found += self._give_up(talk)
        return found
