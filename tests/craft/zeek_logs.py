"""What Zeek would have logged of a capture, written from the tables that our engine read from it.

conn, ssl, dns and http as tab-separated tables with Zeek's field names. The amounts are our own, so
this tests the road (logs in, verdicts out), not the counting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HEAD = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"

ENDS = """f.orig_ip AS "id.orig_h", f.orig_port AS "id.orig_p", f.resp_ip AS "id.resp_h",
    f.resp_port AS "id.resp_p\""""

CONN = f"""
SELECT f.start_ns / 1e9 AS ts, 'C' || f.flow_id AS uid, {ENDS}, f.proto,
    CASE f.app WHEN 'tls' THEN 'ssl' WHEN 'quic' THEN 'quic,ssl' ELSE f.app END AS service,
    (f.end_ns - f.start_ns) / 1e9 AS duration, f.orig_bytes, f.resp_bytes, 'SF' AS conn_state,
    coalesce(f.missed_bytes, 0) AS missed_bytes, f.orig_pkts,
    f.orig_bytes + 40 * f.orig_pkts AS orig_ip_bytes, f.resp_pkts,
    f.resp_bytes + 40 * f.resp_pkts AS resp_ip_bytes
FROM flows f ORDER BY f.flow_id
"""
SSL = f"""
SELECT n.ts_ns / 1e9 AS ts, 'C' || f.flow_id AS uid, {ENDS}, 'TLSv13' AS version,
    n.name AS server_name, 'T' AS established
FROM names n JOIN flows f USING (flow_id)
WHERE n.kind IN ('sni', 'quic_sni') ORDER BY n.ts_ns, n.packet
"""
DNS = """
SELECT d.ts_ns / 1e9 AS ts, 'D' || d.dns_id AS uid, d.client_ip AS "id.orig_h",
    40000 AS "id.orig_p", d.server_ip AS "id.resp_h", 53 AS "id.resp_p", d.transport AS proto,
    d.txid AS trans_id, d.qname AS query, d.qtype AS qtype,
    CASE d.qtype WHEN 1 THEN 'A' WHEN 28 THEN 'AAAA' END AS qtype_name, d.rcode AS rcode,
    CASE d.rcode WHEN 0 THEN 'NOERROR' WHEN 3 THEN 'NXDOMAIN' END AS rcode_name,
    string_agg(a.value, ',' ORDER BY a.position) AS answers,
    string_agg(a.ttl_s || '.0', ',' ORDER BY a.position) AS TTLs
FROM dns d LEFT JOIN dns_answers a ON a.dns_id = d.dns_id AND a.type IN (1, 5, 28)
WHERE d.is_response AND d.qname IS NOT NULL GROUP BY ALL ORDER BY ts, uid
"""
HTTP = f"""
SELECT h.ts_ns / 1e9 AS ts, 'C' || f.flow_id AS uid, {ENDS},
    row_number() OVER (PARTITION BY h.flow_id ORDER BY h.ts_ns, h.packet) AS trans_depth,
    h.method, h.host, h.target AS uri,
    coalesce(h.body_bytes, 0) AS request_body_len,
    coalesce(h.response_length, 0) AS response_body_len, h.status AS status_code
FROM http h JOIN flows f USING (flow_id) ORDER BY h.ts_ns, h.packet
"""


def written(connection: DuckDBPyConnection) -> dict[str, str]:
    """File name and text of each log that has lines."""
    texts = {}
    for path, query in (("conn", CONN), ("ssl", SSL), ("dns", DNS), ("http", HTTP)):
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
        if rows:
            lines = ["\t".join(_cell(value) for value in row) for row in rows]
            fields = "\t".join(names)
            texts[f"{path}.log"] = f"{HEAD}#path\t{path}\n#fields\t{fields}\n" + "".join(
                f"{line}\n" for line in lines
            )
    return texts


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6f}"
    text = str(value)
    return text.replace("\\", "\\x5c").replace("\t", "\\x09").replace("\n", "\\x0a") or "(empty)"
