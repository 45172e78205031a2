"""The line of the weekly review that tells which findings are new."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from craft.run import ROOT

PAGE = ROOT / "docs" / "guides" / "weekly-review.md"


def findings(*ids):
    return json.dumps({"findings": [{"id": each} for each in ids]})


@pytest.mark.skipif(not (shutil.which("jq") and shutil.which("bash")), reason="needs jq and bash")
def test_it_names_what_is_new(tmp_path):
    (line,) = [x for x in PAGE.read_text().splitlines() if x.startswith("comm ")]
    (tmp_path / "last-week.json").write_text(findings("F-2", "F-1"))
    (tmp_path / "this-week.json").write_text(findings("F-3", "F-2", "F-0"))
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["F-0", "F-3"]
    assert done.stderr == ""
