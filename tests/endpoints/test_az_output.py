"""Azure CLI output: names used, what is only noted, and the errors."""

from __future__ import annotations

import json

import pytest

from analyzer.endpoints.inventory import Inventory
from analyzer.issues import UsageError

SHOW = {
    "loginServer": "contoso.azurecr.io",
    "dataEndpoints": [
        {"region": "eastus", "endpoint": "contoso.eastus.data.azurecr.io"},
        {"region": "westus2", "endpoint": "contoso.westus2.data.azurecr.io"},
    ],
    "regionalEndpoints": [{"region": "eastus", "endpoint": "contoso.eastus.geo.azurecr.io"}],
}

DOCUMENTED = """{
  "dataEndpoints": [
    {
      "endpoint": "contoso.eastus.data.azurecr.io",
      "region": "eastus",
    },
    {
     "endpoint": "contoso.westus.data.azurecr.io",
      "region": "westus",
    },
  ],
  "loginServer": "contoso.azurecr.io"
}
"""

ACR_LIST = [
    {
        "name": "Contoso", "loginServer": "contoso.azurecr.io", "location": "eastus",
        "dataEndpointEnabled": True, "regionalEndpoints": "Enabled", "tags": {},
        "dataEndpointHostNames": ["contoso.eastus.data.azurecr.io"],
        "regionalEndpointHostNames": ["contoso.eastus.geo.azurecr.io"],
        "networkRuleSet": None, "sku": {"name": "Premium"},
    },
    {"name": "fabrikam", "loginServer": "fabrikam.azurecr.cn", "dataEndpointEnabled": False,
     "dataEndpointHostNames": []},
]  # fmt: skip

STORAGE = [
    {
        "name": "acctcontoso",
        "primaryEndpoints": {
            "blob": "https://acctcontoso.blob.core.windows.net/",
            "dfs": "https://acctcontoso.dfs.core.windows.net/",
            "web": "https://acctcontoso.z13.web.core.windows.net/",
            "internetEndpoints": {
                "blob": "https://acctcontoso-internetrouting.blob.core.windows.net/",
                "dfs": None,
            },
            "microsoftEndpoints": None,
        },
        "secondaryEndpoints": {"blob": "https://acctcontoso-secondary.blob.core.windows.net/"},
        "customDomain": {"name": "files.contoso.com"},
    },
    {"name": "acctchina",
     "primaryEndpoints": {"blob": "https://acctchina.blob.core.chinacloudapi.cn/"}},
]  # fmt: skip


@pytest.fixture
def load(write, catalogue):
    def make(content, name="inventory.json"):
        text = content if isinstance(content, str | bytes) else json.dumps(content, indent=2)
        return Inventory.load([write(name, text)], catalogue=catalogue)

    return make


def test_show_endpoints(load):
    (source,) = load(SHOW).sources
    assert source.entries == [
        "acr:contoso",
        "contoso.eastus.data.azurecr.io",
        "contoso.westus2.data.azurecr.io",
        "contoso.eastus.geo.azurecr.io",
    ]
    assert source.notes == []
    assert source.path.endswith("inventory.json")
    assert len(source.sha256) == 64


def test_the_documented_sample_with_its_trailing_commas(load):
    (source,) = load(DOCUMENTED).sources
    assert source.entries == [
        "acr:contoso", "contoso.eastus.data.azurecr.io", "contoso.westus.data.azurecr.io",
    ]  # fmt: skip
    assert "trailing commas ignored, the first near line 6" in source.notes[0]


def test_legacy_storage_mode_is_a_note_and_never_an_entry(load):
    inventory = load(
        {
            "loginServer": "contoso.azurecr.io",
            "dataEndpoints": [{"region": "eastus", "endpoint": "*.blob.core.windows.net"}],
        }
    )
    (source,) = inventory.sources
    assert source.entries == ["acr:contoso"]
    assert "legacy storage mode" in source.notes[0]
    name = "attacker01.blob.core.windows.net"
    assert inventory.ownership(inventory.catalogue.match(name), name)[0] == "foreign"


