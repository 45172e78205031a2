"""The command that prints lines of a log, as the log's file holds them.

Nothing from the log enters the command: only the lines' numbers and the quoted name of the file.
`sed` reads bytes (`LC_ALL=C`) and stops behind the last of them, so a log of any size will do, and
any encoding in which a line ends with the byte 10. `extract` turns what is UTF-16 into UTF-8, and a
document of JSON into its records, a line each: of such a log the numbers count records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.inputs.commands import piped

if TYPE_CHECKING:
    from collections.abc import Collection


def reprint(
    *,
    path: str,
    lines: Collection[int],
    form: str | None,
    unit: str = "line",
    extract: str | None = None,
    member: bool = False,
) -> str | None:
    """A shell command that prints exactly these lines, in the log's order.

    Args:
        path: The input's path.
        lines: Numbers of the lines in the decompressed log, from 1; at least one.
        form: Format of the input, ``+gzip`` and the like when compressed.
        unit: What the numbers count: ``record`` for those of a JSON document, which are lines of
            what `extract` prints.
        extract: Command that prints the input's content, where it is no plain file.
        member: The input is a member of an archive: without `extract` nothing prints it.

    Returns:
        None when the input cannot be read again, or its name cannot be written in a command.
    """
    if unit == "record" and extract is None:
        return None
    *before, last = sorted({int(line) for line in lines})
    pick = f"LC_ALL=C sed -n '{''.join(f'{line}p;' for line in before)}{last}{{p;q;}}'"
    compression = (form or "").partition("+")[2]
    return piped(path, compression or None, extract, [pick], member=member)
