"""The packets of one finding's conversations, as a pcapng file of their own.

The inputs are read twice. First every packet's addresses and ports are looked up among the
finding's conversations (capture/picking.py) and the inputs are held against the SHA-256 that the
result has of them; only when they agree are the marked packets copied. What is copied is what was
captured: link type, time and its resolution, and a packet cut by the snap length stays cut.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer import __version__
from analyzer.evidence.sources import Checked, find_inputs, is_capture, look_again, refuse_changed
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from analyzer.capture.cursor import Cursor
    from analyzer.capture.picking import Conversation
    from analyzer.inputs.spec import Spec
    from analyzer.result import Evidence, Finding, InputInfo, Result

MANIFEST = "acrtrace-carve/1"
PROTOCOLS = {"tcp": 6, "udp": 17}
_STATED = re.compile(r"(tcp|udp) (\S+) (\S+) (\d{1,19}) (\d{1,19}) (\d{1,9}) (\d{1,18})")
_SOCKET = re.compile(r"\[([0-9A-Fa-f:.]+)\]:(\d{1,5})|([0-9.]+):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Options:
    """What goes into the file.

    Attributes:
        icmp: ICMP errors that quote a packet of the conversations.
        secrets: Decryption secrets that the inputs hold. They open every conversation of their
            session, also those that are not carved, so they are copied only on demand.
        base: Folder that relative input paths are relative to.
    """

    icmp: bool = False
    secrets: bool = False
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation that the result names.

    Attributes:
        proto: ``tcp`` or ``udp``.
        orig_shown: Originator, as ``address:port``.
        resp_shown: Responder.
        start_ns: First packet, nanoseconds UTC.
        end_ns: Last packet.
        input: Number of the input that holds its first packet.
        first_packet: Number of that packet.
        community_id: Community ID, where the result has it.
        place: In the evidence; None when that does not list it.
    """

    proto: str
    orig_shown: str
    resp_shown: str
    start_ns: int
    end_ns: int
    input: int
    first_packet: int
    community_id: str | None = None
    place: int | None = None

    @property
    def orig(self) -> tuple[str, int]:
        """Originator; raises UsageError as `socket`."""
        return socket(self.orig_shown)

    @property
    def resp(self) -> tuple[str, int]:
        """Responder; raises UsageError as `socket`."""
        return socket(self.resp_shown)


@dataclass(frozen=True, slots=True)
class Carved:
    """What was written.

    Attributes:
        manifest: Inputs, conversations and output with their figures and hashes.
        packets: Packets in the file.
        conversations: Conversations in the file.
        missing: Conversations of the finding that are not: they are known from logs alone.
        secrets: Blocks of decryption secrets in the inputs.
        given_up: Datagrams in fragments that could not be followed.
    """

    manifest: dict[str, Any]
    packets: int
    conversations: int
    missing: int
    secrets: int
    given_up: int


def find_finding(result: Result, wanted: str) -> Finding:
    """The finding of that id.

    Raises:
        UsageError: There is none.
    """
    for finding in result.findings:
        if finding.id == wanted:
            return finding
    known = ", ".join(finding.id for finding in result.findings[:10]) or "none"
    more = f" and {len(result.findings) - 10} more" if len(result.findings) > 10 else ""
    raise UsageError(f"no finding {wanted!r} in this result; it holds {known}{more}")


def captured(result: Result, finding: Finding) -> list[Listed]:
    """The finding's conversations of which there are packets; a DNS message is none.

    Those of the evidence come first, in its order.

    Raises:
        UsageError: The result names them in a way that acrtrace does not.
    """
    found = [
        _evident(result, place, each)
        for place, each in enumerate(finding.evidence)
        if each.first_packet is not None and each.kind != "dns"
    ]
    return found + [_stated(result, each) for each in finding.conversations]


def socket(shown: str) -> tuple[str, int]:
    """``address:port`` or ``[address]:port`` as the pair it stands for.

    Raises:
        UsageError: It is neither.
    """
    match = _SOCKET.fullmatch(shown)
    try:
        if match is not None:
            address = str(ipaddress.ip_address(match[1] or match[3]))
            port = int(match[2] or match[4])
            if port < 1 << 16:
                return address, port
    except ValueError:
        pass
    raise UsageError(f"{shown!r}: expected an address and a port; is this a result of acrtrace?")


