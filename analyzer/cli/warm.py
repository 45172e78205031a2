"""``acrtrace warm``: compile the packet kernels ahead of the first capture."""

from __future__ import annotations

import click


@click.command()
def warm() -> None:
    """Compile the packet kernels now, for images and pools of machines.

    They are kept in the user's cache folder (ACRTRACE_CACHE_DIR, XDG_CACHE_HOME or ~/.cache); run
    this as the user who will analyse. A folder that holds them already is left as it is.
    """
    from analyzer.capture import cache
    from analyzer.cli.speech import say

    lines = cache.notices()
    for line in lines:
        say(line)
    cold = cache.is_cold()
    from analyzer.capture.warm import warm as compile_all

    seconds = compile_all()
    if cold:
        click.echo(f"kernels compiled in {seconds:.1f} s: {cache.kept() or 'for this run only'}")
    else:
        click.echo(f"kernels were compiled before: {cache.prepare()}")
