"""``acrtrace inspect``: what a finding's requests say, read by tshark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from analyzer.cli.of_finding import of_finding
from analyzer.cli.outcome import INCOMPLETE, RAN
from analyzer.cli.speech import say
from analyzer.issues import UsageError

SUFFIXES = {".json": "json", ".html": "html", ".htm": "html"}
_SHOWN = 50


@click.command(name="inspect")
@of_finding
@click.option(
    "keylog",
    "--keylog",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="TLS secrets (SSLKEYLOGFILE); those that the inputs hold are used without it.",
)
@click.option(
    "output",
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Updated result, .json or .html. [default: RESULT.inspected.json]",
)
@click.option("--force", is_flag=True, help="Replace FILE, also when it is RESULT.json itself.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long tshark may take.",
)
def inspect(
    result_file: Path,
    wanted: str,
    keylog: Path | None,
    output: Path | None,
    force: bool,
    timeout: float,
    base: Path | None,
) -> int:
    """Read the HTTP requests of one finding with tshark and add them to it.

    Its packets are carved to a temporary file. With TLS secrets requests inside TLS are read:
    method, URL, headers and status, credentials left out. A write request makes the evidence W1.
    """
    from analyzer.cli.progress import progress_bar
    from analyzer.evidence.carve import find_finding
    from analyzer.evidence.inspect import inspect as look
    from analyzer.evidence.inspect import judged
    from analyzer.kept import files_of_result
    from analyzer.report.formats import render
    from analyzer.report.preflight import check_report
    from analyzer.report.visible import visible
    from analyzer.report.write import write_report
    from analyzer.result_file import read_result
    from analyzer.rules.grades import confidence

    result = read_result(result_file)
    finding = find_finding(result, wanted)
    path = output or result_file.with_name(f"{result_file.stem}.inspected.json")
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{path}: no format has this ending, expected .html or .json")
    kept = [*files_of_result(result, base), *([keylog] if keylog is not None else [])]
    check_report(path, force, kept)
    with progress_bar() as progress:
        found = look(
            result,
            finding,
            keylog=keylog,
            timeout=timeout,
            base=base,
            progress=progress,
            notice=say,
        )
    # A name that was doubtful stays so unless the request itself has it (A1).
    doubtful = finding.confidence == "low"
    updated = judged(
        found,
        lambda name, direction: confidence(
            name, direction, ambiguous=doubtful and name != "A1", only_small=False
        ),
    )
    findings = [updated if each is finding else each for each in result.findings]
    write_report(render(replace(result, findings=findings), form), path, force)
    for request in found.requests[:_SHOWN]:
        status = "no answer seen" if request.status is None else str(request.status)
        where = "" if request.packet is None else f" (packet {request.packet:,})"
        click.echo(f"{visible(request.method)} {visible(request.url)} -> {status}{where}")
    if len(found.requests) > _SHOWN:
        click.echo(f"{len(found.requests) - _SHOWN:,} more are in the result")
    click.echo(f"{visible(str(path))}: the result with these requests, {found.program}")
    for line in _notes(found.encrypted, found.dropped, found.carved.missing):
        say(line)
    return INCOMPLETE if found.dropped or found.carved.missing else RAN


def _notes(encrypted: int, dropped: int, missing: int) -> list[str]:
    """What was not read."""
    notes = []
    if encrypted:
        notes.append(f"{encrypted:,} TLS conversations of this finding could not be decrypted")
    if dropped:
        notes.append(f"{dropped:,} more requests were read and are not kept (1,000 are)")
    if missing:
        notes.append(f"{missing:,} more conversations of this finding were not looked at")
    return notes
