"""Evidence of a finding: at most 50 flows, largest upload first, each with its recount.

queries/evidence.sql holds the limits; totals of a finding are over all its flows all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from analyzer.result import Evidence, InputInfo
from analyzer.rules import figures
from analyzer.rules.counts import counted, verb
from analyzer.rules.sources import base, is_log

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from duckdb import DuckDBPyConnection


STDIN = "-"
RESOLVER_LOG = "azure-dns"


class Recount(Protocol):
    """Gives the display filter of a conversation and the command that recounts its originator.

    `evidence.filters.recount` is one; it is handed in because this room and that one stand side
    by side.
    """

    def __call__(
        self,
        *,
        proto: str,
        orig: tuple[str, int],
        resp: tuple[str, int],
        window: tuple[int, int] | None,
        duplicates: bool,
        tunnelled: bool,
        paths: Sequence[str],
        extracts: Mapping[str, str] | None = None,
    ) -> tuple[str, str | None]:
        """See `evidence.filters.recount`."""
        ...


class Reprint(Protocol):
    """Gives the command that prints lines of a log; `evidence.lines.reprint` is one."""

    def __call__(
        self,
        *,
        path: str,
        lines: Collection[int],
        form: str | None,
        unit: str = "line",
        extract: str | None = None,
        member: bool = False,
    ) -> str | None:
        """See `evidence.lines.reprint`."""
        ...


class CaptureFilter(Protocol):
    """Gives the capture filter of a conversation; `evidence.filters.bpf` is one."""

    def __call__(self, proto: str, orig: tuple[str, int], resp: tuple[str, int]) -> str:
        """See `evidence.filters.bpf`."""
        ...


class Queries(Protocol):
    """Gives queries for the tables that a log comes from; `evidence.kql.queries` is one."""

    def __call__(
        self,
        forms: Sequence[str],
        *,
        orig: tuple[str | None, int | None],
        resp: tuple[str | None, int | None],
        name: str | None,
        window: tuple[int | None, int | None],
        lookup: bool = False,
    ) -> list[str]:
        """See `evidence.kql.queries`."""
        ...


@dataclass(frozen=True, slots=True)
class Commands:
    """How the evidence can be looked at again: packets counted, lines printed, tables asked."""

    recount: Recount
    reprint: Reprint
    bpf: CaptureFilter
    queries: Queries


def read(
    connection: DuckDBPyConnection, inputs: Sequence[InputInfo], commands: Commands
) -> dict[int, list[Evidence]]:
    """Evidence by finding."""
    return {
        finding: [_evidence(row, inputs, commands) for row in rows]
        for finding, rows in figures.by_finding(connection, "evidence").items()
    }


def _evidence(row: dict[str, Any], inputs: Sequence[InputInfo], commands: Commands) -> Evidence:
    lookup = row["flow_id"] < 0
    orig, resp = (row["agent_ip"], row["agent_port"]), (row["resp_ip"], row["resp_port"])
    if row["logged"]:
        display_filter, command = "", None
    elif lookup:  # a message, whatever it is wrapped in; no bytes of it are counted
        display_filter, command = f"frame.number == {row['first_packet']}", None
    else:
        display_filter, command = _recount(row, inputs, commands)
    log = _log(row, inputs)
    return Evidence(
        kind="dns" if lookup else "http" if row["writes"] else "flow",
        flow_id=None if lookup else row["flow_id"],
        community_id=row["community_id"],
        input=inputs[row["input_id"]].path if row["input_id"] < len(inputs) else "",
        first_packet=None if row["logged"] else row["first_packet"],
        last_packet=None if row["logged"] else row["last_packet"],
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        orig=_socket(*orig),
        resp=_socket(*resp),
        name=row["endpoint"],
        claimed_name=row["claimed_name"],
        name_source=row["name_source"],
        orig_payload_bytes=row["orig_bytes"],
        resp_payload_bytes=row["resp_bytes"],
        uploaded_bytes=row["uploaded"],
        upload_turns=row["upload_turns"],
        pcr=figures.pcr(row["orig_bytes"], row["resp_bytes"]),
        detail=_detail(row, inputs),
        display_filter=display_filter,
        tshark=command,
        proto=row["proto"],
        bpf=None
        if lookup or row["logged"] or row["tunnelled"]
        else commands.bpf(row["proto"], orig, resp),
        kql=commands.queries(
            _log_forms(row, inputs),
            orig=orig,
            resp=resp,
            name=row["claimed_name"] or row["endpoint"],
            window=(row["start_ns"], row["end_ns"]),
            lookup=lookup,
        ),
        requests=[],
        log=None if log is None else log.path,
        log_unit=None if log is None else log.unit,
        log_line=None if log is None else row["log_line"],
        log_last_line=None if log is None else row["log_last_line"],
        log_records=row["records"],
        log_command=None if log is None else _reprint(row, log, commands),
        action=row["action"],
        rule=row["rule"],
        process=row["process"],
    )


def _recount(
    row: dict[str, Any], inputs: Sequence[InputInfo], commands: Commands
) -> tuple[str, str | None]:
    """The display filter of a captured conversation and its recount."""
    holders = [each for each in _holders(row, inputs) if not is_log(each.format)]
    return commands.recount(
        proto=row["proto"],
        orig=(row["agent_ip"], row["agent_port"]),
        resp=(row["resp_ip"], row["resp_port"]),
        window=(row["start_ns"], row["end_ns"]) if row["reused"] else None,
        duplicates=row["duplicates"],
        tunnelled=row["tunnelled"],
        paths=[_again(each) for each in holders],
        extracts={each.path: each.extract for each in holders if each.extract is not None},
    )


def _log(row: dict[str, Any], inputs: Sequence[InputInfo]) -> InputInfo | None:
    """The log that tells of the flow."""
    place = row["log_input"]
    known = place is not None and 0 <= place < len(inputs) and row["log_line"] is not None
    return inputs[place] if known else None


def _log_forms(row: dict[str, Any], inputs: Sequence[InputInfo]) -> list[str]:
    """Formats of the logs that tell of the flow or name it, and of a resolver's log beside."""
    places = [row["input_id"] if row["logged"] else None, row["log_input"], row["named_input"]]
    told = [inputs[place].format for place in places if place is not None and place < len(inputs)]
    forms = [form for form in told if form is not None]
    if forms or row["name_source"] == "dns":
        forms += [each.format for each in inputs if base(each.format) == RESOLVER_LOG]
    return forms


