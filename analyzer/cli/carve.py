"""``acrtrace carve``: the packets of one finding as a pcapng file with a manifest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.of_finding import of_finding
from analyzer.cli.outcome import INCOMPLETE, RAN
from analyzer.cli.speech import say
from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analyzer.evidence.carve import Carved

MANIFEST_SUFFIX = ".manifest.json"


@click.command()
@of_finding
@click.option(
    "output",
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.pcapng",
    help="File to write. [default: reports/<ID>.pcapng]",
)
@click.option("--force", is_flag=True, help="Replace a file that was carved before.")
@click.option(
    "icmp", "--icmp", is_flag=True, help="Also ICMP errors that quote a packet of the finding."
)
@click.option(
    "secrets",
    "--secrets",
    is_flag=True,
    help="Also copy TLS secrets that the inputs hold; they open other conversations, too.",
)
def carve(
    result_file: Path,
    wanted: str,
    output: Path | None,
    force: bool,
    icmp: bool,
    secrets: bool,
    base: Path | None,
) -> int:
    """Write the packets of one finding's conversations to a pcapng file.

    RESULT.json is what 'acrtrace analyze --format json' wrote. Its inputs are read again and must
    be what they were (SHA-256). FILE.pcapng.manifest.json says what was taken from where.
    """
    from analyzer.cli.progress import progress_bar
    from analyzer.evidence.carve import Options, find_finding
    from analyzer.evidence.carve import carve as write_packets
    from analyzer.kept import files_of_result
    from analyzer.report.preflight import check_report
    from analyzer.report.visible import visible
    from analyzer.report.write import FOLDER, whole_file, write_report
    from analyzer.result_file import read_result

    result = read_result(result_file)
    finding = find_finding(result, wanted)
    path = output or FOLDER / f"{_file_name(finding.id)}.pcapng"
    manifest = path.with_name(path.name + MANIFEST_SUFFIX)
    kept = [result_file, *files_of_result(result, base)]
    _check_carved(path, force, kept)
    check_report(manifest, force, [*kept, path])
    options = Options(icmp=icmp, secrets=secrets, base=base)
    with whole_file(path, force) as stream, progress_bar() as progress:
        carved = write_packets(result, finding, stream, options, progress, say)
    carved.manifest["output"] = {"path": path.name, **carved.manifest["output"]}
    write_report(json.dumps(carved.manifest, indent=2) + "\n", manifest, force)
    click.echo(
        f"{visible(str(path))}: {carved.packets:,} packets of {carved.conversations:,} "
        f"conversations, SHA-256 {carved.manifest['output']['sha256']}"
    )
    click.echo(f"{visible(str(manifest))}: what was taken from where")
    notes = list(shortcomings(carved, secrets=secrets))
    for line in notes:
        say(line)
    return INCOMPLETE if carved.missing or carved.given_up else RAN


def _check_carved(path: Path, force: bool, evidence: Iterable[str | Path]) -> None:
    """Refuses a path for a carved capture that cannot or must not be written.

    ``--force`` replaces what was carved before, never another capture.

    Raises:
        UsageError: With the reason.
    """
    from analyzer.evidence.pcapng import is_carved
    from analyzer.inputs.sniff import archive_of, plain_head, sniff
    from analyzer.report.preflight import head_of, is_url, refuse_inputs, refuse_unwritable
    from analyzer.report.write import is_stream, refuse_existing

    if is_url(path):
        raise UsageError(f"{path}: is a URL; packets are carved to a file")
    refuse_existing(path, force)
    if is_stream(path):
        raise UsageError(f"{path}: is no regular file; packets are carved to a file")
    refuse_inputs(path, evidence)
    head = head_of(path)
    if not is_carved(head) and (sniff(head) or archive_of(head) or plain_head(head)[1]):
        raise UsageError(f"{path}: holds a capture, which is not overwritten even with --force")
    refuse_unwritable(path, may_create_folder=True)


def shortcomings(carved: Carved, *, secrets: bool) -> Iterable[str]:
    """What the file does not hold."""
    if carved.missing:
        yield (
            f"{carved.missing:,} more conversations of this finding are not in the file: only "
            "logs tell of them"
        )
    if carved.given_up:
        yield (
            f"{carved.given_up:,} fragmented datagrams could not be followed, too many were open "
            "at once; packets of this finding may be missing"
        )
    if carved.secrets and not secrets:
        yield (
            f"{carved.secrets:,} blocks of TLS secrets in the inputs were not copied: they open "
            "other conversations, too; --secrets copies them"
        )


def _file_name(identifier: str) -> str:
    """A finding's id as part of a file name; a result may come from anybody."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", identifier):
        raise UsageError(f"finding {identifier!r:.80}: its id is no file name; -o FILE gives one")
    return identifier
