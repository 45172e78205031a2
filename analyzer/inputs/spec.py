"""One input before it is read: where it is, what it is, when it begins.

A file that was asked for by name and cannot be read is still an input: its Spec has no format and
says why in ``problem``, so that it appears in the report beside the others.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from analyzer.inputs.first_time import first_time
from analyzer.inputs.sniff import (
    EXPECTED,
    FIRST_BYTES,
    HEAD_BYTES,
    Format,
    Stranger,
    needed,
    plain_head,
    recognise,
    sniff,
)
from analyzer.issues import Issue

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Spec:
    """An input that was found.

    Attributes:
        path: For people: as given or found, bytes that are not UTF-8 written as ``\\xNN``.
        source: What the operating system opens; None for standard input.
        format: What its first bytes say, or None when it cannot be read.
        size: Stored bytes, or None when the end is not known beforehand (standard input).
        first_ns: Time of the first packet, None when there is none in the first MiB.
        identity: (device, inode) of a file, to notice the same file under two names.
        head: Bytes of standard input that were read to find this out; handed back on reading.
        problem: Why it cannot be read.
        stranger: What it is when its format is none that can be read.
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


class NotARegularFileError(OSError):
    """A directory, pipe, device or socket where a file was expected."""


def printable(path: str) -> str:
    """A path as text that any output can hold, whatever bytes the file system allows."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def open_regular(source: str) -> tuple[int, os.stat_result]:
    """Opens a regular file; a pipe or device is refused without opening it, so nothing hangs.

    Raises:
        NotARegularFileError: It is something else.
        OSError: It cannot be opened.
    """
    _refuse_irregular(os.stat(source))  # noqa: PTH116 - undecodable names pass as they are
    fd = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        info = os.fstat(fd)
        _refuse_irregular(info)
    except BaseException:
        os.close(fd)
        raise
    return fd, info


def _refuse_irregular(info: os.stat_result) -> None:
    kinds = (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a named pipe; pipe it in instead: acrtrace analyze - < PIPE"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    for test, kind in kinds:
        if test(info.st_mode):
            raise NotARegularFileError(0, f"is {kind}")


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


def probe_file(source: str) -> Spec:
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
        head = read_start(fd)
        found = sniff(head)
        first_ns = _first_ns(head, found)
        if found is not None and first_ns is None and len(head) < HEAD_BYTES:
            head += read_head(fd, HEAD_BYTES - len(head))
            first_ns = _first_ns(head, found)
    except OSError as error:
        return Spec(path, source, size=info.st_size, identity=identity, problem=os_problem(error))
    finally:
        os.close(fd)
    if found is None:
        stranger = recognise(head)
        return Spec(
            path,
            source,
            size=info.st_size,
            identity=identity,
            problem=stranger_problem(stranger),
            stranger=stranger,
        )
    return Spec(path, source, found, info.st_size, first_ns, identity)


def probe_stdin(fd: int = 0) -> Spec:
    """Reads the head of standard input, to be handed back when the input is read."""
    try:
        info = os.fstat(fd)
        if os.isatty(fd):
            detail = "expected a capture on standard input, but it is a terminal; pipe one in"
            return Spec(STDIN, None, problem=_problem("not-a-file", detail))
        head = read_start(fd)
        head += read_head(fd, HEAD_BYTES - len(head)) if len(head) >= FIRST_BYTES else b""
    except OSError as error:
        return Spec(STDIN, None, problem=os_problem(error))
    identity = (info.st_dev, info.st_ino) if stat.S_ISREG(info.st_mode) else None
    found = sniff(head)
    if found is None:
        stranger = recognise(head)
        problem = stranger_problem(stranger)
        return Spec(STDIN, None, identity=identity, problem=problem, stranger=stranger)
    return Spec(STDIN, None, found, None, _first_ns(head, found), identity, head)


def stranger_problem(stranger: Stranger) -> Issue:
    """The line for a named input that is no capture."""
    code = "empty-file" if stranger.kind == "an empty file" else "not-a-capture"
    hint = f"; {stranger.hint}" if stranger.hint else ""
    return _problem(code, f"{EXPECTED}; found {stranger}; nothing analysed{hint}")


def read_start(fd: int) -> bytes:
    """As much of an input as it takes to tell what it is."""
    head = read_head(fd, FIRST_BYTES)
    return head + read_head(fd, needed(head) - len(head))


def read_head(fd: int, limit: int) -> bytes:
    """Up to ``limit`` bytes; fewer only at the end of the input."""
    pieces = bytearray()
    while len(pieces) < limit:
        piece = os.read(fd, limit - len(pieces))
        if not piece:
            break
        pieces += piece
    return bytes(pieces)


def _first_ns(head: bytes, found: Format | None) -> int | None:
    if found is None:
        return None
    return first_time(plain_head(head)[0], found)
