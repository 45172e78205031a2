"""The command that prints one line of a log, as the log's file holds it.

Nothing from the log enters the command: only the line's number and the quoted name of the file.
`sed` reads bytes (`LC_ALL=C`) and stops behind the line, so a log of any size will do, and any
encoding in which a line ends with the byte 10 (of UTF-16 half a character is left over).
"""

from __future__ import annotations

import shlex

from analyzer.inputs.commands import DECOMPRESS

STDIN = "-"


def reprint(
    *, path: str, line: int, form: str | None, extract: str | None = None, member: bool = False
) -> str | None:
    """A shell command that prints exactly this line.

    Args:
        path: The input's path.
        line: Number of the line in the decompressed log, from 1.
        form: Format of the input, ``+gzip`` and the like when compressed.
        extract: Command that prints the input's content, where it is no plain file.
        member: The input is a member of an archive: without `extract` nothing prints it.

    Returns:
        None when the input cannot be read again, or its name cannot be written in a command.
    """
    pick = f"LC_ALL=C sed -n '{int(line)}{{p;q;}}'"
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
