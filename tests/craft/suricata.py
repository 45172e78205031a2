"""Suricata as users have it: what it logs of a capture.

The benchmark's configuration, with the ``http`` events of Suricata's own default (`extended`):
those have the method and the status.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from craft.run import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def eve_of(capture: Path, folder: Path) -> Path:
    """Its EVE log of a capture, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = (ROOT / "benchmarks" / "suricata.yaml").read_text("utf-8")
    config = folder / "suricata.yaml"
    extended = asked.replace("        - http\n", "        - http:\n            extended: yes\n")
    assert extended != asked
    config.write_text(extended, "utf-8")
    subprocess.run(
        [
            *("suricata", "-c", str(config), "--runmode", "single", "-k", "none"),
            *("-S", "/dev/null", "-l", str(folder), "-r", str(capture)),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "eve.json"
