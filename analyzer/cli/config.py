"""``acrtrace config show`` and ``acrtrace config init``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.options import CONFIG_NAME, FILE, settings_options
from analyzer.cli.setting import GroupedCommand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.cli.layers import Row


@click.group()
def config() -> None:
    """Show the settings that count, or begin a configuration file."""


@config.command(cls=GroupedCommand)
@click.option(
    "listing",
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the settings are listed.",
)
@settings_options(report_format="--report-format")
@click.pass_context
def show(ctx: click.Context, /, listing: str, **options: Any) -> None:
    """Print each setting with its value and where it is from.

    Takes the options of analyze, to see what they change. A flag goes before the environment
    (ACRTRACE_...), that before the file, that before the default; declarations (what is ours,
    approved, agents, resolvers, allows, rules switched off) add up.
    """
    from analyzer.api import check
    from analyzer.cli.layers import rows
    from analyzer.cli.settings import settings_of
    from analyzer.cli.speech import say
    from analyzer.cli.variables import unknown_variables

    del options
    for warning in unknown_variables():
        say(warning)
    check(settings_of(ctx))  # what analyze would refuse is no setting
    found = rows(ctx)
    if listing == "json":
        plain = [{"key": r.key, "value": r.value, "origin": r.origin} for r in found]
        # ASCII only: control characters and bidirectional marks stay escaped.
        click.echo(json.dumps(plain, indent=2, ensure_ascii=True))
        return
    for line in _table(found):
        click.echo(line)


@config.command()
@click.option(
    "inventories",
    "--inventory",
    type=FILE,
    multiple=True,
    help="Azure CLI output to name in the file, and to list what it declares. Repeatable.",
)
@click.option(
    "output",
    "-o",
    "--output",
    default=CONFIG_NAME,
    show_default=True,
    metavar="FILE",
    help="File to write, - for standard output.",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def init(inventories: tuple[Path, ...], output: str, force: bool) -> None:
    """Write a configuration file in which every key is explained, and nothing is set yet but the
    inventories that were given.
    """
    from analyzer.cli.template import template
    from analyzer.endpoints.inventory import Inventory
    from analyzer.names import printable
    from analyzer.report.preflight import check_report
    from analyzer.report.write import write_report

    sources = Inventory.load(inventories).sources
    path = None if output == "-" else Path(output)
    folder = Path() if path is None else path.parent
    named = [
        (_relative(given, folder), info) for given, info in zip(inventories, sources, strict=True)
    ]
    text = template(named)
    if path is None:
        sys.stdout.write(text)
        return
    check_report(path, force, inventories)
    write_report(text, path, force)
    click.echo(f"{printable(str(path))}: written; 'acrtrace config show' tells what it sets")


def _relative(path: Path, folder: Path) -> str:
    """As the file must name it: relative paths count from its own folder."""
    return str(path) if path.is_absolute() else Path(os.path.relpath(path, folder)).as_posix()


def _table(found: Sequence[Row]) -> list[str]:
    from analyzer.report.visible import visible

    cells = [(r.key, visible(r.text), visible(r.origin)) for r in found]
    widths = [min(60, max(len(row[column]) for row in cells)) for column in (0, 1)]
    return [
        f"{key:{widths[0]}}  {text:{widths[1]}}  {where}".rstrip() for key, text, where in cells
    ]
