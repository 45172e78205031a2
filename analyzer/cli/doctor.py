"""``acrtrace doctor``: what this machine has of what an analysis needs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from analyzer.cli.options import CONFIG_NAME, FILE

if TYPE_CHECKING:
    from pathlib import Path

READY, NOT_READY = 0, 1


@click.command(
    epilog="Exit codes: 0 an analysis would run (warnings and notes do not count); 1 it would not."
)
@click.option(
    "fmt",
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
@click.option(
    "config",
    "--config",
    type=FILE,
    help=f"Configuration instead of ./{CONFIG_NAME}.",
)
def doctor(fmt: str, config: Path | None) -> int:
    """Check Python, libraries, compiled kernels, catalogue, configuration, memory, disk and what is
    optional. Nothing is changed, and no network is used.
    """
    from analyzer.cli.checks import checks
    from analyzer.report.visible import visible

    found = checks(config)
    if fmt == "json":
        click.echo(json.dumps([asdict(check) for check in found], indent=2))
    else:
        for check in found:
            click.echo(f"{check.state:8} {check.name:16} {visible(check.found)}")
    return NOT_READY if any(check.state == "failure" for check in found) else READY
