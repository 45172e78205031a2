"""What the program says beside its results."""

from __future__ import annotations

import click

from analyzer.report.visible import visible


def say(message: str) -> None:
    """One line on stderr, safe for a terminal whatever it quotes."""
    click.echo(f"acrtrace: {visible(message)}", err=True)
