"""Where an HTTP message ends, so that the next one is found and its body bytes are counted.

RFC 9112 section 6: a body is framed by its length or by chunks, RFC 9113 section 4: by frames. Each
side of a conversation keeps the sequence number at which something is due (D_HTTP), and what that
is (W_MODE): anything, a chunk's size line, a trailer, an HTTP/2 frame. Bodies are stepped over,
never read. Heads that two servers could frame differently are marked ambiguous; we go by RFC 9112
section 6.3 (chunks before lengths) and the first length. Answers are framed after what was asked:
HEAD has no body, nor has CONNECT once it is granted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.bytes import seq_diff, u8, u24
from analyzer.capture.kernel import kernel
from analyzer.capture.layout import (
    A_CONNECT,
    A_HEAD,
    A_OTHER,
    A_UNSEEN,
    D0,
    D_ACK,
    D_HTTP,
    D_NEXT,
    DW,
    F_ASKED,
    F_BODY,
    F_ORIENT,
    H_AMBIGUOUS,
    H_CHUNKED,
    H_EXPECT,
    H_H2C,
    H_LENGTH,
    KIND_CHUNK,
    KIND_H2,
    KIND_SKIP,
    KIND_TRAILER,
    MODE_FREE,
    MODE_LOST,
    MODE_RAW,
    MODE_REFUSED,
    MODE_WAIT,
    SEQ_NONE,
    SLOT_BYTES,
    W_LEFT,
    W_MODE,
)

if TYPE_CHECKING:
    from analyzer.capture.types import Bytes, Ints

NAMES = tuple(b"content-lengthtransfer-encodingexpectupgradechunkedh2c")
LENGTH_AT, LENGTH_SIZE, CODING_AT, CODING_SIZE = 0, 14, 14, 17
EXPECT_AT, EXPECT_SIZE, UPGRADE_AT, UPGRADE_SIZE = 31, 6, 37, 7
CHUNKED_AT, CHUNKED_SIZE, H2C_AT, H2C_SIZE = 44, 7, 51, 3
MAX_CHUNK_LINE = 4096
STEP = 1 << 30  # sequence numbers compare over less than 2 GiB: a longer body is passed in steps
ENDLESS, NEARLY = 1 << 60, 1 << 55  # what a size is taken for, and from where on
PREFACE_BYTES = 24
SEQ_MASK = 0xFFFFFFFF
ASKED_FULL = 58


@kernel("i(B1, i, i, i, i)")
def word_at(b: Bytes, p: int, n: int, start: int, size: int) -> int:
    """1 where NAMES[start:start+size] stands at ``p``, in either case."""
    if size > n:
        return 0
    for k in range(size):
        c = u8(b, p + k)
        if c >= 65 and c <= 90:
            c += 32
        if c != NAMES[start + k]:
            return 0
    return 1


@kernel("i(B1, i, i, i, i)")
def value_at(b: Bytes, p: int, n: int, start: int, size: int) -> int:
    """Offset of the value when the field whose line starts at ``p`` has this name, else -1."""
    if not word_at(b, p, n, start, size):
        return -1
    k = size
    while k < n and u8(b, p + k) in (32, 9):
        k += 1
    return k + 1 if k < n and u8(b, p + k) == 58 else -1


@kernel("i(B1, i, i)")
def value_end(b: Bytes, p: int, n: int) -> int:
    """Length of a field value with the lines folded behind it (RFC 9112 section 5.2)."""
    k = 0
    while k < n:
        if u8(b, p + k) == 10 and (k + 1 >= n or u8(b, p + k + 1) not in (32, 9)):
            return k
        k += 1
    return n


@kernel("i(B1, i, i)")
def number_in(b: Bytes, p: int, n: int) -> int:
    """The decimal number that a field value is; -1 when it is anything else."""
    value = 0
    digits = 0
    k = 0
    while k < n and u8(b, p + k) in (32, 9):
        k += 1
    while k < n and u8(b, p + k) >= 48 and u8(b, p + k) <= 57:
        value = value * 10 + u8(b, p + k) - 48 if value < NEARLY else ENDLESS
        digits += 1
        k += 1
    while k < n and u8(b, p + k) in (32, 9, 13):
        k += 1
    return value if digits > 0 and k == n else -1


@kernel("i(B1, i, i)")
def coding_code(b: Bytes, p: int, n: int) -> int:
    """H_* of a Transfer-Encoding value: chunked last and alone in doubt (RFC 9112 section 6.1)."""
    found = -1
    for k in range(n):
        if word_at(b, p + k, n - k, CHUNKED_AT, CHUNKED_SIZE):
            found = k
    if found < 0:
        return H_AMBIGUOUS
    code = H_CHUNKED
    for k in range(found + CHUNKED_SIZE, n):
        if u8(b, p + k) not in (32, 9, 13):
            code |= H_AMBIGUOUS
    for k in range(n):
        if u8(b, p + k) == 10:  # folded
            code |= H_AMBIGUOUS
    if found > 0 and u8(b, p + found - 1) not in (32, 9, 44, 10):
        code |= H_AMBIGUOUS
    return code


@kernel("i(B1, i, i)")
def body_length(b: Bytes, p: int, n: int) -> int:
    """First Content-Length of a head (RFC 9112 section 6.2); -1 when absent or no number."""
    for k in range(n):
        if u8(b, p + k) == 10:
            at = value_at(b, p + k + 1, n - k - 1, LENGTH_AT, LENGTH_SIZE)
            if at >= 0:
                start = p + k + 1 + at
                return number_in(b, start, value_end(b, start, n - k - 1 - at))
    return -1


@kernel("i(B1, i, i)")
def head_code(b: Bytes, p: int, n: int) -> int:
    """H_* of a head: how its body is framed, and whether others may frame it differently."""
    code = 0
    codings = 0
    first = body_length(b, p, n)
    for k in range(n):
        c = u8(b, p + k)
        if c == 13 and k + 1 < n and u8(b, p + k + 1) != 10:
            code |= H_AMBIGUOUS  # a bare CR ends a line for some (RFC 9112 section 2.2)
        if c != 10 or k + 1 >= n:
            continue
        line = p + k + 1
        left = n - k - 1
        c = u8(b, line) | 32
        if c == 99:
            at = value_at(b, line, left, LENGTH_AT, LENGTH_SIZE)
            if at >= 0:
                size = number_in(b, line + at, value_end(b, line + at, left - at))
                if size < 0 or size != first or at != LENGTH_SIZE + 1:
                    code |= H_AMBIGUOUS
                code |= H_LENGTH
        elif c == 116:
            at = value_at(b, line, left, CODING_AT, CODING_SIZE)
            if at >= 0:
                code |= coding_code(b, line + at, value_end(b, line + at, left - at))
                if codings > 0 or at != CODING_SIZE + 1:
                    code |= H_AMBIGUOUS
                codings += 1
        elif c == 101:
            if value_at(b, line, left, EXPECT_AT, EXPECT_SIZE) >= 0:
                code |= H_EXPECT
        elif c == 117:
            at = value_at(b, line, left, UPGRADE_AT, UPGRADE_SIZE)
            if at >= 0:
                while at < left and u8(b, line + at) in (32, 9):
                    at += 1
                if word_at(b, line + at, left - at, H2C_AT, H2C_SIZE):
                    code |= H_H2C
    if codings > 0 and code & H_LENGTH:
        code |= H_AMBIGUOUS
    return code


@kernel("i(B1, i, i)")
def chunk_line(b: Bytes, p: int, n: int) -> int:
    """Bytes of a chunk's size line with extensions (RFC 9112 section 7.1)."""
    k = 0
    while k < n:
        c = u8(b, p + k)
        lower = c | 32
        if not ((c >= 48 and c <= 57) or (lower >= 97 and lower <= 102)):
            break
        k += 1
    if k == n:
        return 0 if n < MAX_CHUNK_LINE else -1
    if k == 0 or u8(b, p + k) not in (32, 9, 10, 13, 59):
        return -1
    while k < n and k < MAX_CHUNK_LINE:
        if u8(b, p + k) == 10:
            return k + 1
        k += 1
    return 0 if n < MAX_CHUNK_LINE else -1


