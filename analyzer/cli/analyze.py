"""``acrtrace analyze``: captures in, report out."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.options import CONFIG_NAME, REPORT, settings_options
from analyzer.cli.outcome import exit_code, input_lines, problem_lines
from analyzer.cli.setting import GroupedCommand, Setting, given_as_flag, project_of
from analyzer.cli.settings import settings_of
from analyzer.cli.speech import say
from analyzer.issues import UsageError
from analyzer.report.formats import of_ending

if TYPE_CHECKING:
    from analyzer.config import Settings
    from analyzer.report.view import View
    from analyzer.result import Result

TERMINAL = "Terminal"
EXAMPLES = f"""
Examples:
  acrtrace analyze capture.pcap --inventory endpoints.json
  acrtrace analyze captures/ --own contoso --agent build=10.1.0.0/24 -o week.html
  acrtrace analyze firewall.json.gz PT1H.json capture.pcap -o all.html
  acrtrace analyze day.pcap --from 2026-11-24T08:00 --to 2026-11-24T18:00
  acrtrace analyze capture.pcap --fail-on medium --format json -o - > result.json

An option may also be set in {CONFIG_NAME} (in the current directory, unless --config
names another) or in the environment, as ACRTRACE_ and its name (ACRTRACE_OWN): a flag
goes before the environment, that before the file. 'acrtrace config show' tells what counts.
"""


@click.command(cls=GroupedCommand, epilog=EXAMPLES)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@settings_options()
@click.option(
    "output",
    "-o",
    "--output",
    cls=Setting,
    group=REPORT,
    env=False,
    metavar="FILE",
    help="Report file, - for standard output. [default: reports/<input name>.html]",
)
@click.option(
    "case",
    "--case",
    cls=Setting,
    group=REPORT,
    env=False,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep the tables in this DuckDB file.",
)
@click.option(
    "force",
    "--force",
    cls=Setting,
    group=REPORT,
    env=False,
    is_flag=True,
    help="Replace an existing report or case file.",
)
@click.option(
    "quiet",
    "-q",
    "--quiet",
    cls=Setting,
    group=TERMINAL,
    is_flag=True,
    help="No progress and no summary; what went wrong is still said.",
)
@click.option(
    "verbose",
    "-v",
    "--verbose",
    cls=Setting,
    group=TERMINAL,
    is_flag=True,
    help="Also list the inputs and every issue.",
)
@click.pass_context
def analyze(
    ctx: click.Context,
    /,
    inputs: tuple[str, ...],
    output: str | None,
    case: Path | None,
    force: bool,
    quiet: bool,
    verbose: bool,
    **options: object,
) -> int:
    """Analyse captures and logs and write a report.

    INPUT is a pcap or pcapng file or a log of a firewall, resolver, proxy or runner (plain or
    compressed), a tar or zip of them, a directory, a URL that fsspec can read (s3://, abfs://,
    file://), or - for standard input.
    """
    from analyzer.cli.variables import unknown_variables
    from analyzer.inputs.discover import refuse_all_missing
    from analyzer.inputs.scheme import redacted
    from analyzer.inputs.spec import printable
    from analyzer.issues import InputError
    from analyzer.kept import files_of_run
    from analyzer.report.preflight import check_case, check_report
    from analyzer.report.view import View
    from analyzer.report.write import default_path

    del options  # settings_of reads them from the context
    for warning in unknown_variables():
        say(warning)
    if quiet and verbose:
        raise UsageError("-q and -v contradict each other")
    settings = settings_of(
        ctx,
        inputs,
        case_path=case,
        force=force,
        command_line=tuple(redacted(printable(word)) for word in ctx.obj or sys.argv),
    )
    fmt = _format(ctx, output)
    project = project_of(ctx)
    kept = files_of_run(settings, (*project.inventory, *project.catalogue))
    report = default_path(inputs, fmt, ctx.params["directory"])
    place = None if output == "-" else Path(output) if output else report
    if place is not None:
        check_report(place, force, kept)
    if case is not None:
        check_case(case, force, place, kept)
    try:
        refuse_all_missing(inputs)
    except InputError:
        from analyzer.api import check

        check(settings)  # what is wrong with a setting is told first, as in any other run
        raise
    view = View(ctx.params["zone"], ctx.params["min_severity"])
    return _run(settings, fmt, place, ctx.params["fail_on"], view, 1 - quiet + verbose)


def _format(ctx: click.Context, output: str | None) -> str:
    """The format of the report: a flag's, the one that the ending of -o asks for, or what is
    configured for reports whose name says nothing.

    Raises:
        UsageError: The ending is that of something else, or there is no name.
    """
    stated: str | None = ctx.params["fmt"]
    if output == "":
        raise UsageError("-o: expected the name of a file, or - for standard output")
    if stated is not None and given_as_flag(ctx, "fmt"):
        return stated
    if output is None or output == "-" or output.startswith("/dev/") or not Path(output).suffix:
        return stated or "html"
    try:
        return of_ending(output).name
    except UsageError as error:
        raise UsageError(f"{error}; --format says which it is") from None


def _run(
    settings: Settings,
    fmt: str,
    report: Path | None,
    fail_on: tuple[str, ...],
    view: View,
    talk: int,
) -> int:
    """Analyses, writes the report, sums it up for the person at the terminal.

    Args:
        settings: What to do.
        fmt: Format of the report.
        report: Where it goes, None for standard output.
        fail_on: What makes the exit code 1.
        view: What is displayed.
        talk: 0 for the necessary, 1 for the usual, 2 for everything.
    """
    from analyzer import api
    from analyzer.cli.progress import progress_bar
    from analyzer.cli.publication import publish, staged_case
    from analyzer.kept import files_of_result
    from analyzer.report.preflight import refuse_inputs

    with staged_case(settings) as staged:
        with progress_bar(quiet=not talk) as progress:
            result = api.analyze(staged, progress, say)
        text = _rendered(result, fmt, view)
        if report is not None:
            # What lies in a directory is known only now.
            refuse_inputs(report, files_of_result(result))
        publish(text, report, staged.case_path, settings)
    if talk > 1:
        for line in input_lines(result):
            say(line)
    for line in problem_lines(result, everything=talk > 1):
        say(line)
    if talk:
        _sum_up(result, report, view)
    return exit_code(result, fail_on)


def _rendered(result: Result, fmt: str, view: View) -> str:
    if fmt == "html":  # the format that is for looking at
        from analyzer.report.html import render_html

        return render_html(result, view)
    from analyzer.report.formats import render

    return render(result, fmt)


def _sum_up(result: Result, report: Path | None, view: View) -> None:
    import shutil

    from analyzer.inputs.spec import printable
    from analyzer.report.terminal import render_summary

    out = sys.stderr if report is None else sys.stdout
    colour = out.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size().columns if out.isatty() else None
    shown = None if report is None else printable(str(report))
    summary = render_summary(result, shown, colour, view=view, width=width)
    click.echo(summary, file=out, nl=False, color=colour)
