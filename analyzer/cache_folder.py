"""The folder for what a run keeps for the next one, and whether it may be trusted.

What is kept there is code (kernels, page templates): it is read only from a folder that is the
user's own and that nobody else can write to.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path


def user_cache() -> Path:
    """The user's cache folder (XDG base directory specification; LOCALAPPDATA on Windows)."""
    for variable in ("ACRTRACE_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        value = os.environ.get(variable)
        if value:
            return Path(value)
    return Path.home() / ".cache"


def is_usable(path: Path) -> bool:
    """True when the directory exists or can be made, is ours alone, and can be written."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = path.stat()
        if hasattr(os, "getuid") and (
            state.st_uid != os.getuid() or state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        ):
            return False
        with tempfile.TemporaryFile(dir=path):
            return True
    except OSError:
        return False


def is_ours(path: Path) -> bool:
    """True for a directory that nobody else can write to; it may be read-only."""
    try:
        state = path.lstat()
    except OSError:
        return False
    if not stat.S_ISDIR(state.st_mode):
        return False
    return not hasattr(os, "getuid") or (
        state.st_uid == os.getuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def home_folder() -> Path:
    """The part of `user_cache` that is ours; below the null device where there is no home."""
    try:
        return user_cache() / "acrtrace"
    except RuntimeError:  # no home directory
        return Path(os.devnull) / "acrtrace"
