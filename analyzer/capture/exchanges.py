"""Requests that wait for their answer: one row for both, where it is certain that they belong.

HTTP/1 answers come in the order of the requests (RFC 9112 section 9.3.2). They are matched only
while every request and every answer of the connection can be placed; a gap in which one may be
missing leaves the status of what is concerned NULL. A row is handed on when its answer and the end
of its body are known, at the latest with the end of the conversation.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analyzer.capture.layout import A_FOUND, A_UNSEEN

if TYPE_CHECKING:
    from analyzer.capture.http import Response

MAX_WAITING = 64
MAX_OPEN = 1 << 16


@dataclass(slots=True)
class Exchange:
    """A row of the ``http`` table in the making; the names are the columns'."""

    ts_ns: int
    packet: int
    input_id: int
    flow_id: int
    method: str
    host: str | None
    target: str
    version: str
    content_length: int | None
    blob_type: str | None
    head_bytes: int
    framing: str
    body_bytes: int | None = None
    status: int | None = None
    server: str | None = None
    location_host: str | None = None
    response_type: str | None = None
    response_length: int | None = None
    upgrade: str | None = None
    stream: int = 0
    settled: bool = False  # no status will come any more


@dataclass(slots=True)
class Talk:
    """The exchanges of one conversation that are not complete."""

    waiting: deque[Exchange] = field(default_factory=deque)
    speaking: Exchange | None = None  # the request whose body is under way
    unsure: bool = False
    frames: Any = None  # h2.Connection, once there is one


class Exchanges:
    """The open exchanges of all conversations.

    Attributes:
        ready: Complete rows, to be taken and cleared by the caller.
        dropped: Rows that were handed on early because too many were open.
        broken: HTTP/2 connections whose header blocks could not be followed.
    """

    def __init__(self) -> None:
        """Starts with none."""
        self.talks: dict[int, Talk] = {}
        self.given_up: set[int] = set()
        self.ready: list[Exchange] = []
        self.dropped = 0
        self.broken = 0
        self._open = 0

    def talk(self, flow_id: int) -> Talk:
        """The state of a conversation."""
        found = self.talks.get(flow_id)
        if found is None:
            found = self.talks[flow_id] = Talk(unsure=flow_id in self.given_up)
        return found

    def request(self, made: Exchange, body_before: int, *, placed: bool) -> None:
        """A request head of an HTTP/1 conversation.

        Args:
            made: Its row.
            body_before: Body bytes of the request in front of it.
            placed: It stands where a request was due: none is missing in front of it.
        """
        talk = self.talk(made.flow_id)
        self.body(talk, body_before)
        talk.unsure |= not placed
        talk.speaking = made
        made.settled = talk.unsure
        if not talk.unsure:
            talk.waiting.append(made)
        if talk.unsure or len(talk.waiting) > MAX_WAITING:
            self.dropped += len(talk.waiting) > MAX_WAITING
            self.doubt(talk)
        self.opened()

    def body(self, talk: Talk, size: int) -> None:
        """The body of the request under way has ended; it had ``size`` bytes."""
        made, talk.speaking = talk.speaking, None
        if made is not None:
            made.body_bytes = size
            self._hand_on(made)

    def response(self, flow_id: int, code: int, said: Response) -> None:
        """A response head; ``code`` is A_* of the layout."""
        if 100 <= said.status < 200 and said.status != 101:
            return
        talk = self.talks.get(flow_id)
        if talk is None or talk.unsure:
            if code & A_UNSEEN:
                self.talk(flow_id).unsure = True
            return
        if code & A_UNSEEN or (code & A_FOUND and len(talk.waiting) > 1):
            talk.unsure = bool(code & A_UNSEEN)
            self.doubt(talk)
            return
        if not code & 3 or not talk.waiting:
            return  # it answers a request that went before the capture began
        made = talk.waiting.popleft()
        made.status, made.server, made.settled = said.status, said.server, True
        made.location_host, made.response_type = said.location_host, said.content_type
        made.response_length = said.content_length
        made.upgrade = said.upgrade if said.status == 101 else None
        self._hand_on(made)

    def doubt(self, talk: Talk) -> None:
        """Which answer belongs to which of the waiting requests cannot be told."""
        while talk.waiting:
            made = talk.waiting.popleft()
            made.settled = True
            self._hand_on(made)

    def finish(self, flow_id: int, body: int, unsent: int) -> None:
        """The conversation has ended.

        Args:
            flow_id: Its number.
            body: Bytes that the body under way has come to.
            unsent: Bytes of the client's last HTTP/2 frame that never came.
        """
        self.given_up.discard(flow_id)
        talk = self.talks.pop(flow_id, None)
        if talk is None:
            return
        self.body(talk, body)
        self.doubt(talk)
        if talk.frames is not None:
            talk.frames.finish(self, unsent)

    def opened(self) -> None:
        """Counts one more open row; too many, and the oldest conversations give up theirs."""
        self._open += 1
        while self._open > MAX_OPEN:
            flow_id = next(iter(self.talks))
            talk = self.talks.pop(flow_id)
            self.given_up.add(flow_id)
            before = len(self.ready)
            self.doubt(talk)
            if talk.frames is not None:
                talk.frames.give_up(self)
            made, talk.speaking = talk.speaking, None
            if made is not None:
                self.close(made)
            self.dropped += len(self.ready) - before

    def close(self, made: Exchange) -> None:
        """Hands a row on as it is."""
        self._open -= 1
        self.ready.append(made)

    def _hand_on(self, made: Exchange) -> None:
        if made.settled and made.body_bytes is not None:
            self.close(made)
