"""A folder of tables, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


def refuse_folder(path: Path, names: Collection[str], force: bool) -> None:
    """Fails before the work rather than after it.

    A folder that holds anything but files of these names is never replaced: with ``--force`` and a
    mistyped name, it would be somebody's home, or the logs that were analysed.

    Args:
        path: The folder to write.
        names: Names of the files that are written into it.
        force: A folder of such files may be replaced.

    Raises:
        UsageError: The path cannot take a folder of tables.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise UsageError(f"{path}: is no folder; the tables need one")
        if not path.exists():
            return
        held = sorted(path.iterdir())
        strange = [each for each in held if not _ours(each, names)]
    except OSError as error:  # a name too long, a folder that may not be looked into
        raise _unwritable(path, error) from error
    if strange:
        raise UsageError(
            f"{path}: holds {strange[0].name}, which is none of the tables; such a "
            "folder is not replaced even with --force"
        )
    if held and not force:
        raise UsageError(f"{path}: exists already; --force replaces it, -o DIR names another")


@contextmanager
def whole_folder(path: Path, names: Collection[str], force: bool = False) -> Iterator[Path]:
    """An empty folder that gets its name when the block ends well, and is gone when it does not.

    Raises:
        UsageError: See `refuse_folder`; or it cannot be written.
    """
    refuse_folder(path, names, force)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # An unguessable name: the folder may be in one that others can write to.
        temporary = path.with_name(f".acrtrace-{os.urandom(8).hex()}.tmp")
        temporary.mkdir()
        try:
            yield temporary
            for each in temporary.iterdir():
                _flush(each)
            refuse_folder(path, names, force)
            _exchange(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _exchange(temporary: Path, path: Path) -> None:
    """Gives the folder its name; one that has it goes only when the new one is in its place."""
    if not path.exists():
        temporary.rename(path)
        return
    old = temporary.with_suffix(".old")
    path.rename(old)
    try:
        temporary.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old)


def _ours(entry: Path, names: Collection[str]) -> bool:
    return entry.name in names and entry.is_file() and not entry.is_symlink()


def _flush(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path}: cannot be written: {error.strerror or error}")
