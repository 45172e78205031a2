"""EX015: contact with what is not ours, amount unknown."""

from __future__ import annotations

import pytest

HOST = "evil.blob.core.windows.net"
STORAGE = {"role": "storage-account", "ownership": "foreign", "owner": "evil", "service": "storage"}


def test_contact_without_any_byte_count_is_low_and_no_upload(case):
    case.logged(HOST, **STORAGE, input_id=case.log(), table_flow={"action": "allow"})
    case.logged(HOST, **STORAGE)
    found = case.only()
    assert (found.rule, found.severity, found.shows) == ("EX015", "low", "contact")
    assert (found.direction_evidence, found.uploaded_bytes) == ("W5", None)
    assert "contacted" in found.explanation
    assert "2 connections, 1 of them logged as allowed" in found.explanation
    for wrong in ("upload", "sent data", "turn"):
        assert wrong not in found.explanation
    assert case.judge().verdict == "cannot tell"


@pytest.mark.parametrize(
    "role", ["object-store", "drop-service", "webhook", "tunnel", "other-registry"]
)
def test_other_places_that_take_data(case, role):
    case.logged("x.example.org", role=role, ownership="foreign")
    assert case.only().rule == "EX015"


def test_where_the_contact_is_counted_the_figures_speak(case):
    case.logged(HOST, **STORAGE)
    case.logged(HOST, **STORAGE, orig_bytes=900, resp_bytes=5000, agent="10.0.0.6")
    assert [f.agent for f in case.findings()] == ["10.0.0.5"]
    case.flow(HOST, **STORAGE, orig_bytes=900)
    assert case.findings() == []


@pytest.mark.parametrize(
    "values",
    [
        {**STORAGE, "ownership": "ours"},
        {**STORAGE, "ownership": "approved"},
        {**STORAGE, "ownership": "platform"},
        {**STORAGE, "ownership": "platform-claimed"},
        {"role": "ci-platform", "ownership": "platform-claimed"},
        {"role": "registry-data", "ownership": "foreign"},
        {"role": "other-registry", "ownership": "foreign", "direction": "download-only"},
        {"role": "code-host", "ownership": "foreign"},
        {"role": "unknown"},
    ],
)
def test_others_are_a_row_of_the_table_alone(case, values):
    case.logged("x.example.org", **values)
    result = case.judge()
    assert result.findings == []
    assert [e.endpoint for e in result.endpoints] == ["x.example.org"]


@pytest.mark.parametrize(("managed_of", "rules"), [(None, ["EX015"]), ("a.azurecr.io", ["RD001"])])
def test_managed_storage_without_a_registry_is_a_contact(case, managed_of, rules):
    case.logged("eusmanaged63.blob.core.windows.net", role="managed-storage-candidate",
                ownership="platform-claimed", managed_of=managed_of)  # fmt: skip
    assert [f.rule for f in case.findings()] == rules


def test_neither_port_nor_address_is_needed(case):
    case.logged(HOST, **STORAGE, resp_ip=None, resp_port=None, agent_port=None, agent="runner",
                agent_ip="runner", scope="unknown")  # fmt: skip
    found = case.only()
    assert (found.agent, found.addresses) == ("runner", [])
    evidence = found.evidence[0]
    assert (evidence.orig, evidence.resp) == ("runner", "?")
    assert (evidence.display_filter, evidence.tshark, evidence.first_packet) == ("", None, None)


def test_nobody_without_name_and_address_is_accused(case):
    case.counted(None, 90_000_000, resp_ip=None, resp_port=443)
    assert case.findings() == []


def test_a_download_that_is_counted_is_a_contact_all_the_same(case):
    """Squid's standard lines: what came down, never what went up."""
    case.logged(HOST, **STORAGE, resp_bytes=6801, table_flow={"bytes_grade": "measured"})
    case.logged(HOST, **STORAGE)
    found = case.only()
    assert (found.rule, found.severity, found.shows) == ("EX015", "low", "contact")
    assert "No source in the input counts what was sent there." in found.explanation
    assert (
        "What was sent is not counted, 6,801 bytes received (not counted in 1 flow)."
        in found.explanation
    )
    assert found.orig_payload_bytes is None


def test_what_was_sent_alone_is_a_contact_with_an_amount(case):
    case.logged(HOST, **STORAGE, orig_bytes=40_000_000)
    found = case.only()
    assert (found.rule, found.severity, found.shows) == ("EX015", "low", "contact")
    assert (found.orig_payload_bytes, found.uploaded_bytes) == (40_000_000, None)
    assert "40,000,000 bytes sent, the download is not counted." in found.explanation
    assert "upload" not in found.explanation


def test_figures_of_another_connection_do_not_speak_for_bytes_that_were_sent(case):
    case.logged(HOST, **STORAGE, orig_bytes=40_000_000)
    case.logged(HOST, **STORAGE, orig_bytes=900, resp_bytes=5000)
    case.logged(HOST, **STORAGE, resp_bytes=70)
    found = case.only()
    assert (found.rule, found.flow_count, found.orig_payload_bytes) == ("EX015", 1, 40_000_000)


def test_one_way_of_a_log_is_no_figure_that_speaks(case):
    case.logged(HOST, **STORAGE, orig_bytes=900)
    case.logged(HOST, **STORAGE)
    assert (case.only().flow_count, case.only().rule) == (2, "EX015")


def asked_back(case, form="squid+gzip", **values):
    """A request that a proxy answered with 407, as its log has it."""
    log = case.log(form=form)
    flow = case.logged(HOST, **{**STORAGE, "resp_bytes": 4000, "input_id": log, **values})
    case.add("http", flow_id=flow, ts_ns=1, packet=1, input_id=log, method="PUT", status=407)


def test_a_proxys_question_is_neither_denied_nor_a_write(case):
    asked_back(case, direction_evidence="W1", write_requests=1, write_bytes=90_000,
               orig_bytes=90_000, upload_bytes=90_000, upload_app_bytes=90_000)  # fmt: skip
    found = case.only()
    assert (found.rule, found.also, found.severity) == ("EX015", [], "low")
    assert "1 only asked by the proxy to authenticate (407)" in found.explanation
    assert found.facts["challenged"] == 1


def test_a_proxys_question_before_a_counted_answer_is_no_contact(case):
    asked_back(case, orig_bytes=900)
    case.logged(HOST, **STORAGE, orig_bytes=900, resp_bytes=5000, table_flow={"action": "allow"})
    assert case.findings() == []


@pytest.mark.parametrize(("form", "action"), [("zeek", None), ("squid", "allow")])
def test_whoever_takes_an_upload_may_say_407(case, form, action):
    asked_back(case, form, direction_evidence="W1", write_requests=1, write_bytes=90_000,
               orig_bytes=90_000, table_flow={"action": action})  # fmt: skip
    assert (case.only().rule, case.only().severity) == ("EX007", "high")
