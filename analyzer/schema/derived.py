"""What the case makes of the tables that were read."""

from __future__ import annotations

from analyzer.schema.table import Column, Table

C = Column

ATTRIBUTED = Table(
    "attributed",
    "One row per flow after attribution: who, to whom, by what evidence, how much.",
    (
        C("flow_id", "BIGINT", "Flow."),
        C("input_id", "INTEGER", "Input that holds its first packet."),
        C("community_id", "VARCHAR", "Community ID v1.", "not computed"),
        C("agent", "VARCHAR", "Label of the originator from --agent, else its address."),
        C("agent_ip", "VARCHAR", "Originator's address."),
        C("agent_port", "INTEGER", "Originator's port.", "not logged"),
        C("resp_ip", "VARCHAR", "Responder's address.", "a log of names alone"),
        C("resp_port", "INTEGER", "Responder's port.", "not logged"),
        C("proto", "VARCHAR", "'tcp' or 'udp'."),
        C("app", "VARCHAR", "Protocol recognised in the payload.", "not recognised"),
        C(
            "scope",
            "VARCHAR",
            "Of resp_ip: global | private | link-local | loopback | multicast | other | unknown.",
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
        C("name_source", "VARCHAR", "http_host | connect | sni | log_fqdn | dns | nrb.", "no name"),
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
            "Drips, and on storage-class roles wide requests (at drop services, webhooks and "
            "tunnels beside an upload turn); 0 on login and auth roles.",
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
            "W1 | W2 | W3 | W4 (counters of a log, judged per agent, endpoint and day) | W5.",
            "direction is known and nothing was uploaded",
        ),
        C("first_packet", "BIGINT", "First packet's number.", "no packets"),
        C("last_packet", "BIGINT", "Last packet's number.", "no packets"),
        C("orientation", "VARCHAR", "See flows.orientation."),
        C("action", "VARCHAR", "See flows.action.", "a capture, or not logged"),
        C("bytes_grade", "VARCHAR", "See flows.bytes_grade."),
        C("missed_bytes", "BIGINT", "See flows.missed_bytes.", "the source cannot tell"),
        C("one_sided", "VARCHAR", "See flows.one_sided.", "both sides seen"),
        C("ech", "VARCHAR", "See flows.ech.", "no ClientHello, or none in it"),
        C("open_at_start", "BOOLEAN", "See flows.open_at_start."),
        C("open_at_end", "BOOLEAN", "See flows.open_at_end."),
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

FINDING_FLOWS = Table(
    "finding_flows",
    "What each finding rests on: one row per finding, rule that matched, and flow or DNS message.",
    (
        C("finding_id", "VARCHAR", "Id of the finding, as the report has it."),
        C("rule", "VARCHAR", "Rule that selected it."),
        C("flow_id", "BIGINT", "Flow.", "a DNS message"),
        C("dns_id", "BIGINT", "DNS message.", "a flow"),
    ),
)
