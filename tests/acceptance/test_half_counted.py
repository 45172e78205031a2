"""Logs that count one way alone: contacts are found, and no download is called an upload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.api import analyze
from analyzer.config import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from analyzer.result import Result

EVIL = "evil.blob.core.windows.net"
VPC = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"  # noqa: E501


def judged(folder: Path, text: str, **settings: str) -> Result:
    """What one log shows."""
    path = folder / "access.log"
    path.write_text(text)
    return analyze(Settings(inputs=(str(path),), **settings))


def test_squid_as_it_comes_has_contacts(tmp_path: Path) -> None:
    line = "1793692805.250 50 10.0.0.4 TCP_TUNNEL/200 {} CONNECT {}:443 - HIER_DIRECT/{} -\n"
    result = judged(
        tmp_path,
        line.format(6801, EVIL, "20.60.0.1") * 2
        + line.format(900_000, "filebin.net", "192.0.2.9")
        + line.format(70, "www.example.org", "192.0.2.8"),
    )
    found = {f.endpoint: (f.rule, f.shows, f.severity) for f in result.findings}
    assert found == {
        EVIL: ("EX015", "contact", "low"),
        "filebin.net": ("EX015", "contact", "low"),
    }
    assert result.verdict == "cannot tell"


def test_squid_with_what_was_sent_alone_accuses_nobody(tmp_path: Path) -> None:
    result = judged(
        tmp_path,
        "1793692805.250 10.0.0.4 TCP_TUNNEL/200 2000000 "
        f"CONNECT {EVIL}:443 HIER_DIRECT/20.60.0.1\n",
        squid_logformat="%ts.%03tu %>a %Ss/%03>Hs %>st %rm %ru %Sh/%<a",
    )
    (found,) = result.findings
    assert (found.rule, found.severity, found.uploaded_bytes) == ("EX015", "low", None)
    assert "2,000,000 bytes sent, the download is not counted." in found.explanation


def test_an_answer_that_a_flow_log_lacks_is_not_zero(tmp_path: Path) -> None:
    record = "2 123456789010 eni-1 10.0.0.4 20.60.0.1 50000 443 6 3000 2500000 1793692805 1793692865 ACCEPT OK\n"  # noqa: E501
    result = judged(tmp_path, VPC + record)
    assert [f.shows for f in result.findings if f.severity in ("medium", "high")] == []
    assert any("none of what was received" in note for note in result.coverage.notes)


def test_proxy_authentication_is_no_denied_attempt(tmp_path: Path) -> None:
    line = "1793692805.{} 5 10.0.0.4 {} 3900 CONNECT {}:443 - HIER_NONE/- -\n"
    result = judged(
        tmp_path,
        line.format("250", "TCP_DENIED/407", EVIL) + line.format("300", "TCP_TUNNEL/200", EVIL),
    )
    (found,) = result.findings
    assert (found.rule, found.also, found.shows) == ("EX015", [], "contact")
    assert result.coverage.denied_flows == 0
