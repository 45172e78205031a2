from __future__ import annotations

import shlex
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from analyzer.report.declare import command, quoted, undeclared
from analyzer.report.terminal import render_summary
from craft import results


def test_each_row_has_its_own_command() -> None:
    rows = undeclared(results.undeclared())
    assert [row.flag for row in rows] == ["--own acr:fabrikam", "--own storage:stagingdrop17"]
    assert rows[0].command == "acrtrace analyze build-agents.pcapng --own acr:fabrikam --force"
    assert "stagingdrop17" not in rows[0].command


def test_force_is_not_doubled() -> None:
    result = results.undeclared()
    result.command_line.append("--force")
    assert undeclared(result)[0].command.count("--force") == 1


def test_flags_stand_before_the_end_of_options() -> None:
    line = ["analyze", "-o", "o.json", "--", "-x.pcap"]
    result = results.make_result(command_line=line)
    assert command(result, "--own acr:a") == "acrtrace analyze -o o.json --own acr:a -- -x.pcap"


def test_nothing_is_replaced_on_standard_output() -> None:
    result = results.undeclared()
    result.command_line[:] = ["analyze", "x.pcap", "-o", "-"]
    assert "--force" not in undeclared(result)[0].command


def test_nothing_to_declare_with_an_inventory() -> None:
    assert undeclared(results.realistic()) == []


def test_declared_rows_are_left_out() -> None:
    result = results.make_result(inventories=[], registries=[results.make_registry(declare=None)])
    assert undeclared(result) == []


def test_command_is_quoted_and_names_the_program() -> None:
    line = ["analyze", "my capture.pcap", "--agent", "a=10.0.0.0/8;reboot"]
    text = command(results.make_result(command_line=line))
    assert shlex.split(text) == ["acrtrace", *line]
    assert command(results.make_result(command_line=["/opt/bin/acrtrace", "-h"])).startswith("/opt")
    assert command(results.make_result(command_line=[])) == "acrtrace analyze INPUT"


@given(st.text(st.characters()))
def test_no_name_escapes_into_the_shell(text: str) -> None:
    words = shlex.split(quoted(f"--own {text}"))
    assert shlex.join(words) == quoted(f"--own {text}")
    assert quoted(f"--own {text}").isprintable()


def test_shell_syntax_is_disarmed() -> None:
    assert quoted("--own acr:a;reboot") == "--own 'acr:a;reboot'"
    assert quoted("--own acr:$(id)'") == """--own 'acr:$(id)'"'"''"""


def test_an_account_with_a_finding_is_told_apart() -> None:
    ours = results.make_registry(name="ours.azurecr.io", declare="--own acr:ours", hosts={})
    host = "drop17.blob.core.windows.net"
    drop = results.make_registry(
        name="drop17", declare="--own storage:drop17", hosts={host: "storage"}
    )
    streams = (
        ("f-0", "hygiene", host),
        ("f-1", "exfiltration", host),
        ("f-2", "exfiltration", host),
    )
    findings = [
        results.make_finding(id=each, stream=stream, endpoint=endpoint)
        for each, stream, endpoint in streams
    ]
    rows = undeclared(replace(results.undeclared(), registries=[drop, ours], findings=findings))
    assert [row.finding for row in rows] == ["f-1", None]
    shown = render_summary(
        replace(results.undeclared(), registries=[drop, ours], findings=findings), None, False
    )
    lines = [line for line in shown.splitlines() if "--own" in line]
    assert lines[0].startswith("  ours.azurecr.io: acrtrace ")
    assert lines[1].startswith(
        "  drop17 (has finding f-1: declare it only if it is yours): acrtrace "
    )


def test_standard_input_cannot_be_read_again() -> None:
    result = results.undeclared()
    result.inputs[:] = [replace(result.inputs[0], path="-")]
    assert [row.command for row in undeclared(result)] == [
        "--own acr:fabrikam",
        "--own storage:stagingdrop17",
    ]


def test_an_empty_inventory_declares_nothing() -> None:
    empty = replace(results.realistic().inventories[0], entries=[])
    assert undeclared(replace(results.undeclared(), inventories=[empty]))
