"""The result document "acrtrace-result/2": the contract every output is rendered from.

Frozen dataclasses with the meaning, unit and NULL of each field in its metadata; the JSON Schema
and the documentation are generated from them. Lists are in a stated total order, so the same
inputs give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

SCHEMA = "acrtrace-result/2"
"""Its number goes up in a release whose documents lack a field of an older one or have one more: a
reader then refuses the others instead of guessing what was not measured."""

STREAMS = ("exfiltration", "readiness", "hygiene")
SEVERITIES = ("critical", "high", "medium", "low", "info")
VERDICTS = ("suspected upload", "none found in what could be seen", "cannot tell")


def doc(meaning: str, **extra: Any) -> Any:
    """A dataclass field that carries its documentation."""
    return field(metadata={"doc": meaning, **extra})


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request that `acrtrace inspect` read in a conversation, and its answer."""

    packet: int | None = doc("Packet of the input that ends the request, from 1.")
    time_ns: int | None = doc("Time of that packet, nanoseconds UTC.")
    version: str = doc("HTTP/1.1, HTTP/2, ...")
    decrypted: bool = doc("Read inside TLS with secrets; false for plain HTTP.")
    method: str = doc("Method.")
    url: str = doc("Scheme, host and target; credentials are REDACTED.")
    headers: list[str] = doc("`Name: value` in their order; credentials are REDACTED.")
    body_bytes: int | None = doc("Body in the capture, null when it was not seen whole.")
    status: int | None = doc("Status of the final answer, null when none was seen.")
    answer_headers: list[str] = doc("Headers of that answer, likewise.")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One flow (or look-up) that carries a finding."""

    kind: str = doc("flow | dns | http")
    flow_id: int | None = doc("Row of the flows table.")
    community_id: str | None = doc("Community ID v1.")
    input: str = doc("Input the first packet or line is in.")
    first_packet: int | None = doc(
        "Number of the first packet in that input, from 1; null where only a log has it."
    )
    last_packet: int | None = doc("Number of the last packet.")
    start_ns: int | None = doc("First packet, or what the log says, nanoseconds UTC.")
    end_ns: int | None = doc("Last packet, or what the log says, nanoseconds UTC.")
    orig: str = doc(
        "Originator as address:port ([address]:port for IPv6), `?` for what is not logged."
    )
    resp: str = doc("Responder as address:port, likewise.")
    name: str | None = doc("Name that the flow was attributed to.")
    claimed_name: str | None = doc("Name the client announced, where it differs from `name`.")
    name_source: str | None = doc(
        "sni | log_fqdn | http_host | connect | dns | nrb: what gave the name."
    )
    orig_payload_bytes: int | None = doc("Unique originator payload of this flow.")
    resp_payload_bytes: int | None = doc("Unique responder payload of this flow.")
    uploaded_bytes: int | None = doc("Estimated application payload uploaded in this flow.")
    upload_turns: int | None = doc("Upload turns in this flow.")
    pcr: float | None = doc("(orig - resp) / (orig + resp), from the integer totals.")
    detail: str = doc("Sentence for the reader: request line seen, CNAME chain, contradiction.")
    display_filter: str = doc(
        "Wireshark display filter that shows exactly this conversation; empty where only a log "
        "has it."
    )
    tshark: str | None = doc("Command that reprints orig_payload_bytes from the input.")
    proto: str | None = doc("tcp | udp | what a log says; null when none says.")
    bpf: str | None = doc(
        "Capture filter (pcap-filter) of this conversation, both directions; it has no notion of "
        "time. Null for DNS messages, where only a log has it, and inside tunnels, which it cannot "
        "look into."
    )
    kql: list[str] = doc(
        "Log Analytics queries that show it again in Azure's tables, where an Azure log is the "
        "source."
    )
    requests: list[Request] = doc("What `acrtrace inspect` read in it; empty before.")
    log: str | None = doc("Log that tells of it, as an input's path; null for a capture alone.")
    log_unit: str | None = doc("line | record: what `log_line` counts, records in a JSON document.")
    log_line: int | None = doc(
        "Number of the line (record) there that states its bytes, the first of several; from 1, "
        "after decompression."
    )
    log_last_line: int | None = doc(
        "Number of the last of those lines; null when another input has it."
    )
    log_records: int | None = doc("Log records behind it, all logs together.")
    log_command: str | None = doc(
        "Command that prints those lines of that log, and the one that names the flow."
    )
    action: str | None = doc("What a device did: allow | deny; null when none says.")
    rule: str | None = doc("Rule of the device that decided.")
    process: str | None = doc("Program that opened it.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One (agent, endpoint, stream)."""

    id: str = doc("Stable across runs: depends on rule stream, agent and endpoint alone.")
    rule: str = doc("First rule that matched, in the rules' stated order.")
    also: list[str] = doc("Other rules that matched, in that order.")
    title: str = doc("Rule title.")
    stream: str = doc("exfiltration | readiness | hygiene", enum=STREAMS)
    severity: str = doc("critical | high | medium | low | info", enum=SEVERITIES)
    severity_reasons: list[str] = doc("Base and modifiers that gave the severity, in order.")
    confidence: str = doc(
        "high | medium | low, from the name and direction grades.", enum=("high", "medium", "low")
    )
    agent: str = doc("Label from --agent, or the address.")
    agent_addresses: list[str] = doc("Addresses of the agent seen in this finding, sorted.")
    endpoint: str | None = doc("Host name, or null when no name is known.")
    addresses: list[str] = doc("Responder addresses, sorted.")
    role: str = doc("Role of the endpoint (see docs/endpoints.md).")
    ownership: str = doc(
        "ours | approved | platform | platform-claimed | foreign | undecidable | unknown | denied"
    )
    shows: str | None = doc(
        "upload | names (data in DNS names, amount unknown) | denied (a device refused every "
        "attempt) | contact (allowed or seen, amount unknown); null in the other streams."
    )
    direction_evidence: str = doc(
        "W1 write seen, W2 upload turns, W3 >= 1 MiB, W4 counters, W5 none",
        enum=("W1", "W2", "W3", "W4", "W5"),
    )
    name_grade: str = doc(
        "A1 read in clear .. A6 bare address", enum=("A1", "A2", "A3", "A4", "A5", "A6")
    )
    orig_payload_bytes: int | None = doc("Unique originator payload of the finding's flows.")
    uploaded_bytes: int | None = doc("Estimated application payload, null if unknown.")
    size_error_bytes: int | None = doc("Stated error of uploaded_bytes, either way.")
    uploaded_bytes_is_lower_bound: bool = doc("Holes in the capture exceed 1 %.")
    missed_bytes: int | None = doc("Originator bytes missing from the capture in these flows.")
    flow_count: int = doc("Flows behind the finding.")
    first_ns: int | None = doc("First packet, nanoseconds UTC.")
    last_ns: int | None = doc("Last packet, nanoseconds UTC.")
    explanation: str = doc("What was seen and why it is reported, for a sceptic.")
    clears: list[str] = doc("What would clear it, with the command where there is one.")
    attack: list[str] = doc("MITRE ATT&CK technique ids.")
    evidence: list[Evidence] = doc("At most 50 flows, largest upload first.")
    conversations: list[str] = doc(
        "The captured conversations that `evidence` does not list, by time, a text each: protocol, "
        "originator, responder, first and last packet (nanoseconds UTC), number of the input (from "
        "0) and of the first packet in it. `acrtrace carve` takes them, too."
    )
    facts: dict[str, Any] = doc("Rule-specific facts (candidate registries, claimed names).")


