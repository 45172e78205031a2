"""What a log line says, before conversations are made of it: one row is one observation.

A format (``logs/formats/NAME.sql``) fills the columns that it knows; the others stay NULL. The
table is temporary: ``logs/gather`` makes `flows`, `names`, `dns` and `http` of it.
"""

from __future__ import annotations

from analyzer.schema.table import Column, Table

C = Column

OBSERVATIONS = Table(
    "observations",
    "One row per event that a log line (or a tuple in it) states.",
    (
        C("input_id", "INTEGER", "Input it stands in."),
        C(
            "line",
            "BIGINT",
            "Line of the (decompressed) input, or record of a JSON document, from 1.",
        ),
        C("format", "VARCHAR", "Log format that read it."),
        C(
            "kind",
            "VARCHAR",
            "flow (a connection or attempt, with or without counters) | name (a name seen in a "
            "connection that another line describes) | http (a request in such a one) | dns.",
        ),
        C("ts_ns", "BIGINT", "When it began, nanoseconds since 1970 UTC."),
        C("end_ns", "BIGINT", "When it ended.", "not logged"),
        C(
            "client_ip",
            "VARCHAR",
            "Who opened the connection, or asked the resolver.",
            "not logged",
        ),
        C(
            "host",
            "VARCHAR",
            "Name of the computer that logged what it did itself: its connections state the "
            "address of its look-ups.",
            "not logged, or of no use",
        ),
        C("client_port", "INTEGER", "Its port.", "not logged"),
        C("server_ip", "VARCHAR", "Who answered (the resolver of a query).", "not logged"),
        C("server_port", "INTEGER", "Its port.", "not logged"),
        C("proto", "VARCHAR", "tcp | udp | icmp | ..., lower case.", "not logged"),
        C(
            "app",
            "VARCHAR",
            "tls | http | dns | quic | ssh, or what the device recognised.",
            "none",
        ),
        C(
            "session",
            "VARCHAR",
            "The device's own key of the connection (Zeek uid, Suricata flow_id).",
            "none",
        ),
        C("begins", "BOOLEAN", "The line is the connection's first (flow state B).", "not told"),
        C("name", "VARCHAR", "Host name, as logged.", "none"),
        C(
            "name_kind",
            "VARCHAR",
            "sni | quic_sni | http_host | connect | log_fqdn (a device's own word) | cert.",
            "no name",
        ),
        C("bytes_up", "BIGINT", "Bytes from client to server.", "not counted"),
        C("bytes_down", "BIGINT", "Bytes from server to client.", "not counted"),
        C("pkts_up", "BIGINT", "Packets from client to server.", "not counted"),
        C("pkts_down", "BIGINT", "Packets from server to client.", "not counted"),
        C(
            "bytes_kind",
            "VARCHAR",
            "payload | headers (packet headers are included: 54 or 74 bytes a packet come off).",
            "no counters",
        ),
        C(
            "counter",
            "VARCHAR",
            "total (of the connection) | delta (since its last line) | cumulative (so far; the "
            "largest counts) | sampled (an estimate).",
            "no counters",
        ),
        C("missed_bytes", "BIGINT", "Bytes that the device knows it missed.", "not told"),
        C(
            "vantage",
            "VARCHAR",
            "Where it was counted: interface and direction; two that see one connection are not "
            "added up.",
            "the source does not state it, or counts each connection once",
        ),
        C("action", "VARCHAR", "allow | deny.", "the source does not decide"),
        C("rule", "VARCHAR", "Rule or policy that decided.", "not logged"),
        C("process", "VARCHAR", "Program on the client.", "not logged"),
        C("method", "VARCHAR", "HTTP request method.", "no request"),
        C("url", "VARCHAR", "Request target or URL, secrets not yet redacted.", "no request"),
        C("status", "INTEGER", "HTTP status of the answer.", "not logged"),
        C("request_bytes", "BIGINT", "Length of the request's body.", "not logged"),
        C("response_bytes", "BIGINT", "Length of the answer's body.", "not logged"),
        C("txid", "INTEGER", "DNS transaction id.", "not logged"),
        C("is_response", "BOOLEAN", "A DNS answer (or a query with its outcome).", "no DNS"),
        C("qtype", "VARCHAR", "DNS type of the question: mnemonic or number.", "not logged"),
        C("rcode", "VARCHAR", "DNS response code: mnemonic or number.", "not logged"),
        C(
            "answers",
            "STRUCT(owner VARCHAR, type VARCHAR, value VARCHAR, ttl BIGINT)[]",
            "Records of the answer section, in order; owner NULL means: the name asked for.",
            "the source does not log answers",
        ),
        C("problem", "VARCHAR", "Why the line cannot be used; nothing is made of it.", "fine"),
    ),
)
