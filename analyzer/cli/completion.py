"""``acrtrace completion SHELL``: the script that lets a shell complete commands and options."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog='bash: eval "$(acrtrace completion bash)" in ~/.bashrc (bash 4.4 or newer). '
    'zsh: eval "$(acrtrace completion zsh)" in ~/.zshrc, behind compinit. '
    "fish: acrtrace completion fish > ~/.config/fish/completions/acrtrace.fish"
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script of SHELL."""
    from click.shell_completion import get_completion_class

    from analyzer.cli.main import COMPLETION, cli

    made = get_completion_class(shell)
    assert made is not None
    # ShellComplete.source() would first ask the bash of this machine for its version, which need
    # not be the one that the script is for.
    script = made(cli, {}, "acrtrace", COMPLETION)
    click.echo(script.source_template % script.source_vars())
