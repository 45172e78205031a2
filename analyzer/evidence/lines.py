"""The command that prints lines of a log, as the log's file holds them.

Nothing from the log enters the command: only the lines' numbers and the quoted name of the file.
`sed` reads bytes (`LC_ALL=C`) and stops behind the last of them, so a log of any size will do, and
any encoding in which a line ends with the byte 10; what is UTF-16 was turned into UTF-8 before
(`extract`).
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from analyzer.inputs.commands import DECOMPRESS

if TYPE_CHECKING:
    from collections.abc import Collection

STDIN = "-"


def reprint(
    *,
    path: str,
    lines: Collection[int],
    form: str | None,
    extract: str | None = None,
    member: bool = False,
) -> str | None:
    """A shell command that prints exactly these lines, in the log's order.

    Args:
        path: The input's path.
        lines: Numbers of the lines in the decompressed log, from 1; at least one.
        form: Format of the input, ``+gzip`` and the like when compressed.
        extract: Command that prints the input's content, where it is no plain file.
        member: The input is a member of an archive: without `extract` nothing prints it.

    Returns:
        None when the input cannot be read again, or its name cannot be written in a command.
    """
    *before, last = sorted({int(line) for line in lines})
    pick = f"LC_ALL=C sed -n '{''.join(f'{line}p;' for line in before)}{last}{{p;q;}}'"
    if extract is not None:
        return f"{extract} | {pick}"
    if member or path == STDIN or "://" in path or not path.isprintable():
        return None
    compression = (form or "").partition("+")[2]
    # A redirection needs no care for names that begin with a hyphen.
    if compression:
        undo = DECOMPRESS.get(compression)
        return None if undo is None else f"{undo} < {shlex.quote(path)} | {pick}"
    return f"{pick} < {shlex.quote(path)}"
