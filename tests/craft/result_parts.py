"""Pieces of a result document, realistic by default; every maker takes keyword overrides."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from analyzer.config import Thresholds
from analyzer.result import (
    SCHEMA,
    Coverage,
    EndpointInfo,
    Evidence,
    Finding,
    InputInfo,
    InventoryInfo,
    IssueInfo,
    RegistryInfo,
    Result,
    TimelineBin,
    Tool,
)

START_NS = 1_795_474_332_719_847_200
SECOND = 1_000_000_000


def make_evidence(**changes: Any) -> Evidence:
    """One TLS flow with an upload of 5 MB."""
    port = changes.pop("port", 52114)
    shown = f"ip.addr==10.20.1.14 && tcp.port=={port} && ip.addr==20.60.34.4 && tcp.port==443"
    base = Evidence(
        kind="flow",
        flow_id=41,
        community_id="1:kJ8dmVtVdGmf3lHqZ8q3vY7fEGo=",
        input="build-agents.pcapng",
        first_packet=18_204,
        last_packet=22_877,
        start_ns=START_NS + 61 * SECOND,
        end_ns=START_NS + 64 * SECOND,
        orig=f"10.20.1.14:{port}",
        resp="20.60.34.4:443",
        name="stagingdrop17.blob.core.windows.net",
        claimed_name=None,
        name_source="sni",
        orig_payload_bytes=5_262_801,
        resp_payload_bytes=5_912,
        uploaded_bytes=5_243_112,
        upload_turns=2,
        pcr=0.9977558,
        detail="2 upload turns; the larger sent 4,194,911 B and received 402 B.",
        display_filter=shown,
        tshark=(
            "tshark -r build-agents.pcapng -o tcp.reassemble_out_of_order:TRUE "
            f"-Y '{shown}' -T fields -e tcp.len | awk '{{s+=$1}} END {{print s}}'"
        ),
        proto="tcp",
        bpf=(
            f"(src host 10.20.1.14 and tcp src port {port} and dst host 20.60.34.4 and tcp dst "
            f"port 443) or (src host 20.60.34.4 and tcp src port 443 and dst host 10.20.1.14 and "
            f"tcp dst port {port})"
        ),
        kql=[],
        requests=[],
        log=None,
        log_unit=None,
        log_line=None,
        log_last_line=None,
        log_records=None,
        log_command=None,
        action=None,
        rule=None,
        process=None,
    )
    return replace(base, **changes)


def make_finding(**changes: Any) -> Finding:
    """EX001, high, with one flow of evidence."""
    base = Finding(
        id="ex-7c1f0a92d4",
        rule="EX001",
        also=["EX006"],
        title="Upload to a storage account that is not ours",
        stream="exfiltration",
        severity="high",
        severity_reasons=["base: upload to foreign storage", "at least 65,536 B in upload turns"],
        confidence="high",
        agent="agent-1",
        agent_addresses=["10.20.1.14", "fd00:20:1::14"],
        endpoint="stagingdrop17.blob.core.windows.net",
        addresses=["20.60.34.4"],
        role="storage-account",
        ownership="foreign",
        shows="upload",
        direction_evidence="W3",
        name_grade="A2",
        orig_payload_bytes=5_262_801,
        uploaded_bytes=5_243_112,
        size_error_bytes=3_104,
        uploaded_bytes_is_lower_bound=False,
        missed_bytes=0,
        flow_count=1,
        first_ns=START_NS + 61 * SECOND,
        last_ns=START_NS + 64 * SECOND,
        explanation=(
            "agent-1 sent about 5.24 MB to stagingdrop17.blob.core.windows.net in 2 upload turns. "
            "The account is not in any inventory, and registry layers are only ever downloaded "
            "from storage, so this is not registry traffic."
        ),
        clears=[
            "The account is ours: pass --own storage:stagingdrop17.",
            "The account is a supplier's and the upload is agreed: pass --approve "
            "storage:stagingdrop17.",
        ],
        attack=["T1567.002", "T1048"],
        evidence=[make_evidence()],
        conversations=[],
        facts={"sas_tenant": None, "blocks": [4_194_304, 1_048_576], "stamp": "blz21prdstr09a"},
    )
    return replace(base, **changes)


def make_endpoint(**changes: Any) -> EndpointInfo:
    """The contact behind `make_finding`."""
    base = EndpointInfo(
        agent="agent-1",
        endpoint="stagingdrop17.blob.core.windows.net",
        addresses=["20.60.34.4"],
        service="azure-storage",
        role="storage-account",
        owner="stagingdrop17",
        ownership="foreign",
        name_grade="A2",
        flow_count=1,
        orig_payload_bytes=5_262_801,
        resp_payload_bytes=5_912,
        upload_turns=2,
        uploaded_bytes=5_243_112,
        pcr=0.9977558,
        finding_ids=["ex-7c1f0a92d4"],
    )
    return replace(base, **changes)


def make_registry(**changes: Any) -> RegistryInfo:
    """Our registry, declared."""
    base = RegistryInfo(
        name="fabrikam.azurecr.io",
        kind="registry",
        owner="fabrikam",
        ownership="ours",
        declare=None,
        agents=["10.20.1.15", "agent-1"],
        managed_storage=["weumanaged15.blob.core.windows.net"],
        data_endpoints=[],
        hosts={"fabrikam.azurecr.io": "registry-login"},
    )
    return replace(base, **changes)


def make_input(**changes: Any) -> InputInfo:
    """A pcapng read to its end."""
    base = InputInfo(
        path="build-agents.pcapng",
        sha256="9f2c4b7a51d08e63" * 4,
        format="pcapng",
        bytes=48_210_344,
        records=61_204,
        first_ns=START_NS,
        last_ns=START_NS + 312 * SECOND,
        snapped=0,
        complete=True,
        archive=None,
        extract=None,
        unit="packet",
    )
    return replace(base, **changes)


def make_issue(**changes: Any) -> IssueInfo:
    """A fragment that was not reassembled."""
    base = IssueInfo(
        code="ip-fragment",
        input="build-agents.pcapng",
        where="packet 2214",
        detail="IPv4 fragment with offset 1480; its ports are unknown and 1,480 B are not counted.",
        count=14,
        incomplete=False,
    )
    return replace(base, **changes)


def make_timeline() -> list[TimelineBin]:
    """Five minutes of pulls in bins of five seconds, and an upload after one minute."""
    width = 5 * SECOND
    first = START_NS // width * width
    return [
        TimelineBin(first + n * width, width, owner, sent, 1)
        for n in range(60)
        for owner, sent in (
            *((("foreign", 5_262_801),) if n == 12 else ()),
            *((("ours", 400 + 31 * (n % 7)),) if n % 3 else ()),
            *((("platform", 9_000 + 700 * (n % 11)),) if n % 5 == 2 else ()),
        )
    ]


def make_coverage(**changes: Any) -> Coverage:
    """Nearly everything could be judged."""
    base = Coverage(
        outgoing_bytes=7_412_998,
        named_share=0.9991,
        directed_share=0.974,
        flows=412,
        counted_flows=0,
        uncounted_flows=0,
        denied_flows=0,
        one_sided_flows=2,
        missed_bytes=14_480,
        snapped_packets=0,
        dns_messages=188,
        ech_flows=3,
        quic_flows=5,
        quic_unread_flows=2,
        bytes_by_grade={"A1": 0, "A2": 7_406_326, "A3": 0, "A4": 0, "A5": 0, "A6": 6_672},
        dropped_packets=0,
        clock_jumps=0,
        gaps=0,
        gap_ns=0,
        encrypted_dns_flows=0,
        notes=[
            "2 QUIC flows hide their name.",
            "Two flows were seen in one direction only; their shape is inferred from ACK numbers.",
        ],
    )
    return replace(base, **changes)


def make_result(**changes: Any) -> Result:
    """An empty but complete document: nothing found."""
    base = Result(
        schema=SCHEMA,
        tool=Tool(name="acrtrace", version="0.1.0"),
        catalogue_version="2026-11-23 4be1c09d",
        command_line=["acrtrace", "analyze", "build-agents.pcapng", "--inventory", "acr.json"],
        thresholds={key: float(value) for key, value in asdict(Thresholds()).items()},
        inputs=[make_input()],
        inventories=[
            InventoryInfo(
                path="acr.json",
                sha256="3b1d" * 16,
                entries=["acr:fabrikam", "fabrikam.azurecr.io"],
                notes=["Lists *.blob.core.windows.net: dedicated data endpoints are off."],
            )
        ],
        verdict="none found in what could be seen",
        verdict_line=(
            "No upload to a foreign destination found in what could be seen (99.9 % of outgoing "
            "bytes named, 97.4 % with direction)."
        ),
        coverage=make_coverage(),
        timeline=make_timeline(),
        issues=[],
        registries=[make_registry()],
        endpoints=[
            make_endpoint(
                agent="10.20.1.15",
                endpoint="fabrikam.azurecr.io",
                addresses=["20.61.10.4"],
                service="acr",
                role="registry-login",
                owner="fabrikam",
                ownership="ours",
                flow_count=14,
                orig_payload_bytes=28_402,
                resp_payload_bytes=61_007,
                upload_turns=0,
                uploaded_bytes=0,
                pcr=-0.3646,
                finding_ids=[],
            )
        ],
        findings=[],
        queries={"coverage": "SELECT * FROM coverage"},
    )
    return replace(base, **changes)
