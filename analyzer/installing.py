"""What to type where an optional package is not installed."""

from __future__ import annotations

import shlex
import sys


def installing(package: str) -> str:
    """The command that installs a package, or an extra of acrtrace, for the Python that runs this.

    It names that Python: a bare ``pip`` is often another one's. It holds a path of this machine, so
    it belongs into errors and never into a result.
    """
    return shlex.join((sys.executable or "python", "-m", "pip", "install", package))
