"""Realistic `Result` objects, and hostile ones, for tests of the outputs.

`realistic()` is a whole document with all three streams; the makers of its pieces are here too.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from craft.hostile import HOSTILE
from craft.result_parts import (
    make_coverage,
    make_endpoint,
    make_evidence,
    make_finding,
    make_input,
    make_issue,
    make_registry,
    make_result,
)

if TYPE_CHECKING:
    from analyzer.result import Result

__all__ = [
    "crowded",
    "hostile",
    "make_coverage",
    "make_endpoint",
    "make_evidence",
    "make_finding",
    "make_input",
    "make_issue",
    "make_registry",
    "make_result",
    "realistic",
    "undeclared",
    "with_text",
]


def realistic() -> Result:
    """Five findings in three streams, several agents, an issue and an incomplete input."""
    critical = make_finding(
        id="ex-03b7e1c55a",
        rule="EX004",
        also=[],
        title="The announced name contradicts the destination",
        severity="critical",
        severity_reasons=["base: our name announced to another service", "with upload turns"],
        agent="10.20.1.15",
        agent_addresses=["10.20.1.15"],
        endpoint="quietbucket.s3.eu-central-1.amazonaws.com",
        addresses=["203.0.113.77"],
        role="object-store",
        direction_evidence="W2",
        name_grade="A4",
        confidence="medium",
        orig_payload_bytes=1_402_118,
        uploaded_bytes=1_398_002,
        size_error_bytes=1_733,
        uploaded_bytes_is_lower_bound=True,
        missed_bytes=29_200,
        flow_count=31,
        explanation=(
            "10.20.1.15 announced fabrikam.azurecr.io to 203.0.113.77. DNS gave our registry other "
            "addresses in this case, and gave 203.0.113.77 for "
            "quietbucket.s3.eu-central-1.amazonaws.com; no answer to any client exonerates it."
        ),
        attack=["T1567.002", "T1090.004"],
        facts={"claimed_name": "fabrikam.azurecr.io", "our_addresses": ["20.61.10.4"]},
        evidence=[
            make_evidence(
                flow_id=60 + n,
                port=40_000 + n,
                resp="203.0.113.77:443",
                name="quietbucket.s3.eu-central-1.amazonaws.com",
                claimed_name="fabrikam.azurecr.io",
                name_source="dns",
                orig_payload_bytes=60_000 - n,
                uploaded_bytes=59_000 - n,
                upload_turns=1,
            )
            for n in range(24)
        ],
    )
    low = make_finding(
        id="ex-b01c44aa10",
        severity="low",
        severity_reasons=["platform-claimed account: capped at low"],
        confidence="medium",
        ownership="platform-claimed",
        endpoint="productionresultssa12.blob.core.windows.net",
        direction_evidence="W2",
        orig_payload_bytes=94_210,
        uploaded_bytes=None,
        size_error_bytes=None,
        facts={},
    )
    readiness = make_finding(
        id="rd-5510fe2b71",
        rule="RD001",
        also=[],
        title="Layers come from registry-managed storage",
        stream="readiness",
        severity="medium",
        severity_reasons=["base"],
        endpoint="weumanaged15.blob.core.windows.net",
        role="registry-managed-storage",
        ownership="platform",
        direction_evidence="W5",
        uploaded_bytes=None,
        size_error_bytes=None,
        explanation=(
            "agent-1 downloads layers of fabrikam.azurecr.io from an account whose name changes "
            "from pull to pull, so it needs *.blob.core.windows.net open."
        ),
        clears=["az acr update --name fabrikam --data-endpoint-enabled"],
        attack=[],
        facts={"candidate_registries": ["fabrikam.azurecr.io"]},
    )
    hygiene = make_finding(
        id="hy-90aa1c7e02",
        rule="HY001",
        also=[],
        title="Private-link name resolved to a public address",
        stream="hygiene",
        severity="info",
        severity_reasons=["base"],
        confidence="low",
        agent="10.20.1.15",
        endpoint=None,
        name_grade="A6",
        direction_evidence="W5",
        attack=["T1071.004"],
        evidence=[],
        facts={},
        explanation="The answer passed privatelink.azurecr.io and ended in a public address.",
    )
    endpoints = [
        make_endpoint(),
        make_endpoint(
            agent="10.20.1.15",
            endpoint="quietbucket.s3.eu-central-1.amazonaws.com",
            addresses=["203.0.113.77"],
            service="aws-s3",
            role="object-store",
            owner="quietbucket",
            orig_payload_bytes=1_402_118,
            resp_payload_bytes=88_120,
            uploaded_bytes=1_398_002,
            flow_count=31,
            upload_turns=31,
            pcr=0.8817,
            finding_ids=["ex-03b7e1c55a"],
        ),
        make_endpoint(
            endpoint="weumanaged15.blob.core.windows.net",
            role="registry-managed-storage",
            ownership="platform",
            owner="weumanaged15",
            flow_count=38,
            orig_payload_bytes=39_012,
            resp_payload_bytes=184_220_931,
            upload_turns=0,
            uploaded_bytes=0,
            pcr=-0.9996,
            finding_ids=["rd-5510fe2b71"],
        ),
        make_endpoint(
            agent="10.20.1.15",
            endpoint=None,
            addresses=["198.51.100.9"],
            service=None,
            role="unknown",
            owner=None,
            ownership="unknown",
            name_grade="A6",
            orig_payload_bytes=None,
            resp_payload_bytes=None,
            uploaded_bytes=None,
            upload_turns=None,
            pcr=None,
            finding_ids=["hy-90aa1c7e02"],
        ),
        *make_result().endpoints,
    ]
    return make_result(
        verdict="suspected upload",
        verdict_line=(
            "Suspected upload: 2 agents sent about 6.64 MB to 2 destinations that are not ours."
        ),
        issues=[
            make_issue(),
            make_issue(
                code="cut-record",
                input="late.pcap",
                where="offset 88214",
                detail="a record of 1,514 B, found 210 B; the rest of the file is lost.",
                count=1,
                incomplete=True,
            ),
        ],
        inputs=[
            make_input(),
            make_input(path="late.pcap", sha256=None, format="pcap", complete=False, bytes=88_424),
        ],
        registries=[
            make_registry(),
            make_registry(
                name="stagingdrop17.blob.core.windows.net",
                kind="storage",
                owner="stagingdrop17",
                ownership="foreign",
                declare="--own storage:stagingdrop17",
                agents=["agent-1"],
                managed_storage=[],
            ),
        ],
        endpoints=endpoints,
        findings=[critical, make_finding(), low, readiness, hygiene],
    )


def undeclared() -> Result:
    """The realistic document of a run without any inventory."""
    result = realistic()
    return replace(
        result,
        inventories=[],
        command_line=["acrtrace", "analyze", "build-agents.pcapng"],
        registries=[
            make_registry(ownership="foreign", declare="--own acr:fabrikam"),
            result.registries[1],
        ],
    )


def crowded(findings: int = 10_000, endpoints: int = 20_000) -> Result:
    """More of everything than a browser should be given."""
    return replace(
        realistic(),
        findings=[
            make_finding(id=f"ex-{n:010x}", evidence=[make_evidence(port=n % 65_536)] * 50)
            for n in range(findings)
        ],
        endpoints=[
            make_endpoint(
                agent=f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}",
                endpoint=f"h{n}.example",
                finding_ids=[f"ex-{n:010x}"],
            )
            for n in range(endpoints)
        ],
        issues=[make_issue(code=f"kind-{n}") for n in range(2_000)],
    )


def hostile() -> Result:
    """Every string of `craft.hostile` in every free text field: an element of a list for each."""
    each = [with_text(realistic(), text) for text in HOSTILE.values()]
    return replace(
        with_text(realistic(), HOSTILE["script"]),
        command_line=["acrtrace", "analyze", *HOSTILE.values()],
        inputs=[with_text(make_input(), text) for text in HOSTILE.values()],
        inventories=[result.inventories[0] for result in each],
        issues=[result.issues[0] for result in each],
        registries=[result.registries[0] for result in each],
        endpoints=[result.endpoints[0] for result in each],
        findings=[finding for result in each for finding in result.findings[:2]],
    )


def with_text(value: Any, text: str) -> Any:
    """The same structure with `text` in every free text field; enumerated fields keep theirs."""
    if isinstance(value, str):
        return text
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value,
            **{
                item.name: with_text(getattr(value, item.name), text)
                for item in fields(value)
                if "enum" not in item.metadata and item.name not in ("schema", "stream")
            },
        )
    if isinstance(value, list):
        return [with_text(element, text) for element in value]
    if isinstance(value, dict):
        return {
            (text if key == "claimed_name" else key): with_text(element, text)
            for key, element in value.items()
        }
    return value
