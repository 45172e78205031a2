"""From finished rows of the engine's arrays to columns of the case's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from analyzer.capture.community import community_ids
from analyzer.capture.encap import path
from analyzer.capture.layout import (
    A_16,
    A_32,
    A_64,
    A_SMALL,
    A_UP,
    B_16,
    B_32,
    B_64,
    B_DRIP,
    B_LARGE,
    B_UP,
    B_WIDE,
    D0,
    D_BYTES,
    D_LOST,
    D_PKTS,
    DW,
    F_A_HI,
    F_A_LO,
    F_APP,
    F_B_HI,
    F_B_LO,
    F_DUPES,
    F_ENCAP,
    F_FIRST_PKT,
    F_FLAGS,
    F_HIST,
    F_ID,
    F_INPUT,
    F_KEY,
    F_LAST,
    F_LAST_PKT,
    F_ORIENT,
    F_OUT_A_HI,
    F_OUT_A_LO,
    F_OUT_B_HI,
    F_OUT_B_LO,
    F_START,
    F_WHY,
    FL_DNS,
    FL_FIN_A,
    FL_FIN_B,
    FL_GQUIC,
    FL_HTTP,
    FL_QUIC,
    FL_RST,
    FL_SSH,
    FL_SYN_A,
    FL_SYN_B,
    FL_TLS,
    N_16,
    N_32,
    N_64,
    N_DRIP,
    N_TURNS,
    N_UP,
    N_WIDE,
    WHY_TEXT,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analyzer.capture.addresses import AddressBook
    from analyzer.capture.types import Ints

Columns: TypeAlias = dict[str, Any]

APPS = (
    (FL_QUIC, "quic"),
    (FL_GQUIC, "gquic"),
    (FL_TLS, "tls"),
    (FL_HTTP, "http"),
    (FL_DNS, "dns"),
    (FL_SSH, "ssh"),
)

TURN_COLUMNS = {
    "turns": N_TURNS,
    "upload_turns": N_UP,
    "upload_bytes": B_UP,
    "upload_app_bytes": A_UP,
    "largest_upload": B_LARGE,
    "wide_requests": N_WIDE,
    "wide_bytes": B_WIDE,
    "drip_turns": N_DRIP,
    "drip_bytes": B_DRIP,
    "small_app_bytes": A_SMALL,
    "big16_turns": N_16,
    "big16_bytes": B_16,
    "big16_app_bytes": A_16,
    "big32_turns": N_32,
    "big32_bytes": B_32,
    "big32_app_bytes": A_32,
    "big64_turns": N_64,
    "big64_bytes": B_64,
    "big64_app_bytes": A_64,
}


def texts(values: list[str | None]) -> np.ma.MaskedArray[Any, Any]:
    """A text column; None becomes NULL."""
    out = np.empty(len(values), dtype=object)
    out[:] = ["" if v is None else v for v in values]
    return np.ma.MaskedArray(out, mask=[v is None for v in values])


def numbers(values: Ints, null: NDArray[np.bool_]) -> np.ma.MaskedArray[Any, Any]:
    """A number column with NULL where ``null``."""
    return np.ma.MaskedArray(values, mask=null)


def median_requests(rows: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Lower edge of the half octave with the median turn below 16 KiB, and where there is none."""
    classes = np.arange(16)
    packed = rows[:, F_HIST + (classes >> 2)]
    counts = (packed >> ((classes & 3) * 15)) & 0x7FFF
    total = counts.sum(axis=1)
    at = (2 * counts.cumsum(axis=1) >= total[:, None]).argmax(axis=1)
    octave = 6 + at // 2
    edge = np.where(at & 1, 3 << (octave - 1), 1 << octave)
    return edge.astype(np.int64), total == 0


