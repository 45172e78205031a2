"""Which inputs are logs, and what they are called."""

from __future__ import annotations

import pytest

from analyzer.capture.report import LOST
from analyzer.inputs.sniff import CAPTURES
from analyzer.rules import sources
from analyzer.rules.coverage import UNREAD


@pytest.mark.parametrize("form", CAPTURES)
def test_no_capture_is_a_log(form: str) -> None:
    assert not sources.is_log(form)
    assert not sources.is_log(f"{form}+gzip")


def test_what_has_lines_is_a_log() -> None:
    assert sources.is_log("azure-firewall+zstd")
    assert not sources.is_log(None)


def test_logs_have_names() -> None:
    assert sources.called("azure-firewall+gzip") == "Azure Firewall"
    assert sources.called("of-my-own") == "of-my-own"
    assert sources.listed(["zeek", "azure-firewall", "zeek"]) == "the Azure Firewall and Zeek logs"


def test_every_packet_that_is_lost_is_spoken_of() -> None:
    """The coverage has words for exactly what makes an input count as not analysed."""
    assert set(UNREAD) == LOST
