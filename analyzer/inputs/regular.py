"""Opening regular files, and nothing else: opening a pipe or a device can hang for ever."""

from __future__ import annotations

import os
import stat


class NotARegularFileError(OSError):
    """A directory, pipe, device or socket where a file was expected."""


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