def _reprint(row: dict[str, Any], log: InputInfo, commands: Commands) -> str | None:
    """The command for the lines that state the bytes and, where it is another, the name."""
    stated = (row["log_line"], row["log_last_line"], row["name_line"])
    return commands.reprint(
        path=log.path,
        lines={line for line in stated if line is not None},
        form=log.format,
        unit=log.unit,
        extract=log.extract,
        member=log.archive is not None,
    )


def _again(each: InputInfo) -> str:
    """Its path, or ``-`` when neither the path nor a command gives its bytes once more."""
    elsewhere = each.archive is not None or "://" in each.path
    return STDIN if elsewhere and each.extract is None else each.path


def _holders(row: dict[str, Any], inputs: Sequence[InputInfo]) -> list[InputInfo]:
    """The input of the first packet, and those that hold the rest when the flow outlasts it."""
    if row["input_id"] >= len(inputs):
        return []
    own = inputs[row["input_id"]]
    start, end = row["start_ns"], row["end_ns"]
    if own.first_ns is None or own.last_ns is None or own.first_ns <= start <= end <= own.last_ns:
        return [own]
    return [
        each
        for each in inputs
        if each is own
        or (
            each.first_ns is not None
            and each.last_ns is not None
            and each.first_ns <= end
            and each.last_ns >= start
        )
    ]


def _socket(address: str | None, port: int | None) -> str:
    """Address and port; a port that is not logged is left out, an address is ``?``."""
    shown = "?" if address is None else address
    if port is None:
        return shown
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


def _detail(row: dict[str, Any], inputs: Sequence[InputInfo]) -> str:
    """One or more sentences on what this flow shows."""
    parts = []
    if row["encapsulation"]:
        ends = f" between {row['outer_orig_ip']} and {row['outer_resp_ip']}"
        parts.append(f"Inside {row['encapsulation']}{ends if row['outer_orig_ip'] else ''}.")
    parts += _device(row)
    place = row["named_input"]
    if place is not None and place < len(inputs):
        named = inputs[place]
        parts.append(f"Named in {named.unit} {row['named_line']:,} of {named.path}.")
    if row["write_line"]:
        many = row["write_requests"]
        which = f"First of {many:,} write requests" if many > 1 else "Request"
        parts.append(f"{which} read in clear: {row['write_line']}.")
    if row["contradiction"]:
        parts.append(_sentence(row["contradiction"]))
    if row["upload_turns"]:
        parts.append(
            f"{counted(row['upload_turns'], 'upload turn')}, {row['upload_bytes']:,} wire bytes."
        )
    if row["small_turns"]:
        parts.append(
            f"{counted(row['small_turns'], 'drip or wide request', 'drips or wide requests')}, "
            f"{row['small_bytes']:,} wire bytes."
        )
    if row["chain"]:
        parts.append(f"DNS: {row['chain']}.")
    if row["ambiguous_names"]:
        many = row["ambiguous_names"]
        fit = verb(many, "fits", "fit")
        parts.append(f"{counted(many, 'other name')} {fit} the address as well.")
    if row["proxy_leg"] == "client":
        parts.append("Through a proxy: the responder here is the proxy.")
    if row["name_hidden"]:
        parts.append("The real name is hidden by an encrypted ClientHello.")
    return " ".join(parts)


def _device(row: dict[str, Any]) -> list[str]:
    """What the log says beside names and bytes."""
    parts = []
    if row["action"] is not None:
        words = {"allow": "A device allowed it", "deny": "A device denied it"}
        rule = f" (rule {row['rule']})" if row["rule"] else ""
        parts.append(f"{words.get(row['action'], row['action'])}{rule}.")
    if row["process"]:
        parts.append(f"Opened by {row['process']}.")
    if (row["records"] or 0) > 1:
        parts.append(f"{row['records']:,} log records.")
    if row["counted"]:
        parts.append(f"By byte counters ({row['bytes_grade'] or 'measured'}).")
    elif row["logged"] and row["orig_bytes"] is None:
        parts.append("The log holds no count of the bytes sent.")
    return parts


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
