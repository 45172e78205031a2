"""Endpoints table, registries and storage accounts seen."""

from __future__ import annotations

import pytest

from analyzer.rules.declare import login_server, own_argument

ACR = {"service": "acr", "owner": "contoso"}


def test_contacts_are_all_there_largest_upload_first(case):
    case.flow("b.example.org", orig_bytes=10, resp_bytes=30)
    case.flow("b.example.org", orig_bytes=10, resp_bytes=30, resp_ip="52.0.0.9")
    case.flow("a.example.org", orig_bytes=20, resp_bytes=None)
    case.flow(None, orig_bytes=5)
    case.flow(None, orig_bytes=5, resp_ip="52.0.0.7")
    case.flow("z.example.org", proxy_leg="upstream")
    case.upload("evil.blob.core.windows.net", 9000, role="storage-account", ownership="foreign")
    result = case.judge()
    assert [(e.endpoint, e.addresses, e.flow_count) for e in result.endpoints] == [
        ("evil.blob.core.windows.net", ["52.0.0.1"], 1),
        ("a.example.org", ["52.0.0.1"], 1),
        ("b.example.org", ["52.0.0.1", "52.0.0.9"], 2),
        (None, ["52.0.0.1"], 1),
        (None, ["52.0.0.7"], 1),
    ]
    assert result.endpoints[0].finding_ids == [result.findings[0].id]
    assert [e.finding_ids for e in result.endpoints[1:]] == [[], [], [], []]
    assert (result.endpoints[2].pcr, result.endpoints[1].pcr) == (-0.5, None)


def test_addresses_are_capped(case):
    for number in range(30):
        case.flow("cdn.example.org", resp_ip=f"52.0.1.{number}")
    assert len(case.judge().endpoints[0].addresses) == 20


def test_a_registry_gathers_its_hosts_under_the_login_server(case):
    case.flow("contoso.azurecr.io", role="registry-login", ownership="ours", **ACR)
    case.flow("contoso.eastus.data.azurecr.io", role="registry-data", ownership="foreign", **ACR)
    case.flow(
        "contoso.eastus.geo.azurecr.io",
        role="registry-regional",
        ownership="ours",
        **ACR,
        agent="b",
    )
    case.flow(
        "eusmanaged1.blob.core.windows.net",
        role="managed-storage-candidate",
        ownership="foreign",
        owner="eusmanaged1",
        managed_of="contoso.azurecr.io,x.azurecr.io",
    )
    (registry,) = case.judge().registries
    assert (registry.name, registry.kind, registry.owner) == (
        "contoso.azurecr.io",
        "registry",
        "contoso",
    )
    assert (registry.ownership, registry.declare) == ("ours", None)
    assert registry.agents == ["10.0.0.5", "b"]
    assert registry.data_endpoints == ["contoso.eastus.data.azurecr.io"]
    assert registry.managed_storage == ["eusmanaged1.blob.core.windows.net"]


def test_what_was_not_declared_names_its_flag(case):
    for name, role, owner, ownership in (
        ("contoso.azurecr.io", "registry-login", "contoso", "foreign"),
        ("fab.azurecr.cn", "registry-login", "fab", "foreign"),
        ("solo.eastus.data.azurecr.io", "registry-data", "solo", "unknown"),
        ("acct.blob.core.windows.net", "storage-account", "acct", "foreign"),
        ("acct.queue.core.windows.net", "storage-account", "acct", "foreign"),
        ("acct.blob.core.chinacloudapi.cn", "storage-account", "acct", "foreign"),
        ("bkt.s3.amazonaws.com", "object-store", "bkt", "foreign"),
        ("ghcr.io", "other-registry", None, "undecidable"),
        ("mcr.microsoft.com", "platform-registry", None, "platform"),
        ("mine.blob.core.windows.net", "storage-account", "mine", "ours"),
        (
            "eusmanaged9.blob.core.windows.net",
            "managed-storage-candidate",
            "eusmanaged9",
            "foreign",
        ),
        ("login.example.org", "auth", None, "platform"),
    ):
        case.flow(name, role=role, owner=owner, ownership=ownership)
    assert [(r.kind, r.name, r.declare) for r in case.judge(inventory=False).registries] == [
        ("registry", "contoso.azurecr.io", "--own acr:contoso"),
        ("registry", "fab.azurecr.cn", "--own fab.azurecr.cn"),
        ("registry", "ghcr.io", "--approve ghcr.io"),
        ("registry", "mcr.microsoft.com", None),
        ("registry", "solo.azurecr.io", "--own acr:solo"),
        ("storage", "acct.blob.core.chinacloudapi.cn", "--own acct.blob.core.chinacloudapi.cn"),
        ("storage", "acct.blob.core.windows.net", "--own storage:acct"),
        ("storage", "bkt.s3.amazonaws.com", "--own bkt.s3.amazonaws.com"),
        ("storage", "eusmanaged9.blob.core.windows.net", None),
        ("storage", "mine.blob.core.windows.net", None),
    ]


@pytest.mark.parametrize(
    ("name", "owner", "login"),
    [
        ("contoso.azurecr.io", "contoso", "contoso.azurecr.io"),
        ("contoso.eastus.data.azurecr.cn", "contoso", "contoso.azurecr.cn"),
        ("demo-abc.eastus2.geo.azurecr.io", "demo-abc", "demo-abc.azurecr.io"),
        ("x.data.azurecr.io", None, "x.data.azurecr.io"),
    ],
)
def test_login_server(name, owner, login):
    assert login_server(name, owner) == login


def test_ownership_never_crosses_a_suffix_or_service():
    assert own_argument("a.azurecr.us", "registry-login", "a") == "a.azurecr.us"
    assert own_argument("a.z1.blob.storage.azure.net", "storage-account", "a") == (
        "a.z1.blob.storage.azure.net"
    )
    assert own_argument("drop.example.org", "drop-service", "a") == "drop.example.org"
