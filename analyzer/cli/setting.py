"""Options that may also be set elsewhere: flag before environment before ``acrtrace.toml``.

click does the work: the environment by ``envvar``, the file as its ``default_map``. What is added
here is that an error says where the value stands, that declarations of all places add up, and that
--help shows options in groups. click alone can do the latter in a few lines, so neither cloup nor
rich-click is needed, and --help stays as fast as click.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from analyzer.endpoints.project_keys import SINGLES
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analyzer.endpoints.project_file import ProjectFile

PROJECT = "analyzer.project"
OTHERS = "Other options"
_FLAGS = "analyzer.flags"
_KEYS = {key.parameter: key for key in SINGLES}


class Setting(click.Option):
    """An option of a run.

    Args:
        group: Heading under which --help lists it.
        adds: A declaration: values of the environment are added to those of flags, instead of
            being replaced by them.
        env: Its variable; True for ``ACRTRACE_`` and its name, False for none.
    """

    def __init__(
        self,
        declarations: Any = None,
        *,
        group: str = OTHERS,
        adds: bool = False,
        env: bool | str = True,
        **attributes: Any,
    ) -> None:
        super().__init__(declarations, **attributes)
        self.group = group
        self.adds = adds
        if env:
            name = next(name for name in self.opts if name.startswith("--"))
            self.envvar = "ACRTRACE_" + (env if isinstance(env, str) else variable(name))

    def consume_value(
        self, ctx: click.Context, opts: Mapping[str, Any]
    ) -> tuple[Any, ParameterSource]:
        """The raw value and where it is from; declarations of the environment come last."""
        value, source = super().consume_value(ctx, opts)
        if self.adds and source is ParameterSource.COMMANDLINE:
            ctx.meta[f"{_FLAGS}.{self.name}"] = len(value)
            value = (*value, *(self.value_from_envvar(ctx) or ()))
        return value, source

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Converts and checks; an error names the variable or the line it is about."""
        flags = ctx.meta.pop(f"{_FLAGS}.{self.name}", None)
        if flags is None:
            return self._processed(ctx, value, origin(ctx, self))
        own = self._processed(ctx, value[:flags], "flag")
        ctx.meta[f"{_FLAGS}.{self.name}"] = own
        more = self._processed(ctx, value[flags:], f"environment {self.envvar}")
        return {**more, **own} if isinstance(own, dict) else (*own, *more)

    def _processed(self, ctx: click.Context, value: Any, where: str) -> Any:
        try:
            return super().process_value(ctx, value)
        except (click.BadParameter, UsageError) as error:
            if where in ("flag", "default"):  # of a file found here, the error names the line
                raise
            text = error.message if isinstance(error, click.BadParameter) else str(error)
            text = text.removeprefix(self.opts[-1]).lstrip(": ")  # it stands in no flag
            raise UsageError(f"{where}: {text}") from None


def variable(flag: str) -> str:
    """``LOG_YEAR`` of ``--log-year``."""
    return flag[2:].upper().replace("-", "_")


class GroupedCommand(click.Command):
    """A command whose --help lists options under the headings of their groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes one section per group, in the order in which they first occur."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", OTHERS), []).append(record)
        for group, records in sorted(groups.items(), key=lambda item: item[0] == OTHERS):
            with formatter.section(group):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the epilog as it is, because it holds examples."""
        del ctx
        if self.epilog:
            formatter.write_paragraph()
            for line in self.epilog.strip("\n").splitlines():
                formatter.write(f"{line}\n")


def project_of(ctx: click.Context) -> ProjectFile:
    """What ``acrtrace.toml`` says, empty without one."""
    from analyzer.endpoints.project_file import ProjectFile

    found: ProjectFile = ctx.meta.get(PROJECT) or ProjectFile()
    return found


def given_as_flag(ctx: click.Context, name: str) -> bool:
    """The parameter stands on the command line itself."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def origin(ctx: click.Context, option: click.Parameter, value: object = None) -> str:
    """Where a parameter's value is from: ``flag``, ``environment ACRTRACE_OWN``,
    ``acrtrace.toml:3`` or ``default``.

    Args:
        ctx: Context of the command.
        option: The parameter.
        value: Which of its values is asked for, where there are several.
    """
    source = ctx.get_parameter_source(option.name or "")
    flags = ctx.meta.get(f"{_FLAGS}.{option.name}")
    if source is ParameterSource.COMMANDLINE and (flags is None or value in flags):
        return "flag"
    if source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT):
        return f"environment {option.envvar}"
    if source is ParameterSource.DEFAULT_MAP:
        key = _KEYS[option.name or ""]
        return place_of(project_of(ctx), key.name, key.table)
    return "default"


def place_of(project: ProjectFile, key: str, table: str = "") -> str:
    """File and, where they are known, line of a key or lines of its list."""
    return f"{project.path}" if project.place is None else project.place.span(key, table)
