"""What the operator expects, as tables for the rules."""

from __future__ import annotations

import pytest

from analyzer.result import InventoryInfo
from analyzer.rules.expected import Expected, state


def rows(case, table):
    return case.connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()


def test_ranges_of_both_families_and_names(case):
    state(case.connection, Expected(("10.0.0.0/8", "2001:db8::53", "dns.example.com")))
    head = "00000000000000000000ffff"
    assert rows(case, "resolvers") == [
        ("10.0.0.0/8", None, f"{head}0a000000", f"{head}0affffff"),
        ("2001:db8::53", None, "20010db8" + "0" * 22 + "53", "20010db8" + "0" * 22 + "53"),
        ("dns.example.com", "dns.example.com", None, None),
    ]


def test_a_firewall_s_wildcard_keeps_its_dot(case):
    state(case.connection, Expected(allows=("*.data.azurecr.io", "ghcr.io")))
    assert rows(case, "allows") == [
        ("*.data.azurecr.io", None, ".data.azurecr.io"),
        ("ghcr.io", "ghcr.io", None),
    ]


def test_only_files_list_endpoints_and_only_what_is_ours_counts(case):
    given = ["acr:contoso", "contoso.eastus.data.azurecr.io", "storage:acct"]
    inventories = [
        InventoryInfo("endpoints.json", "00", given, []),
        InventoryInfo("--own", None, ["acr:second@azurecr.cn", "ghcr.io"], []),
        InventoryInfo("--approve", None, ["acr:third"], []),
        InventoryInfo("acrtrace.toml (deny)", "00", ["acr:fourth"], []),
    ]
    state(case.connection, Expected(), inventories)
    assert rows(case, "declared") == [
        ("contoso.azurecr.io", "", ""),
        ("contoso.azurecr.io", "contoso.eastus.data.azurecr.io", "eastus"),
        ("second.azurecr.cn", "", ""),
    ]


@pytest.mark.parametrize("table", ["resolvers", "allows", "declared"])
def test_a_second_run_replaces_the_first(case, table):
    given = [InventoryInfo("e.json", "00", ["acr:contoso"], [])]
    state(case.connection, Expected(("10.0.0.1",), ("a.example",)), given)
    state(case.connection, Expected())
    assert rows(case, table) == []
