"""The server's side of a TLS handshake: its hello (RFC 8446 section 4.1.3) and alerts in clear.

Rows of ``tls_server`` are made by the native engine alone. Here a server's hello says who is the
client, that the conversation is TLS, and what protection adds to each record.
"""

from __future__ import annotations

from analyzer.capture.plain.suites import TLS13, overhead

ALERT, HANDSHAKE = 21, 22
SERVER_HELLO, CERTIFICATE, SUPPLEMENTAL = 2, 11, 23
ALERT_BYTES, HELLO_MIN, CERTIFICATE_HEAD = 7, 47, 10
VERSIONS = 43
MYSQL_REQUEST, POSTGRES_REQUEST = 36, bytes.fromhex("0000000804d2162f")


def _number(data: bytes, at: int, width: int = 2) -> int:
    return int.from_bytes(data[at : at + width], "big")


def begins_server_hello(data: bytes) -> bool | None:
    """Whether a handshake record, of which six bytes are there, begins one; None for "may"."""
    size = _number(data, 3)
    if data[5] != SERVER_HELLO or size == 0:
        return False
    if size < 6:
        return True  # the message header is torn over records
    if len(data) < 11:
        return None
    return data[6] == 0 and data[9] == 3 and data[10] <= 4


def begins_alert(data: bytes) -> bool | None:
    """Whether an alert in clear stands here; None for "may"."""
    if data[1:2] not in (b"", b"\3") or (len(data) >= 5 and _number(data, 3) != 2):
        return False
    return None if len(data) < ALERT_BYTES else data[5] in (1, 2)


def chosen(data: bytes) -> tuple[int, int] | None:
    """Version and cipher suite of a ServerHello in one record; None when torn or cut."""
    size = _number(data, 6, 3)
    if len(data) < HELLO_MIN or size + 4 > _number(data, 3):
        return None
    end = 9 + size
    at = 44 + data[43]
    if end > len(data) or at + 3 > end:
        return None
    version, cipher = _number(data, 9), _number(data, at)
    at += 5
    while at + 4 <= end:
        kind, length = _number(data, at), _number(data, at + 2)
        if kind == VERSIONS and length == 2 and at + 6 <= end:
            version = _number(data, at + 4)
        at += 4 + length
    return version, cipher


def record_overhead(data: bytes) -> int | None:
    """Bytes that protection adds to each record behind this ServerHello, None when not told."""
    choice = chosen(data)
    return None if choice is None else overhead(*choice)


def flight_length(data: bytes) -> int:
    """Bytes up to the end of the server's own certificate; 0 for "more needed", -1 for none.

    Handshake messages are followed over the records they lie in. With TLS 1.3 the hello is all.
    """
    body, at = bytearray(), 0
    places: list[int] = []
    closed = False  # something else than a handshake record follows
    while at < len(data):
        if data[at] != HANDSHAKE:
            closed = True
            break
        if at + 5 > len(data):
            break
        size = _number(data, at + 3)
        if size == 0 or data[at + 1] != 3:
            closed = True
            break
        piece = data[at + 5 : at + 5 + size]
        body += piece
        places.extend(range(at + 6, at + 6 + len(piece)))  # where each byte ends
        at += 5 + size
    ended = _messages_end(bytes(body), places, data)
    if ended is not None:
        return ended
    if closed:
        return at if at > 0 else -1
    return 0


def _messages_end(body: bytes, places: list[int], data: bytes) -> int | None:
    """Where what is wanted of the messages ends in ``data``; -1 for none, None for not yet."""
    at, count = 0, 0
    while at < len(body):
        kind = body[at]
        if count == 0 and kind != SERVER_HELLO:
            return -1
        if count > 0 and kind not in (CERTIFICATE, SUPPLEMENTAL):
            return places[at] - 1
        if at + 4 > len(body):
            return None
        size = _number(body, at + 1, 3)
        if kind == CERTIFICATE:
            if size < 6:
                return places[at + 3]
            if at + CERTIFICATE_HEAD > len(body):
                return None
            own = min(_number(body, at + 7, 3), size - 6)
            end = at + CERTIFICATE_HEAD + own
            return places[end - 1] if end <= len(body) else None
        end = at + 4 + size
        if end > len(body):
            return None
        if count == 0 and size:
            choice = chosen(data[: places[end - 1]])
            if choice is not None and choice[0] >= TLS13:
                return places[end - 1]
        at, count = end, count + 1
    return None


def before_hello(data: bytes) -> int:
    """Length of a request for TLS that stands in one segment with the hello, else 0.

    MySQL's SSLRequest (32 bytes behind a header, sequence number 1) and PostgreSQL's.
    """
    if len(data) > MYSQL_REQUEST + 5 and data[:4] == b"\x20\0\0\1":
        begins = data[MYSQL_REQUEST] == HANDSHAKE and data[MYSQL_REQUEST + 5] == 1
        return MYSQL_REQUEST if begins else 0
    if len(data) > 13 and data[:8] == POSTGRES_REQUEST and data[13] == 1:
        return 8
    return 0
