"""Conversations, and what binds a name to them."""

from __future__ import annotations

from analyzer.schema.table import Column, Table

C = Column

FLOWS = Table(
    "flows",
    "One row per conversation (TCP or UDP 5-tuple between its first packet and its end).",
    (
        C(
            "flow_id",
            "BIGINT",
            "Number of the flow: how many packets of this case came before its first one; what "
            "only logs show is numbered from 2^62 on, by input and line.",
        ),
        C("input_id", "INTEGER", "Input that holds its first packet or log line."),
        C("community_id", "VARCHAR", "Community ID v1, seed 0.", "not computed"),
        C("start_ns", "BIGINT", "Time of the first packet, or what the log says."),
        C("end_ns", "BIGINT", "Time of the last packet; the start again where a log has no end."),
        C("proto", "VARCHAR", "'tcp' or 'udp'; what a log says, 'tcp' where it says nothing."),
        C(
            "orig_ip",
            "VARCHAR",
            "Address of the originator (client); its name where a log has no address.",
        ),
        C("orig_port", "INTEGER", "Port of the originator.", "not logged"),
        C("resp_ip", "VARCHAR", "Address of the responder (server).", "a log of names alone"),
        C("resp_port", "INTEGER", "Port of the responder.", "not logged"),
        C(
            "orientation",
            "VARCHAR",
            "What says who the originator is: syn | hello | http | port | dns | private | first | "
            "log.",
        ),
        C(
            "orig_bytes",
            "BIGINT",
            "Unique payload bytes sent by the originator: retransmissions and overlaps once.",
            "the source has no byte counts",
        ),
        C(
            "resp_bytes",
            "BIGINT",
            "Unique payload bytes sent by the responder.",
            "the source has no byte counts",
        ),
        C(
            "orig_pkts",
            "BIGINT",
            "Packets from the originator, duplicates of a capture not counted.",
            "the source has no packet counts",
        ),
        C("resp_pkts", "BIGINT", "Packets from the responder.", "the source has no packet counts"),
        C(
            "orig_missed_bytes",
            "BIGINT",
            "Holes in the originator's sequence space.",
            "the source cannot tell",
        ),
        C(
            "missed_bytes",
            "BIGINT",
            "Holes in both directions' sequence space.",
            "the source cannot tell",
        ),
        C(
            "duplicate_pkts",
            "BIGINT",
            "Packets seen twice (several interfaces, overlapping files).",
            "the source cannot tell",
        ),
        C(
            "app",
            "VARCHAR",
            "Protocol recognised in the payload: tls | http | dns | ssh | quic | gquic "
            "(Google's own).",
            "not recognised",
        ),
        C("open_at_start", "BOOLEAN", "The flow was under way when the capture began (no SYN)."),
        C("open_at_end", "BOOLEAN", "The flow had not ended when the capture did."),
        C(
            "one_sided",
            "VARCHAR",
            "'orig' or 'resp': the only side whose packets are in the capture.",
            "both sides seen",
        ),
        C(
            "turns",
            "BIGINT",
            "Turns: an originator run and the responder run that answers it.",
            "direction cannot be told (one-sided without ACKs, or no packet data)",
        ),
        C(
            "upload_turns",
            "BIGINT",
            "Turns with (up >= 4096 and up > down) or up >= 32768; handshake excluded.",
            "as turns",
        ),
        C(
            "upload_bytes",
            "BIGINT",
            "Originator sequence bytes of the upload turns, holes included.",
            "as turns",
        ),
        C(
            "upload_app_bytes",
            "BIGINT",
            "Estimated payload of the upload turns: less TLS records, handshake and heads.",
            "as turns",
        ),
        C(
            "largest_upload",
            "BIGINT",
            "Originator bytes of the largest turn after the handshake.",
            "as turns",
        ),
        C(
            "median_request",
            "BIGINT",
            "Median originator bytes of the turns below 16 KiB, to half an octave.",
            "as turns, or no such turn",
        ),
        C(
            "wide_requests",
            "BIGINT",
            "Turns that are no upload and no drip with up > 2048.",
            "as turns",
        ),
        C("wide_bytes", "BIGINT", "Originator bytes of the wide requests.", "as turns"),
        C("drip_turns", "BIGINT", "Turns with 512 <= up < 4096 and up > down.", "as turns"),
        C("drip_bytes", "BIGINT", "Originator bytes of the drips.", "as turns"),
        C(
            "big16_turns",
            "BIGINT",
            "Turns with up >= 16 KiB (login and auth roles need more).",
            "as turns",
        ),
        C("big16_bytes", "BIGINT", "Originator bytes of those.", "as turns"),
        C("big16_app_bytes", "BIGINT", "Their estimated application payload.", "as turns"),
        C("big32_turns", "BIGINT", "Turns with up >= 32 KiB.", "as turns"),
        C("big32_bytes", "BIGINT", "Originator bytes of those.", "as turns"),
        C("big32_app_bytes", "BIGINT", "Their estimated application payload.", "as turns"),
        C("big64_turns", "BIGINT", "Turns with up >= 64 KiB.", "as turns"),
        C("big64_bytes", "BIGINT", "Originator bytes of those.", "as turns"),
        C("big64_app_bytes", "BIGINT", "Their estimated application payload.", "as turns"),
        C(
            "small_app_bytes",
            "BIGINT",
            "Estimated application payload of the drips and wide requests.",
            "as turns",
        ),
        C(
            "orig_app_bytes",
            "BIGINT",
            "Estimated application payload in the originator's TLS records: headers, tags and the "
            "handshake taken off.",
            "not TLS",
        ),
        C("resp_app_bytes", "BIGINT", "The same of the responder.", "not TLS"),
        C(
            "ech",
            "VARCHAR",
            "'offered' when the ClientHello has an ECH extension (GREASE included).",
            "no ClientHello, or none in it",
        ),
        C("action", "VARCHAR", "What the device did: allow | deny.", "a capture, or not logged"),
        C("process", "VARCHAR", "Program that opened the flow.", "not logged"),
        C(
            "bytes_grade",
            "VARCHAR",
            "measured (payload) | wire (a log's counters with packet headers, which are taken off "
            "where packets are counted) | estimated (sampled) | absent.",
        ),
        C("rule", "VARCHAR", "Rule of the device that decided.", "a capture, or not logged"),
        C("records", "BIGINT", "Log records behind the flow.", "a capture alone shows it"),
        C(
            "first_packet",
            "BIGINT",
            "Number of the first packet in its input, from 1; of a log: number of the line.",
            "the source has no packets",
        ),
        C(
            "last_packet",
            "BIGINT",
            "Number of the last packet in the input it was seen in.",
            "the source has no packets",
        ),
        C(
            "outer_orig_ip",
            "VARCHAR",
            "Outermost address on the originator's side of its tunnel, from the first packet. "
            "A mirror has its own two addresses here, whichever way the packet went.",
            "in no IP tunnel, or not known",
        ),
        C(
            "outer_resp_ip",
            "VARCHAR",
            "Outermost address on the responder's side, as outer_orig_ip.",
            "in no IP tunnel, or not known",
        ),
        C(
            "encapsulation",
            "VARCHAR",
            "What the first packet was wrapped in, outermost first: mpls, pppoe, ipip, gre/erspan, "
            "vxlan, geneve, gtp, teredo, l2tp and others. VLAN tags are not listed.",
            "in nothing, or not known",
        ),
    ),
)


