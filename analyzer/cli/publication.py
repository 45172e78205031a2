"""The report and the case of one run get their names together, when both are whole."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from analyzer.cli.interruption import held
from analyzer.issues import UsageError
from analyzer.report.write import is_stream, pending_report, print_report, refuse_existing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analyzer.config import Settings


@contextmanager
def staged_case(settings: Settings) -> Iterator[Settings]:
    """Settings whose case is built beside its place, under a name that is gone at the end."""
    if settings.case_path is None:
        yield settings
        return
    # Unguessable: the folder may be one that others can write to.
    staged = settings.case_path.with_name(f".acrtrace-{os.urandom(8).hex()}.tmp")
    try:
        yield replace(settings, case_path=staged)
    finally:
        staged.unlink(missing_ok=True)


def publish(text: str, report: Path | None, staged: Path | None, settings: Settings) -> None:
    """Gives the report and the case their names; an interrupt comes before both or after both.

    A report that goes to a pipe may wait for its reader for ever: there the case comes first.

    Args:
        text: The report.
        report: Where it goes, None for standard output.
        staged: The case as `staged_case` named it, None without one.
        settings: What the run was asked for: the place of the case, and ``--force``.

    Raises:
        UsageError: A file has that name, or it cannot be written.
        BrokenPipeError: Whoever read standard output has gone.
    """
    if report is None or is_stream(report):
        with held() as written:
            _publish_case(staged, settings, written)
        if report is None:
            print_report(text)
        else:
            with pending_report(text, report):
                pass
        return
    with pending_report(text, report, settings.force) as name_report, held() as written:
        _publish_case(staged, settings, written)
        try:
            name_report()
        except (OSError, UsageError) as error:
            kept = f"; the case was written: {', '.join(written)}" if written else ""
            raise UsageError(f"{error}{kept}") from error
        written.insert(0, str(report))


def _publish_case(staged: Path | None, settings: Settings, written: list[str]) -> None:
    place = settings.case_path
    if staged is None or place is None:
        return
    refuse_existing(place, settings.force)
    try:
        staged.replace(place)
    except OSError as error:
        raise UsageError(f"{place}: cannot be written: {error.strerror or error}") from error
    written.append(str(place))
