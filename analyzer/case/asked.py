"""What the user asked for that changes what a result means, stated where its reader looks.

Nothing that was switched off, left out, ended or moved is silent: each is an issue of the run (the
terminal prints those) and the first thing that the coverage says.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from analyzer.config import Thresholds
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from analyzer.case.window import Outside
    from analyzer.config import Settings
    from analyzer.endpoints.approvals import Ended

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def asked(
    settings: Settings,
    outside: Outside | None,
    ended: Sequence[Ended],
    last_ns: int | None,
) -> list[Issue]:
    """The statements of one run, in the order of their weight.

    Args:
        settings: Its settings.
        outside: What `window.clip` left out.
        ended: What `Inventory.lapse` took back.
        last_ns: Time of the last traffic, by which approvals were judged.
    """
    return [
        *_rules(settings),
        *_time(settings, outside),
        *_limits(settings),
        *_approvals(ended, last_ns),
    ]


def _rules(settings: Settings) -> Iterable[Issue]:
    for rule, reason in settings.rules_off:
        why = f" ({reason})" if reason else ""
        yield _issue(
            "rule-off", f"Rule {rule} is switched off{why}: what it would report is in no list."
        )


def _time(settings: Settings, outside: Outside | None) -> Iterable[Issue]:
    if outside is None:
        return
    begin = "its beginning" if settings.from_ns is None else instant(settings.from_ns)
    end = "its end" if settings.to_ns is None else instant(settings.to_ns)
    timeless = (
        f" {outside.timeless:,} conversations without a time are judged, too."
        if outside.timeless
        else ""
    )
    yield _issue(
        "time-window",
        f"Only traffic from {begin} to {end} is judged; a conversation counts when any part of it "
        f"lies inside. Left out: {outside.flows:,} conversations, {outside.dns_messages:,} DNS "
        f"messages.{timeless}",
    )


def _limits(settings: Settings) -> Iterable[Issue]:
    defaults = asdict(Thresholds())
    changed = [
        f"{name} {value:,} instead of {defaults[name]:,}"
        for name, value in asdict(settings.thresholds).items()
        if value != defaults[name]
    ]
    if changed:
        yield _issue("limits-changed", f"Limits differ from the default: {', '.join(changed)}.")


def _approvals(ended: Sequence[Ended], last_ns: int | None) -> Iterable[Issue]:
    for approval, origin, other in ended:
        if other is None:
            meaning = (
                f"traffic from {approval.expires} 00:00 UTC on is judged as if there were none, "
                f"and this run's reaches to {instant(last_ns or 0)}."
            )
        else:
            meaning = f"another one ({other}) still clears it."
        yield _issue(
            "approval-expired",
            f"The approval of {approval.name} ({approval.says()}) has ended: {meaning}",
            origin,
        )


def _issue(code: str, detail: str, where: str = "run") -> Issue:
    return Issue(code, None, where, detail)


def instant(ns: int) -> str:
    """A moment as ISO 8601 in UTC, ``2026-11-24T03:29:12.345678Z``; the number if it is no date."""
    try:
        when = _EPOCH + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return f"{ns} ns since 1970"
    return when.isoformat().replace("+00:00", "Z")
