"""The engine for deep looks: tshark dissects, driven by pyshark.

tshark decides names, and with TLS secrets it reads requests inside TLS and QUIC. Conversations are
made of its TCP and UDP fields by `analyzer.capture.plain`, like everywhere else. The input goes to
tshark through a pipe, so what tshark cannot open (standard input, any compression) is no matter.

Only chosen fields are asked for (``-T ek -e ...``): pyshark's own packet objects would cost ten
times as much and keep every field of every layer.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
import threading
from typing import TYPE_CHECKING, Any

from pyshark.capture.capture import Capture
from pyshark.tshark.output_parser.tshark_ek import TsharkEkJsonParser

from analyzer.capture.engines.tshark_packet import FIELDS, Fields, decode, is_block, skipped
from analyzer.capture.engines.tshark_rows import TsharkReader
from analyzer.capture.plain.run import SlowRun
from analyzer.capture.plain.source import Source
from analyzer.inputs.open import STEP
from analyzer.issues import Issue, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from analyzer.capture.plain.packet import Packet
    from analyzer.capture.report import InputReport
    from analyzer.inputs.spec import Spec

LAST_WORD_SECONDS = 10.0
"""How long tshark may take to exit after it has closed its output."""

PREFERENCES = {
    "tcp.analyze_sequence_numbers": "TRUE",
    "tcp.desegment_tcp_streams": "TRUE",
    "tcp.reassemble_out_of_order": "TRUE",
    "tls.desegment_ssl_records": "TRUE",
    "tls.desegment_ssl_application_data": "TRUE",
    "http.desegment_headers": "TRUE",
    "http.desegment_body": "TRUE",
}
LIMITS = (
    "a request is shown when its body was captured to the end; turns of QUIC include its packet "
    "headers; HTTP answers, SOCKS and PROXY preambles, servers' hellos, TLS alerts, file-stated "
    "names and counts of dropped packets are not written; see docs/engines.md"
)


def extract(
    specs: Sequence[Spec],
    sink: Callable[[str, dict[str, Any]], object],
    progress: Callable[[int], None] | None = None,
    *,
    digest: bool = True,
    keylog: Path | None = None,
) -> tuple[list[InputReport], list[Issue]]:
    """Reads captures with tshark; see `analyzer.capture.extract.extract`.

    Args:
        keylog: File with TLS secrets in the NSS key log format.

    Raises:
        UsageError: There is no tshark.
    """
    program = find_tshark()
    version = tshark_version(program)

    def opener(spec: Spec, order: int) -> Source:
        return TsharkSource(spec, order, digest=digest, program=program, keylog=keylog)

    reader: list[TsharkReader] = []

    def make(rows: Any) -> TsharkReader:
        reader.append(TsharkReader(rows))
        return reader[0]

    run = SlowRun(specs, opener, sink, make)
    reports, issues = run.run(progress, reader[0].seen, reader[0].finish)
    return reports, [*issues, Issue("engine-limits", None, "run", f"{version}: {LIMITS}")]


def find_tshark() -> str:
    """Where tshark is.

    Raises:
        UsageError: It is not on PATH.
    """
    program = shutil.which("tshark")
    if program is None:
        raise UsageError(
            "--engine tshark needs the program tshark on PATH: install the package tshark "
            "(Debian, Ubuntu), wireshark-cli (Fedora) or wireshark (Homebrew)"
        )
    return os.path.abspath(program)  # noqa: PTH100 - symbolic links stay: pyshark wants the name


def tshark_version(program: str) -> str:
    """``tshark 4.0.17``.

    Raises:
        UsageError: It cannot be run.
    """
    try:
        done = subprocess.run(  # noqa: S603 - found on PATH, no shell
            [program, "--version"], capture_output=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"{program} --version failed: {error}") from error
    words = done.stdout.decode("utf-8", "replace").split()
    return " ".join(words[i] for i in (0, 2 if words[1:2] == ["(Wireshark)"] else 1)).lower()


class FlatParser(TsharkEkJsonParser):  # type: ignore[misc]
    """One packet's fields, each with all its values; no layers.

    Attributes:
        broken: Lines that were no JSON.
    """

    broken = 0

    def _parse_single_packet(self, packet: bytes) -> Fields | None:
        try:
            return Fields(json.loads(packet)["layers"])
        except (ValueError, KeyError, TypeError):
            self.broken += 1
            return None


class PipedCapture(Capture):  # type: ignore[misc]
    """A tshark that reads a pipe.

    Args:
        pipe: Descriptor that it reads; closed here once it has started.
        profile: Folder with the preferences that it may read.

    Attributes:
        parser: Of its output.
        status: Its exit status, negative for a signal, None while it runs.
    """

    def __init__(self, pipe: int, profile: str, **options: Any) -> None:
        self._pipe: int | None = pipe
        self._profile = profile
        self.parser = FlatParser()
        self.status: int | None = None
        self._eof_reached = False
        super().__init__(use_ek=True, **options)

    @property
    def last_words(self) -> str:
        """The last line of its standard error."""
        return str(self._last_error_line or "")

    def get_parameters(self, packet_count: int | None = None) -> list[str]:
        """Arguments of tshark behind those that pyshark sets."""
        return [*super().get_parameters(packet_count=packet_count), "-r", "-"]

    def close_pipe(self) -> None:
        """Gives up our end of what tshark reads, so that its death is noticed by the writer."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    async def _get_tshark_process(self, packet_count: int | None = None) -> Any:
        """Starts tshark as pyshark would, but without its flush after each packet, and away from
        the preferences of whoever runs it: they must not change a result."""
        arguments = [self.tshark_path, "-n", "-T", "ek", *self.get_parameters(packet_count)]
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=self._pipe,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "WIRESHARK_CONFIG_DIR": self._profile},
            )
        finally:
            self.close_pipe()
        self._create_stderr_handling_task(process.stderr)
        self._running_processes.add(process)  # pyshark's own way raises when it has died already
        return process

    def _setup_tshark_output_parser(self) -> FlatParser:
        return self.parser

    async def _cleanup_subprocess(self, process: Any) -> None:
        """Waits for the exit status instead of killing a process that is about to end."""
        if process.returncode is None and self._eof_reached:
            try:
                await asyncio.wait_for(process.wait(), LAST_WORD_SECONDS)
            except TimeoutError:
                self._eof_reached = False
        if process.returncode is None:
            process.kill()
            await process.wait()
        self.status = process.returncode
        self._running_processes.discard(process)


