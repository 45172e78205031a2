"""DNS messages: questions and the answer section (RFC 1035, RFC 3596, RFC 9460).

Names are read with compression; a pointer must point before the place it stands in a strictly
decreasing order, so a loop cannot be followed. A message that breaks off is kept up to there and
marked. For every address the name that was asked is bound to it along the CNAME chain; HTTPS and
SVCB hints bind like addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import s64, u8, u16, u32
from analyzer.capture.intern import MAX_NAME, escape, intern
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import C_CUT, C_KIND, C_LEN, C_OFF, CAND_DNS_TCP, CAND_DNS_UDP

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

A, CNAME, AAAA, SVCB, HTTPS = 1, 5, 28, 64, 65
M_ROW, M_ID, M_FLAGS, M_QNAME, M_QTYPE, M_ANSWERS, M_BAD = 0, 1, 2, 3, 4, 5, 6
M_SIZE = 7
A_MSG, A_POS, A_OWNER, A_TYPE, A_NAME, A_HI, A_LO, A_VER, A_TTL = 0, 1, 2, 3, 4, 5, 6, 7, 8
A_SIZE = 9
B_MSG, B_NAME, B_HI, B_LO, B_VER, B_TTL, B_CHAIN, B_HINT = 0, 1, 2, 3, 4, 5, 6, 7
BIND_SIZE = 8
MAX_ANSWERS, MAX_CHAIN, MAX_JUMPS = 512, 16, 64
L_MSGS, L_ANSWERS, L_BINDS, L_NEXT = 0, 1, 2, 3


@kernel("i(B1, i, i, i, B1, I1)")
def read_name(b: Bytes, base: int, end: int, at: int, text: Bytes, length: Ints) -> int:
    """Writes the name at ``at`` to ``text`` and its length to ``length[0]``.

    Returns:
        The position behind the name where it stands, or -1 when it breaks the rules.
    """
    n = 0
    behind = -1
    lowest = at
    octets = 0
    for _ in range(MAX_JUMPS + 128):
        if at >= end:
            return -1
        size = u8(b, at)
        if size == 0:
            if behind < 0:
                behind = at + 1
            length[0] = n
            return behind
        if size >= 0xC0:
            if at + 2 > end:
                return -1
            target = base + (u16(b, at) & 0x3FFF)
            if behind < 0:
                behind = at + 2
            if target >= lowest:
                return -1
            lowest = target
            at = target
            continue
        octets += size + 1
        if size > 63 or at + 1 + size > end or octets > 255:
            return -1
        if n > 0:
            text[n] = 46
            n += 1
        for k in range(size):
            byte = u8(b, at + 1 + k)
            if byte == 46:  # a dot inside a label is not a separator
                text[n], text[n + 1], text[n + 2], text[n + 3] = 92, 48, 52, 54
                n += 4
            else:
                n = escape(text, n, byte)
        at += 1 + size
    return -1


@kernel("i(B1, i, i, i, I2, I1, i, i, i)")
def hints(
    b: Bytes,
    at: int,
    end: int,
    key: int,
    binds: Ints,
    counts: Ints,
    message: int,
    name: int,
    ttl: int,
) -> int:
    """Binds every address of one ipv4hint (4) or ipv6hint (6) parameter; how many."""
    size = 4 if key == 4 else 16
    found = 0
    while at + size <= end and counts[L_BINDS] < binds.shape[0]:
        row = counts[L_BINDS]
        binds[row, B_MSG], binds[row, B_NAME], binds[row, B_TTL] = message, name, ttl
        binds[row, B_HI] = 0 if key == 4 else s64(b, at)
        binds[row, B_LO] = (0xFFFF00000000 | u32(b, at)) if key == 4 else s64(b, at + 8)
        binds[row, B_VER] = key
        binds[row, B_CHAIN], binds[row, B_HINT] = -1, 1
        counts[L_BINDS] += 1
        found += 1
        at += size
    return found


@kernel("void(B1, I2, i, i, I2, I1, B1, I1, B1, I1, I1)")
def bind(
    store_text: Bytes,
    answers: Ints,
    start: int,
    qname: int,
    binds: Ints,
    counts: Ints,
    text: Bytes,
    state: Ints,
    store: Bytes,
    ends: Ints,
    table: Ints,
) -> None:
    """Binds the question's name to every address that its CNAME chain reaches."""
    stop = counts[L_ANSWERS]
    current = qname
    ttl = 0xFFFFFFFF
    links = 0
    n = 0
    for _ in range(MAX_CHAIN):
        following = -1
        for k in range(start, stop):
            if answers[k, A_OWNER] != current:
                continue
            if answers[k, A_TYPE] == CNAME and following < 0:
                following = k
            elif answers[k, A_TYPE] in (A, AAAA) and counts[L_BINDS] < binds.shape[0]:
                row = counts[L_BINDS]
                binds[row, B_MSG] = answers[k, A_MSG]
                binds[row, B_NAME] = qname
                binds[row, B_HI], binds[row, B_LO] = answers[k, A_HI], answers[k, A_LO]
                binds[row, B_VER] = answers[k, A_VER]
                binds[row, B_TTL] = min(ttl, answers[k, A_TTL])
                binds[row, B_HINT] = 0
                binds[row, B_CHAIN] = -1
                if links > 0:
                    binds[row, B_CHAIN] = intern(text, n, state, store, ends, table)
                counts[L_BINDS] += 1
        if following < 0 or answers[following, A_NAME] < 0:
            return
        ttl = min(ttl, answers[following, A_TTL])
        current = answers[following, A_NAME]
        from_ = ends[current - 1] if current > 0 else 0
        size = ends[current] - from_
        if n + size + 1 > text.shape[0]:
            return
        if links > 0:
            text[n] = 62
            n += 1
        for k in range(size):
            text[n + k] = store_text[from_ + k]
        n += size
        links += 1