@kernel("i(B1, i, i)")
def chunk_size(b: Bytes, p: int, n: int) -> int:
    """Size that a chunk's line announces, at most ENDLESS."""
    value = 0
    for k in range(n):
        c = u8(b, p + k)
        if c >= 48 and c <= 57:
            digit = c - 48
        elif (c | 32) >= 97 and (c | 32) <= 102:
            digit = (c | 32) - 87
        else:
            break
        value = value * 16 + digit if value < NEARLY else ENDLESS
    return value


@kernel("i(B1, i, i)")
def trailer_length(b: Bytes, p: int, n: int) -> int:
    """Bytes of a trailer section with its blank line; 1 or 2 where it is empty."""
    start = 0
    for k in range(n):
        if u8(b, p + k) == 10:
            if k == start or (k == start + 1 and u8(b, p + start) == 13):
                return k + 1
            start = k + 1
    return 0


@kernel("i(B1, i, i)")
def frame_length(b: Bytes, p: int, n: int) -> int:
    """Bytes of an HTTP/2 frame that are read: all of those that carry state, else its head.

    HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, GOAWAY and CONTINUATION (RFC 9113 section 6).
    """
    if n < 9:
        return 0
    kind = u8(b, p + 3)
    if kind not in (1, 3, 4, 5, 7, 9):
        return 9
    size = 9 + u24(b, p)
    if size > SLOT_BYTES:
        return -1
    return size if n >= size else 0


