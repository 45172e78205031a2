"""A deep look at one finding: its packets are carved, and tshark (through pyshark) reads them.

With TLS secrets, from a key log or embedded in the inputs, requests inside TLS are read. What was
read becomes part of the finding; a write request among it is the strongest evidence of direction.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.evidence.carve import Carved, Options, captured, carve
from analyzer.evidence.exchanges import FIELDS, Exchanges
from analyzer.installing import installing
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analyzer.capture.engines.tshark import PipedCapture
    from analyzer.capture.engines.tshark_packet import Fields
    from analyzer.evidence.carve import Listed
    from analyzer.result import Finding, Request, Result

OLDEST = (3, 2)
"""The first tshark that reads decryption secrets blocks and writes all fields asked for here."""

WRITES = ("PUT", "POST", "PATCH")
SLACK_NS = 1_000_000_000
_PLACE = re.compile(r"packet (\d{1,18}) of ")


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was read.

    Attributes:
        finding: With the requests in its evidence.
        requests: All of them, also of conversations that the evidence does not list.
        carved: What was looked at.
        program: ``tshark 4.0.17``.
        encrypted: TLS conversations in which no request could be read.
        dropped: Requests beyond the bound.
    """

    finding: Finding
    requests: list[Request]
    carved: Carved
    program: str
    encrypted: int
    dropped: int


def inspect(
    result: Result,
    finding: Finding,
    *,
    keylog: Path | None,
    timeout: float,
    base: Path | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    notice: Callable[[str], None] | None = None,
) -> Inspected:
    """Reads the requests in a finding's conversations.

    Args:
        result: The document that holds it.
        finding: The finding.
        keylog: TLS secrets (SSLKEYLOGFILE).
        timeout: Seconds that tshark may take.
        base: Folder that relative input paths are relative to.
        progress: Told stored bytes read so far, and how many there are.
        notice: Told lines for the user.

    Raises:
        UsageError: There is no usable tshark, it took too long, or nothing could be read.
        InputError: An input is not there or is not the one of the result.
    """
    program, version = usable_tshark()
    listed = captured(result, finding)
    with tempfile.TemporaryDirectory(prefix="acrtrace-inspect-") as folder:
        path = Path(folder) / "finding.pcapng"
        with path.open("xb") as stream:
            options = Options(secrets=True, base=base)
            carved = carve(result, finding, stream, options, progress, notice)
        reading = _Reading(listed)
        _run(program, path, keylog, timeout, reading.take)
    found = {at: [seen.close() for seen in each] for at, each in reading.exchanges.found.items()}
    encrypted = len(reading.tls - found.keys())
    if not found:
        raise UsageError(_nothing(len(reading.tls), keylog, carved.secrets))
    evidence = list(finding.evidence)
    for at, requests in sorted(found.items()):
        place = listed[at].place
        if place is None:
            continue
        evidence[place] = replace(evidence[place], kind="http", requests=requests)
    requests = [request for at in sorted(found) for request in found[at]]
    return Inspected(
        replace(finding, evidence=evidence),
        requests,
        carved,
        version,
        encrypted,
        reading.exchanges.dropped,
    )


def usable_tshark() -> tuple[str, str]:
    """Where tshark is, and its name with its version.

    Raises:
        UsageError: It is missing, too old, or cannot be run, or pyshark is missing.
    """
    if shutil.which("tshark") is None:
        raise UsageError(
            "inspect needs the program tshark on PATH: install the package tshark (Debian, "
            "Ubuntu), wireshark-cli (Fedora) or wireshark (Homebrew)"
        )
    try:
        from analyzer.capture.engines.tshark import find_tshark, tshark_version
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pyshark":
            raise
        raise UsageError(
            f"inspect needs the Python package pyshark: {installing('pyshark')}"
        ) from error
    program = find_tshark()
    version = tshark_version(program)
    number = re.search(r"(\d+)\.(\d+)", version)
    if number is None or (int(number[1]), int(number[2])) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise UsageError(f"{program} is {version}: inspect needs tshark {oldest} or newer")
    return program, version


def _nothing(tls: int, keylog: Path | None, secrets: int) -> str:
    if not tls:
        return "no HTTP request was found in the finding's packets, and no TLS"
    sources = []
    if keylog is not None:
        sources.append(f"{keylog} holds no secret of theirs")
    if secrets:
        sources.append("the secrets in the inputs are of others")
    if not sources:
        sources.append("--keylog FILE (SSLKEYLOGFILE of the client) gives the secrets")
    return (
        f"nothing could be decrypted: {tls:,} TLS conversations, no request in clear; "
        + " and ".join(sources)
        + "; a conversation whose beginning was not captured cannot be decrypted either"
    )


