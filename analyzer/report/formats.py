"""The output formats. A new one is one module with a function from the result, and one line.

Modules are imported when their format is asked for: JSON never pays for the template engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from analyzer.issues import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from analyzer.result import Result


@dataclass(frozen=True, slots=True)
class Format:
    """One output format.

    Attributes:
        name: What ``--format`` and ``--to`` take.
        suffix: Ending of its files.
        module: Module in this package.
        function: Function of that module, from `Result` to `str`; for a folder it takes the empty
            folder to fill as well, and gives nothing.
        meaning: For the help text.
        folder: True where it is a folder of tables, one file for each.
    """

    name: str
    suffix: str
    module: str
    function: str
    meaning: str
    folder: bool = False


_IN = "analyzer.report.outputs."

_ALL = (
    Format("html", ".html", "analyzer.report.html", "render_html", "one self-contained page"),
    Format("json", ".json", "analyzer.report.document", "render_json", "the result document"),
    Format("markdown", ".md", _IN + "markdown", "render_markdown", "a summary for a ticket"),
    Format("csv", ".csv", _IN + "csv_tables", "fill_csv", "a folder of tables", folder=True),
    Format("parquet", ".parquet", _IN + "parquet", "fill_parquet", "the same tables", folder=True),
    Format("jsonl", ".jsonl", _IN + "jsonl", "render_jsonl", "a finding per line"),
    Format("sarif", ".sarif", _IN + "sarif", "render_sarif", "SARIF 2.1.0 for code scanning"),
    Format("stix", ".stix.json", _IN + "stix", "render_stix", "a STIX 2.1 bundle"),
    Format("ecs", ".ecs.ndjson", _IN + "ecs", "render_ecs", "Elastic Common Schema, NDJSON"),
    Format("ocsf", ".ocsf.ndjson", _IN + "ocsf", "render_ocsf", "OCSF Detection Findings, NDJSON"),
    Format(
        "timesketch",
        ".timesketch.jsonl",
        _IN + "timesketch",
        "render_timesketch",
        "a timeline for Timesketch",
    ),
)

FORMATS: dict[str, Format] = {entry.name: entry for entry in _ALL}
SINGLE_FILES: tuple[str, ...] = tuple(entry.name for entry in _ALL if not entry.folder)


def find(name: str) -> Format:
    """The format of that name.

    Raises:
        UsageError: There is none.
    """
    if name not in FORMATS:
        raise UsageError(f"format {name!r} is not one of {', '.join(FORMATS)}")
    return FORMATS[name]


def of_ending(file_name: str) -> Format:
    """The format of a single file whose name ends like that, the longest ending first.

    Raises:
        UsageError: No format has this ending.
    """
    name = file_name.lower()
    endings = {FORMATS[each].suffix: FORMATS[each] for each in SINGLE_FILES}
    endings[".htm"] = FORMATS["html"]
    for ending in sorted(endings, key=len, reverse=True):
        if name.endswith(ending):
            return endings[ending]
    raise UsageError(
        f"{file_name}: no format has this ending, expected one of {', '.join(sorted(endings))}"
    )


def render(result: Result, name: str) -> str:
    """The result in that format, which must be one of `SINGLE_FILES`.

    Raises:
        UsageError: There is no such format.
    """
    text: str = _function(find(name))(result)
    return text


def fill(result: Result, name: str, folder: Path) -> None:
    """Writes the tables of the result into a folder that exists and is empty.

    Raises:
        UsageError: There is no such format.
        OSError: A file cannot be written.
    """
    _function(find(name))(result, folder)


def file_names(entry: Format) -> frozenset[str]:
    """Names of the files in the folder that a format of several files writes."""
    from analyzer.report.tables import table_names

    return frozenset(f"{name}{entry.suffix}" for name in table_names())


def _function(entry: Format) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(entry.module), entry.function)
    return function
