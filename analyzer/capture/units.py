"""From a batch of candidates to rows of ``tls``, ``http``, ``dns``, ``dns_answers`` and ``names``;
the server's half of TLS is in `handshakes`.

The protocol modules are imported when their first candidate appears, so a capture without DNS does
not load the DNS kernel, and one without QUIC no cryptography.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.capture import web
from analyzer.capture.export import numbers, texts
from analyzer.capture.handshakes import Handshakes
from analyzer.capture.intern import Names
from analyzer.capture.layout import (
    C_CUT,
    C_DST_HI,
    C_DST_LO,
    C_FLOW,
    C_INPUT,
    C_KIND,
    C_LEN,
    C_OFF,
    C_PKT,
    C_PORTS,
    C_SRC_HI,
    C_SRC_LO,
    C_TS,
    C_VERSION,
    CAND_DNS_TCP,
    CAND_DNS_UDP,
    CAND_QUIC,
    CAND_TLS,
    SLOT_BYTES,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from analyzer.capture.addresses import AddressBook
    from analyzer.capture.export import Columns
    from analyzer.capture.quic import Found, Hellos
    from analyzer.capture.types import Bytes, Ints

LIST_ROWS = 1 << 14
HELLO_ROWS = 1 << 11
HELLO_HELD = 1 << 8  # of QUIC: a batch may be a single Initial, and rows cost less together


class Units:
    """Parses batches of candidates and hands their rows to ``sink(table, columns)``."""

    def __init__(
        self, sink: Callable[[str, Columns], object], book: AddressBook, seed: int
    ) -> None:
        """Starts with no names.

        Args:
            sink: Takes the rows of one table.
            book: Converts addresses.
            seed: Of the hash of the name store.
        """
        self.sink = sink
        self.book = book
        self.names = Names(seed)
        self.handshakes = Handshakes()
        self.ech: set[int] = set()
        self.dns_serial, self.dns_step = 0, 1
        self.web = web.Web()
        self.quic: Hellos | None = None
        self.hellos_found: list[Found] = []
        self._text = np.zeros(1 << 16, dtype=np.uint8)

    def read(self, c: Ints, arena: Bytes) -> None:
        """Reads every candidate of a batch."""
        kinds = c[:, C_KIND]
        hellos = c[kinds == CAND_TLS]
        for start in range(0, len(hellos), HELLO_ROWS):  # room is made for the longest names
            self._tls(hellos[start : start + HELLO_ROWS], arena)
        self.handshakes.read(c, arena, self.names, self.sink)
        spoken = np.isin(kinds, web.KINDS)
        if spoken.any():
            self._http(c[spoken], arena)
        if (kinds == CAND_QUIC).any():
            self.hellos_found += self.hellos().read(c[kinds == CAND_QUIC], arena)
            if len(self.hellos_found) >= HELLO_HELD:
                self.write_quic()
        if ((kinds == CAND_DNS_UDP) | (kinds == CAND_DNS_TCP)).any():
            self._dns(c, arena)

    def hellos(self) -> Hellos:
        """The state of QUIC handshakes, made when it is first needed."""
        if self.quic is None:
            from analyzer.capture.quic import Hellos

            self.quic = Hellos()
        return self.quic

    def end_quic(self, flows: Ints, flooded: Ints) -> None:
        """Conversations have ended: what their unfinished hellos hold is read as far as it goes.

        Args:
            flows: Ids of QUIC conversations, ascending.
            flooded: Those among them whose Initials were not all handed on.
        """
        if self.quic is not None and len(flows):
            self.hellos_found += self.quic.end(flows.tolist(), flooded.tolist())
            self.write_quic()

    def quic_clients(self) -> list[tuple[int, int]]:
        """Takes the list of (place, flow id) whose sender turned out to be the client."""
        if self.quic is None or not self.quic.clients:
            return []
        clients, self.quic.clients = self.quic.clients, []
        return clients

    def write_quic(self) -> None:
        """Hands QUIC's hellos on, in the record that they would have over TCP."""
        found, self.hellos_found = self.hellos_found, []
        for start in range(0, len(found), HELLO_ROWS):
            part = found[start : start + HELLO_ROWS]
            records = [
                b"\x16\x03\x01" + len(one.hello).to_bytes(2, "big") + one.hello for one in part
            ]
            c = np.stack([one.own for one in part])
            lengths = np.array([len(record) for record in records], dtype=np.int64)
            c[:, C_KIND] = CAND_TLS
            c[:, C_LEN] = lengths
            c[:, C_OFF] = np.cumsum(lengths) - lengths
            c[:, C_CUT] = [one.cut for one in part]
            arena = np.frombuffer(bytearray(b"".join(records)), dtype=np.uint8)
            self._tls(c, arena, [one.version for one in part])

    def _where(self, c: Ints) -> Columns:
        return {
            "ts_ns": c[:, C_TS],
            "packet": c[:, C_PKT],
            "input_id": c[:, C_INPUT].astype(np.int32),
        }

    def _ends(self, c: Ints) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        book = self.book
        source = book.column(c[:, C_VERSION], c[:, C_SRC_HI], c[:, C_SRC_LO])
        return source, book.column(c[:, C_VERSION], c[:, C_DST_HI], c[:, C_DST_LO])

    def _name_text(self, ids: Ints) -> np.ma.MaskedArray[Any, Any]:
        known = self.names.texts()
        return texts([known[i] if i >= 0 else None for i in ids.tolist()])

    def _tls(self, c: Ints, arena: Bytes, quic: list[int] | None = None) -> None:
        """ClientHellos to rows; ``quic`` has the QUIC version of each that came in Initials."""
        from analyzer.capture import tls

        rows = len(c)
        self.names.room_for(2 * rows, 2 * rows * tls.TEXT_BYTES // 4)
        out = np.zeros((rows, tls.O_SIZE), dtype=np.int64)
        scratch = np.zeros(SLOT_BYTES, dtype=np.uint8)
        n = self.names
        tls.batch(c, len(c), arena, out, scratch, self._text, n.state, n.store, n.ends, n.table)
        own = c[out[:, tls.O_ROW]]
        sni = self._name_text(out[:, tls.O_SNI])
        self.ech.update(own[out[:, tls.O_ECH] == 1, C_FLOW].tolist())
        self.sink(
            "tls",
            {
                **self._where(own),
                "flow_id": own[:, C_FLOW],
                "sni": sni,
                "alpn": self._name_text(out[:, tls.O_ALPN]),
                "version": out[:, tls.O_VERSION].astype(np.int32),
                "ech": out[:, tls.O_ECH] == 1,
                "truncated": out[:, tls.O_CUT] == 1,
                "quic_version": numbers(
                    np.array(quic or np.zeros(rows), dtype=np.int64),
                    np.full(rows, quic is None),
                ),
                **self.handshakes.client(own, out, arena, "t" if quic is None else "q"),
            },
        )
        named = out[:, tls.O_SNI] >= 0
        if named.any():
            own = own[named]
            source, target = self._ends(own)
            kind = "sni" if quic is None else "quic_sni"
            self._bindings(own, source, target, own[:, C_PORTS] & 0xFFFF, sni[named], kind)

    def _bindings(
        self,
        own: Ints,
        client: NDArray[np.object_],
        addr: NDArray[np.object_],
        port: Ints,
        name: NDArray[np.object_],
        kind: str,
    ) -> None:
        nothing = np.ones(len(own), dtype=bool)
        self.sink(
            "names",
            {
                **self._where(own),
                "client_ip": client,
                "flow_id": own[:, C_FLOW],
                "addr": addr,
                "port": port.astype(np.int32),
                "name": name,
                "kind": texts([kind] * len(own)),
                "ttl_s": numbers(np.zeros(len(own), dtype=np.int64), nothing),
                "chain": texts([None] * len(own)),
            },
        )

    def annotations(self, names: list[tuple[str, str]], input_id: int) -> None:
        """Names that the capture file itself states for addresses (pcapng name resolution)."""
        if not names:
            return
        rows = len(names)
        zero, nothing = np.zeros(rows, dtype=np.int64), np.ones(rows, dtype=bool)
        absent = texts([None] * rows)
        self.sink(
            "names",
            {
                "ts_ns": numbers(zero, nothing),
                "packet": numbers(zero, nothing),
                "input_id": np.full(rows, input_id, dtype=np.int32),
                "client_ip": absent,
                "flow_id": numbers(zero, nothing),
                "addr": texts([address for address, _ in names]),
                "port": numbers(zero.astype(np.int32), nothing),
                "name": texts([name for _, name in names]),
                "kind": texts(["nrb"] * rows),
                "ttl_s": numbers(zero, nothing),
                "chain": absent,
            },
        )

    def _http(self, c: Ints, arena: Bytes) -> None:
        told = self.web.read(c, arena)
        self.web.hand_out(self.sink)
        for kind in web.TOLD:
            chosen = [t for t in told if t[1] == kind]
            if not chosen:
                continue
            own = c[[k for k, _, _, _ in chosen]]
            source, target = self._ends(own)
            binds = [direct for _, _, _, direct in chosen]
            addr = texts([t if d else None for t, d in zip(target.tolist(), binds, strict=True)])
            name = texts([n for _, _, n, _ in chosen])
            self._bindings(own, source, addr, own[:, C_PORTS] & 0xFFFF, name, kind)

    def finish(self, rows: Ints) -> None:
        """Conversations have ended (their flow rows): nothing more comes for what is open."""
        self.web.finish(rows)
        self.web.hand_out(self.sink)

    def _dns(self, c: Ints, arena: Bytes) -> None:
        from analyzer.capture import dns

        msgs = np.zeros((LIST_ROWS, dns.M_SIZE), dtype=np.int64)
        answers = np.zeros((LIST_ROWS, dns.A_SIZE), dtype=np.int64)
        binds = np.zeros((LIST_ROWS, dns.BIND_SIZE), dtype=np.int64)
        counts = np.zeros(4, dtype=np.int64)
        text = np.zeros(dns.TEXT_BYTES, dtype=np.uint8)
        length = np.zeros(1, dtype=np.int64)
        n = self.names
        complete = False
        while not complete:
            n.room_for(1 << 12, 1 << 20)
            before = int(counts[dns.L_NEXT])
            complete = bool(
                dns.batch(
                    c,
                    len(c),
                    arena,
                    msgs,
                    answers,
                    binds,
                    counts,
                    text,
                    length,
                    n.state,
                    n.store,
                    n.ends,
                    n.table,
                )
            )
            self._dns_rows(c, msgs, answers, binds, counts)
            if not complete and int(counts[dns.L_NEXT]) == before:
                # the name store is at its bound: this message is counted as dropped
                n.state[2] += 1
                counts[dns.L_NEXT] += 1
            counts[: dns.L_NEXT] = 0

    def _dns_rows(self, c: Ints, msgs: Ints, answers: Ints, binds: Ints, counts: Ints) -> None:
        from analyzer.capture import dns

        msgs = msgs[: int(counts[dns.L_MSGS])]
        if not len(msgs):
            return
        answers = answers[: int(counts[dns.L_ANSWERS])]
        binds = binds[: int(counts[dns.L_BINDS])]
        own = c[msgs[:, dns.M_ROW]]
        source, target = self._ends(own)
        flags = msgs[:, dns.M_FLAGS]
        response = flags & 0x8000 != 0
        client = np.where(response, target, source)
        asked = msgs[:, dns.M_QNAME]
        ids = self.dns_serial + self.dns_step * np.arange(len(msgs), dtype=np.int64)
        self.dns_serial += self.dns_step * len(msgs)
        tcp = own[:, C_KIND] == CAND_DNS_TCP
        self.sink(
            "dns",
            {
                **self._where(own),
                "dns_id": ids,
                "client_ip": client,
                "server_ip": np.where(response, source, target),
                "transport": texts(["tcp" if t else "udp" for t in tcp.tolist()]),
                "txid": msgs[:, dns.M_ID].astype(np.int32),
                "is_response": response,
                "rcode": (flags & 15).astype(np.int32),
                "qname": self._name_text(asked),
                "qtype": numbers(msgs[:, dns.M_QTYPE].astype(np.int32), asked < 0),
                "answers": msgs[:, dns.M_ANSWERS].astype(np.int32),
                "malformed": msgs[:, dns.M_BAD] == 1,
            },
        )
        if len(answers):
            self._answer_rows(answers, ids)
        if len(binds):
            own = own[binds[:, dns.B_MSG]]
            nothing = np.ones(len(binds), dtype=bool)
            zero = np.zeros(len(binds), dtype=np.int64)
            self.sink(
                "names",
                {
                    **self._where(own),
                    "client_ip": client[binds[:, dns.B_MSG]],
                    "flow_id": numbers(zero, nothing),
                    "addr": self.book.column(
                        binds[:, dns.B_VER], binds[:, dns.B_HI], binds[:, dns.B_LO]
                    ),
                    "port": numbers(zero.astype(np.int32), nothing),
                    "name": self._name_text(binds[:, dns.B_NAME]),
                    "kind": texts(
                        ["dns_hint" if h else "dns" for h in binds[:, dns.B_HINT].tolist()]
                    ),
                    "ttl_s": binds[:, dns.B_TTL],
                    "chain": self._name_text(binds[:, dns.B_CHAIN]),
                },
            )

    def _answer_rows(self, answers: Ints, ids: Ints) -> None:
        from analyzer.capture import dns

        known = self.names.texts()
        values = [
            (known[name] if name >= 0 else "")
            if version == 0
            else self.book.text(version, high, low)
            for name, version, high, low in answers[
                :, (dns.A_NAME, dns.A_VER, dns.A_HI, dns.A_LO)
            ].tolist()
        ]
        self.sink(
            "dns_answers",
            {
                "dns_id": ids[answers[:, dns.A_MSG]],
                "position": answers[:, dns.A_POS].astype(np.int32),
                "owner": self._name_text(answers[:, dns.A_OWNER]),
                "type": answers[:, dns.A_TYPE].astype(np.int32),
                "value": texts(values),
                "ttl_s": answers[:, dns.A_TTL],
            },
        )
