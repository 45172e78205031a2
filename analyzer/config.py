"""Settings of a run: the thresholds with the reason for each, and what the user asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENGINES = ("native", "scapy", "tshark")
"""What can read packets; the first is the product, the others are second opinions."""

RULE_SECONDS = 60.0
"""What one rule of the user may take before it is stopped."""


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Limits that decide severity; every one is printed in the result document. KB is 1000 bytes
    where a customer reads it, these limits are wire bytes of turns in powers of two."""

    upload_turn_bytes: int = 4096
    upload_turn_always_bytes: int = 32768
    login_turn_bytes: int = 16384
    login_turn_median_factor: int = 4
    wide_request_bytes: int = 2048
    drip_bytes: int = 512
    medium_upload_bytes: int = 4096
    high_upload_bytes: int = 65536
    high_unnamed_bytes: int = 1_048_576
    medium_write_bytes: int = 4000
    critical_write_bytes: int = 1_048_576
    critical_upload_bytes: int = 104_857_600
    medium_drip_sum_bytes: int = 65536
    medium_unclassified_bytes: int = 1_048_576
    budget_day_bytes: int = 1_048_576
    drip_day_bytes: int = 65536
    long_query_bytes: int = 512
    dns_hour_label_bytes: int = 4096
    dns_hour_names: int = 50
    counted_storage_bytes: int = 65536
    counted_other_bytes: int = 1_048_576
    correlation_seconds: int = 1800
    dns_grace_seconds: int = 3600
    lower_bound_missed_share: float = 0.01
    tunnel_seconds: int = 600
    tunnel_turns: int = 20
    tunnel_bytes: int = 65536


COUNTED_BY = ("upload_turn_bytes", "upload_turn_always_bytes", "wide_request_bytes", "drip_bytes")
"""Limits by which the packet reader counts turns while it reads. They are compiled into it: another
value would change what reports say and not what they count."""

_RANGES = {"login_turn_bytes": (16_384, 65_536), "login_turn_median_factor": (1, 1_000)}
"""Of login turns the reader keeps counts above 16, 32 and 64 KiB: the next one is used."""

_LADDERS = (
    ("medium_upload_bytes", "high_upload_bytes", "critical_upload_bytes"),
    ("medium_write_bytes", "critical_write_bytes"),
)


def thresholds_with(changes: Mapping[str, Any], where: str = "thresholds") -> Thresholds:
    """The defaults with some limits changed.

    Args:
        changes: Field of `Thresholds` to its value.
        where: What begins an error: a flag, or file and table.

    Raises:
        UsageError: No such limit, one that cannot be changed, or a value of the wrong type or
            outside of its range; or a severity that would begin above a worse one.
    """
    for name, value in changes.items():
        check_threshold(name, value, where)
    limits = replace(Thresholds(), **changes)
    for ladder in _LADDERS:
        values = [getattr(limits, name) for name in ladder]
        if values != sorted(values):
            steps = " <= ".join(f"{n} ({v:,})" for n, v in zip(ladder, values, strict=True))
            raise UsageError(f"{where}: expected {steps}")
    return limits


def check_threshold(name: str, value: Any, where: str = "thresholds") -> None:
    """Refuses a limit that does not exist or cannot be changed, and a value out of its range.

    Raises:
        UsageError: As for `thresholds_with`.
    """
    from analyzer.names import printable, suggestion

    defaults = {each.name: each.default for each in fields(Thresholds)}
    if name not in defaults:
        free = sorted(set(defaults) - set(COUNTED_BY))
        raise UsageError(
            f"{where}: unknown limit {printable(name)!r}{suggestion(name, free)}; "
            f"known are {', '.join(free)}"
        )
    if name in COUNTED_BY:
        raise UsageError(
            f"{where}: {name} cannot be changed: packets are counted by it while they are read"
        )
    share = isinstance(defaults[name], float)
    low, high = _RANGES.get(name, (0, 1) if share else (1, 1 << 53))
    kind = (int, float) if share else int
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= value <= high:
        what = "a number" if share else "a whole number"
        raise UsageError(
            f"{where}: {name} must be {what} from {low:,} to {high:,}, found {value!r:.60}"
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """What one run was asked to do.

    Attributes:
        inputs: Files, archives, directories, URLs or ``-``, as given.
        inventories: Files of ``az acr`` or ``az storage`` output.
        own: ``--own`` names: a host name, ``acr:label``, ``storage:label`` or a registry label.
        approve: ``--approve`` names, in the same forms.
        agents: ``--agent NAME=CIDR`` pairs as (label, network text).
        resolvers: ``--resolver``: addresses, networks or names of resolvers that agents may ask.
        allows: ``--allows``: names that the firewall lets through, ``*.`` for any labels in front.
        config_file: ``acrtrace.toml`` that was read, if any.
        case_path: DuckDB file to keep, or None for memory.
        force: Replace an existing case file.
        hash_inputs: State the SHA-256 of every input.
        threads: Threads that share the conversations; None lets the size of the inputs decide.
        engine: What reads the packets: native, scapy or tshark.
        keylog: TLS secrets in the NSS key log format, for tshark.
        log_format: What the logs among the inputs are; None tells it by their content.
        log_maps: Files that describe log formats (docs/log-maps.md).
        squid_logformat: The ``logformat`` that a Squid log was written with.
        log_timezone: Zone of log times that state none (IANA name).
        log_year: Year of log times that state none; None takes that of the file's last change.
        tenant: Id of our Microsoft Entra tenant; shared access signatures of others are critical.
        rules_dir: Folder of the user's own rules.
        rule_seconds: What each of those may take.
        rules_off: Rules that are switched off, as (id, reason); the reason may be empty.
        from_ns, to_ns: Only traffic that overlaps this time is judged, nanoseconds UTC, both ends
            included; None leaves it open.
        command_line: As typed, for the report.
        thresholds: The limits.
        origins: Where a name of ``own``, ``approve`` or ``rules_off`` was said, by parameter and
            name, for errors that are found later; of those not in it the flag is told.
    """

    inputs: tuple[str, ...]
    inventories: tuple[Path, ...] = ()
    own: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    agents: tuple[tuple[str, str], ...] = ()
    resolvers: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    config_file: Path | None = None
    case_path: Path | None = None
    force: bool = False
    hash_inputs: bool = True
    threads: int | None = None
    engine: str = "native"
    keylog: Path | None = None
    log_format: str | None = None
    log_maps: tuple[Path, ...] = ()
    squid_logformat: str | None = None
    log_timezone: str = "UTC"
    log_year: int | None = None
    tenant: str | None = None
    rules_dir: Path | None = None
    rule_seconds: float = RULE_SECONDS
    rules_off: tuple[tuple[str, str], ...] = ()
    from_ns: int | None = None
    to_ns: int | None = None
    command_line: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    origins: Mapping[tuple[str, str], str] = field(default_factory=dict)
