from __future__ import annotations

import pytest

from analyzer.report.outputs.attack import technique, techniques


def test_techniques_and_their_pages() -> None:
    main, sub = techniques(["T1048", "T1567.002", "T1048"])
    assert (main.id, main.parent) == ("T1048", None)
    assert main.name == "Exfiltration Over Alternative Protocol"
    assert techniques(["T9999"])[0].name == "T9999"
    assert main.url == "https://attack.mitre.org/techniques/T1048/"
    assert (sub.parent, sub.url) == ("T1567", "https://attack.mitre.org/techniques/T1567/002/")


@pytest.mark.parametrize(
    "text",
    ["", "T104", "T1048.1", "t1048", "T1048\n", "T1048/../x", "T\u0661048", "javascript:T1048"],
)
def test_anything_else_gets_no_link(text: str) -> None:
    assert technique(text) is None
