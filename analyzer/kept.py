"""Files that a run reads, and that none of its outputs replaces, whatever was forced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.rules.custom import custom_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from analyzer.config import Settings
    from analyzer.result import Result


def files_of_run(settings: Settings, project_files: Iterable[Path]) -> list[str | Path]:
    """Inputs as given, inventories, configuration, log maps, TLS secrets, rules.

    Args:
        settings: The run.
        project_files: Inventories and catalogues that ``acrtrace.toml`` names.

    Raises:
        UsageError: The folder of rules holds none.
    """
    kept: list[str | Path] = [*settings.inputs, *settings.inventories, *settings.log_maps]
    kept += [path for path in (settings.config_file, settings.keylog) if path is not None]
    kept += project_files
    return kept + (custom_files(settings.rules_dir) if settings.rules_dir is not None else [])


def files_of_result(result: Result, base: Path | None = None) -> Iterable[str | Path]:
    """Inputs as the result names them: what lies in a directory is known only when it was read.

    Args:
        result: The result.
        base: Where relative paths begin, None for the current directory.
    """
    for path in dict.fromkeys(info.archive or info.path for info in result.inputs):
        yield path if base is None else base / path
