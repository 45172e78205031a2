"""The tables of a case in a form that does not depend on how packets were put into files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from craft.run import Analysis

_FLOW_KEY = "proto || ' ' || orig_ip || ' ' || orig_port || ' ' || resp_ip || ' ' || resp_port"
_NUMBERING = {"flow_id", "input_id", "first_packet", "last_packet", "packet", "dns_id"}


def _plain(rows: list[dict[str, Any]]) -> list[tuple[tuple[str, Any], ...]]:
    kept = [tuple((k, v) for k, v in row.items() if k not in _NUMBERING) for row in rows]
    return sorted(kept, key=repr)


def comparable_tables(analysis: Analysis) -> dict[str, list[tuple[tuple[str, Any], ...]]]:
    """flows, names, dns, TLS and HTTP tables without input, packet and row numbers."""
    named = f"(SELECT flow_id, {_FLOW_KEY} || ' ' || start_ns AS flow FROM flows)"
    queries = {
        "flows": "SELECT * FROM flows",
        "names": f"SELECT n.*, f.flow FROM names n LEFT JOIN {named} f USING (flow_id)",
        "dns": "SELECT * FROM dns",
        "dns_answers": "SELECT a.*, d.ts_ns, d.txid FROM dns_answers a JOIN dns d USING (dns_id)",
        "tls": f"SELECT t.*, f.flow FROM tls t JOIN {named} f USING (flow_id)",
        "tls_server": f"SELECT t.*, f.flow FROM tls_server t JOIN {named} f USING (flow_id)",
        "tls_alerts": f"SELECT t.*, f.flow FROM tls_alerts t JOIN {named} f USING (flow_id)",
        "http": f"SELECT h.*, f.flow FROM http h JOIN {named} f USING (flow_id)",
    }
    return {table: _plain(analysis.rows(query)) for table, query in queries.items()}


def differences(
    left: dict[str, list[tuple[tuple[str, Any], ...]]],
    right: dict[str, list[tuple[tuple[str, Any], ...]]],
) -> list[str]:
    """Rows that only one of two sets of tables has, as lines for a failure message."""
    out = []
    for table in left:
        only_left = [row for row in left[table] if row not in right[table]]
        only_right = [row for row in right[table] if row not in left[table]]
        if len(only_left) == len(only_right) == 1:
            pairs = zip(only_left[0], only_right[0], strict=True)
            changed = [f"{a[0]}: {a[1]!r} != {b[1]!r}" for a, b in pairs if a != b]
            out.append(f"{table}: {', '.join(changed)}")
        else:
            out.extend(f"{table}: only left {row}" for row in only_left)
            out.extend(f"{table}: only right {row}" for row in only_right)
        if not only_left and not only_right and len(left[table]) != len(right[table]):
            out.append(f"{table}: {len(left[table])} rows != {len(right[table])}")
    return out
