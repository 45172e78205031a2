"""One input before it is read: where it is, what it is, when it begins.

A file that was asked for by name and cannot be read is still an input: its Spec has no format and
says why in ``problem``, so that it appears in the report beside the others.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from analyzer.inputs.commands import decompressed_file
from analyzer.inputs.first_time import first_time
from analyzer.inputs.regular import NotARegularFileError, open_regular
from analyzer.inputs.sniff import (
    ARCHIVES,
    EMPTY,
    EXPECTED,
    FIRST_BYTES,
    HEAD_BYTES,
    Format,
    Stranger,
    archive_of,
    needed,
    plain_head,
    recognise,
    sniff,
)
from analyzer.inputs.store import Descriptor, read_up_to
from analyzer.issues import Issue

if TYPE_CHECKING:
    from analyzer.inputs.store import Part, Source

Texts = Callable[[bytes], "Format | Stranger | None"]
"""Tells a log by the first (decompressed) bytes of a text: what it is, a Stranger that says why it
is not clear, None when it is no log. It is handed in: the room of logs stands above this one."""

STDIN = "-"
MAX_NAME_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Spec:
    """An input that was found.

    Attributes:
        path: For people: as given or found, bytes that are not UTF-8 written as ``\\xNN``.
        source: What the operating system opens; None for standard input and with a ``part``.
        format: What its first bytes say, or None when it cannot be read.
        size: Stored bytes, or None when the end is not known beforehand (standard input).
        first_ns: Time of the first packet, None when there is none in the first MiB.
        identity: (device, inode) of a file, to notice the same file under two names.
        head: Bytes of standard input that were read to find this out; handed back on reading.
        problem: Why it cannot be read.
        stranger: What it is when its format is none that can be read.
        part: How it is opened when it is no file of its own.
        archive: Path of the archive that it is a member of.
        member: Its name there, as stored; None when it lies in an archive inside of that.
        extract: Shell command that prints its capture, where it is needed and there is one.
    """

    path: str
    source: str | None
    format: Format | None = None
    size: int | None = None
    first_ns: int | None = None
    identity: tuple[int, int] | None = None
    head: bytes = b""
    problem: Issue | None = None
    stranger: Stranger | None = None
    part: Part | None = field(default=None, compare=False)
    archive: str | None = None
    member: bytes | None = None
    extract: str | None = None

    @property
    def is_log(self) -> bool:
        """Text, to be read line by line."""
        return self.format is not None and self.format.log is not None

    @property
    def is_archive(self) -> bool:
        """A tar or zip, to be taken apart before it is read."""
        return self.format is not None and self.format.container in ARCHIVES


def printable(path: str) -> str:
    """A path as text that any output can hold, whatever bytes the file system allows."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def printable_name(name: bytes) -> str:
    """A name that an archive states, on one line: what does not print is escaped, length cut."""
    text = name[:MAX_NAME_BYTES].decode("utf-8", "backslashreplace")
    shown = "".join(
        ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in text
    )
    return shown + ("..." if len(name) > MAX_NAME_BYTES else "")


def os_problem(error: OSError, where: str = "offset 0") -> Issue:
    """What a failed system call means for this input."""
    if isinstance(error, NotARegularFileError):
        return _problem("not-a-file", f"expected a file, but it {error.strerror}", where)
    if isinstance(error, FileNotFoundError):
        return _problem("missing", "expected a file, but it does not exist; nothing read", where)
    reason = error.strerror or type(error).__name__
    return _problem("unreadable", f"expected a readable file: {reason}; nothing read", where)


def _problem(code: str, detail: str, where: str = "offset 0") -> Issue:
    return Issue(code, None, where, detail, incomplete=True)


def probe_file(source: str, texts: Texts | None = None) -> Spec:
    """Looks at one file; never raises, what goes wrong is in ``problem``."""
    path = printable(source)
    try:
        fd, info = open_regular(source)
    except (OSError, ValueError) as error:
        # ValueError: a NUL character inside the path.
        failure = error if isinstance(error, OSError) else OSError(0, str(error))
        return Spec(path, source, problem=os_problem(failure))
    identity = (info.st_dev, info.st_ino)
    try:
        head, found, first_ns = look(Descriptor(fd, owned=False))
    except OSError as error:
        return Spec(path, source, size=info.st_size, identity=identity, problem=os_problem(error))
    finally:
        os.close(fd)
    found, stranger = told(head, found, texts)
    if found is None:
        return Spec(
            path,
            source,
            size=info.st_size,
            identity=identity,
            problem=stranger_problem(stranger),
            stranger=stranger,
        )
    extract = decompressed_file(source, found)
    return Spec(path, source, found, info.st_size, first_ns, identity, extract=extract)


def probe_stdin(fd: int = 0, texts: Texts | None = None) -> Spec:
    """Reads the head of standard input, to be handed back when the input is read."""
    try:
        info = os.fstat(fd)
        if os.isatty(fd):
            detail = "expected a capture on standard input, but it is a terminal; pipe one in"
            return Spec(STDIN, None, problem=_problem("not-a-file", detail))
        readinto = Descriptor(fd, owned=False).readinto
        head = read_start(readinto)
        head += read_up_to(readinto, HEAD_BYTES - len(head)) if len(head) >= FIRST_BYTES else b""
    except OSError as error:
        return Spec(STDIN, None, problem=os_problem(error))
    identity = (info.st_dev, info.st_ino) if stat.S_ISREG(info.st_mode) else None
    found, stranger = told(head, sniff(head), texts)
    if found is None:
        problem = stranger_problem(stranger)
        return Spec(STDIN, None, identity=identity, problem=problem, stranger=stranger)
    return Spec(STDIN, None, found, None, _first_ns(head, found), identity, head)


def told(head: bytes, found: Format | None, texts: Texts | None) -> tuple[Format | None, Stranger]:
    """What an input is: a capture (`found`), an archive, a log, or none of these: a Stranger."""
    nobody = Stranger("")
    if found is not None:
        return found, nobody
    archive = archive_of(head)
    if archive is not None:
        return archive, nobody
    if texts is not None:
        inner, compression = plain_head(head)
        log = texts(inner)
        if isinstance(log, Format):
            return replace(log, compression=compression), nobody
        if log is not None:
            return None, log
    return None, recognise(head)


def stranger_problem(stranger: Stranger) -> Issue:
    """The line for a named input that is no capture."""
    code = "empty-file" if stranger.kind == EMPTY else "not-a-capture"
    hint = f"; {stranger.hint}" if stranger.hint else ""
    return _problem(code, f"{EXPECTED}; found {stranger}; nothing analysed{hint}")


def look(source: Source) -> tuple[bytes, Format | None, int | None]:
    """The head of an input, its format when it is a capture, and the time of its first packet.

    Raises:
        OSError: It cannot be read.
    """
    head = read_start(source.readinto)
    found = sniff(head)
    first_ns = _first_ns(head, found)
    if found is not None and first_ns is None and len(head) < HEAD_BYTES:
        head += read_up_to(source.readinto, HEAD_BYTES - len(head))
        first_ns = _first_ns(head, found)
    return head, found, first_ns


def read_start(readinto: Callable[[memoryview], int]) -> bytes:
    """As much of an input as it takes to tell what it is."""
    head = read_up_to(readinto, FIRST_BYTES)
    return head + read_up_to(readinto, max(needed(head) - len(head), 0))


def _first_ns(head: bytes, found: Format | None) -> int | None:
    if found is None or found.container in ARCHIVES or found.log is not None:
        return None
    return first_time(plain_head(head)[0], found)
