"""The made captures are what their script writes."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_BYTES = 300_000


def test_made_captures_come_out_byte_for_byte(tmp_path: Path, repo_root: Path) -> None:
    script = repo_root / "captures" / "make_samples.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    made = sorted(path.name for path in tmp_path.iterdir())
    kept = sorted(path.name for path in script.parent.glob("made-*.pcap"))
    assert made == kept
    for name in made:
        assert (tmp_path / name).read_bytes() == (script.parent / name).read_bytes(), name
        assert (tmp_path / name).stat().st_size < LIMIT_BYTES


def test_every_capture_is_described(repo_root: Path) -> None:
    text = (repo_root / "captures" / "README.md").read_text()
    captures = list((repo_root / "captures").glob("*.pcap*"))
    assert len(captures) >= 5
    for path in captures:
        assert f"`{path.name}`" in text
