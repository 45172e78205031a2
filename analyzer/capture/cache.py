"""Where compiled kernels are kept, decided before any kernel module is imported.

Numba's own staleness check looks only at the file that defines a function, so an edited callee
would silently give old answers. All kernels therefore share one directory whose name is a hash
over every source file of this package, the folder they lie in (Numba files machine code under it,
so two checkouts of one version need two directories) and the versions of Numba, llvmlite and
Python. Cache files are pickles: the directory is private to the user, never shared, never taken
from somebody else.

A kernel of a half-filled directory could not be compiled alone: what it is made of is not kept.
Compiling therefore fills a directory of its own, which `seal` renames when every kernel is in it;
what is found under the final name is complete.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from analyzer.cache_folder import home_folder, is_ours, is_usable

_notice: list[str] = []
_prepared: list[Path] = []
_unsealed: list[Path] = []
_compiling: list[Path] = []


def source_hash() -> str:
    """Hash over the sources of this package, their folder and the versions of the compiler."""
    digest = hashlib.sha256()
    package = Path(__file__).absolute().parent
    digest.update(f"{sys.version}|{version('numba')}|{version('llvmlite')}|{package}".encode())
    for path in sorted(package.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


def prepare() -> Path:
    """Points Numba at the directory for this source; a private temporary one as a last resort."""
    if _prepared:
        return _prepared[0]
    home = home_folder()
    final = home / source_hash()
    if is_ours(final):
        path = final
        with contextlib.suppress(OSError):
            os.utime(path)  # in use: see _remove_stale
    elif is_usable(home):
        _remove_stale(home)
        path = Path(tempfile.mkdtemp(prefix=f"{final.name}.part-", dir=home))
        _unsealed.append(final)
        _compiling.append(path)
        _notice.append("compiling the packet kernels, once for this version (about 20 seconds)")
        atexit.register(_discard, path)
    else:
        path = Path(tempfile.mkdtemp(prefix="acrtrace-kernels-"))
        _compiling.append(path)
        atexit.register(shutil.rmtree, path, ignore_errors=True)
        _notice.append(
            f"kernel cache {home} cannot be written: compiling for this run only (about 20 seconds)"
        )
    os.environ["NUMBA_CACHE_DIR"] = str(path)
    if "numba" in sys.modules:  # imported before us: its settings are read already
        sys.modules["numba"].config.CACHE_DIR = str(path)
    _prepared.append(path)
    return path


def look() -> tuple[Path, bool, bool]:
    """Where the kernels of this version belong, whether they are there, and whether they could be
    written there; nothing is compiled.
    """
    home = home_folder()
    final = home / source_hash()
    return final, is_ours(final), is_usable(home)


def _remove_stale(home: Path) -> None:
    """Removes interrupted compilations after a day, other versions unused for a month."""
    for left in home.iterdir():
        if not re.fullmatch(r"[0-9a-f]{20}(\.part-.*)?", left.name):
            continue
        days = 1 if ".part-" in left.name else 30
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > days * 86400:
                shutil.rmtree(left, ignore_errors=True)


def _discard(path: Path) -> None:
    """Removes a directory that was not sealed."""
    if _unsealed:
        shutil.rmtree(path, ignore_errors=True)


def is_cold() -> bool:
    """True when this run compiles the kernels: no complete directory was found for this source."""
    prepare()
    return bool(_compiling)


def seal() -> None:
    """Gives the directory its final name, now that every kernel is in it."""
    if not _unsealed or os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":  # then it holds none
        return
    try:
        prepare().rename(_unsealed[0])
    except OSError:  # another run was first: its directory is as good, ours is removed at exit
        return
    _unsealed.clear()


def kept() -> Path | None:
    """Where later runs find the kernels; None when this run could not leave them anywhere."""
    path = prepare()
    final = path.parent / source_hash()
    return final if is_ours(final) else None


def discard() -> Path:
    """Removes the directory in use, so that the next run compiles anew."""
    path = prepare()
    shutil.rmtree(path, ignore_errors=True)
    return path


def notices() -> list[str]:
    """Lines for the user about the cache, each handed out once."""
    prepare()
    lines = list(_notice)
    _notice.clear()
    return lines
