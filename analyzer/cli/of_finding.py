"""What the commands on one finding of a result share: their arguments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARED = (
    click.argument("result_file", metavar="RESULT.json", type=click.Path(path_type=Path)),
    click.option("wanted", "--finding", required=True, metavar="ID", help="Id of the finding."),
    click.option(
        "base",
        "--base",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="Where the inputs' relative paths begin. [default: the current directory]",
    ),
)


def of_finding(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command RESULT.json (`result_file`), ``--finding`` (`wanted`) and ``--base``."""
    for option in reversed(_SHARED):
        command = option(command)
    return command
