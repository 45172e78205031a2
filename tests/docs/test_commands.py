"""What the documentation tells people to type works: every command has the options that it shows,
and those whose inputs are in the repository, or made by a command above, run."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import pytest

from analyzer.cli.main import cli
from craft.run import ROOT, command_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = [
    ROOT / "README.md",
    *sorted(
        page
        for page in (ROOT / "docs").rglob("*.md")
        if page.parent.name != "rules" and page.name not in ("formats.md", "schema.md")
    ),
]
RUN = [
    "README.md",
    "guides/responder.md",
    "guides/weekly-review.md",
    "guides/azure-administrator.md",
]
_START = re.compile(r"^(?:\S+ .*\| )?(?:\.venv/bin/)?acrtrace (.*)$")


@dataclass(frozen=True, slots=True)
class Command:
    """One command line of a page, without what a shell does around it."""

    page: str
    line: int
    words: list[str]
    output: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def commands(page: Path) -> Iterator[Command]:
    """Commands in fenced and indented blocks."""
    fenced = False
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if text.lstrip().startswith("```"):
            fenced = not fenced
            continue
        found = _START.match(text.strip())
        if not found or not (fenced or text.startswith("    ")):
            continue
        # A synopsis has what may be left out in brackets.
        typed = re.sub(r"[][]", "", found[1]) if "[-" in found[1] else found[1]
        words = shlex.split(typed, comments=True)
        end = next((i for i, word in enumerate(words) if word in ("|", ">")), len(words))
        output = words[end + 1] if words[end : end + 1] == [">"] else None
        yield Command(str(page.relative_to(ROOT)), number, words[:end], output)


EVERY = [command for page in PAGES for command in commands(page)]


def parsed(words: list[str]) -> tuple[click.Command, dict[str, object]]:
    """The command that is meant, and what its parser made of the rest; nothing is looked for."""
    group: click.Command = cli
    context = click.Context(cli)
    while isinstance(group, click.Group):
        name, *words = words
        command = group.get_command(context, name)
        assert command is not None, f"no command {name}"
        group = command
    context = click.Context(group)
    given, left, _ = group.make_parser(context).parse_args(list(words))
    assert not left, left
    return group, given


def values(command: click.Command, given: dict[str, object], kind: type) -> Iterator[str]:
    """What was given for parameters of a type."""
    for parameter in command.params:
        if isinstance(parameter.type, kind) or (kind is click.Path and parameter.name == "inputs"):
            value = given.get(parameter.name or "")
            for each in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(each, str):
                    yield each


def test_there_are_commands_to_try():
    assert len(EVERY) > 40
    assert {command.page for command in EVERY} > {"README.md", "docs/outputs.md"}


@pytest.mark.parametrize("command", EVERY, ids=str)
def test_every_command_that_is_shown_exists_with_its_options(command):
    found, given = parsed(command.words)
    for parameter in found.params:
        if isinstance(parameter.type, click.Choice):
            for value in [given.get(parameter.name or "")]:
                for each in value if isinstance(value, list) else [value]:
                    assert (
                        each is None or not isinstance(each, str) or each in parameter.type.choices
                    )


@pytest.mark.parametrize("page", RUN)
def test_what_can_run_runs(page, tmp_path):
    """In the order of the page, in a folder with the repository's captures and no reports."""
    (tmp_path / "captures").symlink_to(ROOT / "captures")
    (tmp_path / "reports").mkdir()
    name = page if page == "README.md" else f"docs/{page}"
    ran = []
    for command in (each for each in EVERY if each.page == name):
        found, given = parsed(command.words)
        if found.name == "warm":
            continue
        readable = [v for v in values(found, given, click.Path) if not _is_output(found, given, v)]
        if any(not (tmp_path / value).exists() for value in readable):
            continue
        words = [*command.words]
        if found.name in ("analyze", "carve", "inspect", "convert", "init"):
            words.append("--force")
        done = command_line(*words, cwd=tmp_path)
        assert done.returncode in (0, 1), (str(command), done.stderr.decode())
        if command.output:
            (tmp_path / command.output).write_bytes(done.stdout)
        ran.append(found.name)
    assert ran.count("analyze") >= 1
    assert len(ran) >= 5, ran


def _is_output(command: click.Command, given: dict[str, object], value: str) -> bool:
    """A path that the command writes."""
    return any(
        given.get(parameter.name or "") == value
        for parameter in command.params
        if {"-o", "--case", "--output-dir", "--markdown"} & set(parameter.opts)
    )