def test_acr_list_flat(load):
    (source,) = load(ACR_LIST).sources
    assert source.entries == [
        "acr:contoso",
        "contoso.eastus.data.azurecr.io",
        "contoso.eastus.geo.azurecr.io",
        "acr:fabrikam@azurecr.cn",
    ]
    assert source.notes == [
        "fabrikam.azurecr.cn: dedicated data endpoints are disabled (legacy storage mode)"
    ]


def test_arm_nests_under_properties_and_value(load):
    nested = [
        {"name": r["name"], "properties": {k: v for k, v in r.items() if k != "name"}}
        for r in (*ACR_LIST, *STORAGE)
    ]
    flat = [e for content in (ACR_LIST, STORAGE) for e in load(content).sources[0].entries]
    assert load({"value": nested}).sources[0].entries == flat


def test_one_registry_alone(load):
    assert load(ACR_LIST[0]).sources[0].entries[0] == "acr:contoso"


def test_storage_accounts(load):
    (source,) = load(STORAGE).sources
    assert source.entries == [
        "storage:acctcontoso", "files.contoso.com", "storage:acctchina@core.chinacloudapi.cn",
    ]  # fmt: skip
    assert source.notes == []


def test_a_storage_account_with_foreign_or_no_endpoints_owns_nothing(load):
    inventory = load(
        [
            {"name": "acct1", "primaryEndpoints": {"blob": "https://other.blob.core.windows.net/"}},
            {"name": "acct2", "primaryEndpoints": None},
        ]
    )
    (source,) = inventory.sources
    assert source.entries == []
    assert [n.split(":")[0] for n in source.notes] == ["acct1", "acct1", "acct2"]


def test_a_data_endpoint_of_another_registry_is_not_taken_over(load):
    content = {
        "loginServer": "contoso.azurecr.io",
        "dataEndpoints": [{"endpoint": "badguy.eastus.data.azurecr.io"}],
    }
    inventory = load(content)
    assert inventory.sources[0].entries == ["acr:contoso"]
    assert "not used" in inventory.sources[0].notes[0]


def test_an_empty_list_is_a_note(load):
    (source,) = load("[]").sources
    assert (source.entries, len(source.notes)) == ([], 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("5", "found a number"),
        ('"x"', "found a text"),
        ("null", "found null"),
        ("[[]]", "found a list"),
        ("[true]", "found a truth value"),
        ('[{"a": 1}]', "neither 'loginServer' nor 'primaryEndpoints'"),
        ('{"loginServer": 5}', "'loginServer' is a number"),
        ('{"loginServer": "contoso.example.com"}', "'loginServer' is 'contoso.example.com'"),
        ('{"loginServer": "a\\u001b[31m"}', "'loginServer' is 'a\\\\x1b[31m'"),
        (
            '{"loginServer": "contoso.azurecr.io", "dataEndpoints": 5}',
            "'dataEndpoints' is a number",
        ),
        ('{"loginServer": "contoso.azurecr.io", "dataEndpoints": [5]}', "expected host names"),
        ('{"loginServer": "contoso.azurecr.io", "dataEndpoints": [{}]}', "expected host names"),
        (
            '{"loginServer": "contoso.azurecr.io", "dataEndpoints": ["a b"]}',
            "'a b' is no host name",
        ),
        ('{"primaryEndpoints": {}}', "has no 'name'"),
    ],
)
def test_other_shapes_are_usage_errors(load, content, reason):
    with pytest.raises(UsageError) as raised:
        load(content)
    assert reason in str(raised.value)
    assert "inventory.json:1:" in str(raised.value)


def test_the_error_stands_at_the_item(load):
    with pytest.raises(UsageError, match=r"inventory\.json:3:2: found neither"):
        load('[\n {"loginServer": "contoso.azurecr.io"},\n {"id": 7}\n]')
