"""``acrtrace convert``: a result in another format, without the inputs it was made from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.issues import UsageError
from analyzer.report.formats import FORMATS, file_names, find

if TYPE_CHECKING:
    from analyzer.report.formats import Format
    from analyzer.result import Result

STREAM = "-"


def _formats() -> str:
    # \b keeps click from joining the lines into a paragraph.
    return "\b\n" + "\n".join(f"{each.name:10} {each.meaning}" for each in FORMATS.values())


@click.command(epilog=f"{_formats()}\n\nWhat is in them: docs/outputs.md.")
@click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option("fmt", "--to", required=True, type=click.Choice(tuple(FORMATS)), help="Format.")
@click.option(
    "output",
    "-o",
    "--output",
    metavar="FILE|DIR",
    help="File, or folder for a format of several files; - for standard output. "
    "[default: beside RESULT.json]",
)
@click.option("--force", is_flag=True, help="Replace FILE, or DIR if it holds such tables alone.")
def convert(result_file: Path, fmt: str, output: str | None, force: bool) -> None:
    """Render a result in another format.

    RESULT.json is what 'acrtrace analyze --format json' wrote, - for standard input. Nothing else
    is read: neither the captures nor the network.
    """
    form = find(fmt)
    path = _place(result_file, form, output)
    if path is None:
        _print(_read(result_file), fmt)
        return
    _check(path, form, force, [result_file])
    result = _read(result_file)
    _check(path, form, force, _kept(result))
    _write(result, form, path, force)


def _place(result_file: Path, form: Format, output: str | None) -> Path | None:
    """Where the output goes; None for standard output."""
    if output == "":
        raise UsageError("-o: expected a name, or - for standard output")
    streams = output == STREAM or (output is None and str(result_file) == STREAM)
    if streams and form.folder:
        raise UsageError(f"--to {form.name} writes a folder of tables: -o DIR says where")
    if streams:
        return None
    return Path(output) if output is not None else _beside(result_file, form)


def _write(result: Result, form: Format, path: Path, force: bool) -> None:
    from analyzer.report.formats import fill, render
    from analyzer.report.visible import visible
    from analyzer.report.write import write_report
    from analyzer.report.write_folder import whole_folder

    if form.folder:
        with whole_folder(path, file_names(form), force) as folder:
            fill(result, form.name, folder)
    else:
        write_report(render(result, form.name), path, force)
    click.echo(f"{visible(str(path))}: {form.meaning}, {len(result.findings):,} findings")


def _read(path: Path) -> Result:
    from analyzer.result_file import read_result, read_stream

    return (
        read_stream(sys.stdin.buffer, "standard input")
        if str(path) == STREAM
        else read_result(path)
    )


def _kept(result: Result) -> list[str | Path]:
    from analyzer.kept import files_of_result

    return list(files_of_result(result))


def _beside(result_file: Path, form: Format) -> Path:
    """The result's name with the format's ending; ``-csv`` for a folder."""
    if not result_file.name:
        raise UsageError(f"{result_file}: is a directory, not a result document")
    ending = f"-{form.name}" if form.folder else form.suffix
    return result_file.with_name(result_file.stem + ending)


def _check(path: Path, form: Format, force: bool, kept: list[str | Path]) -> None:
    """Refuses what cannot or must not be written, the files of the result's run among it."""
    from analyzer.report.preflight import check_folder, check_report

    if form.folder:
        check_folder(path, file_names(form), force, kept)
    else:
        check_report(path, force, kept)


def _print(result: Result, fmt: str) -> None:
    from analyzer.report.formats import render
    from analyzer.report.write import print_report

    print_report(render(result, fmt))
