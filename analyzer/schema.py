"""The tables of a case: the only definition of their names, columns, units and NULLs.

Terms are Zeek's: originator (client) and responder (server). Times are integer nanoseconds since
1970 UTC, sizes are integer bytes, unknown is NULL and never 0 or "". Everything that reads or
documents a table (DuckDB DDL, docs/schema.md, tooltips of the report) is generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column: DuckDB type, meaning with unit, and what NULL means ("" = never NULL)."""

    name: str
    type: str
    meaning: str
    null: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the case."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def ddl(self) -> str:
        """The CREATE TABLE statement for DuckDB."""
        body = ", ".join(
            f'"{c.name}" {c.type}' + ("" if c.null else " NOT NULL") for c in self.columns
        )
        return f'CREATE TABLE "{self.name}" ({body})'


C = Column

FLOWS = Table(
    "flows",
    "One row per conversation (TCP or UDP 5-tuple between its first packet and its end).",
    (
        C(
            "flow_id",
            "BIGINT",
            "Number of the flow: how many packets of this case came before its first one.",
        ),
        C("input_id", "INTEGER", "Input that holds its first packet."),
        C("community_id", "VARCHAR", "Community ID v1, seed 0.", "not computed"),
        C("start_ns", "BIGINT", "Time of the first packet."),
        C("end_ns", "BIGINT", "Time of the last packet."),
        C("proto", "VARCHAR", "'tcp' or 'udp'."),
        C("orig_ip", "VARCHAR", "Address of the originator (client)."),
        C("orig_port", "INTEGER", "Port of the originator."),
        C("resp_ip", "VARCHAR", "Address of the responder (server)."),
        C("resp_port", "INTEGER", "Port of the responder."),
        C(
            "orientation",
            "VARCHAR",
            "What says who the originator is: syn | hello | http | port | dns | private | first.",
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
        C("bytes_grade", "VARCHAR", "measured | wire | estimated | absent."),
        C(
            "first_packet",
            "BIGINT",
            "Number of the first packet in its input, from 1.",
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
            "sni | quic_sni | http_host | connect | socks | dns | dns_hint | nrb (stated in the "
            "capture file) | proxy_client (the client's address that a PROXY header states).",
        ),
        C("ttl_s", "BIGINT", "Smallest TTL on the way to the answer, seconds.", "no DNS answer"),
        C("chain", "VARCHAR", "CNAMEs from the name to the address, joined with '>'.", "no CNAME"),
        C("packet", "BIGINT", "Packet number in its input.", "no packets"),
        C("input_id", "INTEGER", "Input it was seen in."),
    ),
)

DNS = Table(
    "dns",
    "One row per DNS message (UDP or TCP port 53).",
    (
        C("dns_id", "BIGINT", "Number of the message in this case."),
        C("ts_ns", "BIGINT", "Time of its (last) packet."),
        C("client_ip", "VARCHAR", "Host that asks."),
        C("server_ip", "VARCHAR", "Resolver."),
        C("transport", "VARCHAR", "'udp' or 'tcp'."),
        C("txid", "INTEGER", "Transaction id."),
        C("is_response", "BOOLEAN", "QR bit."),
        C("rcode", "INTEGER", "Response code (RFC 1035 section 4.1.1)."),
        C("qname", "VARCHAR", "First question's name, presentation form.", "no question"),
        C("qtype", "INTEGER", "First question's type.", "no question"),
        C("answers", "INTEGER", "Answer records read."),
        C(
            "malformed",
            "BOOLEAN",
            "The message ended early or broke RFC 1035; what precedes is kept.",
        ),
        C("packet", "BIGINT", "Packet number in its input."),
        C("input_id", "INTEGER", "Input it was seen in."),
    ),
)

DNS_ANSWERS = Table(
    "dns_answers",
    "One row per record of an answer section (A, AAAA, CNAME, HTTPS, SVCB).",
    (
        C("dns_id", "BIGINT", "Message."),
        C("position", "INTEGER", "Place in the answer section, from 0."),
        C("owner", "VARCHAR", "Owner name."),
        C("type", "INTEGER", "Record type."),
        C("value", "VARCHAR", "Address or target name, presentation form."),
        C("ttl_s", "BIGINT", "TTL, seconds."),
    ),
)

TLS = Table(
    "tls",
    "One row per ClientHello.",
    (
        C("flow_id", "BIGINT", "Flow that carries it."),
        C("ts_ns", "BIGINT", "Time of the packet that completed it."),
        C("packet", "BIGINT", "Packet that completed it."),
        C("input_id", "INTEGER", "Input it was seen in."),
        C("sni", "VARCHAR", "server_name (RFC 6066 section 3), lower-cased.", "none sent"),
        C("alpn", "VARCHAR", "ALPN protocols offered, joined with ','.", "none sent"),
        C("version", "INTEGER", "Highest version offered, as on the wire (772 = TLS 1.3)."),
        C("ech", "BOOLEAN", "An encrypted_client_hello extension (0xfe0d) is present."),
        C("truncated", "BOOLEAN", "The hello was not captured to its end; what precedes is kept."),
        C("quic_version", "BIGINT", "QUIC version of the Initials that carried it.", "TCP"),
        C(
            "versions",
            "VARCHAR",
            "Versions in supported_versions, newest first, joined with ',' (drafts left out).",
            "no such extension: the client offers `version` and below",
        ),
        C("ciphers", "INTEGER", "Cipher suites offered, GREASE left out.", "truncated before them"),
        C("session_id", "VARCHAR", "legacy_session_id, hex.", "empty"),
        C("ticket", "BOOLEAN", "A session ticket is presented (RFC 5077): TLS 1.2 resumption."),
        C("psk", "BOOLEAN", "A pre-shared key is offered: TLS 1.3 resumption."),
        C("early_data", "BOOLEAN", "0-RTT data is announced."),
        C(
            "ech_type",
            "VARCHAR",
            "'outer' or 'inner'. A GREASE extension is an outer one, too: by design nothing on the "
            "wire tells them apart.",
            "no ECH",
        ),
        C("ech_config", "INTEGER", "Config id of the outer ECH; random in GREASE.", "no outer ECH"),
        C("ja4", "VARCHAR", "JA4 fingerprint of the client.", "truncated or malformed"),
    ),
)

TLS_SERVER = Table(
    "tls_server",
    "One row per ServerHello or HelloRetryRequest; view `handshakes` joins it to `tls`.",
    (
        C("flow_id", "BIGINT", "Flow that carries it."),
        C("ts_ns", "BIGINT", "Time of the packet that completed it (with its certificate)."),
        C("packet", "BIGINT", "Packet that completed it."),
        C("input_id", "INTEGER", "Input it was seen in."),
        C("version", "INTEGER", "Version chosen, as on the wire (772 = TLS 1.3).", "truncated"),
        C("cipher", "INTEGER", "Cipher suite chosen (IANA number).", "truncated"),
        C("alpn", "VARCHAR", "Protocol chosen.", "none, or TLS 1.3, which encrypts it"),
        C("session_id", "VARCHAR", "Session id, hex; the client's own when echoed.", "empty"),
        C("hello_retry", "BOOLEAN", "It is a HelloRetryRequest (RFC 8446 section 4.1.4)."),
        C("psk", "BOOLEAN", "The client's pre-shared key is accepted: resumed."),
        C("ticket", "BOOLEAN", "A session ticket will follow (RFC 5077)."),
        C(
            "cert_subject",
            "VARCHAR",
            "Common name of the server's certificate, not verified; unprintable bytes as \\DDD.",
            "no certificate in clear (TLS 1.3, resumed), or it has none",
        ),
        C(
            "cert_names",
            "VARCHAR",
            "DNS names and addresses of its subjectAltName, joined with ','. They never attribute "
            "a flow to an owner.",
            "as cert_subject",
        ),
        C("cert_issuer", "VARCHAR", "Its issuer (RFC 4514).", "as cert_subject"),
        C("cert_sha256", "VARCHAR", "SHA-256 of the certificate.", "no certificate in clear"),
        C("truncated", "BOOLEAN", "Not captured to its end; what precedes is kept."),
    ),
)

TLS_ALERTS = Table(
    "tls_alerts",
    "One row per alert in clear (before encryption begins).",
    (
        C("flow_id", "BIGINT", "Flow that carries it."),
        C("ts_ns", "BIGINT", "Time of its packet."),
        C("packet", "BIGINT", "Its packet."),
        C("input_id", "INTEGER", "Input it was seen in."),
        C("sender", "VARCHAR", "'client' (originator) or 'server'."),
        C("level", "VARCHAR", "'warning' or 'fatal'."),
        C("description", "INTEGER", "Alert number (RFC 8446 section 6)."),
        C("name", "VARCHAR", "Its name.", "not assigned"),
    ),
)

HTTP = Table(
    "http",
    "One row per HTTP request read in clear, with its answer where that is certain to be its own.",
    (
        C("flow_id", "BIGINT", "Flow that carries it."),
        C("ts_ns", "BIGINT", "Time of the packet that completed the head."),
        C("packet", "BIGINT", "Packet that completed the head."),
        C("input_id", "INTEGER", "Input it was seen in."),
        C("method", "VARCHAR", "Request method."),
        C(
            "host",
            "VARCHAR",
            "Host from an absolute target or the Host header, lower-cased, no port.",
            "no Host",
        ),
        C("target", "VARCHAR", "Request target, secrets redacted."),
        C("content_length", "BIGINT", "Content-Length.", "absent or not a number"),
        C("blob_type", "VARCHAR", "x-ms-blob-type.", "absent"),
        C("head_bytes", "BIGINT", "Length of the head with its blank line; HTTP/2: header frames."),
        C("version", "VARCHAR", "HTTP version as said: 1.0 | 1.1 | 2.", "not known"),
        C(
            "framing",
            "VARCHAR",
            "How its body is framed: none | length | chunked | frames (HTTP/2) | ambiguous "
            "(servers may disagree, or the request was found behind a gap).",
            "not known",
        ),
        C(
            "body_bytes",
            "BIGINT",
            "Body bytes sent, without chunk lines; bytes that the capture misses count.",
            "not known",
        ),
        C("status", "INTEGER", "Final status of the answer, or 101.", "no answer is known"),
        C("server", "VARCHAR", "Server of the answer.", "absent, or no answer"),
        C(
            "location_host",
            "VARCHAR",
            "Host in the answer's Location, lower-cased, no port.",
            "no host in it, or no answer",
        ),
        C("response_type", "VARCHAR", "Content-Type of the answer.", "absent, or no answer"),
        C("response_length", "BIGINT", "Content-Length of the answer.", "absent, or no answer"),
        C(
            "upgrade",
            "VARCHAR",
            "Protocol that the connection goes on with (websocket, h2c), lower-cased.",
            "none",
        ),
    ),
)

INPUTS = Table(
    "inputs",
    "One row per input file or stream, in the order they were given or found.",
    (
        C("input_id", "INTEGER", "Number of the input, from 0."),
        C("path", "VARCHAR", "Path as given, '-' for standard input, ARCHIVE!/NAME for a member."),
        C(
            "sha256",
            "VARCHAR",
            "SHA-256 of its bytes as stored; of a member: of its content.",
            "not read to its end, or not asked for",
        ),
        C(
            "format",
            "VARCHAR",
            "pcap | pcapng, '+gzip' and the like when compressed.",
            "not recognised",
        ),
        C("bytes", "BIGINT", "Bytes read, as stored."),
        C("records", "BIGINT", "Packet records read."),
        C("first_ns", "BIGINT", "Smallest packet time.", "no packet"),
        C("last_ns", "BIGINT", "Largest packet time.", "no packet"),
        C("snapped", "BIGINT", "Packets captured shorter than they were on the wire."),
        C("complete", "BOOLEAN", "Read to its end without damage."),
        C("archive", "VARCHAR", "Path of the archive that it is a member of.", "not in an archive"),
        C(
            "extract",
            "VARCHAR",
            "Shell command that prints its capture.",
            "a file that tools open themselves, or no safe command",
        ),
    ),
)

ISSUES = Table(
    "issues",
    "What could not be read or was cut by a cap, counted by kind.",
    (
        C("code", "VARCHAR", "Stable kind."),
        C("input_id", "INTEGER", "Input.", "concerns the whole run"),
        C("where", "VARCHAR", "First place: offset or packet."),
        C("detail", "VARCHAR", "What was expected, found and lost."),
        C("count", "BIGINT", "How many times."),
        C("incomplete", "BOOLEAN", "Data is missing from the analysis because of it."),
    ),
)

TABLES: tuple[Table, ...] = (
    FLOWS,
    NAMES,
    DNS,
    DNS_ANSWERS,
    TLS,
    TLS_SERVER,
    TLS_ALERTS,
    HTTP,
    INPUTS,
    ISSUES,
)

# What case/ derives from the tables above and rules/ reads: one row per flow, judged by its role.

ATTRIBUTED = Table(
    "attributed",
    "One row per flow after attribution: who, to whom, by what evidence, how much.",
    (
        C("flow_id", "BIGINT", "Flow."),
        C("input_id", "INTEGER", "Input that holds its first packet."),
        C("community_id", "VARCHAR", "Community ID v1.", "not computed"),
        C("agent", "VARCHAR", "Label of the originator from --agent, else its address."),
        C("agent_ip", "VARCHAR", "Originator's address."),
        C("agent_port", "INTEGER", "Originator's port."),
        C("resp_ip", "VARCHAR", "Responder's address."),
        C("resp_port", "INTEGER", "Responder's port."),
        C("proto", "VARCHAR", "'tcp' or 'udp'."),
        C("app", "VARCHAR", "Protocol recognised in the payload.", "not recognised"),
        C(
            "scope",
            "VARCHAR",
            "Of resp_ip: global | private | link-local | loopback | multicast | other.",
        ),
        C("start_ns", "BIGINT", "First packet."),
        C("end_ns", "BIGINT", "Last packet."),
        C("endpoint", "VARCHAR", "Name the flow is attributed to.", "no name"),
        C(
            "claimed_name",
            "VARCHAR",
            "Name the client announced, when DNS contradicts it.",
            "no contradiction",
        ),
        C(
            "contradiction",
            "VARCHAR",
            "Sentence: how name and destination contradict.",
            "no contradiction",
        ),
        C("name_grade", "VARCHAR", "A1 .. A6 (DESIGN: attribution)."),
        C("name_source", "VARCHAR", "http_host | connect | sni | dns | nrb.", "no name"),
        C("ambiguous_names", "INTEGER", "Other names that fit as well (A4), 0 for one."),
        C(
            "proxy_leg",
            "VARCHAR",
            "'client': to a proxy, the real destination is `endpoint`; "
            "'upstream': the proxy's own leg of the same transfer, counted with the client leg.",
            "no proxy",
        ),
        C("name_hidden", "BOOLEAN", "ECH with a catalogued public outer name hides the real name."),
        C("service", "VARCHAR", "Service of the catalogue entry.", "unknown name"),
        C("role", "VARCHAR", "Role; 'unknown' without an entry."),
        C("owner", "VARCHAR", "Owner label.", "undecidable or unknown"),
        C(
            "ownership",
            "VARCHAR",
            "ours | approved | platform | platform-claimed | foreign | undecidable | unknown | "
            "denied.",
        ),
        C("direction", "VARCHAR", "Expected: 'download-only' | 'upload' | 'both'.", "unknown"),
        C("technique", "VARCHAR", "MITRE technique of an upload there.", "none catalogued"),
        C("imitates", "VARCHAR", "Registry, suffix or own name that this name imitates.", "none"),
        C(
            "managed_of",
            "VARCHAR",
            "Login servers whose layers this managed storage may serve, sorted, joined by ','.",
            "not managed storage, or not read-shaped, or no such contact",
        ),
        C("has_turns", "BOOLEAN", "Direction can be told."),
        C("orig_bytes", "BIGINT", "Unique originator payload.", "no byte counts"),
        C("resp_bytes", "BIGINT", "Unique responder payload.", "no byte counts"),
        C("orig_missed_bytes", "BIGINT", "Holes in the originator's sequence space.", "unknown"),
        C("turns", "BIGINT", "Turns.", "no direction"),
        C("upload_turns", "BIGINT", "Upload turns by the role's threshold.", "no direction"),
        C("upload_bytes", "BIGINT", "Their wire bytes.", "no direction"),
        C("upload_app_bytes", "BIGINT", "Their estimated application payload.", "no direction"),
        C(
            "small_turns",
            "BIGINT",
            "Drips, and on storage-class roles wide requests; 0 on login and auth roles.",
            "no direction",
        ),
        C("small_bytes", "BIGINT", "Their wire bytes.", "no direction"),
        C("small_app_bytes", "BIGINT", "Their estimated application payload.", "no direction"),
        C("write_requests", "BIGINT", "PUT, POST and PATCH requests read in clear."),
        C("write_bytes", "BIGINT", "Body bytes of those that are in the capture.", "none seen"),
        C("write_line", "VARCHAR", "First such request line with its packet number.", "none seen"),
        C(
            "direction_evidence",
            "VARCHAR",
            "W1 | W2 | W3 | W5.",
            "direction is known and nothing was uploaded",
        ),
        C("first_packet", "BIGINT", "First packet's number.", "no packets"),
        C("last_packet", "BIGINT", "Last packet's number.", "no packets"),
    ),
)

ENDPOINTS = Table(
    "endpoints",
    "One row per distinct name of the case, classified by catalogue and inventory.",
    (
        C("name", "VARCHAR", "Host name, lower-cased."),
        C("service", "VARCHAR", "Service of the catalogue entry.", "no entry"),
        C("role", "VARCHAR", "Role; 'unknown' without an entry."),
        C("owner", "VARCHAR", "Owner label.", "undecidable or no entry"),
        C("region", "VARCHAR", "Region label in the name.", "none"),
        C("ownership", "VARCHAR", "See attributed.ownership."),
        C("direction", "VARCHAR", "See attributed.direction.", "unknown"),
        C("technique", "VARCHAR", "MITRE technique of an upload there.", "none catalogued"),
        C("imitates", "VARCHAR", "What it imitates.", "nothing"),
        C("entry_id", "VARCHAR", "Catalogue entry.", "no entry"),
    ),
)

ADDRESSES = Table(
    "addresses",
    "One row per distinct address of the case.",
    (
        C("addr", "VARCHAR", "Address as text."),
        C(
            "key",
            "VARCHAR",
            "32 hex digits, IPv4 as ::ffff:a.b.c.d; sorts and ranges like the address.",
        ),
        C("scope", "VARCHAR", "global | private | link-local | loopback | multicast | other."),
        C("agent", "VARCHAR", "Label from --agent, else the address."),
        C(
            "service",
            "VARCHAR",
            "Catalogued address (168.63.129.16, 169.254.169.254, DoH).",
            "none",
        ),
    ),
)

DERIVED: tuple[Table, ...] = (ADDRESSES, ENDPOINTS, ATTRIBUTED)