@kernel("i(B1, i, i, i, i, i, i, i, i, I2, I2, I1, B1, I1, I1, B1, I1, I1)")
def record(
    b: Bytes,
    base: int,
    end: int,
    at: int,
    size: int,
    kind: int,
    owner: int,
    ttl: int,
    message: int,
    answers: Ints,
    binds: Ints,
    counts: Ints,
    text: Bytes,
    length: Ints,
    state: Ints,
    store: Bytes,
    ends: Ints,
    table: Ints,
) -> int:
    """Reads the data of one answer record; 1 when it was kept."""
    row = counts[L_ANSWERS]
    answers[row, A_MSG], answers[row, A_OWNER], answers[row, A_TYPE] = message, owner, kind
    answers[row, A_NAME], answers[row, A_VER], answers[row, A_TTL] = -1, 0, ttl
    answers[row, A_HI] = 0
    if kind == A and size == 4:
        answers[row, A_LO] = 0xFFFF00000000 | u32(b, at)
        answers[row, A_VER] = 4
    elif kind == AAAA and size == 16:
        answers[row, A_HI] = s64(b, at)
        answers[row, A_LO] = s64(b, at + 8)
        answers[row, A_VER] = 6
    elif kind == CNAME:
        if read_name(b, base, end, at, text, length) < 0:
            return 0
        answers[row, A_NAME] = intern(text, length[0], state, store, ends, table)
    elif kind in (SVCB, HTTPS) and size >= 3:
        follow = read_name(b, base, end, at + 2, text, length)
        if follow < 0:
            return 0
        answers[row, A_NAME] = intern(text, length[0], state, store, ends, table)
        stop = at + size
        while follow + 4 <= stop:
            key = u16(b, follow)
            n = u16(b, follow + 2)
            if follow + 4 + n > stop:
                return 0
            if key in (4, 6):
                hints(b, follow + 4, follow + 4 + n, key, binds, counts, message, owner, ttl)
            follow += 4 + n
    else:
        return 0
    return 1


