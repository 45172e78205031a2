"""`acrtrace analyze --rules DIR` as its users run it, over a committed capture."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from craft.run import ROOT, command_line

UPLOAD = ROOT / "captures" / "upload-tls12.pcap"
HEAD = """\
-- id = "EX900"
-- title = "Anything that went to storage"
-- stream = "exfiltration"
-- order = 1
-- severity = "info"
-- attack = ["T1567"]
-- explanation = "{agent} used {target} in {flows} flow(s)."
-- clears = ["Ask the team."]
"""
GOOD = """\
SELECT agent, endpoint, list(flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers, {'flows': count(*)} AS facts
FROM attributed WHERE role = 'storage-account' GROUP BY agent, endpoint
"""
ENDLESS = GOOD.replace("FROM attributed", "FROM attributed, range(1000000000000)").replace(
    "list(flow_id ORDER BY flow_id)",
    "[min(flow_id)]",  # a list of them all would need memory before it needed time
)


@pytest.fixture(scope="module", autouse=True)
def compiled_kernels() -> None:
    """Compiled beforehand, so that no run has to say that it compiles them."""
    subprocess.run([sys.executable, "-m", "analyzer.capture.warm"], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def without(tmp_path_factory) -> dict:
    """The result of the built-in rules alone."""
    folder = tmp_path_factory.mktemp("without")
    return json.loads(run(folder, UPLOAD).stdout)


def rules(folder: Path, **texts: str) -> Path:
    made = folder / "own rules"
    made.mkdir()
    for name, text in texts.items():
        (made / f"{name}.sql").write_text(text.replace("EX900", name))
    return made


def run(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return command_line("analyze", *arguments, "-o", "-", "--format", "json", cwd=folder,
                        TMPDIR=str(folder))  # fmt: skip


def test_a_rule_makes_findings_beside_ours(tmp_path: Path, without: dict) -> None:
    text = HEAD.replace("exfiltration", "hygiene") + GOOD
    made = rules(tmp_path, EX900=HEAD + GOOD, HY900=text)
    done = run(tmp_path, UPLOAD, "--rules", made)
    assert (done.returncode, done.stdout != b"") == (0, True), done.stderr
    found = json.loads(done.stdout)
    assert [(f["rule"], f["also"]) for f in found["findings"]] == [
        ("EX001", ["EX900"]), ("HY900", []),
    ]  # fmt: skip
    mine = found["findings"][1]
    assert mine["explanation"].startswith("10.10.1.10 used exfilacct03.blob.core.windows.net in 1")
    assert mine["facts"] == {"flows": 1}
    assert mine["evidence"][0]["tshark"]
    ours = {**found["findings"][0], "also": [], "facts": {}}
    assert ours == {**without["findings"][0], "facts": {}}
    assert found["issues"] == without["issues"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["own rules"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD.replace("order = 1", "order = ") + GOOD, 4, "not TOML"),
        (HEAD + GOOD.replace("GROUP BY", "GROUP AT"), 11, "syntax error"),
        (HEAD + GOOD.replace("FROM attributed", "FROM read_csv('/etc/passwd')"), 11, "disabled"),
        (HEAD + GOOD + "; DROP TABLE flows", 9, "exactly one SELECT"),
    ],
)
def test_a_broken_rule_is_told_before_any_input_is_read(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    made = rules(tmp_path, EX900=text)
    done = run(tmp_path, "absent.pcap", "--rules", made)
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (2, b"")
    assert said.startswith(f"acrtrace: {made / 'EX900.sql'}:{line}: ")
    assert message in said
    assert said.count("\n") == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["own rules"]


def test_an_id_of_ours_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "absent.pcap", "--rules", rules(tmp_path, EX001=HEAD + GOOD))
    assert done.returncode == 2
    assert b"EX001.sql:1: id is already that of" in done.stderr


def test_rules_that_fail_leave_the_rest_as_it_is(tmp_path: Path, without: dict) -> None:
    wrong = GOOD.replace("list(flow_id ORDER BY flow_id)", "[4711::BIGINT]")
    memory = GOOD.replace("count(*)", "(SELECT list(range) FROM range(1000000000))")
    made = rules(
        tmp_path,
        EX900=HEAD + ENDLESS,
        EX901=HEAD.replace("order = 1", "order = 2") + wrong,
        EX902=HEAD.replace("order = 1", "order = 3") + memory,
    )
    done = run(tmp_path, UPLOAD, "--rules", made, "--rule-timeout", "2")
    assert done.returncode == 3, done.stderr
    found = json.loads(done.stdout)
    assert found["findings"] == without["findings"]
    assert found["verdict"] == without["verdict"]
    said = found["verdict_line"].replace("; data is missing from this run", "")
    assert found["verdict_line"] != said == without["verdict_line"]
    mine = [issue for issue in found["issues"] if issue["code"] == "custom-rule-failed"]
    assert [issue for issue in found["issues"] if issue not in mine] == without["issues"]
    assert [Path(issue["where"]).name for issue in mine] == ["EX900.sql", "EX901.sql", "EX902.sql"]
    assert "it took longer than 2 s and was stopped" in mine[0]["detail"]
    assert "flow 4711 is not in this case" in mine[1]["detail"]
    assert "memory" in mine[2]["detail"] or "limit of" in mine[2]["detail"]
    said = done.stderr.decode()
    for issue in mine:
        assert issue["where"] in said
    assert sorted(each.name for each in tmp_path.iterdir()) == ["own rules"]


def test_a_report_never_replaces_a_rule(tmp_path: Path) -> None:
    made = rules(tmp_path, EX900=HEAD + GOOD)
    done = command_line("analyze", UPLOAD, "--rules", made, "--format", "json", "--force",
                        "-o", made / "EX900.sql", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 2
    assert (made / "EX900.sql").read_text() == HEAD + GOOD


def test_ctrl_c_ends_the_rule_and_removes_the_copy(tmp_path: Path) -> None:
    made = rules(tmp_path, EX900=HEAD + ENDLESS)
    started = subprocess.Popen(
        [sys.executable, "-m", "analyzer.cli.main", "analyze", str(UPLOAD), "--rules", str(made),
         "--rule-timeout", "600", "-o", str(tmp_path / "r.json")],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    asked: list[int] = []
    while started.poll() is None and not asked:
        asked = [child for child in _children(started.pid) if _busy(child)]
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=120)
    assert started.returncode == 130, said
    assert asked
    # Killed for certain, but when it is gone is the system's business.
    for _ in range(600):
        if not any(_runs(child) for child in asked):
            break
        time.sleep(0.1)
    assert not any(_runs(child) for child in asked)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["own rules"]


def _children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in listed.split()]


def _runs(pid: int) -> bool:
    """It is there and no zombie, which is what a dead child is until somebody asks for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def _busy(pid: int) -> bool:
    """A child that has used a second of processor time: the rule, which never ends."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        named = b"analyzer.case.confined" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return named and int(fields[11]) > os.sysconf("SC_CLK_TCK")
