"""The commands that declare what was seen undeclared, ready to be pasted."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING

from analyzer.report.visible import visible
from analyzer.shell_words import shell_line

if TYPE_CHECKING:
    from analyzer.result import RegistryInfo, Result


@dataclass(frozen=True, slots=True)
class Undeclared:
    """A registry or storage account that no inventory mentions.

    Attributes:
        registry: What was seen.
        flag: The flag that declares it, quoted for a shell: the name comes from the wire.
        command: The whole run again with this one declared; the flag alone where the input was a
            stream that is over. One command each and never one for all: the list may hold an
            attacker's account.
        finding: Id of the worst exfiltration finding about one of its hosts, None without.
    """

    registry: RegistryInfo
    flag: str
    command: str
    finding: str | None = None


def undeclared(result: Result) -> list[Undeclared]:
    """What the first lines of a report must name: empty as soon as anything was declared.

    With an inventory, an undeclared name is foreign until somebody says otherwise; inviting the
    reader to declare it would invite them to wave an attacker's registry through.
    """
    if any(inventory.entries for inventory in result.inventories):
        return []
    # The report of this run exists by the time the command is pasted.
    words = result.command_line
    to_stdout = any(pair in (("-o", "-"), ("--output", "-")) for pair in pairwise(words))
    again = [] if to_stdout or "--force" in words else ["--force"]
    once = any(entry.path == "-" for entry in result.inputs)
    findings: dict[str, str] = {}
    for found in result.findings:  # the worst comes first
        if found.stream == "exfiltration" and found.endpoint is not None:
            findings.setdefault(found.endpoint, found.id)
    rows = []
    for registry in result.registries:
        if registry.declare is not None:
            flag = quoted(registry.declare)
            typed = flag if once else command(result, flag, *again)
            hosts = (registry.name, *registry.hosts)
            finding = next((findings[host] for host in hosts if host in findings), None)
            rows.append(Undeclared(registry, flag, typed, finding))
    return rows


def quoted(flag: str) -> str:
    """The flag with every word quoted where a shell would read more than a word in it."""
    try:
        words = shlex.split(flag)
    except ValueError:  # a lone quote in a name
        words = flag.split()
    return shlex.join(visible(word) for word in words)


def command(result: Result, *more: str) -> str:
    """The command line as typed, quoted for a shell.

    Args:
        more: Options to add, quoted already; where ``--`` ends the options, in front of it.
    """
    words = list(result.command_line)
    if not words:
        return " ".join(["acrtrace analyze INPUT", *more])
    if PurePath(words[0]).name.removesuffix(".exe") != "acrtrace":
        words.insert(0, "acrtrace")
    end = words.index("--") if "--" in words else len(words)
    parts = [shell_line(words[:end]), *more, shell_line(words[end:])]
    return " ".join(part for part in parts if part)
