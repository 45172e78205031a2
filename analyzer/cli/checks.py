"""What an analysis needs of a machine, one check each, for ``acrtrace doctor``."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.variables import PREFIX, known_variables, unknown_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    State = Literal["ok", "note", "warning", "failure"]

GIB = 1 << 30
CATALOGUE_DAYS = 180
"""Providers add regions and services several times a year."""

_ENGINE_EXTRAS = (
    ("scapy", "--engine scapy needs it"),
    ("pyshark", "--engine tshark and inspect need it"),
    ("pandas", "the Python interface's tables need it"),
    ("adlfs", "URLs of Azure Storage (abfs://) need it"),
    ("s3fs", "URLs of S3 (s3://) need it"),
)
_DISTRIBUTION = "acrtrace"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        state: ok; note (absent, and rarely needed); warning (works, worse than it could); failure
            (an analysis would fail).
        found: What was found, and for anything but ok what to do about it.
    """

    name: str
    state: State
    found: str


def checks(config: Path | None = None) -> list[Check]:
    """All of them, in the order in which a reader needs them.

    Args:
        config: Configuration instead of the one that would be found.
    """
    looks: tuple[Callable[[], Iterable[Check]], ...] = (
        _python,
        _libraries,
        _kernels,
        _catalogue,
        partial(_configuration, config),
        _variables,
        _memory,
        _disk,
        _tshark,
        _extras,
    )
    return [check for look in looks for check in look()]


def _python() -> Iterable[Check]:
    text = ".".join(map(str, sys.version_info[:3]))
    enough = sys.version_info >= (3, 11)
    yield Check(
        "python", "ok" if enough else "failure", text if enough else f"{text}: 3.11 is needed"
    )


def _libraries() -> Iterable[Check]:
    try:
        required = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield Check("libraries", "note", "run from source: what is installed cannot be compared")
        return
    names = [re.split(r"[^A-Za-z0-9._-]", text)[0] for text in required if "extra ==" not in text]
    absent = [name for name in names if _version(name) is None]
    if absent:
        yield Check("libraries", "failure", f"not installed: {', '.join(absent)}")
    else:
        yield Check("libraries", "ok", ", ".join(f"{name} {_version(name)}" for name in names))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _kernels() -> Iterable[Check]:
    from analyzer.capture import cache

    place, warm, writable = cache.look()
    if warm:
        yield Check("kernels", "ok", f"compiled: {place}")
    elif writable:
        yield Check(
            "kernels",
            "note",
            f"not compiled yet: 'acrtrace warm' does it (about 20 seconds), else the first "
            f"analysis: {place}",
        )
    else:
        yield Check(
            "kernels",
            "warning",
            f"{place.parent} cannot be written: every run compiles anew (about 20 seconds); "
            "ACRTRACE_CACHE_DIR names another folder",
        )


def _catalogue() -> Iterable[Check]:
    from analyzer.endpoints.match import Catalogue

    version = Catalogue.load().version
    checked = datetime.fromisoformat(version.partition("+")[0]).replace(tzinfo=UTC)
    days = (datetime.now(UTC) - checked).days
    if days <= CATALOGUE_DAYS:
        yield Check("catalogue", "ok", f"{version}, checked {max(days, 0)} days ago")
    else:
        yield Check(
            "catalogue",
            "warning",
            f"{version}, checked {days} days ago: newer regions and services are unknown; install "
            "a newer acrtrace",
        )


def _configuration(config: Path | None = None) -> Iterable[Check]:
    """The options of analyze as file and environment set them, checked as analyze would."""
    import click

    from analyzer.api import check
    from analyzer.cli.analyze import analyze
    from analyzer.cli.options import CONFIG_NAME
    from analyzer.cli.settings import settings_of
    from analyzer.issues import AcrtraceError

    flags = [] if config is None else ["--config", str(config)]
    try:
        with analyze.make_context("analyze", [*flags, "--", "-"]) as ctx:
            settings = settings_of(ctx, ("-",))
        check(settings)
    except click.ClickException as error:
        yield Check("configuration", "failure", error.format_message())
    except AcrtraceError as error:
        yield Check("configuration", "failure", str(error))
    else:
        found = f"no {CONFIG_NAME} here: defaults and flags alone"
        if settings.config_file is not None:
            found = f"{settings.config_file}: read"
        yield Check("configuration", "ok", found)


def _variables() -> Iterable[Check]:
    for warning in unknown_variables():
        yield Check("environment", "warning", warning)
    read = ", ".join(known_variables())
    yield Check("environment", "ok", read or f"no {PREFIX} variable is set")


def _memory() -> Iterable[Check]:
    free = _available_memory()
    if free is None:
        yield Check("memory", "note", "this system does not say how much is free")
    elif free >= 2 * GIB:
        yield Check("memory", "ok", f"{free / GIB:.1f} GiB available")
    else:
        yield Check(
            "memory",
            "warning",
            f"{free / GIB:.1f} GiB available: large inputs take up to 2 GiB",
        )


def _available_memory() -> int | None:
    """Bytes that a new program can have (Linux); None elsewhere."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _disk() -> Iterable[Check]:
    for name, folder in (("disk", Path()), ("temporary files", Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        where = folder.absolute()
        if free >= GIB:
            yield Check(name, "ok", f"{free / GIB:.1f} GiB free in {where}")
        else:
            yield Check(name, "warning", f"{free / GIB:.2f} GiB free in {where}: reports, cases "
                        "and unpacked archives need more")  # fmt: skip


def _tshark() -> Iterable[Check]:
    program = shutil.which("tshark")
    if program is None:
        yield Check(
            "tshark", "note", "not found: --engine tshark, inspect and recount commands need it"
        )
        return
    try:
        done = subprocess.run(  # noqa: S603
            [program, "--version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
        yield Check("tshark", "warning", f"{program} does not run: {type(error).__name__}")
        return
    lines = done.stdout.splitlines()
    yield Check("tshark", "ok", f"{lines[0] if lines else 'no version'} ({program})")


def _extras() -> Iterable[Check]:
    for name, needed_by in _ENGINE_EXTRAS:
        found = _version(name)
        if found is None:
            yield Check(name, "note", f"not installed: {needed_by}")
        else:
            yield Check(name, "ok", found)
