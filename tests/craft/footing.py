"""What a process costs on this machine, whatever its speed: the CPU time of importing the libraries
that an analysis stands on. Budgets are multiples of it, because seconds are another machine's."""

from __future__ import annotations

import json
import subprocess
import sys

_SCRIPT = (
    "import json, resource\n"
    "import click, cryptography.x509, duckdb, jinja2, numba, numpy\n"
    "used = resource.getrusage(resource.RUSAGE_SELF)\n"
    "print(json.dumps(used.ru_utime + used.ru_stime))\n"
)

ANALYSIS = 5.0
"""A megabyte analysed, of which planning the SQL of 26 rules is about one."""

REPORT = 6.0
"""The HTML page of 10,000 findings; benchmarks/report.py measures 2.4."""

SMALL_REPORT = 0.8
"""The HTML page of a few findings, with the imports of its libraries; 0.4 is usual."""


def imports_seconds() -> float:
    """CPU seconds of the imports alone, the best of three."""
    return min(
        json.loads(
            subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, check=True).stdout
        )
        for _ in range(3)
    )
