"""The verdict: three words, and "cannot tell" is never printed as clean."""

from __future__ import annotations

import pytest

from analyzer.config import Settings

STORAGE = {"role": "storage-account", "ownership": "foreign"}
HOST = "evil.blob.core.windows.net"
NONE_FOUND = "none found in what could be seen"


def verdict(case):
    result = case.judge()
    assert result.verdict_line.startswith(result.verdict)
    return result.verdict, result.verdict_line


def test_medium_and_above_is_a_suspicion(case):
    case.upload(HOST, 9000, **STORAGE)
    case.upload("b" + HOST, 70_000, **STORAGE)
    word, line = verdict(case)
    assert word == "suspected upload"
    assert "2 findings of medium or more, the worst high: about 78,000 bytes" in line
    assert "from 1 agent to 2 destinations" in line


def test_unknown_sizes_are_said(case):
    case.upload(HOST, 9000, **STORAGE)
    case.logged("b" + HOST, **STORAGE, direction_evidence="W1", write_requests=1)
    word, line = verdict(case)
    assert "2 findings of medium or more, the worst medium: at least 8,500 bytes" in line


def test_what_is_not_counted_is_not_nothing(case):
    case.logged(HOST, **STORAGE, direction_evidence="W1", write_requests=1, resp_bytes=394)
    word, line = verdict(case)
    assert word == "suspected upload"
    assert line.endswith("(what was sent to other hosts is not counted)")


def test_nothing_that_was_counted_is_nothing(case):
    case.flow("www.example.org", orig_bytes=0)
    assert "no payload to other hosts" in verdict(case)[1]


def test_counters_have_a_size_and_a_direction(case):
    case.counted(HOST, 40_000_000, **STORAGE)
    word, line = verdict(case)
    assert word == "suspected upload"
    assert "about 40,000,000 bytes" in line
    assert "100 % with direction" in line


def test_counters_of_one_way_are_no_direction(case):
    case.logged("www.example.org", orig_bytes=1000, resp_bytes=None)
    assert verdict(case)[0] == "cannot tell"


def test_denied_attempts_are_said_and_are_no_upload(case):
    case.flow("www.example.org", orig_bytes=90_000)
    case.logged(HOST, **STORAGE, table_flow={"action": "deny"})
    assert verdict(case) == (
        NONE_FOUND,
        f"{NONE_FOUND} (100 % of outgoing bytes named, 100 % with direction; 1 finding of denied "
        "attempts)",
    )


@pytest.mark.parametrize(("counted", "word"), [(1, "cannot tell"), (2, NONE_FOUND)])
def test_half_of_the_connections_need_byte_counts(case, counted, word):
    for number in range(4):
        size = 1000 if number < counted else None
        case.logged("www.example.org", orig_bytes=size, resp_bytes=size)
    assert verdict(case)[0] == word


def test_logs_without_packets_are_no_unread_packets(case):
    case.connection.execute("UPDATE inputs SET format = 'azure-firewall+gzip', records = 0")
    assert verdict(case)[1].startswith("cannot tell: no record could be read")


def test_low_and_info_are_not(case):
    case.drip(HOST, 900, **STORAGE)
    case.upload(None, 9000, scope="private")
    case.flow("www.example.org", orig_bytes=90_000)
    word, line = verdict(case)
    assert word == NONE_FOUND
    assert line == f"{NONE_FOUND} (90.5 % of outgoing bytes named, 100 % with direction)"


@pytest.mark.parametrize(("named", "word"), [(499, "cannot tell"), (500, NONE_FOUND)])
def test_half_of_the_bytes_need_a_name(case, named, word):
    case.flow("www.example.org", orig_bytes=named)
    case.flow(None, orig_bytes=1000 - named)
    assert verdict(case)[0] == word


@pytest.mark.parametrize(("directed", "word"), [(499, "cannot tell"), (500, NONE_FOUND)])
def test_half_of_the_bytes_need_a_direction(case, directed, word):
    case.flow("www.example.org", orig_bytes=directed)
    case.flow("www.example.org", orig_bytes=1000 - directed, has_turns=False, turns=None)
    assert verdict(case)[0] == word


def test_a_finding_outweighs_what_could_not_be_seen(case):
    case.upload(HOST, 9000, **STORAGE)
    case.flow(None, orig_bytes=10**9)
    assert verdict(case)[0] == "suspected upload"


def test_no_byte_counts(case):
    case.flow("www.example.org", orig_bytes=None)
    assert verdict(case) == (
        "cannot tell",
        "cannot tell: the input has no byte counts",
    )


def test_an_upload_of_no_counted_byte_has_no_size(case):
    case.upload(HOST, 9000, **STORAGE, upload_app_bytes=0)
    assert "no bytes that could be counted from 1 agent" in verdict(case)[1]


def test_no_packets_and_no_conversations(case):
    assert verdict(case)[1].startswith("cannot tell: no conversation could be read")
    case.connection.execute("UPDATE inputs SET records = 0")
    assert verdict(case)[1].startswith("cannot tell: no packet could be read")


@pytest.mark.parametrize("limit", [{"from_ns": 1}, {"to_ns": 1}])
def test_a_time_without_conversations_is_no_failure_to_read(case, limit):
    line = case.judge(settings=Settings(inputs=("c.pcap",), **limit)).verdict_line
    assert line.startswith("cannot tell: no conversation lies in the time that is judged")


def test_dns_alone_is_no_upload(case):
    case.flow(None, app="dns", proto="udp", resp_port=53)
    nothing = "no payload to other hosts besides DNS and multicast"
    assert verdict(case) == (NONE_FOUND, f"{NONE_FOUND} ({nothing})")
    case.flow("localhost", orig_bytes=10**6, scope="loopback")  # payload, but to no other host
    assert verdict(case) == (NONE_FOUND, f"{NONE_FOUND} ({nothing})")


def test_missing_data_is_in_the_sentence(case):
    case.flow("www.example.org", orig_bytes=90_000)
    case.connection.execute("UPDATE inputs SET complete = false")
    assert verdict(case) == (
        NONE_FOUND,
        f"{NONE_FOUND}, but data is missing from 1 of 1 input "
        "(100 % of outgoing bytes named, 100 % with direction)",
    )
    case.upload(HOST, 9000, **STORAGE)
    word, line = verdict(case)
    assert word == "suspected upload"
    assert "to 1 destination; data is missing from 1 of 1 input (" in line


def test_missing_data_is_a_reason_beside_blindness(case):
    case.flow("www.example.org", orig_bytes=None)
    case.connection.execute("UPDATE inputs SET complete = false")
    assert verdict(case)[1] == (
        "cannot tell: the input has no byte counts, and data is missing from 1 of 1 input"
    )
