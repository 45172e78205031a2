"""HTTP/2 in clear (RFC 9113, HPACK of RFC 7541): requests, statuses and body bytes by stream.

Frames come in the order of each direction; DATA comes as its head alone. A header block that is
too large, out of order or not to be decoded ends the reading of the connection, because HPACK
cannot be resumed: what was read stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpack import Decoder, HPACKError

from analyzer.capture.http import host_in, printable, split_authority, whole_number, word
from analyzer.redact import redact

if TYPE_CHECKING:
    from analyzer.capture.exchanges import Exchange, Exchanges

DATA, HEADERS, RESET, SETTINGS, PROMISE, CONTINUATION = 0, 1, 3, 4, 5, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32
TABLE_SIZE, TABLE_DEFAULT, TABLE_MAX = 1, 4096, 65536
MAX_BLOCK, MAX_LIST = 65536, 65536
MAX_STREAMS = 256

Fields = dict[bytes, bytes]


class Direction:
    """HPACK state and the header block under way of one direction."""

    def __init__(self) -> None:
        """Starts with an empty table."""
        self.decoder = Decoder(max_header_list_size=MAX_LIST)
        self.block = bytearray()
        self.stream = 0
        self.ends = False
        self.promised = False


class Connection:
    """What is open on one HTTP/2 connection.

    Attributes:
        broken: A header block could not be followed; nothing more is read.
    """

    def __init__(self) -> None:
        """Starts without streams."""
        self.sides = (Direction(), Direction())
        self.streams: dict[int, Exchange] = {}
        self.broken = False
        self._last_data = 0

    def frame(self, raw: bytes, up: bool, made: Exchange, open_rows: Exchanges) -> Exchange | None:
        """Takes one frame; the row that it opens, if it does.

        Args:
            raw: The frame, DATA without its payload.
            up: The client sent it.
            made: A row of this place to fill in.
            open_rows: Where finished rows go.
        """
        kind, flags = raw[3], raw[4]
        stream = int.from_bytes(raw[5:9], "big") & 0x7FFFFFFF
        side = self.sides[0 if up else 1]
        if self.broken:
            return None
        if side.stream and kind != CONTINUATION:
            self._break(open_rows)  # nothing may stand between the parts of a header block
        elif kind == DATA:
            self._data(stream, int.from_bytes(raw[:3], "big"), flags, up, open_rows)
        elif kind == SETTINGS:
            if not flags & ACK:
                self._settings(raw[9:], self.sides[1 if up else 0])
        elif kind == RESET:
            self._reset(stream, open_rows)
        elif kind in (HEADERS, PROMISE, CONTINUATION):
            return self._headers(raw, kind, flags, stream, up, made, open_rows)
        return None

    def _headers(
        self,
        raw: bytes,
        kind: int,
        flags: int,
        stream: int,
        up: bool,
        made: Exchange,
        open_rows: Exchanges,
    ) -> Exchange | None:
        side = self.sides[0 if up else 1]
        body = raw[9:]
        if kind == CONTINUATION:
            if stream != side.stream or not stream:
                self._break(open_rows)
                return None
        else:
            side.stream, side.promised = stream, kind == PROMISE
            side.ends = bool(flags & END_STREAM) and kind == HEADERS
            skipped = bool(flags & PADDED)
            padding = body[0] if skipped and body else 0
            skip = skipped + (4 if kind == PROMISE else 5 if flags & PRIORITY else 0)
            if not stream or skip + padding > len(body):
                self._break(open_rows)
                return None
            body = body[skip : len(body) - padding]
        side.block += body
        if len(side.block) > MAX_BLOCK:
            self._break(open_rows)
            return None
        if not flags & END_HEADERS:
            return None
        block, side.block, side.stream = bytes(side.block), bytearray(), 0
        try:
            pairs = side.decoder.decode(block, raw=True)
        except (HPACKError, IndexError, ValueError):
            self._break(open_rows)
            return None
        fields: Fields = {}
        for name, value in pairs:
            fields.setdefault(bytes(name).lower(), bytes(value))
        if side.promised:
            return None
        if up:
            return self._request(stream, fields, side.ends, len(block), made, open_rows)
        self._response(stream, fields, open_rows)
        return None

    def _request(
        self,
        stream: int,
        fields: Fields,
        ends: bool,
        size: int,
        made: Exchange,
        open_rows: Exchanges,
    ) -> Exchange | None:
        if stream in self.streams:  # a trailer
            self._ended(stream, ends, open_rows)
            return None
        if b":method" not in fields:
            return None
        made.method = printable(fields[b":method"])[:32]
        authority = fields.get(b":authority", fields.get(b"host", b""))
        made.host = split_authority(printable(authority))[0]
        made.target = redact(printable(fields.get(b":path", authority)))
        made.content_length = whole_number(fields.get(b"content-length"))
        made.blob_type = word(fields.get(b"x-ms-blob-type"))
        made.head_bytes, made.stream, made.body_bytes = size + 9, stream, 0
        if b":protocol" in fields:  # RFC 8441
            made.upgrade = word(fields[b":protocol"])
        if len(self.streams) >= MAX_STREAMS:
            oldest = self.streams.pop(next(iter(self.streams)))
            open_rows.dropped += 1
            open_rows.close(oldest)
        self.streams[stream] = made
        open_rows.opened()
        self._ended(stream, ends, open_rows)
        return made

    def _response(self, stream: int, fields: Fields, open_rows: Exchanges) -> None:
        made = self.streams.get(stream)
        status = fields.get(b":status", b"")
        if made is None or made.status is not None or len(status) != 3 or not status.isdigit():
            return
        if status[:1] == b"1":
            return
        made.status = int(status)
        made.server = word(fields.get(b"server"))
        made.location_host = host_in(fields.get(b"location"))
        made.response_type = word(fields.get(b"content-type"))
        made.response_length = whole_number(fields.get(b"content-length"))
        self._ended(stream, False, open_rows)

    def _data(self, stream: int, size: int, flags: int, up: bool, open_rows: Exchanges) -> None:
        if not up:
            return
        made = self.streams.get(stream)
        self._last_data = stream
        if made is not None:
            made.body_bytes = (made.body_bytes or 0) + size
            self._ended(stream, bool(flags & END_STREAM), open_rows)

    def _reset(self, stream: int, open_rows: Exchanges) -> None:
        made = self.streams.pop(stream, None)
        if made is not None:
            open_rows.close(made)

    def _ended(self, stream: int, ends: bool, open_rows: Exchanges) -> None:
        """A row is complete with its client's last frame and its status."""
        made = self.streams[stream]
        made.settled |= ends
        if made.settled and made.status is not None:
            del self.streams[stream]
            open_rows.close(made)

    @staticmethod
    def _settings(body: bytes, peer: Direction) -> None:
        for at in range(0, len(body) - 5, 6):
            if int.from_bytes(body[at : at + 2], "big") == TABLE_SIZE:
                size = int.from_bytes(body[at + 2 : at + 6], "big")
                # A table may have been used at its old size while this was under way.
                allowed = max(TABLE_DEFAULT, min(size, TABLE_MAX))
                peer.decoder.max_allowed_table_size = allowed

    def _break(self, open_rows: Exchanges) -> None:
        self.broken = True
        open_rows.broken += 1
        self.give_up(open_rows)

    def give_up(self, open_rows: Exchanges) -> None:
        """Hands on every open row as it is."""
        for made in self.streams.values():
            open_rows.close(made)
        self.streams.clear()

    def finish(self, open_rows: Exchanges, unsent: int) -> None:
        """The conversation has ended, ``unsent`` bytes before the end of its last frame."""
        made = self.streams.get(self._last_data)
        if made is not None:
            made.body_bytes = max((made.body_bytes or 0) - unsent, 0)
        self.give_up(open_rows)
