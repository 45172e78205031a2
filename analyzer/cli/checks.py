"""What an analysis needs of a machine, one check each, for ``acrtrace doctor``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Literal

    State = Literal["ok", "note", "warning", "failure"]

GIB = 1 << 30
CATALOGUE_DAYS = 180
"""Providers add regions and services several times a year."""

_ENGINE_EXTRAS = (
    ("scapy", "--engine scapy"),
    ("pyshark", "--engine tshark and inspect"),
    ("pandas", "the Python interface's tables"),
    ("adlfs", "URLs of Azure Storage (abfs://)"),
    ("s3fs", "URLs of S3 (s3://)"),
)
_DISTRIBUTION = "acrtrace"
_OWN_VARIABLES = ("ACRTRACE_CACHE_DIR", "ACRTRACE_DEBUG")


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


def checks() -> list[Check]:
    """All of them, in the order in which a reader needs them."""
    looks: tuple[Callable[[], Iterable[Check]], ...] = (
        _python,
        _libraries,
        _kernels,
        _catalogue,
        _configuration,
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


def _configuration() -> Iterable[Check]:
    from analyzer.cli.main import cli
    from analyzer.cli.settings import CONFIG_NAME
    from analyzer.issues import AcrtraceError

    named = os.environ.get("ACRTRACE_CONFIG")
    if named is None and not Path(CONFIG_NAME).is_file():
        yield Check("configuration", "ok", f"no {CONFIG_NAME} here: defaults and flags alone")
        return
    import click

    from analyzer.cli.settings import settings_of
    from analyzer.endpoints.inventory import Inventory

    try:
        command = cli.get_command(click.Context(cli), "analyze")
        assert command is not None
        with command.make_context("analyze", ["-"]) as ctx:
            settings = settings_of(ctx, ("-",))
        Inventory.load(settings.inventories, settings.own, settings.approve, settings.config_file)
    except click.ClickException as error:
        yield Check("configuration", "failure", error.format_message())
    except AcrtraceError as error:
        yield Check("configuration", "failure", str(error))
    else:
        yield Check("configuration", "ok", f"{settings.config_file}: read")


def _variables() -> Iterable[Check]:
    from analyzer.cli.analyze import analyze
    from analyzer.names import suggestion

    known = {str(option.envvar) for option in analyze.params if option.envvar}
    known |= set(_OWN_VARIABLES)
    given = sorted(name for name in os.environ if name.startswith("ACRTRACE_"))
    for name in given:
        if name not in known:
            yield Check(
                "environment", "warning", f"{name} is nothing we read{suggestion(name, known)}"
            )
    set_here = [name for name in given if name in known]
    yield Check("environment", "ok", ", ".join(set_here) or "no ACRTRACE_ variable is set")


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
            yield Check(name, "note", f"not installed: {needed_by} need it")
        else:
            yield Check(name, "ok", found)