@kernel("void(I2, i, i, i, i, i)")
def expect_after(f: Ints, i: int, side: int, at: int, size: int, then: int) -> None:
    """Something is due ``size`` bytes behind sequence number ``at``: ``then`` says what."""
    step = min(size, STEP)
    left = size - step
    f[i, D0 + side * DW + D_HTTP] = (at + step) & SEQ_MASK
    f[i, W_LEFT + side] = left if then == MODE_FREE else -left
    f[i, W_MODE + side] = KIND_SKIP if left > 0 else then


@kernel("void(I2, i, i, i)")
def lose(f: Ints, i: int, side: int, mode: int) -> None:
    """Nothing is known to be due any more."""
    f[i, D0 + side * DW + D_HTTP] = SEQ_NONE
    f[i, W_MODE + side] = mode
    f[i, W_LEFT + side] = 0


@kernel("i(I2, i, i)")
def due(f: Ints, i: int, side: int) -> int:
    """The kind that only its place tells and that is due now, 0 for none.

    A request that waited for "100 Continue" goes on with its body.
    """
    mode = f[i, W_MODE + side]
    if mode in (MODE_WAIT, MODE_REFUSED):
        mode = KIND_CHUNK if f[i, W_LEFT + side] != 0 else MODE_FREE
        f[i, W_MODE + side] = mode
        f[i, W_LEFT + side] = 0
    return mode if mode >= KIND_SKIP else 0


@kernel("void(I2, i, i, i)")
def begin_frames(f: Ints, i: int, side: int, at: int) -> None:
    """HTTP/2 frames follow: the client's at ``at``, the server's at its next byte."""
    expect_after(f, i, side, at, 0, KIND_H2)
    other = 1 - side
    if f[i, W_MODE + other] != KIND_H2 and f[i, D0 + other * DW + D_NEXT] != SEQ_NONE:
        expect_after(f, i, other, f[i, D0 + other * DW + D_NEXT], 0, KIND_H2)


@kernel("void(I2, i, B1, i, i)")
def ask(f: Ints, i: int, b: Bytes, p: int, n: int) -> None:
    """Remembers what was asked, two bits a request; -1 when too many wait for their answer."""
    if f[i, F_ASKED] < 0:
        return
    kind = A_OTHER
    if n > 8 and u8(b, p) == 72 and u8(b, p + 3) == 68:
        kind = A_HEAD
    elif n > 8 and u8(b, p) == 67 and u8(b, p + 6) == 84:
        kind = A_CONNECT
    full = f[i, F_ASKED] >> ASKED_FULL
    f[i, F_ASKED] = -1 if full > 0 else (f[i, F_ASKED] << 2) | kind


@kernel("i(I2, i)")
def answer(f: Ints, i: int) -> int:
    """A_* of the oldest request that waits for its answer, which it no longer does."""
    asked = f[i, F_ASKED]
    if asked < 0:
        return A_OTHER
    shift = 0
    while asked >> (shift + 2) > 0:
        shift += 2
    f[i, F_ASKED] = asked & ((1 << shift) - 1)
    return (asked >> shift) & 3


