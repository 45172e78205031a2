"""Coverage-guided fuzzing of one target: ``python fuzz/run.py TARGET [libFuzzer options]``.

Needs atheris (``pip install atheris``). Kernels run as plain Python, so that their branches are
seen; about a hundred runs a second. What it finds on the way is kept in ``fuzz/kept/TARGET``, which
is not committed; a crash leaves a file ``crash-...`` there. Twenty minutes of it:

    python fuzz/run.py dns -max_total_time=1200
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).resolve().parent

os.environ["NUMBA_DISABLE_JIT"] = "1"  # before Numba is imported
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

import atheris  # noqa: E402

with atheris.instrument_imports(include=["analyzer"]):
    import analyzer.capture.dns
    import analyzer.capture.engine
    import analyzer.capture.quic
    import analyzer.capture.tls
    import analyzer.inputs.discover  # noqa: F401

from targets import TARGETS  # noqa: E402

warnings.filterwarnings("ignore", "overflow encountered in scalar multiply")  # the hash wraps


def main() -> None:
    """Starts libFuzzer on the target's committed seeds."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        raise SystemExit(f"expected a target: {', '.join(TARGETS)}")
    kept = HERE / "kept" / name
    kept.mkdir(parents=True, exist_ok=True)
    target = TARGETS[name]
    options = [f"-artifact_prefix={kept}/", "-timeout=60", "-rss_limit_mb=4096", *sys.argv[2:]]
    atheris.Setup([sys.argv[0], *options, str(kept), str(HERE / "seeds" / name)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
