"""Where a report goes, and how it gets there whole or not at all."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.issues import UsageError
from analyzer.report.formats import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

FOLDER = Path("reports")
_CAPTURE_SUFFIXES = (
    *(".gz", ".zst", ".xz", ".bz2", ".lz4", ".tar", ".tgz", ".zip"),
    *(".pcap", ".pcapng", ".cap", ".dump"),
)
_MAX_NAME_BYTES = 200  # file systems allow 255; the temporary file needs some


def default_path(inputs: Sequence[str], fmt: str, folder: Path = FOLDER) -> Path:
    """``reports/<name of the first input>.<format>``, capture suffixes left out.

    A directory gives its own name, standard input gives ``stdin``.

    Raises:
        UsageError: There is no such format.
    """
    first = inputs[0] if inputs else "-"
    if first == "-":
        name = "stdin"
    elif "://" in first:
        # What follows ? or # may be a signature, what precedes an @ a password.
        name = re.split(r"[?#]", first, maxsplit=1)[0].rstrip("/").rpartition("/")[2]
        name = re.sub(r"[^\w.-]+", "-", name.rpartition("@")[2]).strip("-.") or "url"
        name = _without_suffixes(name)
    else:
        # resolve() gives "." and ".." a name; only the root directory has none.
        name = (
            Path(first).name if Path(first).name not in ("", "..") else Path(first).resolve().name
        )
        name = _without_suffixes(name)
    name = os.fsdecode(os.fsencode(name)[:_MAX_NAME_BYTES]) or "report"
    return folder / f"{name}{find(fmt).suffix}"


def _without_suffixes(name: str) -> str:
    for suffix in _CAPTURE_SUFFIXES:
        name = name.removesuffix(suffix) or name
    return name


def is_stream(path: Path) -> bool:
    """True for what is written to and never replaced: devices, pipes, ``/dev/stdout``.

    Standard output may be a file of any name: to write to it is not to replace it.
    """
    return (
        path.is_char_device()
        or path.is_fifo()
        or str(path) in ("/dev/stdout", "/dev/stderr")
        or path.parent == Path("/dev/fd")
    )


def refuse_existing(path: Path, force: bool, forced_by: str = "--force") -> None:
    """Fails before the analysis rather than after it.

    Args:
        path: Where the report is to go.
        force: An existing one may be replaced.
        forced_by: What the error calls that: a flag, a parameter.

    Raises:
        UsageError: The path cannot take a report.
    """
    try:
        if is_stream(path):
            return
        folder, taken = path.is_dir(), path.is_file() or path.is_symlink()
    except OSError as error:  # a name too long, a folder that may not be looked into
        raise _unwritable(path, error) from error
    if folder:
        raise UsageError(f"{path}: is a directory, not a file to write a report to")
    if taken and not force:
        raise UsageError(f"{path}: exists already; {forced_by} replaces it, another name keeps it")


def write_report(text: str, path: Path, force: bool = False, forced_by: str = "--force") -> None:
    """Writes the text as UTF-8, creating the folder, so that nobody ever sees half a report.

    Devices and pipes (``/dev/stdout``) are written to directly.

    Raises:
        UsageError: The file exists and `force` is not set, or it cannot be written.
    """
    with pending_report(text, path, force, forced_by) as publish:
        publish()


@contextmanager
def pending_report(
    text: str, path: Path, force: bool = False, forced_by: str = "--force"
) -> Iterator[Callable[[], None]]:
    """As `write_report`, in two steps: all bytes are on the disk when the block begins, and what it
    is given gives them their name. A block that never calls it leaves nothing.

    Raises:
        UsageError: As `write_report`.
    """
    data = text.encode("utf-8", "backslashreplace")
    refuse_existing(path, force, forced_by)
    try:
        if is_stream(path):
            path.write_bytes(data)
            yield lambda: None
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(path) as temporary:
            with temporary.open("xb") as stream:
                stream.write(data)
                _flush(stream)
            yield lambda: _name(temporary, path, force, forced_by)
    except OSError as error:
        raise _unwritable(path, error) from error


def print_report(text: str) -> None:
    """Writes the text as UTF-8 to standard output.

    Raises:
        UsageError: It cannot be written.
        BrokenPipeError: Whoever read it has gone.
    """
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(Path("standard output"), error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be written: {error.strerror or error}")


@contextmanager
def whole_file(path: Path, force: bool = False) -> Iterator[BinaryIO]:
    """A file that gets its name when the block ends well, and is gone when it does not.

    Raises:
        UsageError: The file exists and `force` is not set, or it cannot be written.
    """
    refuse_existing(path, force)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary(path) as temporary:
            with temporary.open("xb") as stream:
                yield stream
                _flush(stream)
            _name(temporary, path, force)
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """A name beside the target; what has it at the end is removed."""
    # Unguessable, and opened with "x": the folder may be one that others can write to.
    temporary = path.with_name(f".acrtrace-{os.urandom(8).hex()}.tmp")
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _flush(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _name(temporary: Path, path: Path, force: bool, forced_by: str = "--force") -> None:
    """Gives a whole file its name."""
    if force or not _linked(temporary, path, forced_by):
        temporary.replace(path)


def _linked(temporary: Path, path: Path, forced_by: str) -> bool:
    """Gives the file its name only if that is free, which a rename cannot; False where the file
    system has no links.

    Raises:
        UsageError: Another process took the name meanwhile.
    """
    try:
        os.link(temporary, path)
    except FileExistsError as error:
        raise UsageError(f"{path}: exists already; {forced_by} replaces it") from error
    except OSError:
        refuse_existing(path, force=False, forced_by=forced_by)
        return False
    return True
