"""Entry point of ``acrtrace``: the command group, and where failures become exit codes.

Commands are imported when they run, so that ``acrtrace --help`` costs no more than click itself.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from analyzer import __version__
from analyzer.cli.interruption import INTERRUPTED, Interruption, interruption
from analyzer.cli.speech import say
from analyzer.issues import AcrtraceError
from analyzer.names import suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

UNUSABLE, BUG, BROKEN_PIPE = 2, 70, 141
COMPLETION = "_ACRTRACE_COMPLETE"
"""What the completion script of a shell sets when it asks."""

# Command -> where it is, and the line that --help shows without importing it.
COMMANDS: dict[str, tuple[str, str]] = {
    "analyze": ("analyzer.cli.analyze:analyze", "Analyse captures and write a report."),
    "carve": ("analyzer.cli.carve:carve", "Write the packets of one finding to a file."),
    "completion": ("analyzer.cli.completion:completion", "Print the completion of a shell."),
    "config": ("analyzer.cli.config:config", "Show the settings that count, or begin a file."),
    "convert": ("analyzer.cli.convert:convert", "Render a result in another format."),
    "doctor": ("analyzer.cli.doctor:doctor", "Check that this machine can analyse."),
    "endpoints": ("analyzer.cli.endpoints:endpoints", "Explain how a host name is classified."),
    "formats": ("analyzer.cli.formats:formats", "List the log formats, or print one in full."),
    "inspect": ("analyzer.cli.inspect:inspect", "Read one finding's requests with tshark."),
    "query": ("analyzer.cli.query:query", "Run one SELECT on a case file, safely."),
    "rule": ("analyzer.cli.rules:rule", "Explain one rule, for example EX001."),
    "rules": ("analyzer.cli.rules:rules", "List the rules in their order."),
    "warm": ("analyzer.cli.warm:warm", "Compile the packet kernels ahead of the first capture."),
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is run or asked for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names for --help."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports the command's module."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the command that was probably meant."""
        known = not args or self.get_command(ctx, args[0]) is not None
        if not known and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = suggestion(args[0], COMMANDS)
            raise click.UsageError(f"No such command {args[0]!r}{near}.", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 ran; 1 findings at or above --fail-on; 2 usage or configuration; "
    "3 an input was unreadable or incomplete; 70 bug; 130 interrupted; 143 terminated.",
)
@click.version_option(__version__, prog_name="acrtrace", message="%(prog)s %(version)s")
def cli() -> None:
    """Finds data exfiltration around container registries in network captures."""


def run(args: Sequence[str], *, last: bool = False) -> int:
    """Runs a command line and returns its exit code; no exception leaves it.

    Args:
        args: The words after the name of the program.
        last: The process ends with that code: a signal that comes later does not change it.
    """
    _prepare_streams()
    with interruption(last=last) as arrived:
        return _guarded(args, arrived)


def _prepare_streams() -> None:
    """What the program says arrives in any locale, and a stream that is closed takes nothing."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _guarded(args: Sequence[str], arrived: Interruption) -> int:
    try:
        code = _invoke(list(args))
        sys.stdout.flush()
        arrived.over = True
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
        say(" ".join(error.format_message().split()))
        if isinstance(error, click.NoSuchOption):
            for word in args:
                if word.startswith("-") and os.path.isfile(word):  # noqa: PTH113
                    say(f"{word} is a file here: ./{word} is no option")
        return error.exit_code
    except AcrtraceError as error:
        say(str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _stopped(arrived)
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not try to flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:
        if arrived.code is not None:
            return _stopped(arrived)
        return _refused(error) if isinstance(error, OSError) else _bug(error)
    return code


def _stopped(arrived: Interruption) -> int:
    code = arrived.code or INTERRUPTED
    arrived.over = True
    what = "interrupted" if code == INTERRUPTED else "terminated"
    names = ", ".join(arrived.written)
    say(f"{what}; " + (f"written and complete: {names}" if names else "no report was written"))
    return code


def _refused(error: OSError) -> int:
    """What the system refuses (a full disk, a closed output) is no bug of ours."""
    _trace(error)
    where = f"{error.filename}: " if error.filename else ""
    say(f"{where}{error.strerror or error}")
    return UNUSABLE


def _invoke(args: list[str]) -> int:
    typed = ("acrtrace", *args)
    with cli.make_context("acrtrace", args, obj=typed) as ctx:
        outcome: Any = cli.invoke(ctx)
    return outcome if isinstance(outcome, int) else 0


def _bug(error: Exception) -> int:
    _trace(error)
    kind = "out of memory" if isinstance(error, MemoryError) else type(error).__name__
    detail = " ".join(str(error).split())[:300]
    say(
        f"this is a bug: {kind}: {detail or 'no detail'} "
        "(the same command with ACRTRACE_DEBUG=1 shows where; please report it)"
    )
    return BUG


def _trace(error: Exception) -> None:
    if os.environ.get("ACRTRACE_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)


def main() -> None:
    """The ``acrtrace`` command."""
    asked = os.environ.get(COMPLETION)
    if asked:  # the script of `acrtrace completion` wants words, not a run
        from click.shell_completion import shell_complete

        sys.exit(shell_complete(cli, {}, "acrtrace", COMPLETION, asked))
    sys.exit(run(sys.argv[1:], last=True))


if __name__ == "__main__":
    main()
