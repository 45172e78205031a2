"""HTTP candidates to rows of ``http`` and ``names``: heads, HTTP/2 frames, SOCKS and PROXY.

The candidates of a conversation come in the order in which they were complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.capture.exchanges import Exchange, Exchanges
from analyzer.capture.export import numbers, texts
from analyzer.capture.http import by_proxy, parse, parse_response
from analyzer.capture.layout import (
    C_BODY,
    C_CODE,
    C_FLOW,
    C_INPUT,
    C_KIND,
    C_LEN,
    C_OFF,
    C_PKT,
    C_TS,
    CAND_H2_DOWN,
    CAND_H2_UP,
    CAND_HTTP,
    CAND_PROXY,
    CAND_RESPONSE,
    CAND_SOCKS,
    D0,
    D_HTTP,
    D_NEXT,
    DW,
    F_BODY,
    F_FLAGS,
    F_ID,
    F_ORIENT,
    FL_HTTP,
    H_AMBIGUOUS,
    H_CHUNKED,
    H_FOUND,
    H_LENGTH,
    KIND_CHUNK,
    SEQ_NONE,
    W_LEFT,
    W_MODE,
)
from analyzer.capture.preamble_text import proxied_client, socks_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.capture.export import Columns
    from analyzer.capture.types import Bytes, Ints

KINDS = (CAND_HTTP, CAND_RESPONSE, CAND_SOCKS, CAND_PROXY, CAND_H2_UP, CAND_H2_DOWN)
TEXTS = (
    *("method", "host", "target", "version", "blob_type", "framing"),
    *("server", "location_host", "response_type", "upgrade"),
)
NUMBERS = ("content_length", "body_bytes", "response_length")
TOLD = ("http_host", "connect", "socks", "proxy_client")

Named = tuple[int, str, str, bool]  # candidate, kind, name, and whether it binds the address


def framing_text(code: int) -> str:
    """How a request's body is framed, from its H_*."""
    if code & (H_AMBIGUOUS | H_FOUND):
        return "ambiguous"
    return "chunked" if code & H_CHUNKED else "length" if code & H_LENGTH else "none"


class Web:
    """Turns HTTP candidates into rows and keeps what is not complete."""

    def __init__(self) -> None:
        """Starts with no conversation."""
        self.open = Exchanges()

    def read(self, c: Ints, arena: Bytes) -> list[Named]:
        """Reads HTTP candidates in their order; the names they tell."""
        told: list[Named] = []
        wanted = c[:, (C_KIND, C_OFF, C_LEN, C_FLOW, C_TS, C_PKT, C_INPUT, C_BODY, C_CODE)]
        for k, row in enumerate(wanted.tolist()):
            kind, offset, length, flow_id, ts, packet, input_id, body, code = row
            raw = arena[offset : offset + length].tobytes()
            if kind == CAND_RESPONSE:
                response = parse_response(raw)
                if response is not None:
                    self.open.response(flow_id, code, response)
            elif kind == CAND_SOCKS:
                name = socks_target(raw)
                if name is not None:
                    told.append((k, "socks", name, False))
            elif kind == CAND_PROXY:
                name = proxied_client(raw)
                if name is not None:
                    told.append((k, "proxy_client", name, False))
            else:
                made = Exchange(
                    ts, packet, input_id, flow_id, "", None, "", "2", None, None, length, "frames"
                )
                if kind == CAND_HTTP:
                    told.extend(self._request(k, raw, made, body, code))
                else:
                    told.extend(self._frame(k, raw, made, kind == CAND_H2_UP))
        return told

    def _request(self, k: int, raw: bytes, made: Exchange, body: int, code: int) -> list[Named]:
        request = parse(raw)
        if request is None:
            return []
        made.method, made.host, made.target = request.method, request.host, request.target
        made.version, made.content_length = request.version, request.content_length
        made.blob_type, made.framing = request.blob_type, framing_text(code)
        self.open.request(made, body, placed=not code & H_FOUND)
        if request.host is None:
            return []
        if request.method == "CONNECT":
            return [(k, "connect", request.host, False)]
        return [(k, "http_host", request.host, not by_proxy(request.method, request.target))]

    def _frame(self, k: int, raw: bytes, made: Exchange, up: bool) -> list[Named]:
        if made.flow_id in self.open.given_up:
            return []
        talk = self.open.talk(made.flow_id)
        if talk.frames is None:
            from analyzer.capture.h2 import Connection

            talk.frames = Connection()
        opened = talk.frames.frame(raw, up, made, self.open)
        if opened is None or opened.host is None:
            return []
        if opened.method == "CONNECT" and opened.upgrade is None:
            return [(k, "connect", opened.host, False)]
        return [(k, "http_host", opened.host, True)]

    def finish(self, rows: Ints) -> None:
        """Conversations have ended: their rows of the flow array (layout F_*)."""
        web = rows[rows[:, F_FLAGS] & FL_HTTP != 0]
        for row in web[np.argsort(web[:, F_ID])].tolist():
            side = row[F_ORIENT]
            due, seen = row[D0 + side * DW + D_HTTP], row[D0 + side * DW + D_NEXT]
            ahead = (due - seen + (1 << 31)) % (1 << 32) - (1 << 31)
            unsent = max(ahead, 0) if SEQ_NONE not in (due, seen) else 0
            frame = unsent
            left = row[W_LEFT + side]
            unsent += abs(left) if unsent else 0
            if row[W_MODE + side] == KIND_CHUNK or left < 0:
                unsent = max(unsent - 2, 0)  # the line end behind a chunk
            self.open.finish(row[F_ID], max(row[F_BODY] - unsent, 0), frame)

    def hand_out(self, sink: Callable[[str, Columns], object]) -> None:
        """Writes the rows that are complete."""
        rows, self.open.ready = self.open.ready, []
        if not rows:
            return
        columns: Columns = {
            "flow_id": np.array([r.flow_id for r in rows], dtype=np.int64),
            "ts_ns": np.array([r.ts_ns for r in rows], dtype=np.int64),
            "packet": np.array([r.packet for r in rows], dtype=np.int64),
            "input_id": np.array([r.input_id for r in rows], dtype=np.int32),
            "head_bytes": np.array([r.head_bytes for r in rows], dtype=np.int64),
        }
        for name in TEXTS:
            columns[name] = texts([getattr(r, name) for r in rows])
        for name in NUMBERS:
            columns[name] = whole([getattr(r, name) for r in rows])
        columns["status"] = whole([r.status for r in rows], np.int32)
        sink("http", columns)


def whole(
    values: list[int | None], kind: type[np.signedinteger[Any]] = np.int64
) -> np.ma.MaskedArray[Any, Any]:
    """A number column; None becomes NULL."""
    held = np.array([v or 0 for v in values], dtype=kind)
    return numbers(held, np.array([v is None for v in values]))
