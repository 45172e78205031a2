"""Rows of ``tls_server`` and ``tls_alerts``, and what ``tls`` says beyond the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.certificate import Certificates
from analyzer.capture.export import numbers, texts
from analyzer.capture.ja4 import Fingerprints
from analyzer.capture.layout import (
    C_CUT,
    C_FLOW,
    C_INPUT,
    C_KIND,
    C_LEN,
    C_OFF,
    C_PKT,
    C_TS,
    CAND_ALERT,
    CAND_FLIGHT,
    SLOT_BYTES,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.capture.certificate import Certificate
    from analyzer.capture.export import Columns
    from analyzer.capture.intern import Names
    from analyzer.capture.types import Bytes, Ints

ROWS = 1 << 11
ECH_TYPES = {0: "outer", 1: "inner"}
LEVELS = {1: "warning", 2: "fatal"}
DESCRIPTIONS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed",
    22: "record_overflow", 30: "decompression_failure", 40: "handshake_failure",
    41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
    44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
    51: "decrypt_error", 60: "export_restriction", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error", 86: "inappropriate_fallback",
    90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
    115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
    121: "ech_required",
}  # fmt: skip
VERSION_SETS = {
    bits: ",".join(str(0x0300 + k) for k in range(4, -1, -1) if bits >> k & 1) or None
    for bits in range(32)
}


def message_of(unit: bytes) -> bytes:
    """Handshake bytes of a unit without its record headers."""
    out = []
    at = 0
    while at + 5 <= len(unit) and unit[at] == 22:
        size = unit[at + 3] << 8 | unit[at + 4]
        out.append(unit[at + 5 : at + 5 + size])
        at += 5 + size
    return b"".join(out)


def session_ids(words: Ints) -> list[str | None]:
    """Session ids as hex digits, from rows of a length and four words; None for an empty one."""
    raw = words[:, 1:].astype(">i8").tobytes()
    return [
        raw[32 * k : 32 * k + size].hex() if size else None
        for k, size in enumerate(words[:, 0].tolist())
    ]


class Handshakes:
    """What one run keeps of its handshakes: fingerprints and certificates, each computed once."""

    def __init__(self) -> None:
        """Starts with nothing seen."""
        self.fingerprints = Fingerprints()
        self.certificates = Certificates()
        self._text = np.zeros(1 << 16, dtype=np.uint8)

    def client(self, own: Ints, out: Ints, arena: Bytes, transport: str = "t") -> Columns:
        """The columns of ``tls`` that `tls.batch` gives as numbers.

        Args:
            own: The hellos' candidates.
            out: Their rows of `tls.batch`.
            arena: What the candidates point into.
            transport: First letter of JA4: 't' for TCP, 'q' for QUIC.
        """
        from analyzer.capture import tls

        places = own[:, (C_OFF, C_LEN)].tolist()
        shapes = out[:, (tls.O_SHAPE, tls.O_SHAPE + 1)].tolist()
        prints: list[str | None] = []
        for (one, two), (at, n) in zip(shapes, places, strict=True):
            found = self.fingerprints.known(transport, one, two)
            if found is None and (one or two):
                found = self.fingerprints.add(
                    transport, one, two, message_of(arena[at : at + n].tobytes())
                )
            prints.append(found)
        suites, config = out[:, tls.O_SUITES], out[:, tls.O_ECH_CONFIG]
        return {
            "versions": texts([VERSION_SETS[v] for v in out[:, tls.O_VERSIONS].tolist()]),
            "ciphers": numbers(suites.astype(np.int32), suites < 0),
            "session_id": texts(session_ids(out[:, tls.O_SESSION : tls.O_SESSION + 5])),
            "ticket": out[:, tls.O_TICKET] == 1,
            "psk": out[:, tls.O_PSK] == 1,
            "early_data": out[:, tls.O_EARLY] == 1,
            "ech_type": texts([ECH_TYPES.get(t) for t in out[:, tls.O_ECH_TYPE].tolist()]),
            "ech_config": numbers(config.astype(np.int32), config < 0),
            "ja4": texts(prints),
        }

    def read(
        self, c: Ints, arena: Bytes, names: Names, sink: Callable[[str, Columns], object]
    ) -> None:
        """Hands on the rows of every server flight and alert of a batch of candidates."""
        kinds = c[:, C_KIND]
        flights = c[kinds == CAND_FLIGHT]
        for start in range(0, len(flights), ROWS):
            self._flights(flights[start : start + ROWS], arena, names, sink)
        alerts = c[kinds == CAND_ALERT]
        if len(alerts):
            sink("tls_alerts", _alerts(alerts, arena))

    def _flights(
        self, c: Ints, arena: Bytes, names: Names, sink: Callable[[str, Columns], object]
    ) -> None:
        from analyzer.capture import tls, tls_server

        rows = len(c)
        names.room_for(rows, rows * tls.TEXT_BYTES // 4)
        out = np.zeros((rows, tls_server.V_SIZE), dtype=np.int64)
        scratch = np.zeros(SLOT_BYTES, dtype=np.uint8)
        found = tls_server.batch(
            c, rows, arena, out, scratch, self._text,
            names.state, names.store, names.ends, names.table,
        )  # fmt: skip
        out = out[:found]
        own = c[out[:, tls_server.V_ROW]]
        known = names.texts()
        version, cipher = out[:, tls_server.V_VERSION], out[:, tls_server.V_CIPHER]
        shown = self._shown(own, out[:, (tls_server.V_CERT, tls_server.V_CERT_LEN)], arena)
        session = out[:, tls_server.V_SESSION : tls_server.V_SESSION + 5]
        alpn = out[:, tls_server.V_ALPN].tolist()
        sink(
            "tls_server",
            {
                **_where(own),
                "version": numbers(version.astype(np.int32), version < 0),
                "cipher": numbers(cipher.astype(np.int32), cipher < 0),
                "alpn": texts([known[i] if i >= 0 else None for i in alpn]),
                "session_id": texts(session_ids(session)),
                "hello_retry": out[:, tls_server.V_RETRY] == 1,
                "psk": out[:, tls_server.V_PSK] == 1,
                "ticket": out[:, tls_server.V_TICKET] == 1,
                "cert_subject": texts([v.subject if v else None for v in shown]),
                "cert_names": texts([",".join(v.names) or None if v else None for v in shown]),
                "cert_issuer": texts([v.issuer if v else None for v in shown]),
                "cert_sha256": texts([v.sha256 if v else None for v in shown]),
                "truncated": out[:, tls_server.V_CUT] == 1,
            },
        )

    def _shown(self, own: Ints, places: Ints, arena: Bytes) -> list[Certificate | None]:
        """The certificate of each flight, None where there is none."""
        shown: list[Certificate | None] = []
        for (start, size), (at, n) in zip(
            places.tolist(), own[:, (C_OFF, C_LEN)].tolist(), strict=True
        ):
            if start < 0:
                shown.append(None)
                continue
            message = message_of(arena[at : at + n].tobytes())
            shown.append(self.certificates.get(message[start : start + size]))
        return shown


def _where(c: Ints) -> Columns:
    return {
        "flow_id": c[:, C_FLOW],
        "ts_ns": c[:, C_TS],
        "packet": c[:, C_PKT],
        "input_id": c[:, C_INPUT].astype(np.int32),
    }


def _alerts(c: Ints, arena: Bytes) -> Columns:
    at = c[:, C_OFF]
    level = arena[at + 5].astype(np.int32)
    description = arena[at + 6].astype(np.int32)
    senders = ["client" if v else "server" for v in c[:, C_CUT].tolist()]
    return {
        **_where(c),
        "sender": texts(list(senders)),
        "level": texts([LEVELS.get(v) for v in level.tolist()]),
        "description": description,
        "name": texts([DESCRIPTIONS.get(v) for v in description.tolist()]),
    }
