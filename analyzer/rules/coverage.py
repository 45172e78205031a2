"""Coverage: what the input could and could not show, in figures and in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.names import address_of, normalise
from analyzer.result import Coverage, InputInfo
from analyzer.rules import blind, sources, tables
from analyzer.rules.counts import counted, verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

NOT_PROVEN = (
    "The client announced this name; without decryption the account inside is not proven: "
    "this holds for every name that was not read in clear."
)
SERVER_SIDE = (
    "Copies between servers (registry import, export pipelines, storage copy from a URL) never "
    "pass the agent and never show in its traffic; the registry's and the account's own resource "
    "logs have them."
)
BY_VOLUME = (
    "Fewer than 512 bytes per request, and data hidden in names, URLs, headers or DNS messages, "
    "cannot be told from ordinary requests by volume."
)

UNREAD = {
    "tunnel-depth": "more than 8 encapsulations:",
    "esp": "ESP:",
    "wifi-encrypted": "encrypted 802.11:",
    "wifi-fragment": "802.11 fragments:",
    "macsec": "MACsec:",
    "ppp-encoded": "compressed or encrypted PPP:",
    "unknown-link-type": "unknown link type:",
    "cut-link-header": "link header cut:",
    "cut-ip-header": "IP header cut:",
    "bad-ip-header": "IP header damaged:",
    "ipv6-header-chain": "IPv6 header chain too long:",
    "cut-transport-header": "TCP or UDP header cut:",
    "bad-tcp-header": "TCP header damaged:",
}
"""Issues of packets that may have carried data and are in no conversation, in a reader's words."""

_UNREAD_SQL = """
SELECT code, sum("count")::BIGINT AS packets FROM issues WHERE list_contains(?, code)
GROUP BY code ORDER BY packets DESC, code
"""


# Announced in a hello, and not what the flow is named by.
_UNUSED_SNI_SQL = """
SELECT t.sni, count(DISTINCT t.flow_id) FILTER (t.quic_version IS NULL),
    count(DISTINCT t.flow_id) FILTER (t.quic_version IS NOT NULL)
FROM tls AS t JOIN attributed AS a ON a.flow_id = t.flow_id
WHERE t.sni IS NOT NULL AND a.endpoint IS DISTINCT FROM t.sni GROUP BY t.sni
"""

_LEFT_OUT_SQL = """
SELECT coalesce(sum("count"), 0)::BIGINT FROM issues WHERE input_id IS NULL AND incomplete
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """Coverage with the counts that the verdict needs beside it."""

    coverage: Coverage
    records: int
    outgoing_flows: int
    counted_flows: int
    packets: bool


def measure(connection: DuckDBPyConnection, inputs: Sequence[InputInfo]) -> Seen:
    """Measures coverage; shares are computed once, from integer totals."""
    row = tables.rows(connection, "coverage")[0]
    dns = connection.execute("SELECT count(*) FROM dns").fetchall()[0][0]
    outgoing = row["outgoing_bytes"]
    snapped = sum(each.snapped for each in inputs)
    unseen = blind.look(connection, inputs)
    unread = dict(connection.execute(_UNREAD_SQL, [list(UNREAD)]).fetchall())
    coverage = Coverage(
        outgoing_bytes=outgoing,
        named_share=row["named_bytes"] / outgoing if outgoing else None,
        directed_share=row["directed_bytes"] / outgoing if outgoing else None,
        flows=row["flows"],
        counted_flows=row["log_counted"],
        uncounted_flows=row["log_uncounted"],
        denied_flows=row["denied_flows"],
        one_sided_flows=row["one_sided_flows"],
        missed_bytes=row["missed_bytes"],
        snapped_packets=snapped,
        dns_messages=dns,
        ech_flows=row["ech_flows"],
        quic_flows=row["quic_flows"],
        quic_unread_flows=row["quic_flows"] - row["quic_read"],
        bytes_by_grade=row["bytes_by_grade"],
        dropped_packets=unseen.dropped_packets,
        clock_jumps=unseen.clock_jumps,
        gaps=unseen.gaps,
        gap_ns=unseen.gap_ns,
        encrypted_dns_flows=unseen.encrypted_dns_flows,
        notes=_notes(
            {**row, **_beside(connection), **_logs(connection)},
            inputs,
            dns=dns,
            snapped=snapped,
            unread=unread,
            unseen=unseen.notes(),
        ),
    )
    records = sum(each.records for each in inputs)
    packets = not inputs or any(not sources.is_log(each.format) for each in inputs)
    return Seen(coverage, records, row["outgoing_flows"], row["counted_flows"], packets)


_UNCOUNTED_SQL = """
SELECT i.format, count(*)::BIGINT AS flows
FROM flows f JOIN attributed a USING (flow_id) JOIN inputs i ON i.input_id = f.input_id
WHERE f.orientation = 'log' AND f.orig_bytes IS NULL AND i.format IS NOT NULL
  AND f.action IS DISTINCT FROM 'deny' AND a.app IS DISTINCT FROM 'dns'
  AND a.scope NOT IN ('loopback', 'multicast') AND a.proxy_leg IS DISTINCT FROM 'upstream'
