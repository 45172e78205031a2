"""What can be known to fail before an analysis of an hour begins: where its results are to go."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.inputs.sniff import archive_of, plain_head, recognise, sniff
from analyzer.issues import UsageError
from analyzer.report.write import is_stream, refuse_existing
from analyzer.report.write_folder import refuse_folder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""What a `Path` makes of a URL: one slash is left behind its scheme."""

_DUCKDB_MAGIC = b"DUCK"
"""At offset 8 of a DuckDB file."""


def check_report(
    path: Path, force: bool, evidence: Iterable[str | Path], forced_by: str = "--force"
) -> None:
    """Refuses a report path that cannot or must not be written.

    Args:
        path: Where the report is to go.
        force: An existing report may be replaced.
        evidence: Inputs, inventories and configuration: never overwritten, forced or not.
        forced_by: What errors call `force`.

    Raises:
        UsageError: With the reason.
    """
    if is_url(path):
        raise UsageError(f"{path}: is a URL; a report is written to a file, or to - for a pipe")
    refuse_existing(path, force, forced_by)
    if is_stream(path):
        return
    refuse_inputs(path, evidence)
    head = head_of(path, forced_by)
    # A stranger with a hint is a capture or an archive in a form that has to be converted first.
    # No output of ours is compressed, and what is inside may take more than a head to tell.
    holds = sniff(head) or archive_of(head) or plain_head(head)[1] or recognise(head).hint
    if holds:
        raise UsageError(f"{path}: holds a capture, which is not overwritten even with {forced_by}")
    refuse_unwritable(path, may_create_folder=True)


def check_folder(
    path: Path, names: Collection[str], force: bool, evidence: Iterable[str | Path]
) -> None:
    """Refuses a folder of tables that cannot or must not be written.

    Args:
        path: The folder.
        names: Names of the files of the tables.
        force: A folder of such tables may be replaced.
        evidence: Files that stay, ``--force`` or not.

    Raises:
        UsageError: With the reason.
    """
    if is_url(path):
        raise UsageError(f"{path}: is a URL; tables are written to a folder")
    refuse_folder(path, names, force)
    for item in evidence:
        if item != "-" and _same(path, Path(item).parent) and path.exists():
            raise UsageError(f"{path}: holds {Path(item).name}, an input of this run")
    refuse_unwritable(path, may_create_folder=True)


def check_case(
    path: Path, force: bool, report: Path | None, evidence: Iterable[str | Path]
) -> None:
    """Refuses a case path that cannot or must not be written.

    Raises:
        UsageError: With the reason.
    """
    if path.is_dir():
        raise UsageError(f"{path}: is a directory, not a file to keep the case in")
    if report is not None and _same(path, report):
        raise UsageError(f"{path}: is given for the report and for the case")
    refuse_inputs(path, evidence)
    if path.exists():
        if not force:
            raise UsageError(f"{path}: exists already; --force replaces it")
        if not path.is_file():
            raise UsageError(f"{path}: is no regular file, so it is not replaced even with --force")
        head = head_of(path)
        if head and head[8:12] != _DUCKDB_MAGIC:
            raise UsageError(f"{path}: is no DuckDB file, so it is not replaced even with --force")
    refuse_unwritable(path, may_create_folder=False)


def is_url(path: Path) -> bool:
    """True for what was a URL before it became a path."""
    return _SCHEME.match(str(path)) is not None


def refuse_inputs(path: Path, evidence: Iterable[str | Path]) -> None:
    """Refuses a file that the run reads, under any name.

    Raises:
        UsageError: It is one.
    """
    for item in evidence:
        if item != "-" and _same(path, Path(item)):
            raise UsageError(f"{path}: is an input of this run and is not overwritten")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        # At least one does not exist yet: then the names decide.
        return os.path.abspath(one) == os.path.abspath(other)  # noqa: PTH100 - links stay


def head_of(path: Path, forced_by: str = "--force") -> bytes:
    """First bytes of a file; nothing where there is none.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(512)
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError as error:
        raise UsageError(
            f"{path}: is not overwritten even with {forced_by}: it cannot be read "
            f"({error.strerror}), so it may hold evidence"
        ) from error


def refuse_unwritable(path: Path, *, may_create_folder: bool) -> None:
    """Refuses a path whose folder cannot take it.

    Raises:
        UsageError: With the reason.
    """
    folder = path.parent
    while may_create_folder and not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise UsageError(f"{path}: {folder} is no directory")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{path}: {folder} cannot be written to")
