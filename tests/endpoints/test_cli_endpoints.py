"""acrtrace endpoints: what a user sees, and that a hostile name cannot steer the terminal."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from analyzer.cli.endpoints import endpoints


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*args: str):
        return CliRunner().invoke(endpoints, list(args), catch_exceptions=True)

    return invoke


def test_explain_as_text(run):
    result = run("explain", "contoso.azurecr.io", "--own", "contoso")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "contoso.azurecr.io"
    assert "  role       registry-login" in lines
    assert "  ownership  ours: declared by --own" in lines
    assert any("not        acr.login.lax: fits too" in line for line in lines)


def test_explain_as_json(run, tmp_path):
    inventory = tmp_path / "endpoints.json"
    inventory.write_text('{"loginServer": "contoso.azurecr.io"}')
    result = run(
        "explain", "contoso.eastus.data.azurecr.io", "x\x1b[2J", "--format", "json",
        "--inventory", str(inventory), "--approve", "ghcr.io",
    )  # fmt: skip
    document = json.loads(result.output)
    first, second = document["names"]
    assert document["catalogue_version"].startswith("20")
    assert (first["role"], first["owner"], first["region"]) == (
        "registry-data",
        "contoso",
        "eastus",
    )
    assert (first["ownership"], first["entry"]["id"]) == ("ours", "acr.data")
    assert second["entry"] is None
    assert "\x1b" not in result.output


def test_a_hostile_name_does_not_reach_the_terminal(run):
    result = run("explain", "evil\x1b]0;x\x07\u202e.example", "a.b")
    assert result.exit_code == 0
    assert "evil\\x1b]0;x\\x07\\u202e.example" in result.output
    assert all(c == "\n" or c.isprintable() for c in result.output)


def test_the_project_file_of_the_folder_is_read(run, tmp_path):
    (tmp_path / "acrtrace.toml").write_text('own = ["contoso"]\n')
    assert "ours: declared by acrtrace.toml" in run("explain", "contoso.azurecr.io").output
    other = tmp_path / "other.toml"
    other.write_text("")
    explained = run("explain", "contoso.azurecr.io", "--config", str(other)).output
    assert "foreign: acr:contoso is not declared" in explained


def test_list(run):
    result = run("list")
    assert result.exit_code == 0
    assert any(line.startswith("acr.login ") for line in result.output.splitlines())
    listed = json.loads(run("list", "--format", "json").output)
    entries = listed["entries"]
    assert {"id", "role", "owner", "source", "checked", "examples"} <= set(entries[0])
    assert {"id", "zones", "forms", "source", "checked"} <= set(listed["quiet"][0])
    assert len(entries) + len(listed["quiet"]) == len(result.output.splitlines()) - 1


def test_nothing_heavy_is_imported(repo_root):
    code = (
        "import sys; from click.testing import CliRunner; "
        "from analyzer.cli.endpoints import endpoints; "
        "assert 'analyzer.endpoints.match' not in sys.modules; "
        "r = CliRunner().invoke(endpoints, ['explain', 'contoso.azurecr.io']); "
        "assert r.exit_code == 0, r.output; "
        "print([m for m in ('numpy', 'numba', 'duckdb', 'pandas', 'idna') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo_root, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