@dataclass(frozen=True, slots=True)
class InputInfo:
    """One input."""

    path: str = doc("Path as given, ARCHIVE!/NAME for a member of an archive.")
    sha256: str | None = doc(
        "SHA-256 of the stored bytes, null when not read to the end, or with --no-hash."
    )
    format: str | None = doc(
        "pcap | pcapng | a log format, +gzip when compressed; null when not recognised."
    )
    bytes: int = doc("Bytes read.")
    records: int = doc("Packet or log records read.")
    first_ns: int | None = doc("Smallest packet or record time.")
    last_ns: int | None = doc("Largest packet or record time.")
    snapped: int = doc("Packets captured shorter than on the wire.")
    complete: bool = doc("Read to the end without damage.")
    archive: str | None = doc("Archive that it is a member of.")
    extract: str | None = doc(
        "Shell command that prints its content, where it is no plain file; of a JSON document its "
        "records, a line each."
    )
    unit: str = doc(
        "packet | line | record (of a JSON document): what places in it count.",
        enum=("packet", "line", "record"),
    )


@dataclass(frozen=True, slots=True)
class InventoryInfo:
    """One inventory source."""

    path: str = doc("File, or --own / --approve / acrtrace.toml.")
    sha256: str | None = doc("SHA-256 of the file, null for flags.")
    entries: list[str] = doc("Entries used, as service:label or host name.")
    notes: list[str] = doc("What it also says, for example legacy storage mode.")


@dataclass(frozen=True, slots=True)
class IssueInfo:
    """One kind of problem."""

    code: str = doc("Stable kind.")
    input: str | None = doc("Input path, null when it concerns the run.")
    where: str = doc("First place seen.")
    detail: str = doc("Expected, found, lost.")
    count: int = doc("How many times.")
    incomplete: bool = doc("Data is missing because of it.")


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """One (agent, endpoint) contact; the endpoints table of the report."""

    agent: str = doc("Agent label or address.")
    endpoint: str | None = doc("Host name, null for a bare address.")
    addresses: list[str] = doc("Responder addresses, sorted (at most 20).")
    service: str | None = doc("Service of the catalogue entry.")
    role: str = doc("Role.")
    owner: str | None = doc("Owner label.")
    ownership: str = doc("Ownership.")
    name_grade: str = doc("Best name grade.")
    flow_count: int = doc("Flows.")
    orig_payload_bytes: int | None = doc("Unique originator payload.")
    resp_payload_bytes: int | None = doc("Unique responder payload.")
    upload_turns: int | None = doc("Upload turns.")
    uploaded_bytes: int | None = doc("Estimated payload of the upload turns.")
    pcr: float | None = doc("Producer/consumer ratio.")
    finding_ids: list[str] = doc("Findings about it.")


