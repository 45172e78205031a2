"""Text and event formats read on behind damaged lines and keep their neighbours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from craft.log_damage import assert_honest_lines_survive, damaged_lines

HERE = Path(__file__).resolve().parent
CASES = {
    "palo-alto": ("made.log", ()),
    "fortigate": ("made.log", ()),
    "coredns": ("made.log", ()),
    "bind": ("made.log", ()),
    "unbound": ("made.log", ()),
    "dnsmasq": ("extra.log", ("answers", "rcode", "is_response", "action", "rule")),
    "windows-dns": ("others.log", ()),
    "sysmon": ("lines.xml", ()),
    "cisco-asa": ("made.log", ("client_ip", "client_port", "server_ip", "server_port")),
    "netfilter": ("made.log", ()),
    "hubble": ("made.json", ()),
}


@pytest.mark.parametrize("name", CASES)
@settings(
    max_examples=int(os.environ.get("ACRTRACE_EXAMPLES", "4")),
    suppress_health_check=list(HealthCheck),
    deadline=None,
)
@given(data=st.data())
def test_honest_neighbours_survive(name: str, data: st.DataObject) -> None:
    """What lines say does not depend on the damage of others, whatever it is."""
    file, joined = CASES[name]
    lines = (HERE / name / file).read_text(encoding="utf-8").splitlines()
    assert_honest_lines_survive(lines, data.draw(damaged_lines(lines)), name, joined)