@kernel("void(B1, i, i, i, I2, I2, I2, I1, B1, I1, I1, B1, I1, I1)")
def message(
    b: Bytes,
    base: int,
    n: int,
    row: int,
    msgs: Ints,
    answers: Ints,
    binds: Ints,
    counts: Ints,
    text: Bytes,
    length: Ints,
    state: Ints,
    store: Bytes,
    ends: Ints,
    table: Ints,
) -> None:
    """Reads one message into row ``row`` of ``msgs`` and appends its answers and bindings."""
    end = base + n
    msgs[row, M_ID] = u16(b, base)
    msgs[row, M_FLAGS] = u16(b, base + 2)
    msgs[row, M_QNAME], msgs[row, M_QTYPE], msgs[row, M_ANSWERS] = -1, 0, 0
    questions, wanted = u16(b, base + 4), u16(b, base + 6)
    at = base + 12
    for k in range(questions):
        at = read_name(b, base, end, at, text, length)
        if at < 0 or at + 4 > end:
            msgs[row, M_BAD] = 1
            return
        if k == 0:
            msgs[row, M_QNAME] = intern(text, length[0], state, store, ends, table)
            msgs[row, M_QTYPE] = u16(b, at)
        at += 4
    start = counts[L_ANSWERS]
    for k in range(wanted):
        at = read_name(b, base, end, at, text, length)
        if at < 0 or at + 10 > end:
            msgs[row, M_BAD] = 1
            break
        kind, ttl, size = u16(b, at), u32(b, at + 4), u16(b, at + 8)
        at += 10
        if at + size > end or counts[L_ANSWERS] - start >= MAX_ANSWERS:
            msgs[row, M_BAD] = 1
            break
        msgs[row, M_ANSWERS] += 1
        if kind in (A, AAAA, CNAME, SVCB, HTTPS):
            owner = intern(text, length[0], state, store, ends, table)
            if record(
                b,
                base,
                end,
                at,
                size,
                kind,
                owner,
                ttl,
                row,
                answers,
                binds,
                counts,
                text,
                length,
                state,
                store,
                ends,
                table,
            ):
                answers[counts[L_ANSWERS], A_POS] = k
                counts[L_ANSWERS] += 1
            else:
                msgs[row, M_BAD] = 1
        at += size
    if msgs[row, M_FLAGS] & 0x8000 and msgs[row, M_QNAME] >= 0:
        bind(
            store,
            answers,
            start,
            msgs[row, M_QNAME],
            binds,
            counts,
            text,
            state,
            store,
            ends,
            table,
        )


@kernel("i(I2, i, B1, I2, I2, I2, I1, B1, I1, I1, B1, I1, I1)", entry=True)
def batch(
    c: Ints,
    count: int,
    arena: Bytes,
    msgs: Ints,
    answers: Ints,
    binds: Ints,
    counts: Ints,
    text: Bytes,
    length: Ints,
    state: Ints,
    store: Bytes,
    ends: Ints,
    table: Ints,
) -> int:
    """Reads DNS candidates from ``counts[L_NEXT]`` on; 1 when all are read, 0 when one is full."""
    while counts[L_NEXT] < count:
        k = counts[L_NEXT]
        if c[k, C_KIND] in (CAND_DNS_UDP, CAND_DNS_TCP):
            # a message costs 12 bytes and an answer 11, so what one may add is known before
            most = min(MAX_ANSWERS, c[k, C_LEN] // 11 + 1)
            if (
                counts[L_MSGS] >= msgs.shape[0]
                or counts[L_ANSWERS] + most + 1 > answers.shape[0]
                or counts[L_BINDS] + c[k, C_LEN] // 4 + most > binds.shape[0]
                or ends.shape[0] - state[0] < 3 * most + 4
                or store.shape[0] - state[1] < 16 * MAX_NAME + 8 * c[k, C_LEN]
            ):
                return 0
            row = counts[L_MSGS]
            msgs[row, M_ROW] = k
            msgs[row, M_BAD] = c[k, C_CUT]
            message(
                arena,
                c[k, C_OFF],
                c[k, C_LEN],
                row,
                msgs,
                answers,
                binds,
                counts,
                text,
                length,
                state,
                store,
                ends,
                table,
            )
            counts[L_MSGS] += 1
        counts[L_NEXT] += 1
    return 1


TEXT_BYTES = MAX_CHAIN * MAX_NAME
