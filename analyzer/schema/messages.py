"""What conversations carry: DNS, TLS and HTTP, a row for each message, handshake or request."""

from __future__ import annotations

from analyzer.schema.table import Column, Table

C = Column

DNS = Table(
    "dns",
    "One row per DNS message (UDP or TCP port 53), or log line about one.",
    (
        C("dns_id", "BIGINT", "Number of the message in this case."),
        C("ts_ns", "BIGINT", "Time of its (last) packet."),
        C("client_ip", "VARCHAR", "Host that asks.", "not logged"),
        C("server_ip", "VARCHAR", "Resolver.", "not logged"),
        C("transport", "VARCHAR", "'udp' or 'tcp'.", "not logged"),
        C("txid", "INTEGER", "Transaction id.", "not logged"),
        C("is_response", "BOOLEAN", "QR bit; a log line that states the outcome is one."),
        C("rcode", "INTEGER", "Response code (RFC 1035 section 4.1.1).", "not logged"),
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
        C("packet", "BIGINT", "Packet that completed the head; of a log: the line."),
        C("input_id", "INTEGER", "Input it was seen in."),
        C("method", "VARCHAR", "Request method."),
        C(
            "host",
            "VARCHAR",
            "Host from an absolute target or the Host header, lower-cased, no port.",
            "no Host",
        ),
        C("target", "VARCHAR", "Request target, secrets redacted.", "not logged"),
        C("content_length", "BIGINT", "Content-Length.", "absent or not a number"),
        C("blob_type", "VARCHAR", "x-ms-blob-type.", "absent"),
        C(
            "head_bytes",
            "BIGINT",
            "Length of the head with its blank line; HTTP/2: header frames.",
            "not logged",
        ),
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
