"""Shell commands that print an input's capture, where a reader cannot open it as a file.

A command names a member by the bytes that the archive's maker chose. It is given only where the
archive's tool takes that name literally, and where the name can mean nothing else in the archive:
tar prints every member of a name, and all that lies below it, one behind the other. unzip goes by
the directory alone: where that is missing or damaged, or another one could be meant, there is none.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.inputs.sniff import Format

MAX_NAMES = 65_536
"""Members whose names are compared; in a larger archive no command is given."""

_MAX_PARENTS = 64
_PATTERN = frozenset("*?[]\\")
DECOMPRESS = {
    "gzip": "gzip -dc",
    "zstd": "zstd -dc",
    "xz": "xz -dc",
    "bzip2": "bzip2 -dc",
    "lz4": "lz4 -dc",
}
_UNZIPS = (0, 8)


def piped(
    path: str,
    compression: str | None,
    extract: str | None,
    steps: Sequence[str],
    *,
    member: bool,
) -> str | None:
    """A command that reads an input's content again, decompressed, and hands it through others.

    Args:
        path: The input's path.
        compression: Of `DECOMPRESS`, None for plain bytes.
        extract: Command that prints the input's content, where it is no plain file.
        steps: The other commands, at least one; each reads standard input.
        member: The input is a member of an archive: without `extract` nothing prints it.

    Returns:
        None when the input cannot be read again, or its name cannot be written in a command.
    """
    if extract is not None:
        return " | ".join([extract, *steps])
    if member or path == "-" or "://" in path or not path.isprintable():
        return None
    if compression:
        undo = DECOMPRESS.get(compression)
        if undo is None:
            return None
        steps = [undo, *steps]
    # A redirection needs no care for names that begin with a hyphen.
    return " | ".join([f"{steps[0]} < {shlex.quote(path)}", *steps[1:]])


def as_utf8(encoding: str) -> str:
    """The command that turns text of another encoding (``utf-16``, ``utf-16-le``, ``utf-16-be``)
    into UTF-8, line for line."""
    name = encoding.upper().replace("16-", "16")
    return f"iconv -c -f {name} -t UTF-8"  # -c: leaves out damage


class Commands:
    """Commands for the members of one archive."""

    def __init__(self, source: str | None, form: Format) -> None:
        """Starts with no member seen.

        Args:
            source: The archive, None when it is no file that can be read again.
            form: What it is.
        """
        self._source, self._form = source, form
        self._methods: dict[int, int] = {}
        self._ambiguous: set[int] = set()
        self._parents: set[int] = set()
        self._count = 0
        self._last = b""

    def seen(self, name: bytes, method: int = 0) -> None:
        """Notes a member, whatever it is."""
        self._count += 1
        self._last = name
        if self._source is None or self._count > MAX_NAMES:
            return
        key = hash(name)
        if key in self._methods:
            self._ambiguous.add(key)
        self._methods[key] = method
        if name.count(b"/") > _MAX_PARENTS or len(self._parents) > MAX_NAMES:
            self._count = MAX_NAMES + 1
            return
        at = -1
        while (at := name.find(b"/", at + 1)) >= 0:
            self._parents.add(hash(name[:at]))

    def doubt(self, name: bytes) -> None:
        """No command for this member: the archive's tool takes another name or size for it."""
        self._ambiguous.add(hash(name))

    def broken_off(self) -> None:
        """The archive breaks off: its tool may print less of the last member than was read here.

        Nor do all decompressors print every byte that precedes damage.
        """
        self.doubt(self._last)
        if self._form.compression not in (None, "gzip", "xz"):
            self.withdraw()

    def withdraw(self) -> None:
        """No commands: the archive's tool does not find the members as they were found here."""
        self._source = None

    def of(self, name: bytes | None) -> str | None:
        """The command that prints the member as it is stored, None when there is no safe one."""
        if name is None or self._source is None or self._count > MAX_NAMES:
            return None
        key = hash(name)
        if key in self._ambiguous or key in self._parents or not _literal(name):
            return None
        try:
            archive, member = self._source.encode().decode(), name.decode()
        except UnicodeError:
            return None
        if not archive.isprintable():
            return None
        if self._form.container == "zip":
            plain = not _PATTERN.intersection(archive) and member.isascii()
            if self._methods.get(key) not in _UNZIPS or not plain or self._form.compression:
                return None
            return f"unzip -p {shlex.quote(_no_option(archive))} {shlex.quote(member)}"
        undo = DECOMPRESS.get(self._form.compression or "")
        if undo is None:
            return f"tar -xOif - {shlex.quote(member)} < {shlex.quote(archive)}"
        return f"{undo} < {shlex.quote(archive)} | tar -xOif - {shlex.quote(member)}"


def decompressed(command: str, form: Format) -> str:
    """The command, its output decompressed."""
    undo = DECOMPRESS.get(form.compression or "")
    return command if undo is None else f"{command} | {undo}"


def decompressed_file(source: str, form: Format) -> str | None:
    """A command for a file that tshark cannot decompress itself; None when it can."""
    if form.compression not in ("xz", "bzip2"):
        return None
    try:
        shown = os.fsencode(source).decode()
    except UnicodeError:
        return None
    undo = DECOMPRESS[form.compression]
    return f"{undo} < {shlex.quote(shown)}" if shown.isprintable() else None


def _literal(name: bytes) -> bool:
    """A relative name without pattern characters, options or steps upwards."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return False
    return (
        text.strip("/") == text != ""
        and text.isprintable()
        and not text.startswith("-")
        and not _PATTERN.intersection(text)
        and ".." not in text.split("/")
    )


def _no_option(path: str) -> str:
    return f"./{path}" if path.startswith("-") else path