class TsharkSource(Source):
    """Packets of one input, dissected by tshark."""

    def __init__(
        self, spec: Spec, input_id: int, *, digest: bool, program: str, keylog: Path | None
    ) -> None:
        super().__init__(spec, input_id, digest=digest)
        self._program = program
        self._keylog = keylog
        self._previous_ns = 0
        self._unread = False
        self._feed_error: Exception | None = None

    def _packets(self) -> Iterator[Packet]:
        preferences = dict(PREFERENCES)
        if self._keylog is not None:
            preferences["tls.keylog_file"] = str(self._keylog.resolve())
        read_end, write_end = os.pipe()
        feeder = threading.Thread(target=self._feed, args=(write_end,), daemon=True)
        loop = asyncio.new_event_loop()
        profile = tempfile.TemporaryDirectory(prefix="acrtrace-tshark-")
        capture = PipedCapture(
            read_end,
            profile.name,
            eventloop=loop,
            tshark_path=self._program,
            override_prefs=preferences,
            custom_parameters=[word for name in FIELDS for word in ("-e", name)],
        )
        feeder.start()
        try:
            for fields in capture:
                packet = self._take(fields)
                if packet is not None:
                    yield packet
        finally:
            capture.close()
            capture.close_pipe()
            feeder.join()
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            profile.cleanup()
        if self._feed_error is not None:
            raise self._feed_error
        self._judge_end(capture)

    def _feed(self, write_end: int) -> None:
        """Writes the plain bytes of the input to tshark, until either ends."""
        buffer = memoryview(bytearray(STEP))
        try:
            with os.fdopen(write_end, "wb", buffering=0) as pipe:
                while count := self.stream.readinto(buffer):
                    piece = buffer[:count]
                    while len(piece):
                        piece = piece[pipe.write(piece) :]
        except BrokenPipeError:
            self._unread = True
        except Exception as error:  # handed to the thread that reads packets
            self._feed_error = error

    def _take(self, fields: Fields) -> Packet | None:
        if is_block(fields):
            return None
        ts_ns = fields.time_ns()
        if ts_ns is None:
            detail = "simple packet blocks carry no time; the packet before gives it"
            self.note("no-timestamp", f"packet {self.records + 1}", detail)
            ts_ns = self._previous_ns
        self._previous_ns = ts_ns
        self.count(ts_ns, fields.number("frame.cap_len"), fields.number("frame.len"))
        packet = decode(fields, self.input_id, ts_ns)
        if packet is None:
            self.note_packet(*skipped(fields))
        return packet

    def _judge_end(self, capture: PipedCapture) -> None:
        if capture.parser.broken:
            detail = f"{capture.parser.broken} lines of tshark's output could not be read"
            self.note("tshark-output", "tshark", detail, incomplete=True)
        if capture.status == 0 and not self._unread:
            return
        self.damaged = True
        words = capture.last_words
        where = f"packet {self.records + 1}"
        if "cut short" in words:
            detail = "the input breaks off inside a record; that record is lost"
            self.note("cut-record", where, detail, incomplete=True)
            return
        ended = f"exit status {capture.status}"
        if capture.status is not None and capture.status < 0:
            ended = f"signal {-capture.status}"
        printable = "".join(c if c.isprintable() else "?" for c in words[:200])
        detail = f"tshark ended with {ended}; what follows is lost. Its last line: {printable!r}"
        self.note("tshark-failed", where, detail, incomplete=True)
