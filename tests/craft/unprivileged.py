"""Runs the product as a user who may write almost nowhere: not its package, not its home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from craft.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def without_rights() -> list[str]:
    """What to put before a command so that file permissions bind it.

    Root without capabilities is bound by permissions like any owner. Another user would be, too,
    but often cannot reach the interpreter that runs the tests (in a home directory, say).
    """
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]


@dataclass(frozen=True, slots=True)
class Unprivileged:
    """A folder with a read-only copy of the package, a read-only home, and a writable ``out``."""

    folder: Path

    @classmethod
    def prepare(cls, folder: Path) -> Unprivileged:
        """Lays the folder out; the caller owns it and removes it."""
        folder.chmod(0o755)
        package = folder / "package"
        shutil.copytree(
            ROOT / "analyzer", package / "analyzer", ignore=shutil.ignore_patterns("__pycache__")
        )
        for path in sorted(package.rglob("*"), reverse=True):
            path.chmod(0o555 if path.is_dir() else 0o444)
        package.chmod(0o555)
        for name, mode in (("home", 0o555), ("out", 0o777), ("tmp", 0o777)):
            (folder / name).mkdir()
            (folder / name).chmod(mode)
        return cls(folder)

    def python(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        """Runs the interpreter without rights."""
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": str(self.folder / "package"),
            "HOME": str(self.folder / "home"),
            "XDG_CACHE_HOME": str(self.folder / "home" / "cache"),
            "TMPDIR": str(self.folder / "tmp"),
        }
        return subprocess.run(
            [*without_rights(), sys.executable, *map(str, arguments)],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            check=False,
            timeout=300,
        )

    def command_line(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        """`acrtrace ARGUMENTS` as that user."""
        return self.python("-m", "analyzer.cli.main", *arguments)

    def release(self) -> None:
        """Makes the folder removable again."""
        for path in (self.folder, *self.folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