GROUP BY i.format ORDER BY flows DESC, i.format
"""

_JOINS_SQL = """
SELECT source, target, sum(matched)::BIGINT, sum(ambiguous)::BIGINT, max(unmatched)::BIGINT,
    max(window_s)::BIGINT, max("key"), min(confidence)
FROM joins GROUP BY source, target ORDER BY source, target
"""


def _logs(connection: DuckDBPyConnection) -> dict[str, Any]:
    """What only logs have: sources without byte counts, and how sources were joined."""
    return {
        "uncounted_by": connection.execute(_UNCOUNTED_SQL).fetchall(),
        "joins": connection.execute(_JOINS_SQL).fetchall(),
    }


def _beside(connection: DuckDBPyConnection) -> dict[str, int]:
    """Counts that SQL cannot tell by itself: what no host can be called, what was left out."""
    tcp = quic = 0
    for name, over_tcp, over_quic in connection.execute(_UNUSED_SNI_SQL).fetchall():
        if normalise(name) is None and address_of(name) is None:
            tcp, quic = tcp + over_tcp, quic + over_quic
    (left_out,) = connection.execute(_LEFT_OUT_SQL).fetchall()[0]
    return {"no_host_tls": tcp, "no_host_quic": quic, "left_out": left_out}


def _notes(
    row: dict[str, Any],
    inputs: Sequence[InputInfo],
    *,
    dns: int,
    snapped: int,
    unread: dict[str, int],
    unseen: list[str],
) -> list[str]:
    notes = [
        *_input_notes(row, inputs, snapped, unread),
        *unseen,
        *_log_notes(row),
        *_direction_notes(row),
        *_name_notes(row, dns),
    ]
    if row["unproven_names"]:
        notes.append(NOT_PROVEN)
    return [*notes, BY_VOLUME, SERVER_SIDE]


def _input_notes(
    row: dict[str, Any], inputs: Sequence[InputInfo], snapped: int, unread: dict[str, int]
) -> list[str]:
    notes = []
    if not row["flows"]:
        notes.append("The input holds no conversation that this program can read.")
    cut = [each for each in inputs if not each.complete]
    if cut:
        of = counted(len(inputs), "input")
        notes.append(
            f"{len(cut):,} of {of} could not be read to the end or not at all; what the unread "
            "part holds is unknown."
        )
    if row["left_out"]:
        notes.append(
            f"Beside the inputs, data was left out or lost {counted(row['left_out'], 'time')} "
            "(members of archives, files, bounds of this program): the issues name each kind."
        )
    if unread:
        kinds = ", ".join(f"{UNREAD[code]} {count:,}" for code, count in unread.items())
        notes.append(
            f"{counted(sum(unread.values()), 'packet')} could not be looked into ({kinds}): what "
            "they carried is in no figure here, the shares included."
        )
    if snapped:
        notes.append(
            f"{counted(snapped, 'packet')} {verb(snapped, 'was', 'were')} captured shorter than on "
            "the wire: sizes count in full, but names, requests and DNS answers in the cut part "
            "are lost."
        )
    return notes


def _log_notes(row: dict[str, Any]) -> list[str]:
    by_source: dict[str, int] = {}
    for form, flows in row["uncounted_by"]:
        name = sources.called(form)
        by_source[name] = by_source.get(name, 0) + flows
    notes = [
        f"{flows:,} connections come from {name} logs, which hold no count of the bytes that the "
        "client sent: for these the report says who contacted what, never how much was sent."
        for name, flows in by_source.items()
    ]
    if row["log_counted"]:
        sampled = ""
        if row["sampled_bytes"]:
            sampled = f" {row['sampled_bytes']:,} of the bytes are an estimate from samples."
        notes.append(
            f"{row['log_counted']:,} connections ({row['log_bytes']:,} bytes out) are known by the "
            "byte counters of logs alone: an upload behind a bigger download, or one below 64 KiB "
            f"a day, does not show in those.{sampled}"
        )
    if row["log_one_way"]:
        notes.append(
            f"{row['log_one_way']:,} connections have a counter of what was sent and none of what "
            "was received: their direction is not known, and none of them is called an upload for "
            "its bytes."
        )
    if row["denied_flows"]:
        notes.append(
            f"{row['denied_flows']:,} connections were denied by a device and carried nothing that "
            "shows; they are in none of the shares."
        )
    return notes + [_join_note(*found) for found in row["joins"]]


def _join_note(
    source: str,
    target: str,
    matched: int,
    ambiguous: int,
    unmatched: int,
    window: int,
    key: str,
    confidence: str,
) -> str:
    name, other = sources.called(source), f"found in the {sources.called(target)} log"
    if target == "capture":
        other = "found in the capture"
    elif "another sensor" in key:
        other = f"found in the {sources.called(target)} log of another sensor"
    elif sources.called(target) == name:  # lines that count nothing, beside those that do
        other = "found among its other lines"
    several = f", {ambiguous:,} of them one of several that fit" if ambiguous else ""
    return (
        f"{matched:,} connections of the {name} log were {other}"
        f"{several}; {unmatched:,} in no other source (equal {key}, at most {window:,} s apart; "
        f"confidence {confidence})."
    )


def _direction_notes(row: dict[str, Any]) -> list[str]:
    notes = []
    uncounted = row["outgoing_flows"] - row["counted_flows"] - row["log_uncounted"]
    if uncounted:
        notes.append(
            f"{counted(uncounted, 'flow')} {verb(uncounted, 'has', 'have')} no byte counts; how "
            "much was sent there is unknown."
        )
    if row["one_sided_flows"]:
        notes.append(
            f"{row['one_sided_flows']:,} of {counted(row['flows'], 'flow')} "
            f"{verb(row['one_sided_flows'], 'shows', 'show')} only one side. The other "
            f"side's bytes are taken from acknowledgements where there are any; for "
            f"{counted(row['undirected_flows'], 'flow')} the direction of the data stays unknown."
        )
    if row["missed_bytes"]:
        notes.append(
            f"{counted(row['missed_bytes'], 'byte')} {verb(row['missed_bytes'], 'is', 'are')} "
            "missing from the captured conversations (holes in sequence space). What is missing "
            "counts in upload turns; where it is more than 1 % of a finding its size is a lower "
            "bound."
        )
    if row["open_at_start"] or row["open_at_end"]:
        notes.append(
            f"{counted(row['open_at_start'], 'flow')} "
            f"{verb(row['open_at_start'], 'was', 'were')} under way when the capture began and "
            f"{row['open_at_end']:,} when it ended; what lies outside is not counted."
        )
    return notes


def _name_notes(row: dict[str, Any], dns: int) -> list[str]:
    notes = []
    if not dns and row["outgoing_flows"]:
        said = "clients announced" if row["packet_flows"] else "devices logged"
        notes.append(
            f"There is no DNS message in the input: names rest on what {said}, and a "
            "name that contradicts its address cannot be noticed."
        )
    if row["hidden_flows"]:
        notes.append(
            f"{counted(row['hidden_flows'], 'flow')} {verb(row['hidden_flows'], 'hides', 'hide')} "
            "the real name with an encrypted ClientHello."
        )
    if row["ech_flows"] > row["hidden_flows"]:
        notes.append(
            f"{counted(row['ech_flows'], 'flow')} {verb(row['ech_flows'], 'offers', 'offer')} an "
            "encrypted ClientHello (ECH); browsers also send it as a dummy (GREASE), which looks "
            "the same and hides nothing."
        )
    tcp, quic = row["no_host_tls"], row["no_host_quic"]
    odd = tcp + quic
    if odd:
        notes.append(
            f"{counted(odd, 'flow')} {verb(odd, 'announces', 'announce')} a text that no host can "
            f"be called (TLS over TCP {tcp:,}, QUIC {quic:,}): it names nobody, and a name comes "
            "from DNS at best."
        )
    notes += _quic_notes(row)
    return notes


def _quic_notes(row: dict[str, Any]) -> list[str]:
    reasons = [
        f"{row[key]:,} {reason}"
        for key, reason in (
            ("quic_late", "to UDP port 443 without a handshake (begun before the capture, moved "
             "here from another address, an unknown version, or another protocol)"),
            ("quic_closed", "with a handshake whose ClientHello could not be read (packets lost or "
             "cut, or an unknown version)"),
            ("quic_google", "in a QUIC of Google's own from before the standard"),
        )
        if row[key]
    ]  # fmt: skip
    notes = []
    if reasons:
        notes.append(
            f"QUIC flows whose name was not read ({row['quic_unread_bytes']:,} bytes out; it comes "
            f"from DNS at best): {'; '.join(reasons)}."
        )
    if row["quic_flows"] > row["quic_google"]:
        standard = row["quic_flows"] - row["quic_google"]
        notes.append(
            f"In {counted(standard, 'QUIC flow')} payload is told from "
            "acknowledgements by the size of packets. Packets sent again count again, lost ones "
            "cannot be noticed, and data in packets as small as acknowledgements, as many as the "
            "server's own packets allow, is taken for those."
        )
    return notes