NAMES = Table(
    "names",
    "What binds a host name to traffic; one row per observation.",
    (
        C(
            "ts_ns",
            "BIGINT",
            "Time of the packet that shows it.",
            "the capture file states the name",
        ),
        C(
            "client_ip",
            "VARCHAR",
            "Originator of the flow, or the host that asked the resolver.",
            "the capture file states the name",
        ),
        C("flow_id", "BIGINT", "Flow that carries the name.", "a DNS answer: it binds an address"),
        C(
            "addr",
            "VARCHAR",
            "Address the name is bound to: the responder, or the DNS answer.",
            "no address is known",
        ),
        C("port", "INTEGER", "Responder's port.", "a DNS answer"),
        C("name", "VARCHAR", "Host name as seen, lower-cased ASCII, unprintable bytes as \\DDD."),
        C(
            "kind",
            "VARCHAR",
            "sni | quic_sni | http_host | connect | log_fqdn (a device's own word) | socks | dns | "
            "dns_hint | nrb (stated in the "
            "capture file) | proxy_client (the client's address that a PROXY header states).",
        ),
        C("ttl_s", "BIGINT", "Smallest TTL on the way to the answer, seconds.", "no DNS answer"),
        C("chain", "VARCHAR", "CNAMEs from the name to the address, joined with '>'.", "no CNAME"),
        C("packet", "BIGINT", "Packet (or line) number in its input.", "no packets"),
        C("input_id", "INTEGER", "Input it was seen in."),
    ),
)
