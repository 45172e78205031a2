"""Compiled page templates, kept for the next run: compiling them takes longer than a page.

They lie where the kernels do, under the same rule: a folder that is ours alone, or none.
"""

from __future__ import annotations

import contextlib
import pickle
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from jinja2 import FileSystemBytecodeCache

from analyzer.cache_folder import home_folder, is_ours, is_usable

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


class KeptTemplates(FileSystemBytecodeCache):
    """Jinja's own cache, for which a full disk and a damaged file are no reason to fail."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Takes a template that was kept; what cannot be read is compiled again."""
        try:
            super().load_bytecode(bucket)
        # What pickle and marshal are documented to raise for damaged data.
        except (
            *(pickle.UnpicklingError, EOFError, ValueError, TypeError),
            *(AttributeError, ImportError, IndexError, OSError),
        ):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps a template, if that is possible."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def kept_templates() -> KeptTemplates | None:
    """Where compiled templates are kept, None where no folder can be trusted.

    Jinja compares each with the source of its template; the versions of Jinja and Python, which
    decide what the code is, are in the folder's name.
    """
    home = home_folder()
    folder = home / f"pages-{version('jinja2')}-{sys.implementation.cache_tag}"
    if not is_ours(folder) and not (is_usable(home) and is_usable(folder)):
        return None
    return KeptTemplates(str(folder)) if is_ours(folder) else None
