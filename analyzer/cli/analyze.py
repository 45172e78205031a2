"""``acrtrace analyze``: captures in, report out."""

from __future__ import annotations

import os
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.outcome import FAIL_ON, exit_code, problem_lines
from analyzer.cli.speech import say
from analyzer.config import ENGINES, RULE_SECONDS
from analyzer.issues import UsageError
from analyzer.report.formats import SINGLE_FILES, of_ending

if TYPE_CHECKING:
    from collections.abc import Callable

    from analyzer.config import Settings

CONFIG_NAME = "acrtrace.toml"

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


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


def tenant_id(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """A tenant's id in lower case: a UUID, as signatures (``sktid``) and tokens have it."""
    from uuid import UUID

    if value is None:
        return None
    try:
        return str(UUID(value))
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no tenant id: expected for example 72f988bf-86f1-41af-91ab-2d7cd011db47 "
            "(az account show --query tenantId)"
        ) from error


def time_zone(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """The name of a time zone that exists."""
    import duckdb

    if value != "UTC":
        with duckdb.connect() as connection:
            query = "SELECT count(*) FROM pg_timezone_names() WHERE name = ?"
            found = connection.execute(query, [value]).fetchall()
        if found == [(0,)]:
            raise click.BadParameter(
                f"{value!r} is no time zone: expected a name such as UTC or Europe/Berlin"
            )
    return value


@click.command(
    epilog=f"Reads {CONFIG_NAME} in the current directory unless --config names another."
)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "inventories",
    "--inventory",
    type=FILE,
    multiple=True,
    help="Output of 'az acr show-endpoints', 'az acr list|show' or 'az storage account list' "
    "(-o json). Repeatable.",
)
@click.option(
    "--own",
    multiple=True,
    metavar="NAME",
    help="Ours: a host name, acr:LABEL or storage:LABEL; a bare word means acr:. Repeatable.",
)
@click.option(
    "--approve",
    multiple=True,
    metavar="NAME",
    help="Not ours, but permitted; written like --own. Repeatable.",
)
@click.option(
    "agents",
    "--agent",
    multiple=True,
    callback=agent_networks,
    metavar="NAME=CIDR[,CIDR...]",
    help="Name of the build agent behind these addresses. Repeatable.",
)
@click.option(
    "resolvers",
    "--resolver",
    multiple=True,
    callback=spelled("resolver"),
    metavar="ADDRESS|CIDR|NAME",
    help="A DNS resolver that agents may ask; any other one is reported. Repeatable.",
)
@click.option(
    "allows",
    "--allows",
    multiple=True,
    callback=spelled("allowed"),
    metavar="NAME",
    help="A name that the (planned) firewall lets through, *.NAME for any labels in front; "
    "readiness says what would break. Repeatable.",
)
@click.option(
    "fmt",
    "--format",
    type=click.Choice(SINGLE_FILES),
    help="html (default), or what the ending of -o says; docs/outputs.md.",
)
@click.option(
    "output",
    "-o",
    "--output",
    metavar="FILE",
    help="Report file, - for standard output. [default: reports/<input name>.html]",
)
@click.option(
    "case", "--case", type=click.Path(path_type=Path), help="Keep the tables in this DuckDB file."
)
@click.option("--force", is_flag=True, help="Replace an existing report or case file.")
@click.option(
    "fail_on",
    "--fail-on",
    type=click.Choice(FAIL_ON),
    multiple=True,
    help="Exit 1 on findings of this severity or above; 'incomplete' also when the verdict is "
    "'cannot tell' (alone it means low).",
)
@click.option(
    "hashed",
    "--hash/--no-hash",
    default=True,
    help="SHA-256 of every input (default); it bounds reading at about 2 GB/s.",
)
@click.option(
    "threads",
    "--threads",
    type=click.IntRange(1, 8),
    metavar="N",
    help="Threads that share the conversations, 1 to 8. [default: 2 from 32 MiB on, where there "
    "are more than two processors]",
)
@click.option(
    "engine",
    "--engine",
    type=click.Choice(ENGINES),
    default=ENGINES[0],
    show_default=True,
    help="What reads the packets; scapy and tshark are second opinions, a thousand times slower.",
)
@click.option(
    "keylog",
    "--keylog",
    type=FILE,
    help="TLS secrets (SSLKEYLOGFILE): --engine tshark reads the requests inside TLS with them.",
)
@click.option(
    "log_format",
    "--log-format",
    metavar="NAME",
    help="What the logs are, where their content does not tell; 'acrtrace formats' lists them.",
)
@click.option(
    "log_maps",
    "--log-map",
    type=FILE,
    multiple=True,
    help="A TOML file that describes a log format (docs/log-maps.md). Repeatable.",
)
@click.option(
    "squid_logformat",
    "--squid-logformat",
    metavar="FORMAT",
    help="The logformat of squid.conf that an access.log was written with.",
)
@click.option(
    "tenant",
    "--tenant",
    metavar="ID",
    callback=tenant_id,
    help="Our Microsoft Entra tenant: a shared access signature that another one issued is "
    "critical.",
)
@click.option(
    "log_timezone",
    "--log-timezone",
    metavar="ZONE",
    default="UTC",
    show_default=True,
    callback=time_zone,
    help="Zone of log times that state none, such as Europe/Berlin.",
)
@click.option(
    "log_year",
    "--log-year",
    type=click.IntRange(1970, 2200),
    metavar="YEAR",
    help="Year of log times that state none: the last line's. [default: when last written]",
)
@click.option(
    "rules_dir",
    "--rules",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Rules of your own beside the built-in ones (docs/rules.md, 'Writing a rule').",
)
@click.option(
    "rule_seconds",
    "--rule-timeout",
    type=click.FloatRange(0.01, 86_400),
    default=RULE_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="Stop a rule of --rules after this time.",
)
@click.option("config", "--config", type=FILE, help=f"Configuration instead of ./{CONFIG_NAME}.")
@click.pass_context
def analyze(
    ctx: click.Context,
    inputs: tuple[str, ...],
    inventories: tuple[Path, ...],
    own: tuple[str, ...],
    approve: tuple[str, ...],
    agents: tuple[tuple[str, str], ...],
    resolvers: tuple[str, ...],
    allows: tuple[str, ...],
    fmt: str | None,
    output: str | None,
    case: Path | None,
    force: bool,
    fail_on: tuple[str, ...],
    hashed: bool,
    threads: int | None,
    engine: str,
    keylog: Path | None,
    log_format: str | None,
    log_maps: tuple[Path, ...],
    squid_logformat: str | None,
    tenant: str | None,
    log_timezone: str,
    log_year: int | None,
    rules_dir: Path | None,
    rule_seconds: float,
    config: Path | None,
) -> int:
    """Analyse captures and logs and write a report.

    INPUT is a pcap or pcapng file or a log of a firewall, resolver, proxy or runner (plain or
    compressed), a tar or zip of them, a directory, a URL that fsspec can read (s3://, abfs://,
    file://), or - for standard input.
    """
    from analyzer.cli.preflight import check_case, check_report
    from analyzer.config import Settings
    from analyzer.inputs.scheme import redacted
    from analyzer.inputs.spec import printable
    from analyzer.report.write import default_path
    from analyzer.rules.custom import custom_files

    if keylog is not None and engine != "tshark":
        raise UsageError("--keylog needs --engine tshark: the others do not decrypt")
    if threads is not None and engine != ENGINES[0]:
        raise UsageError(f"--threads is for --engine {ENGINES[0]}: the others use one")
    fmt = fmt or _format_of(output)
    if config is None and Path(CONFIG_NAME).is_file():
        config = Path(CONFIG_NAME)
    evidence: list[str | Path] = [*inputs, *inventories, *log_maps, *_configured(config)]
    evidence += [keylog] if keylog is not None else []
    evidence += custom_files(rules_dir) if rules_dir is not None else []
    report = None if output == "-" else Path(output) if output else default_path(inputs, fmt)
    if report is not None:
        check_report(report, force, evidence)
    if case is not None:
        check_case(case, force, report, evidence)
    settings = Settings(
        inputs=inputs,
        inventories=inventories,
        own=own,
        approve=approve,
        agents=agents,
        resolvers=resolvers,
        allows=allows,
        config_file=config,
        case_path=case,
        force=force,
        hash_inputs=hashed,
        threads=threads,
        engine=engine,
        keylog=keylog,
        log_format=log_format,
        log_maps=log_maps,
        squid_logformat=squid_logformat,
        tenant=tenant,
        rules_dir=rules_dir,
        rule_seconds=rule_seconds,
        log_timezone=log_timezone,
        log_year=log_year,
        command_line=tuple(redacted(printable(word)) for word in ctx.obj or sys.argv),
    )
    return _run(settings, fmt, report, fail_on)


