"""The options that say what a run does, for every command that analyses or shows its settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import offered, values
from analyzer.cli.outcome import FAIL_ON
from analyzer.cli.setting import PROJECT, Setting
from analyzer.config import ENGINES, RULE_SECONDS
from analyzer.report.formats import SINGLE_FILES
from analyzer.result import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

CONFIG_NAME = "acrtrace.toml"
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

OURS, LOGS, READING, RULES, TIME, REPORT = (
    "What is ours",
    "Logs",
    "Reading",
    "Rules and limits",
    "Time",
    "Report",
)


def _configuration(ctx: click.Context, _param: click.Parameter, value: Path | None) -> Path | None:
    """Reads the file before any other option looks for its value."""
    from analyzer.endpoints.project_file import read_project_file

    found = Path(CONFIG_NAME)
    path = value or (found if found.is_file() else None)
    if path is not None and not ctx.resilient_parsing:
        project = read_project_file(path)
        ctx.meta[PROJECT] = project
        ctx.default_map = project.singles
    return path


_OPTIONS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (
        ("inventories", "--inventory"),
        {
            "group": OURS,
            "adds": True,
            "type": FILE,
            "multiple": True,
            "help": "Output of 'az acr show-endpoints', 'az acr list|show' or 'az storage account "
            "list' (-o json). Repeatable.",
        },
    ),
    (
        ("--own",),
        {
            "group": OURS,
            "adds": True,
            "multiple": True,
            "metavar": "NAME",
            "callback": values.declared_names,
            "help": "Ours: a host name, acr:LABEL or storage:LABEL; a bare word means acr:. "
            "Repeatable.",
        },
    ),
    (
        ("--approve",),
        {
            "group": OURS,
            "adds": True,
            "multiple": True,
            "metavar": "NAME",
            "callback": values.declared_names,
            "help": "Not ours, but permitted; written like --own. Repeatable.",
        },
    ),
    (
        ("agents", "--agent"),
        {
            "group": OURS,
            "adds": True,
            "multiple": True,
            "callback": values.agent_networks,
            "metavar": "NAME=CIDR[,CIDR...]",
            "help": "Name of the build agent behind these addresses. Repeatable.",
        },
    ),
    (
        ("resolvers", "--resolver"),
        {
            "group": OURS,
            "adds": True,
            "multiple": True,
            "callback": values.spelled("resolver"),
            "metavar": "ADDRESS|CIDR|NAME",
            "help": "A DNS resolver that agents may ask; any other one is reported. Repeatable.",
        },
    ),
    (
        ("allows", "--allows"),
        {
            "group": OURS,
            "adds": True,
            "multiple": True,
            "callback": values.spelled("allowed"),
            "metavar": "NAME",
            "help": "A name that the (planned) firewall lets through, *.NAME for any labels in "
            "front; readiness says what would break. Repeatable.",
        },
    ),
    (
        ("tenant", "--tenant"),
        {
            "group": OURS,
            "metavar": "ID",
            "callback": values.tenant_id,
            "help": "Our Microsoft Entra tenant: a shared access signature that another one issued "
            "is critical.",
        },
    ),
    (
        ("log_format", "--log-format"),
        {
            "group": LOGS,
            "metavar": "NAME",
            "shell_complete": offered.log_formats,
            "help": "What the logs are, where their content does not tell; 'acrtrace formats' "
            "lists them.",
        },
    ),
    (
        ("log_maps", "--log-map"),
        {
            "group": LOGS,
            "type": FILE,
            "multiple": True,
            "help": "A TOML file that describes a log format (docs/log-maps.md). Repeatable.",
        },
    ),
    (
        ("squid_logformat", "--squid-logformat"),
        {
            "group": LOGS,
            "metavar": "FORMAT",
            "help": "The logformat of squid.conf that an access.log was written with.",
        },
    ),
    (
        ("log_timezone", "--log-timezone"),
        {
            "group": LOGS,
            "metavar": "ZONE",
            "default": "UTC",
            "show_default": True,
            "callback": values.log_zone,
            "help": "Zone of log times that state none, such as Europe/Berlin.",
        },
    ),
    (
        ("log_year", "--log-year"),
        {
            "group": LOGS,
            "type": click.IntRange(1970, 2200),
            "metavar": "YEAR",
            "help": "Year of log times that state none: the last line's. "
            "[default: when last written]",
        },
    ),
    (
        ("from_ns", "--from"),
        {
            "group": TIME,
            "metavar": "TIME",
            "callback": values.moment,
            "help": "Judge traffic from this time on (ISO 8601, UTC unless it says otherwise). A "
            "conversation counts when any part of it lies inside.",
        },
    ),
    (
        ("to_ns", "--to"),
        {
            "group": TIME,
            "metavar": "TIME",
            "callback": values.moment,
            "help": "Judge traffic up to this time; a day alone means its end.",
        },
    ),
    (
        ("zone", "--timezone"),
        {
            "group": TIME,
            "metavar": "ZONE",
            "default": "UTC",
            "show_default": True,
            "callback": values.display_zone,
            "help": "Zone in which times are shown, such as Europe/Berlin; the JSON stays in UTC.",
        },
    ),
    (
        ("rules_dir", "--rules"),
        {
            "group": RULES,
            "type": FOLDER,
            "metavar": "DIR",
            "help": "Rules of your own beside the built-in ones (docs/rules.md, 'Writing a rule').",
        },
    ),
    (
        ("rule_seconds", "--rule-timeout"),
        {
            "group": RULES,
            "type": click.FloatRange(0.01, 86_400),
            "default": RULE_SECONDS,
            "show_default": True,
            "metavar": "SECONDS",
            "help": "Stop a rule of --rules after this time.",
        },
    ),
    (
        ("rules_off", "--rule-off"),
        {
            "group": RULES,
            "adds": True,
            "multiple": True,
            "metavar": "ID",
            "callback": values.rule_ids,
            "shell_complete": offered.rule_ids,
            "help": "Switch a rule off, which the report states. Repeatable.",
        },
    ),
    (
        ("thresholds", "--threshold"),
        {
            "group": RULES,
            "adds": True,
            "multiple": True,
            "metavar": "NAME=NUMBER",
            "callback": values.limits,
            "shell_complete": offered.limits,
            "help": "Another limit, which the report states; 'acrtrace config show' lists them. "
            "Repeatable.",
        },
    ),
    (
        ("engine", "--engine"),
        {
            "group": READING,
            "type": click.Choice(ENGINES),
            "default": ENGINES[0],
            "show_default": True,
            "help": "What reads the packets; scapy and tshark are second opinions, a thousand "
            "times slower.",
        },
    ),
    (
        ("keylog", "--keylog"),
        {
            "group": READING,
            "type": FILE,
            "help": "TLS secrets (SSLKEYLOGFILE): --engine tshark reads the requests inside TLS "
            "with them.",
        },
    ),
    (
        ("threads", "--threads"),
        {
            "group": READING,
            "type": click.IntRange(1, 8),
            "metavar": "N",
            "help": "Threads that share the conversations, 1 to 8. [default: 2 from 32 MiB on, "
            "where there are more than two processors]",
        },
    ),
    (
        ("hashed", "--hash/--no-hash"),
        {
            "group": READING,
            "default": True,
            "help": "SHA-256 of every input (default); it bounds reading at about 2 GB/s.",
        },
    ),
    (
        ("fmt", "--format"),
        {
            "group": REPORT,
            "type": click.Choice(SINGLE_FILES),
            "help": "html (default), or what the ending of -o says; docs/outputs.md.",
        },
    ),
    (
        ("directory", "--output-dir"),
        {
            "group": REPORT,
            "type": click.Path(file_okay=False, path_type=Path),
            "metavar": "DIR",
            "default": "reports",
            "show_default": True,
            "help": "Folder of a report that -o does not name.",
        },
    ),
    (
        ("min_severity", "--min-severity"),
        {
            "group": REPORT,
            "type": click.Choice(SEVERITIES),
            "default": SEVERITIES[-1],
            "show_default": True,
            "help": "Show no finding below this; how many are hidden is said, and the JSON and "
            "exit code keep all.",
        },
    ),
    (
        ("fail_on", "--fail-on"),
        {
            "group": REPORT,
            "type": click.Choice(FAIL_ON),
            "multiple": True,
            "help": "Exit 1 on findings of this severity or above; 'incomplete' also when the "
            "verdict is 'cannot tell' (alone it means low).",
        },
    ),
    (
        ("config", "--config"),
        {
            "group": "Configuration",
            "type": FILE,
            "is_eager": True,
            "callback": _configuration,
            "help": f"Configuration instead of ./{CONFIG_NAME}.",
        },
    ),
)


def settings_options(
    only: Collection[str] = (), report_format: str = "--format"
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command the options of a run; `analyzer.cli.settings` makes settings of them.

    Args:
        only: The parameters that it takes; all when empty.
        report_format: What the option for the report's format is called, where the command has a
            ``--format`` of its own.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for declarations, attributes in reversed(_OPTIONS):
            if "--format" in declarations:
                declarations = (declarations[0], report_format)
                attributes = {**attributes, "env": "FORMAT"}
            name = declarations[0].removeprefix("--").replace("-", "_")
            if not only or name in only:
                command = click.option(*declarations, cls=Setting, **attributes)(command)
        return command

    return decorate