@dataclass(frozen=True, slots=True)
class RegistryInfo:
    """A registry or storage account that was seen."""

    name: str = doc("Login server or account host.")
    kind: str = doc("registry | storage")
    owner: str = doc("Registry or account label.")
    ownership: str = doc("Ownership.")
    declare: str | None = doc("Flag that declares it ours, null when it is declared.")
    agents: list[str] = doc("Agents that used it, sorted.")
    managed_storage: list[str] = doc("Managed-storage hosts its pulls may have used.")
    data_endpoints: list[str] = doc("Dedicated data endpoints seen.")
    hosts: dict[str, str] = doc("Its host names that agents contacted, each with its role.")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What this input could and could not show."""

    outgoing_bytes: int = doc("Originator payload of all flows to other hosts.")
    named_share: float | None = doc("Share of it with a name (A1-A4), null without bytes.")
    directed_share: float | None = doc(
        "Share of it in flows with turns or counters for both ways, null without bytes."
    )
    flows: int = doc("Flows.")
    counted_flows: int | None = doc("Flows that only a log shows, with byte counters.")
    uncounted_flows: int | None = doc("Flows that only a log shows, without any byte count.")
    denied_flows: int | None = doc("Flows that a device denied and that carried nothing.")
    one_sided_flows: int = doc("Flows with only one side in the capture.")
    missed_bytes: int = doc("Holes in sequence space.")
    snapped_packets: int = doc("Packets cut by snaplen.")
    dns_messages: int = doc("DNS messages read; one that several inputs have counts in each.")
    ech_flows: int = doc("Flows whose hello offers ECH.")
    quic_flows: int = doc("QUIC flows, and all others to UDP port 443.")
    quic_unread_flows: int = doc("Those among them whose ClientHello was not read.")
    bytes_by_grade: dict[str, int] = doc(
        "`outgoing_bytes` by the grade of the flow's name, A1 to A6; a hidden name is A6."
    )
    dropped_packets: int = doc("Packets that the capture files say were dropped before writing.")
    clock_jumps: int = doc("Times a capture's clock went back by more than a second.")
    gaps: int = doc("Times of more than a minute between captures that no capture covers.")
    gap_ns: int = doc("Their sum, nanoseconds.")
    encrypted_dns_flows: int = doc("Flows to resolvers over TLS, QUIC or HTTPS.")
    notes: list[str] = doc("Sentences: what could not be seen, in order of weight.")


@dataclass(frozen=True, slots=True)
class TimelineBin:
    """What was sent to one class of destinations in one stretch of time."""

    start_ns: int = doc("Beginning of the bin, nanoseconds UTC, a multiple of the width.")
    width_ns: int = doc("Its width, nanoseconds; the same in all bins.")
    destination: str = doc("Ownership of the destinations.")
    orig_bytes: int = doc(
        "Part of `coverage.outgoing_bytes`; what a flow sent is spread evenly over its bins."
    )
    flow_count: int = doc("Flows with payload that begin in the bin.")


@dataclass(frozen=True, slots=True)
class Tool:
    """The program that wrote the document."""

    name: str = doc("acrtrace")
    version: str = doc("Version.")


@dataclass(frozen=True, slots=True)
class Result:
    """The document."""

    schema: str = doc("acrtrace-result/2")
    tool: Tool = doc("Program and version.")
    catalogue_version: str = doc("Date and hash of the endpoint catalogue.")
    command_line: list[str] = doc("As typed.")
    thresholds: dict[str, float] = doc("Every limit used.")
    inputs: list[InputInfo] = doc("Inputs in the order read.")
    inventories: list[InventoryInfo] = doc("Inventories in the order given.")
    verdict: str = doc(
        "suspected upload | none found in what could be seen | cannot tell", enum=VERDICTS
    )
    verdict_line: str = doc("The verdict as one sentence with its figures.")
    coverage: Coverage = doc("What the input could not show.")
    timeline: list[TimelineBin] = doc(
        "Bytes sent to other hosts over time, by ownership; at most 120 times, no bin is empty."
    )
    issues: list[IssueInfo] = doc("Problems by input and kind.")
    registries: list[RegistryInfo] = doc("Registries and storage accounts seen.")
    endpoints: list[EndpointInfo] = doc("Contacts, largest upload first.")
    findings: list[Finding] = doc("By stream, severity, uploaded bytes, agent, endpoint.")
    queries: dict[str, str] = doc(
        "SELECT by figure that gives it on the case file (`--case`, `acrtrace query`); of "
        "`finding`, put the id for FINDING_ID."
    )


def to_plain(value: Any) -> Any:
    """Turns the dataclasses into dicts, lists and scalars, in field order."""
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, list | tuple):
        return [to_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: to_plain(v) for k, v in value.items()}
    return value
