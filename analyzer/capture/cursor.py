"""One input on its way through the engine: its window, its place in it, and what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.capture.blocks import About
from analyzer.capture.framing import header
from analyzer.capture.layout import (
    FORMAT_PCAP,
    I_SIZE,
    ISSUE_CODES,
    MAX_INTERFACES,
    Q_BLOCK_LENGTH,
    Q_BLOCK_TRAILER,
    Q_CUT_RECORD,
    Q_DEPTH,
    Q_FAULT,
    Q_INTERFACE_CAP,
    Q_NO_TIMESTAMP,
    Q_PACKET_BEYOND_BLOCK,
    Q_RECORD_LENGTH,
    Q_UNKNOWN_INTERFACE,
    Q_UNKNOWN_LINK,
    R_BASE,
    R_BIG,
    R_BLOCK,
    R_END,
    R_FORMAT,
    R_INPUT,
    R_PKT,
    R_POS,
    R_SECTION,
    R_SIZE,
    R_SKIP,
)
from analyzer.capture.window import MARGIN, WINDOW, Windows
from analyzer.inputs.open import open_stream
from analyzer.inputs.sniff import sniff
from analyzer.issues import Issue

if TYPE_CHECKING:
    from analyzer.inputs.spec import Spec

BY_OFFSET = {
    Q_CUT_RECORD,
    Q_RECORD_LENGTH,
    Q_BLOCK_LENGTH,
    Q_BLOCK_TRAILER,
    Q_UNKNOWN_INTERFACE,
    Q_INTERFACE_CAP,
    Q_PACKET_BEYOND_BLOCK,
    Q_NO_TIMESTAMP,
}
INCOMPLETE = {
    Q_CUT_RECORD,
    Q_RECORD_LENGTH,
    Q_BLOCK_LENGTH,
    Q_UNKNOWN_INTERFACE,
    Q_INTERFACE_CAP,
    Q_PACKET_BEYOND_BLOCK,
    Q_UNKNOWN_LINK,
    Q_FAULT,
    Q_DEPTH,
}
DETAIL = {
    "cut-record": "expected the rest of a record, found the end of the input; that record is lost",
    "record-length": "expected a captured length of at most 262144{found}; the rest of the input "
    "is lost",
    "block-length": "expected a pcapng block of 12 bytes or more whose byte order and length make "
    "sense{found}; the rest of the input is lost",
    "block-trailer": "expected a block's two length fields to agree; the first was used",
    "unknown-interface": "expected an interface described before its packet; the packet is lost",
    "interface-cap": "expected at most 1024 interfaces in a section; others lose their packets",
    "packet-beyond-block": "expected a packet inside its block; the packet is lost",
    "no-timestamp": "simple packet blocks carry no time; the packet before gives it",
    "unknown-link-type": "expected a link type that can carry IP and that we read, found {value}; "
    "these packets are not analysed",
    "wire-length-below-captured": "a record says that more was captured than was on the wire; the "
    "captured length was used",
    "cut-link-header": "the link header ends before the network header; the packet is not analysed",
    "not-ip": "neither IPv4 nor IPv6 (ARP, LLDP, 802.2, PPP's and 802.11's own and the like); "
    "nothing to analyse",
    "mpls": "neither IP nor an Ethernet pseudowire with IP under the MPLS labels; not analysed",
    "pppoe": "a PPPoE header of no session; not analysed",
    "cut-ip-header": "the IP header was not captured whole; the packet is not analysed",
    "bad-ip-header": "version, header or total length of the IP header make no sense; not analysed",
    "ip-length-beyond-frame": "the IP header promises more than the frame holds; the frame counts",
    "ip-protocol": "neither TCP, UDP nor a tunnel (ICMP and the like); not analysed",
    "ip-tunnel": "GRE or L2TP whose inside is not recognised; not analysed",
    "udp-tunnel": "a tunnel's header (VXLAN, GENEVE, GTP-U, L2TP) without IP or ARP behind it; "
    "kept as a UDP conversation between the tunnel's ends",
    "ipv6-header-chain": "more than 16 IPv6 extension headers; the packet is not analysed",
    "cut-transport-header": "the TCP or UDP header was not captured whole; not analysed",
    "bad-tcp-header": "the TCP header's length makes no sense; the packet is not analysed",
    "bad-udp-length": "the UDP length does not fit the IP packet; the smaller one counts",
    "kernel-fault": "internal check failed on this record (please report it); record skipped",
    "tunnel-depth": "expected at most 8 encapsulations around one another; what these packets "
    "hold is lost",
    "esp": "encrypted by IPsec (ESP); what is inside cannot be seen",
    "wireguard": "encrypted by WireGuard; what is inside cannot be seen, the outside is a UDP "
    "conversation",
    "wifi-encrypted": "802.11 data frames that are encrypted; what is inside cannot be seen",
    "wifi-fragment": "802.11 fragments behind the first one are not put together; not analysed",
    "macsec": "encrypted by MACsec (802.1AE); what is inside cannot be seen",
    "ppp-encoded": "PPP frames that are compressed, encrypted or split over links; not analysed",
}


class Cursor:
    """The reader state of one input."""

    def __init__(
        self,
        spec: Spec,
        input_id: int,
        window: int = WINDOW,
        *,
        digest: bool = True,
    ) -> None:
        """Opens the input and reads its file header.

        Args:
            spec: The input.
            input_id: Its row in ``inputs``.
            window: Bytes of one window.
            digest: Compute the input's SHA-256.
        """
        self.spec = spec
        self.input_id = input_id
        self.r = np.zeros(R_SIZE, dtype=np.int64)
        self.ifs = np.zeros((MAX_INTERFACES, I_SIZE), dtype=np.int64)
        self.q = np.zeros((len(ISSUE_CODES), 3), dtype=np.int64)
        self.r[R_INPUT] = input_id
        self.about = About()
        self.stream = open_stream(spec, hashed=digest)
        self.damage: Issue | None = None
        self.found = ""
        self.read_bytes = 0
        self._windows = Windows(self.stream, window)
        self.buffer = np.zeros(MARGIN, dtype=np.uint8)
        self._own = False
        self.open = self.refill() and self._header()

    def _header(self) -> bool:
        r = self.r
        start, end = int(r[R_POS]), int(r[R_END])
        reason = header(self.buffer[start : min(end, start + 24)].tobytes(), r)
        if reason is not None:
            self.damage = Issue(
                "not-a-capture",
                self.input_id,
                "offset 0",
                f"expected a pcap or pcapng file header: {reason}; nothing analysed",
                incomplete=True,
            )
            return False
        r[R_POS] = start + 24 if r[R_FORMAT] == FORMAT_PCAP else start
        return True

    def refill(self) -> bool:
        """Moves on to the next window; False at the end of the input."""
        r = self.r
        while True:
            rest = self.buffer[int(r[R_POS]) : int(r[R_END])] if self._own else self.buffer[:0]
            got = self._windows.next(rest)
            if got is None:
                return False
            if self._own:
                self._windows.give_back(self.buffer)
            self.buffer, start, end = got
            self._own = True
            r[R_POS], r[R_END] = start, end
            r[R_BASE] = self.read_bytes - MARGIN
            self.read_bytes += end - MARGIN
            step = min(int(r[R_SKIP]), end - start)
            r[R_POS] += step
            r[R_SKIP] -= step
            if r[R_POS] < end or end == MARGIN:
                return end > MARGIN

    def take_block(self, end: int) -> None:
        """Reads the block that the walk stopped at, which ends at ``end``, and steps over it."""
        r = self.r
        start = int(r[R_POS])
        self.about.take(
            int(r[R_BLOCK]),
            self.buffer[start + 8 : end - 4].tobytes(),
            bool(r[R_BIG]),
            int(r[R_SECTION]),
        )
        r[R_POS] = end

    def end(self) -> None:
        """Closes the input; notes a record that it breaks off in."""
        r, q = self.r, self.q
        left = int(r[R_END] - r[R_POS])
        stopped = bool(q[(Q_RECORD_LENGTH, Q_BLOCK_LENGTH), 0].any())
        if self.open and not stopped:
            if left > 0 or r[R_SKIP] > 0:
                q[Q_CUT_RECORD] = (1, r[R_PKT] + 1, r[R_BASE] + r[R_POS])
            elif r[R_PKT] == 0:
                self.damage = Issue(
                    "no-packets",
                    self.input_id,
                    f"offset {self.read_bytes}",
                    "expected packets behind the file header, found no packet: there is nothing "
                    "to analyse",
                    incomplete=True,
                )
        if stopped:
            at = int(r[R_POS])
            before = min(int(r[R_BASE]) + at, 16)  # none in front of the file
            around = self.buffer[at - before : at + min(left, 16)].tobytes()
            self.found = found_instead(around, before)
        self._windows.close()
        if stopped or self.damage is not None:
            self.stream.drain()
        self.stream.close()
        self.open = False

    def issues(self) -> list[Issue]:
        """What went wrong with this input, by kind."""
        found = [
            Issue(
                code,
                self.input_id,
                f"offset {offset}" if kind in BY_OFFSET else f"packet {packet}",
                DETAIL[code].format(value=offset, found=self.found),
                count,
                kind in INCOMPLETE,
            )
            for kind, (code, (count, packet, offset)) in enumerate(
                zip(ISSUE_CODES, self.q.tolist(), strict=True)
            )
            if count
        ]
        found += self.about.issues(self.input_id)
        problem = self.stream.problem
        if problem is not None:
            found.insert(
                0,
                Issue(
                    problem.code,
                    self.input_id,
                    problem.where,
                    problem.detail,
                    problem.count,
                    problem.incomplete,
                ),
            )
        if self.damage is not None and problem is None:
            found.insert(0, self.damage)
        return found


def found_instead(around: bytes, before: int) -> str:
    """What stands where a record or block was expected, for the line that reports it.

    A file header reads as an empty record of 16 bytes before the one that makes no sense.

    Args:
        around: Bytes around the place.
        before: How many of them precede it.
    """
    start = around[before:]
    if sniff(start) is not None or sniff(around) is not None:
        return (
            ", found the header of another capture: files that were joined byte by byte; mergecap "
            "joins them, or give each by itself"
        )
    return f", found {start.hex(' ')}" if start else ""