def flow_columns(rows: Ints, book: AddressBook, ech: set[int]) -> Columns:
    """The ``flows`` rows of finished conversations.

    Args:
        rows: Their rows of the flow array.
        book: Converts addresses.
        ech: Ids of flows whose ClientHello offered ECH.
    """
    rows = rows[np.argsort(rows[:, F_ID], kind="stable")]
    key, flags, orient = rows[:, F_KEY], rows[:, F_FLAGS], rows[:, F_ORIENT]
    version, proto = key >> 40, (key >> 32) & 0xFF
    swap = orient == 1

    def by_role(a: Ints, b: Ints) -> tuple[Ints, Ints]:
        return np.where(swap, b, a), np.where(swap, a, b)

    def per_side(column: int) -> tuple[Ints, Ints]:
        return by_role(rows[:, D0 + column], rows[:, D0 + DW + column])

    a_ip = book.column(version, rows[:, F_A_HI], rows[:, F_A_LO])
    b_ip = book.column(version, rows[:, F_B_HI], rows[:, F_B_LO])
    orig_port, resp_port = by_role((key >> 16) & 0xFFFF, key & 0xFFFF)
    orig_pkts, resp_pkts = per_side(D_PKTS)
    orig_bytes, resp_bytes = per_side(D_BYTES)
    is_tcp = proto == 6
    orig_lost, resp_lost = per_side(D_LOST)
    orig_lost, resp_lost = np.where(is_tcp, orig_lost, 0), np.where(is_tcp, resp_lost, 0)
    no_turns = (orig_pkts == 0) | (~is_tcp & (resp_pkts == 0))
    ended = (flags & FL_RST != 0) | ((flags & FL_FIN_A != 0) & (flags & FL_FIN_B != 0))
    not_tls = flags & FL_TLS == 0
    ids = rows[:, F_ID]
    protos = proto.tolist()
    out: Columns = {
        "flow_id": ids,
        "input_id": rows[:, F_INPUT].astype(np.int32),
        "community_id": community_ids(rows),
        "start_ns": rows[:, F_START],
        "end_ns": rows[:, F_LAST],
        "proto": texts(["tcp" if p == 6 else "udp" for p in protos]),
        "orig_ip": np.where(swap, b_ip, a_ip),
        "orig_port": orig_port.astype(np.int32),
        "resp_ip": np.where(swap, a_ip, b_ip),
        "resp_port": resp_port.astype(np.int32),
        "orientation": texts([WHY_TEXT[w] for w in rows[:, F_WHY].tolist()]),
        "orig_bytes": orig_bytes,
        "resp_bytes": resp_bytes,
        "orig_pkts": orig_pkts,
        "resp_pkts": resp_pkts,
        "orig_missed_bytes": orig_lost,
        "missed_bytes": orig_lost + resp_lost,
        "duplicate_pkts": rows[:, F_DUPES],
        "app": texts([app_of(v) for v in flags.tolist()]),
        "open_at_start": is_tcp & (flags & (FL_SYN_A | FL_SYN_B) == 0),
        "open_at_end": is_tcp & ~ended,
        "one_sided": texts(
            [
                "resp" if o == 0 else "orig" if r == 0 else None
                for o, r in zip(orig_pkts.tolist(), resp_pkts.tolist(), strict=True)
            ]
        ),
        "orig_app_bytes": numbers(by_role(rows[:, F_APP], rows[:, F_APP + 1])[0], not_tls),
        "resp_app_bytes": numbers(by_role(rows[:, F_APP], rows[:, F_APP + 1])[1], not_tls),
        "ech": texts(["offered" if i in ech else None for i in ids.tolist()]),
        "action": texts([None] * len(rows)),
        "process": texts([None] * len(rows)),
        "rule": texts([None] * len(rows)),
        "records": numbers(np.zeros(len(rows), np.int64), np.ones(len(rows), bool)),
        "bytes_grade": texts(["measured"] * len(rows)),
        "first_packet": rows[:, F_FIRST_PKT],
        "last_packet": rows[:, F_LAST_PKT],
        **outer_columns(rows, book),
    }
    for name, column in TURN_COLUMNS.items():
        out[name] = numbers(rows[:, column], no_turns)
    median, none = median_requests(rows)
    out["median_request"] = numbers(median, none | no_turns)
    return out


def outer_columns(rows: Ints, book: AddressBook) -> Columns:
    """What encapsulated the first packets, and the outermost addresses by the flow's roles."""
    version, code = rows[:, F_ENCAP] >> 48, rows[:, F_ENCAP] & ((1 << 48) - 1)
    if not code.any():
        nothing = texts([None] * len(rows))
        return dict.fromkeys(("outer_orig_ip", "outer_resp_ip", "encapsulation"), nothing)
    a = book.column(version, rows[:, F_OUT_A_HI], rows[:, F_OUT_A_LO])
    b = book.column(version, rows[:, F_OUT_B_HI], rows[:, F_OUT_B_LO])
    swap = rows[:, F_ORIENT] == 1
    return {
        "outer_orig_ip": np.ma.MaskedArray(np.where(swap, b, a), mask=version == 0),
        "outer_resp_ip": np.ma.MaskedArray(np.where(swap, a, b), mask=version == 0),
        "encapsulation": texts([path(each) for each in code.tolist()]),
    }


def app_of(flags: int) -> str | None:
    """The protocol recognised in the payload."""
    for bit, name in APPS:
        if flags & bit:
            return name
    return None
