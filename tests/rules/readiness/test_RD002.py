"""RD002: the data endpoint of a replica that the inventory lacks."""

from __future__ import annotations

from analyzer.result import InventoryInfo

LISTED = [
    InventoryInfo("endpoints.json", "00", ["acr:contoso", "contoso.eastus.data.azurecr.io"], [])
]
DATA = {"role": "registry-data", "ownership": "ours", "service": "acr", "owner": "contoso"}
NEW = "contoso.westeurope.data.azurecr.io"


def test_a_replica_that_no_inventory_lists(case):
    case.flow(NEW, **DATA)
    case.flow("contoso.eastus.data.azurecr.io", **DATA)
    (found,) = case.judge(inventories=LISTED).findings
    assert (found.rule, found.stream, found.severity) == ("RD002", "readiness", "low")
    assert found.endpoint == NEW
    assert found.facts == {
        "registry": "contoso.azurecr.io",
        "region": "westeurope",
        "listed": ["contoso.eastus.data.azurecr.io"],
    }
    assert "az acr replication list --registry contoso" in found.clears[1]


def test_a_look_up_is_enough(case):
    case.address("10.0.0.5", "private")
    case.add("endpoints", name=NEW, **DATA)
    case.look_up(NEW, "20.1.2.3")
    (found,) = case.judge(inventories=LISTED).findings
    assert (found.rule, found.flow_count) == ("RD002", 0)
    assert "looked up" in found.explanation


def test_what_is_listed_is_silent(case):
    case.flow("contoso.eastus.data.azurecr.io", **DATA)
    assert case.judge(inventories=LISTED).findings == []


def test_without_a_list_there_is_nothing_to_compare_with(case):
    """Near miss: --own contoso declares the registry and lists no endpoint."""
    case.flow(NEW, **DATA)
    assert (
        case.judge(inventories=[InventoryInfo("--own", None, ["acr:contoso"], [])]).findings == []
    )


def test_other_registries_are_not_in_our_inventory(case):
    case.flow("other.westeurope.data.azurecr.io", **{**DATA, "ownership": "foreign"})
    assert case.judge(inventories=LISTED).findings == []