@kernel("i(I2, i, i, i, B1, i, i)")
def after_request(f: Ints, i: int, side: int, seq: int, b: Bytes, p: int, n: int) -> int:
    """A request head of ``n`` bytes starts at sequence number ``seq``; its H_*."""
    if n >= 16 and u8(b, p) == 80 and u8(b, p + 1) == 82 and u8(b, p + 2) == 73:  # PRI
        begin_frames(f, i, side, (seq + PREFACE_BYTES) & SEQ_MASK)
        return 0
    ask(f, i, b, p, n)
    code = head_code(b, p, n)
    size = max(body_length(b, p, n), 0)
    at = (seq + n) & SEQ_MASK
    if code & H_CHUNKED:
        size = 0
        expect_after(f, i, side, at, 0, KIND_CHUNK)
    else:
        expect_after(f, i, side, at, size, MODE_FREE)
    if side == f[i, F_ORIENT]:
        f[i, F_BODY] = size
    if code & H_EXPECT and size <= STEP and (size > 0 or code & H_CHUNKED):
        f[i, W_LEFT + side] = code & H_CHUNKED
        f[i, W_MODE + side] = MODE_WAIT
    return code


@kernel("i(I2, i, i, i, B1, i, i)")
def after_response(f: Ints, i: int, side: int, seq: int, b: Bytes, p: int, n: int) -> int:
    """A response head of ``n`` bytes starts at sequence number ``seq``; its A_*."""
    at = (seq + n) & SEQ_MASK
    status = 0
    for k in range(9, min(12, n)):
        status = status * 10 + u8(b, p + k) - 48
    if status >= 100 and status < 200 and status != 101:  # interim: the answer is still due
        expect_after(f, i, side, at, 0, MODE_FREE)
        return 0
    other = 1 - side
    if f[i, W_MODE + side] == MODE_LOST and f[i, F_ASKED] > 3:
        f[i, F_ASKED] = 0  # which of several requests it answers cannot be told
    asked = answer(f, i)
    code = asked
    ack = f[i, D0 + side * DW + D_ACK]
    seen = f[i, D0 + other * DW + D_NEXT]
    if asked == 0 and ack != SEQ_NONE and seen != SEQ_NONE and seq_diff(ack, seen) > 1:
        code = A_UNSEEN  # it answers bytes that are not in the capture, or come later
    head = head_code(b, p, n)
    size = body_length(b, p, n)
    if status == 101:
        if head & H_H2C:
            expect_after(f, i, side, at, 0, KIND_H2)
        else:
            lose(f, i, side, MODE_RAW)
            lose(f, i, other, MODE_RAW)
    elif (
        asked == A_HEAD
        or status in (204, 304)
        or (asked == A_CONNECT and status >= 200 and status < 300)
    ):
        expect_after(f, i, side, at, 0, MODE_FREE)
    elif head & H_CHUNKED:
        expect_after(f, i, side, at, 0, KIND_CHUNK)
    elif size >= 0:
        expect_after(f, i, side, at, size, MODE_FREE)
    else:
        lose(f, i, side, MODE_RAW)  # its body goes on until the connection ends
    if status >= 300 and f[i, W_MODE + other] == MODE_WAIT:
        f[i, W_MODE + other] = MODE_REFUSED
    return code


@kernel("void(I2, i, i, i, i, B1, i, i)")
def after_part(f: Ints, i: int, side: int, seq: int, kind: int, b: Bytes, p: int, n: int) -> None:
    """A chunk's line, a trailer, a frame or a step inside a long body starts at ``seq``."""
    at = (seq + n) & SEQ_MASK
    if kind == KIND_CHUNK:
        size = chunk_size(b, p, n)
        if size == 0:
            expect_after(f, i, side, at, 0, KIND_TRAILER)
            return
        if side == f[i, F_ORIENT]:
            f[i, F_BODY] = min(f[i, F_BODY] + size, ENDLESS)
        expect_after(f, i, side, at, size + 2, KIND_CHUNK)
    elif kind == KIND_TRAILER:
        expect_after(f, i, side, at, 0, MODE_FREE)
    elif kind == KIND_H2:
        expect_after(f, i, side, seq, 9 + u24(b, p), KIND_H2)
    else:
        left = f[i, W_LEFT + side]
        expect_after(f, i, side, seq, abs(left), MODE_FREE if left > 0 else KIND_CHUNK)
