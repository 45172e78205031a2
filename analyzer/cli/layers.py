"""Every setting of a run with its value and its origin, for ``acrtrace config show``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.cli.setting import origin, place_of, project_of
from analyzer.config import COUNTED_BY, Thresholds
from analyzer.endpoints.project_keys import SINGLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click

    from analyzer.endpoints.project_file import ProjectFile

# Declaration of the file -> the parameter whose flags add to it.
_ADDED = {
    "inventory": "inventories",
    "registries": None,
    "own": "own",
    "approve": "approve",
    "deny": None,
    "agents": "agents",
    "resolvers": "resolvers",
    "allows": "allows",
    "proxies": None,
    "aliases": None,
    "catalogue": None,
    "disable": None,
}
_SUFFIXES = {"acr": "acr_suffixes", "storage": "storage_suffixes", "embedding": "embedding"}


@dataclass(frozen=True, slots=True)
class Row:
    """One setting; of a list one element.

    Attributes:
        key: As in ``acrtrace.toml``, tables before a dot; a flag where the file has no such key.
        value: Plain value for JSON, None for nothing.
        origin: As `analyzer.cli.setting.origin` gives it.
    """

    key: str
    value: Any
    origin: str

    @property
    def text(self) -> str:
        """The value for a reader."""
        if self.value is None:
            return "-"
        return self.value if isinstance(self.value, str) else json.dumps(self.value)


def rows(ctx: click.Context) -> list[Row]:
    """The settings of a command that has `analyzer.cli.options.settings_options`."""
    options = {option.name or "": option for option in ctx.command.params}
    project = project_of(ctx)
    found = [*_declarations(ctx, options, project), *_singles(ctx, options)]
    found += _rules_off(ctx, options, project)
    found += _thresholds(ctx, options, project)
    return [*found, *_flags_alone(ctx, options)]


def _declarations(
    ctx: click.Context, options: dict[str, click.Parameter], project: ProjectFile
) -> Iterator[Row]:
    for key, parameter in _ADDED.items():
        values = ctx.params[parameter] if parameter else ()
        given = [Row(key, _plain(v), origin(ctx, options[parameter or ""], v)) for v in values]
        where = place_of(project, *(("", key) if key in ("agents", "aliases") else (key,)))
        given += [Row(key, _plain(value), line or where) for value, line in _of_file(project, key)]
        yield from given or [Row(key, None, "default")]
    for name, key in _SUFFIXES.items():
        for value in dict(project.suffixes).get(name, ()):
            yield Row(key, value, place_of(project, key))


def _of_file(project: ProjectFile, key: str) -> Iterable[tuple[object, str | None]]:
    """The values of a declaration, with where each stands if it has a place of its own."""
    if key == "approve" and project.place is not None:
        for approval in project.approve:
            about = approval.says()
            value = f"{approval.name} ({about})" if about else approval.name
            yield value, project.place.at_line(approval.line)
    elif key in ("agents", "aliases") and project.place is not None:
        pairs = getattr(project, key)
        seen: dict[str, int] = {}
        for name, value in pairs:
            number = seen[name] = seen.get(name, -1) + 1
            count = sum(name == other for other, _ in pairs)
            yield (name, value), project.place.of_item(number, count, name, key)
    else:
        values = getattr(project, key)
        for number, value in enumerate(values):
            place = project.place
            yield value, None if place is None else place.of_item(number, len(values), key)


def _singles(ctx: click.Context, options: dict[str, click.Parameter]) -> Iterator[Row]:
    for key in SINGLES:
        value = ctx.params[key.parameter]
        value = list(value) if key.kind is list else value
        yield Row(key.dotted, _plain(value), origin(ctx, options[key.parameter]))


def _rules_off(
    ctx: click.Context, options: dict[str, click.Parameter], project: ProjectFile
) -> list[Row]:
    found = [Row("rules.off", v, origin(ctx, options["rules_off"], v)) for v in
             ctx.params["rules_off"]]  # fmt: skip
    for rule, reason in project.rules_off:
        text = f"{rule} ({reason})" if reason else rule
        found.append(Row("rules.off", text, project.place_of_off(rule)))
    return found or [Row("rules.off", None, "default")]


def _thresholds(
    ctx: click.Context, options: dict[str, click.Parameter], project: ProjectFile
) -> Iterator[Row]:
    given = ctx.params["thresholds"]
    for name, default in asdict(Thresholds()).items():
        where = limit_origin(ctx, options["thresholds"], name)
        if where == "default" and name in COUNTED_BY:
            where = "default (cannot be changed)"
        value = given.get(name, project.thresholds.get(name, default))
        yield Row(f"thresholds.{name}", value, where)


def limit_origin(ctx: click.Context, option: click.Parameter, name: str) -> str:
    """Where a limit of `Thresholds` is from, as `analyzer.cli.setting.origin` gives it.

    Args:
        ctx: Context of a command that has the options ``--threshold`` and ``--config``.
        option: ``--threshold``.
        name: The limit.
    """
    project = project_of(ctx)
    if name in ctx.params["thresholds"]:
        return origin(ctx, option, name)
    if name in project.thresholds:
        return place_of(project, name, "thresholds")
    return "default"


def _flags_alone(ctx: click.Context, options: dict[str, click.Parameter]) -> Iterator[Row]:
    """Settings that no file has, because they are those of one run."""
    for name in ("keylog", "from_ns", "to_ns", "config"):
        option = options[name]
        where = origin(ctx, option)
        if name == "config" and ctx.params[name] is not None and where == "default":
            where = "found in the current directory"
        yield Row(option.opts[-1], _plain(ctx.params[name]), where)


def _plain(value: Any) -> Any:
    """As JSON has it; a pair is NAME=VALUE."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        pair = len(value) == 2 and isinstance(value, tuple)
        return f"{value[0]}={value[1]}" if pair else [_plain(each) for each in value]
    return value.as_posix() if isinstance(value, Path) else str(value)
