"""The output formats. A new one is one module with a function from result to text, and one line.

Modules are imported when their format is asked for: JSON never pays for the template engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from analyzer.issues import UsageError

if TYPE_CHECKING:
    from analyzer.result import Result


@dataclass(frozen=True, slots=True)
class Format:
    """One output format.

    Attributes:
        name: What ``--format`` takes.
        suffix: Ending of its files.
        module: Module in this package.
        function: Function of that module, from `Result` to `str`.
        meaning: For the help text.
    """

    name: str
    suffix: str
    module: str
    function: str
    meaning: str


_ALL = (
    Format("html", ".html", "analyzer.report.html", "render_html", "one self-contained page"),
    Format("json", ".json", "analyzer.report.document", "render_json", "the result document"),
)

FORMATS: dict[str, Format] = {entry.name: entry for entry in _ALL}


def find(name: str) -> Format:
    """The format of that name.

    Raises:
        UsageError: There is none.
    """
    if name not in FORMATS:
        raise UsageError(f"format {name!r} is not one of {', '.join(FORMATS)}")
    return FORMATS[name]


def render(result: Result, name: str) -> str:
    """The result in that format.

    Raises:
        UsageError: There is no such format.
    """
    entry = find(name)
    function = getattr(import_module(entry.module), entry.function)
    text: str = function(result)
    return text