def _configured(config: Path | None) -> list[Path]:
    """The configuration and the files that it names."""
    from analyzer.endpoints.project_file import read_project_file

    if config is None:
        return []
    project = read_project_file(config)
    return [config, *project.inventory, *project.catalogue]


def _format_of(output: str | None) -> str:
    """The format that a report's ending asks for; HTML for a name without one.

    Raises:
        UsageError: The ending is that of something else, or there is no name.
    """
    if output == "":
        raise UsageError("-o: expected the name of a file, or - for standard output")
    if output is None or output == "-" or output.startswith("/dev/") or not Path(output).suffix:
        return "html"
    return of_ending(output).name


def _run(settings: Settings, fmt: str, report: Path | None, fail_on: tuple[str, ...]) -> int:
    """Analyses, writes the report, sums it up for the person at the terminal."""
    from analyzer import api
    from analyzer.cli.progress import progress_bar
    from analyzer.inputs.spec import printable
    from analyzer.report.formats import render
    from analyzer.report.terminal import render_summary
    from analyzer.report.write import write_report

    with progress_bar() as progress:
        result = api.analyze(settings, progress, say)
    text = render(result, fmt)
    if report is None:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    else:
        write_report(text, report, settings.force)
    for line in problem_lines(result):
        say(line)
    out = sys.stderr if report is None else sys.stdout
    colour = out.isatty() and "NO_COLOR" not in os.environ
    shown = None if report is None else printable(str(report))
    click.echo(render_summary(result, shown, colour), file=out, nl=False, color=colour)
    return exit_code(result, fail_on)