class _Reading:
    """Sorts packets into the conversations of the finding."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self.exchanges = Exchanges()
        self.tls: set[int] = set()
        self._ends: dict[frozenset[tuple[str, int]], list[int]] = {}
        self._times = [(each.start_ns, each.end_ns) for each in listed]
        for at, each in enumerate(listed):
            key = frozenset((each.orig, each.resp))
            self._ends.setdefault(key, []).append(at)

    def take(self, fields: Fields) -> None:
        from ipaddress import ip_address

        from analyzer.capture.engines.tshark_packet import decode

        time_ns = fields.time_ns()
        if time_ns is None:
            return
        packet = decode(fields, 0, time_ns)
        if packet is None:
            return
        ends = frozenset(
            (
                (str(ip_address(packet.src)), packet.sport),
                (str(ip_address(packet.dst)), packet.dport),
            )
        )
        for at in self._ends.get(ends, ()):
            start, end = self._times[at]
            if start - SLACK_NS < time_ns < end + SLACK_NS:
                if "tls" in fields.text("frame.protocols").split(":"):
                    self.tls.add(at)
                place = _PLACE.match(fields.text("frame.comment", 0))
                self.exchanges.take(fields, at, int(place[1]) if place is not None else None)
                return


def _run(
    program: str, path: Path, keylog: Path | None, timeout: float, take: Callable[[Fields], None]
) -> None:
    """Lets tshark read a file; each packet's fields go to ``take``.

    Raises:
        UsageError: It took longer than ``timeout`` or failed.
    """
    from analyzer.capture.engines import tshark
    from analyzer.capture.engines.tshark_packet import FIELDS as ENGINE_FIELDS
    from analyzer.capture.engines.tshark_packet import is_block

    preferences = dict(tshark.PREFERENCES)
    if keylog is not None:
        preferences["tls.keylog_file"] = str(keylog.resolve())
    loop = asyncio.new_event_loop()
    profile = tempfile.TemporaryDirectory(prefix="acrtrace-tshark-")
    capture = tshark.PipedCapture(
        os.open(path, os.O_RDONLY | os.O_CLOEXEC),
        profile.name,
        eventloop=loop,
        tshark_path=program,
        override_prefs=preferences,
        custom_parameters=[word for name in (*ENGINE_FIELDS, *FIELDS) for word in ("-e", name)],
    )
    late = threading.Event()
    timer = threading.Timer(timeout, _kill, (capture, late))
    timer.daemon = True
    timer.start()
    try:
        for fields in capture:
            if not is_block(fields):
                take(fields)
    finally:
        timer.cancel()
        capture.close()
        capture.close_pipe()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        profile.cleanup()
    if late.is_set():
        raise UsageError(
            f"tshark took longer than {timeout:g} seconds and was stopped; --timeout gives it more"
        )
    if capture.status != 0 or capture.parser.broken:
        words = "".join(c if c.isprintable() else "?" for c in capture.last_words[:200])
        raise UsageError(f"tshark ended with exit status {capture.status}: {words or 'no word'}")


def _kill(capture: PipedCapture, late: threading.Event) -> None:
    """Ends a tshark that takes too long."""
    late.set()
    for process in list(capture._running_processes):
        if process.returncode is None:
            process.kill()


def judged(inspected: Inspected, confidence: Callable[[str, str], str]) -> Finding:
    """The finding with what the requests prove.

    Args:
        inspected: What was read.
        confidence: From name and direction grades.
    """
    finding = inspected.finding
    writes = [each for each in inspected.requests if each.method in WRITES]
    hosts = sorted({host for each in writes if (host := _host(each.url))})
    inside = sum(each.decrypted for each in inspected.requests)
    facts = dict(finding.facts)
    facts["inspected_with"] = inspected.program
    facts["inspected_requests"] = len(inspected.requests)
    facts["inspected_decrypted"] = inside
    facts["inspected_writes"] = len(writes)
    facts["inspected_hosts"] = hosts[:20]
    text = (
        f" Inspected with {inspected.program}; requests read: {len(inspected.requests):,}, inside "
        f"TLS: {inside:,}, writes: {len(writes):,}"
    )
    if writes:
        first = writes[0]
        text += f"; the first: {first.method} {first.url}"
        text += f", answered {first.status}" if first.status is not None else ", no answer seen"
    changes: dict[str, object] = {"facts": facts, "explanation": finding.explanation + text + "."}
    if writes:
        name_grade = finding.name_grade
        if hosts == [finding.endpoint]:
            name_grade = "A1"
        changes |= {
            "direction_evidence": "W1",
            "name_grade": name_grade,
            "confidence": confidence(name_grade, "W1"),
        }
    return replace(finding, **changes)  # type: ignore[arg-type]


def _host(url: str) -> str | None:
    """Host of a URL in lower case, without port."""
    match = re.match(r"https?://(?:[^/@]*@)?(\[[^\]]*\]|[^/?#:]*)", url)
    return match[1].lower().strip("[]") if match is not None and match[1] else None
