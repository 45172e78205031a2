"""What the options of a run take, checked and brought into one spelling (callbacks of click)."""

from __future__ import annotations

import re
from datetime import UTC
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

_RULE = re.compile(r"[A-Z]{2}[0-9]{3}")


def agent_networks(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """``NAME=CIDR[,CIDR...]`` as pairs of label and network; an address is a network of one."""
    pairs = []
    for value in values:
        label, found, networks = value.partition("=")
        if not found or not label.strip():
            raise click.BadParameter(f"{value!r}: expected NAME=CIDR, such as build=10.1.0.0/24")
        for text in networks.split(","):
            try:
                # Host bits are tolerated: 10.1.0.7/24 is how people write "the /24 around .7".
                network = ip_network(text.strip(), strict=False)
            except ValueError as error:
                raise click.BadParameter(f"{value!r}: {error}") from error
            pairs.append((label.strip(), str(network)))
    return tuple(pairs)


def declared_names(
    _ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """NAMEs as ``--own`` takes them, unchanged; a suffix is checked with the catalogue."""
    from analyzer.endpoints.declare import read_name

    for value in values:
        read_name(value, param.opts[-1])
    return values


def spelled(
    form: str,
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], tuple[str, ...]]:
    """A callback that checks and unifies values by a function of `analyzer.endpoints.policy`."""

    def read(
        _ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
    ) -> tuple[str, ...]:
        from analyzer.endpoints import policy

        return tuple(getattr(policy, form)(value, param.opts[-1]) for value in values)

    return read


def tenant_id(_ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A tenant's id in lower case."""
    from analyzer.endpoints.policy import tenant

    return None if value is None else tenant(value, param.opts[-1])


def log_zone(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """The name of a time zone that DuckDB knows, which reads the logs."""
    from analyzer.times import is_log_zone

    if not is_log_zone(value):
        raise click.BadParameter(
            f"{value!r} is no time zone: expected a name such as UTC or Europe/Berlin"
        )
    return value


def display_zone(_ctx: click.Context, _param: click.Parameter, value: str) -> tzinfo:
    """The zone of that name; its rules come from the system."""
    if value == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        without = "" if available_timezones() else " (this system has no time zone data)"
        raise click.BadParameter(
            f"{value!r} is no time zone{without}: expected a name such as UTC or Europe/Berlin"
        ) from error


def moment(_ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """A time of ISO 8601 as nanoseconds since 1970; without a zone it is UTC.

    A day alone begins at 00:00 for ``--from`` and ends with its last nanosecond for ``--to``.
    """
    from analyzer.times import EXPECTED, nanoseconds

    if value is None:
        return None
    try:
        return nanoseconds(value, ends="--to" in param.opts)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {EXPECTED}") from error


def rule_ids(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Ids of rules, in capitals; whether there are such rules is seen when they are loaded."""
    ids = tuple(value.upper() for value in values)
    for value in ids:
        if not _RULE.fullmatch(value):
            raise click.BadParameter(f"{value!r}: expected the id of a rule, such as HY005")
    return ids


def limits(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    """``NAME=NUMBER`` as a limit and its value; of two for one limit the first counts."""
    from analyzer.config import check_threshold

    found: dict[str, Any] = {}
    for value in values:
        name, equals, text = value.partition("=")
        number = _number(text) if equals else None
        if number is None:
            raise click.BadParameter(
                f"{value!r}: expected NAME=NUMBER, such as drip_day_bytes=131072"
            )
        check_threshold(name.strip(), number, "--threshold")
        found.setdefault(name.strip(), number)
    return found


def _number(text: str) -> float | None:
    text = text.strip().replace("_", "")
    if re.fullmatch(r"[0-9]{1,16}", text):
        return int(text)
    return float(text) if re.fullmatch(r"[0-9]{0,9}\.[0-9]{1,9}", text) else None
