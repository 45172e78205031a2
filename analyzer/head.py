"""The head of a SQL file (a rule, a log format): TOML in the leading ``-- `` comment lines."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from analyzer.issues import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class Head:
    """The parsed head of one file, with the line of each key for error messages."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines: list[str] = []
        for line in text.splitlines():
            if not line.startswith("--"):
                break
            self.lines.append(line[2:].removeprefix(" "))
        try:
            self.values: dict[str, Any] = tomllib.loads("\n".join(self.lines))
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+)", str(error))
            line_number = int(found[1]) if found else max(len(self.lines), 1)
            raise self.error(line_number, f"the head is not TOML: {error}") from None

    def error(self, where: str | int, message: str) -> UsageError:
        """A UsageError that names file and line (of a key, or a number)."""
        line = where
        if isinstance(where, str):
            found = (i for i, text in enumerate(self.lines, 1) if _mentions(text, where))
            line = next(found, 1)
        return UsageError(f"{self.path}:{line}: {message}")


def _mentions(line: str, key: str) -> bool:
    return re.match(rf"\[*\s*(modifiers\.)?{re.escape(key)}\b", line) is not None
