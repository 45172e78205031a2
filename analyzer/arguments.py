"""Arguments of the Python interface, checked: what is wrong is told by the parameter's name."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from analyzer.config import ENGINES, Settings
from analyzer.issues import UsageError
from analyzer.times import EXPECTED, is_log_zone, nanoseconds

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
Time = str | date


def paths(name: str, value: Any) -> tuple[str | os.PathLike[str], ...]:
    """One path or several, each as it was given: it may be a URL.

    Raises:
        UsageError: It is neither.
    """
    if isinstance(value, str | os.PathLike):
        value = [value]
    return tuple(_path(name, each) for each in _several(name, value, "a path or several"))


def path(name: str, value: Any) -> Path | None:
    """A path, None for None.

    Raises:
        UsageError: It is none.
    """
    return None if value is None else Path(_path(name, value))


def texts(name: str, values: Any) -> tuple[str, ...]:
    """Several texts. One alone is refused: it would be taken letter by letter.

    Raises:
        UsageError: They are none.
    """
    found = tuple(_several(name, values, "several names"))
    for each in found:
        text(name, each)
    return found


def text(name: str, value: Any) -> str | None:
    """A text, None for None.

    Raises:
        UsageError: It is none.
    """
    if value is not None and not isinstance(value, str):
        raise _wrong(name, "a text", value)
    return value


def whole(name: str, value: Any, low: int, high: int) -> int | None:
    """A whole number within a range, None for None.

    Raises:
        UsageError: It is none.
    """
    if value is None:
        return None
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        raise UsageError(f"{name} must be {low} to {high}, found {value!r:.60}")
    return number


def truth(name: str, value: Any) -> bool | None:
    """True or False, None for None.

    Raises:
        UsageError: It is none: "no" would count as yes.
    """
    if value is not None and not isinstance(value, bool):
        raise _wrong(name, "True or False", value)
    return value


def function(name: str, value: Any) -> Any:
    """What can be called, None for None.

    Raises:
        UsageError: It cannot.
    """
    if value is not None and not callable(value):
        raise _wrong(name, "a function", value)
    return value


def moment(name: str, value: Any, *, ends: bool) -> int | None:
    """Nanoseconds since 1970, None for None; see `analyzer.times.nanoseconds`.

    Raises:
        UsageError: It is no time.
    """
    if value is None:
        return None
    try:
        return nanoseconds(value, ends=ends)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name}: {value!r:.60}: {EXPECTED}") from error


def limits(name: str, value: Any) -> Mapping[str, Any]:
    """Limits by their name; their values are checked by `analyzer.config.thresholds_with`.

    Raises:
        UsageError: They are no mapping of texts.
    """
    return {} if value is None else _mapping(name, value, '{"drip_day_bytes": 131072}')


def agents(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """Pairs of label and network; an address is a network of one.

    Raises:
        UsageError: They are no mapping of labels to networks.
    """
    example = '{"build": "10.1.0.0/24"}'
    pairs = []
    for label, networks in ({} if value is None else _mapping(name, value, example)).items():
        where = f"{name}[{label!r:.60}]"
        if not label.strip():
            raise UsageError(f"{where}: an agent needs a name")
        stated = [networks] if isinstance(networks, str) else networks
        for each in _several(where, stated, "a network or several"):
            if not isinstance(each, str):
                raise _wrong(where, "a network or several, as texts", each)
            for part in each.split(","):
                try:
                    network = ip_network(part.strip(), strict=False)
                except ValueError as error:
                    raise UsageError(f"{where}: {error}") from error
                pairs.append((label.strip(), str(network)))
    return tuple(pairs)


def check(settings: Settings) -> None:
    """What contradicts itself, or has to be one of several.

    Raises:
        UsageError: With the reason.
    """
    if not settings.inputs:
        raise UsageError("paths: expected at least one")
    if settings.engine not in ENGINES:
        raise UsageError(f"engine {settings.engine!r:.60} is none of {', '.join(ENGINES)}")
    if settings.keylog is not None and settings.engine != "tshark":
        raise UsageError("keylog needs engine='tshark': the others do not decrypt")
    # These may be from the configuration, which checks their types alone.
    whole("threads", settings.threads, 1, 8)
    whole("log_year", settings.log_year, 1970, 2200)
    if not is_log_zone(settings.log_timezone):
        raise UsageError(
            f"log_timezone {settings.log_timezone!r:.60} is no time zone, such as Europe/Berlin"
        )
    begin, end = settings.from_ns, settings.to_ns
    if begin is not None and end is not None and begin > end:
        raise UsageError("start is later than end")


def _several(name: str, values: Any, expected: str) -> Iterable[Any]:
    if isinstance(values, str):
        raise UsageError(f"{name}: expected {expected}, for example [{values!r:.60}]")
    if isinstance(values, bytes | Mapping) or not isinstance(values, Iterable):
        raise _wrong(name, expected, values)
    return values


def _path(name: str, value: Any) -> str | os.PathLike[str]:
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise _wrong(name, "a path", value)
    return value


def _mapping(name: str, value: Any, example: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise _wrong(name, f"a mapping such as {example}", value)
    return value


def _wrong(name: str, expected: str, found: Any) -> UsageError:
    return UsageError(f"{name}: expected {expected}, found {found!r:.60}")