def carve(
    result: Result,
    finding: Finding,
    stream: BinaryIO,
    options: Options,
    progress: Callable[[int, int | None], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Carved:
    """Writes the packets of a finding's conversations to ``stream``.

    Args:
        result: The document that holds it.
        finding: The finding.
        stream: Takes the pcapng file.
        options: What goes into it.
        progress: Told stored bytes read so far, and how many there are.
        notice: Told lines for the user.

    Raises:
        UsageError: The finding has no packets, or they cannot be read again by nature.
        InputError: An input is not there or is not the one of the result.
    """
    listed = captured(result, finding)
    if not listed:
        raise UsageError(
            f"finding {finding.id} rests on log lines or single DNS messages: there is no "
            "conversation to carve; its evidence has the lines with the commands that print them, "
            "and the numbers of the packets"
        )
    _ready(notice)
    from analyzer.capture.picking import Picker
    from analyzer.capture.rewalk import rewalk

    sought = [_conversation(each) for each in listed]
    numbers = sorted({number for each in sought for number in _holders(result, each)})
    specs = find_inputs(result, numbers, options.base)
    total = (
        None if any(s.size is None for _, s in specs) else 2 * sum(s.size or 0 for _, s in specs)
    )
    picker = Picker(sought, icmp=options.icmp)
    first = _Checking(result, picker)
    rewalk(specs, first, None if progress is None else lambda done: progress(done, total))
    refuse_changed(first.checked.values())
    picker.finish()
    done = sum(each.size for each in first.checked.values())
    writer_figures = _write(
        result,
        finding,
        stream,
        options,
        picker,
        specs,
        None if progress is None else lambda more: progress(done + more, total),
    )
    sha256, size, packets, interfaces = writer_figures
    conversations = [
        {
            "community_id": each.community_id,
            "proto": each.proto,
            "orig": each.orig_shown,
            "resp": each.resp_shown,
            "start_ns": each.start_ns,
            "end_ns": each.end_ns,
            "packets": count,
        }
        for each, count in zip(listed, picker.counts, strict=True)
    ]
    missing = max(finding.flow_count - len(listed), 0)
    manifest = {
        "schema": MANIFEST,
        "tool": {"name": result.tool.name, "version": __version__},
        "finding": {"id": finding.id, "rule": finding.rule, "agent": finding.agent},
        "inputs": [
            _input_line(number, first.checked[number], picker.marked(number)) for number in numbers
        ],
        "conversations": conversations,
        "conversations_missing": missing,
        "icmp_errors": picker.icmp_errors if options.icmp else None,
        "secrets_blocks": len(picker.secrets) if options.secrets else 0,
        "output": {
            "sha256": sha256,
            "bytes": size,
            "packets": packets,
            "interfaces": interfaces,
        },
    }
    return Carved(manifest, packets, len(listed), missing, len(picker.secrets), picker.given_up)


def _ready(notice: Callable[[str], None] | None) -> None:
    """Compiles the kernels where they are not compiled yet."""
    from analyzer.capture import cache

    for line in cache.notices():
        if notice is not None:
            notice(line)
    if cache.is_cold():
        from analyzer.capture.warm import warm

        warm()


def _conversation(listed: Listed) -> Conversation:
    from analyzer.capture.picking import Conversation

    return Conversation(
        PROTOCOLS[listed.proto],
        (listed.orig, listed.resp),
        listed.start_ns,
        listed.end_ns,
        listed.input,
        listed.first_packet,
    )


def _evident(result: Result, place: int, evidence: Evidence) -> Listed:
    start, end, first = evidence.start_ns, evidence.end_ns, evidence.first_packet
    if evidence.proto not in PROTOCOLS or start is None or end is None or first is None:
        raise UsageError(f"evidence {evidence.orig} to {evidence.resp} is no TCP or UDP capture")
    own = next(
        (
            number
            for number, info in enumerate(result.inputs)
            if info.path == evidence.input and _may_hold(info, start, start) and is_capture(info)
        ),
        None,
    )
    if own is None:
        raise UsageError(f"{evidence.input}: named by the evidence, is no input of this result")
    return Listed(
        evidence.proto,
        evidence.orig,
        evidence.resp,
        start,
        end,
        own,
        first,
        community_id=evidence.community_id,
        place=place,
    )


def _stated(result: Result, text: str) -> Listed:
    """A conversation that the evidence does not list."""
    match = _STATED.fullmatch(text)
    if match is not None:
        proto, orig, resp = match[1], match[2], match[3]
        start, end, own, first = (int(match[n]) for n in (4, 5, 6, 7))
        if own < len(result.inputs) and is_capture(result.inputs[own]):
            return Listed(proto, orig, resp, start, end, own, first)
    raise UsageError(
        f"conversation {text[:120]!r}: expected protocol, originator, responder, two times, the "
        "number of a capture among the inputs and of a packet; is this a result of acrtrace?"
    )


def _may_hold(info: InputInfo, start: int, end: int) -> bool:
    if info.first_ns is None or info.last_ns is None:
        return False
    return info.first_ns <= end and info.last_ns >= start


def _holders(result: Result, sought: Conversation) -> list[int]:
    """Captures that were running during the conversation: each may hold packets of it."""
    return [
        number
        for number, info in enumerate(result.inputs)
        if number == sought.input_id
        or (is_capture(info) and _may_hold(info, sought.start_ns, sought.end_ns))
    ]


class _Checking:
    """A visitor that passes on to another and takes the figures of every input it has read."""

    def __init__(self, result: Result, inner: Any) -> None:
        self._result = result
        self._inner = inner
        self.checked: dict[int, Checked] = {}

    def opened(self, cursor: Cursor) -> None:
        self._inner.opened(cursor)

    def walk(self, cursor: Cursor, limit: int) -> int:
        status: int = self._inner.walk(cursor, limit)
        return status

    def closed(self, cursor: Cursor) -> None:
        from analyzer.capture.layout import R_PKT

        self._inner.closed(cursor)
        info = self._result.inputs[cursor.input_id]
        self.checked[cursor.input_id] = look_again(cursor, info, int(cursor.r[R_PKT]))


def _write(
    result: Result,
    finding: Finding,
    stream: BinaryIO,
    options: Options,
    picker: Any,
    specs: list[tuple[int, Spec]],
    progress: Callable[[int], None] | None,
) -> tuple[str, int, int, int]:
    """The second reading; SHA-256, size, packets and interfaces of what was written."""
    from analyzer.capture.fetching import Fetcher
    from analyzer.capture.rewalk import rewalk
    from analyzer.evidence.pcapng import Writer

    digest = hashlib.sha256()
    size = 0

    def write(data: bytes) -> None:
        nonlocal size
        digest.update(data)
        size += len(data)
        stream.write(data)

    what = f"Finding {finding.id} ({finding.rule}): {finding.agent} to "
    what += finding.endpoint or ", ".join(finding.addresses[:3])
    paths = {number: info.path for number, info in enumerate(result.inputs)}
    writer = Writer(write, version=__version__, comment=what, paths=paths)
    if options.secrets:
        for kind, data in picker.secrets:
            writer.secret(kind, data)
    wanted = [(number, spec) for number, spec in specs if picker.marked(number)]
    second = _Checking(result, Fetcher(picker.bits, writer.packet))
    rewalk(wanted, second, progress)
    # Between the two readings a file may have changed; then what was written is no evidence.
    refuse_changed(second.checked.values())
    return digest.hexdigest(), size, writer.packets, writer.interfaces


def _input_line(number: int, checked: Checked, packets: int) -> dict[str, Any]:
    info = checked.info
    return {
        "number": number,
        "path": info.path,
        "archive": info.archive,
        "sha256": checked.sha256,
        "verified": info.sha256 is not None,
        "bytes": checked.size,
        "packets": checked.records,
        "packets_carved": packets,
    }
