"""Approvals that end, judged by the time of the traffic."""

from __future__ import annotations

import datetime

import pytest

from analyzer.endpoints.approvals import Approval
from analyzer.endpoints.inventory import Inventory
from analyzer.endpoints.project_file import read_project_file
from analyzer.issues import UsageError

DAY = 86_400 * 1_000_000_000
NEW_YEAR = (datetime.date(2027, 1, 1) - datetime.date(1970, 1, 1)).days * DAY
TEXT = """
[[approve]]
name = "ghcr.io"
owner = "build team"
reason = "base images"
expires = 2027-01-01

[[approve]]
name = "storage:partner"
expires = "2026-06-01"

[[approve]]
name = "mcr.microsoft.com"
"""


@pytest.fixture
def inventory(write):
    return Inventory.load(config_file=write("acrtrace.toml", TEXT))


def whose(inventory, name):
    return inventory.ownership(inventory.catalogue.match(name), name)[0]


def until(inventory, name):
    return inventory.approved_until(inventory.catalogue.match(name), name)


def test_both_forms_and_their_mixture(write):
    path = write("acrtrace.toml", 'approve = ["a.example", {name = "b.example", owner = "us"}]')
    assert read_project_file(path).approve == (
        Approval("a.example"),
        Approval("b.example", owner="us"),
    )


def test_an_approval_clears_until_its_day(inventory):
    assert [a.name for a, _, _ in inventory.lapse(NEW_YEAR - 1)] == ["storage:partner"]
    assert whose(inventory, "ghcr.io") == "approved"
    assert whose(inventory, "partner.blob.core.windows.net") == "foreign"
    assert until(inventory, "ghcr.io") is None
    assert until(inventory, "partner.blob.core.windows.net") == NEW_YEAR - 214 * DAY


def test_from_its_day_on_it_clears_nothing(inventory):
    ended = inventory.lapse(NEW_YEAR)
    assert [a.name for a, _, _ in ended] == ["ghcr.io", "storage:partner"]
    assert all(origin.endswith("acrtrace.toml") for _, origin, _ in ended)
    assert whose(inventory, "ghcr.io") != "approved"
    assert whose(inventory, "mcr.microsoft.com") == "approved"
    assert until(inventory, "ghcr.io") == NEW_YEAR
    assert until(inventory, "mcr.microsoft.com") is None


def test_without_a_time_nothing_ends(inventory):
    assert inventory.lapse(None) == []
    assert not inventory.has_lapsed


def test_another_approval_of_the_same_name_stands(write):
    path = write("acrtrace.toml", TEXT)
    inventory = Inventory.load(approve=["ghcr.io"], config_file=path)
    assert {a.name: other for a, _, other in inventory.lapse(NEW_YEAR)} == {
        "ghcr.io": "--approve",
        "storage:partner": None,
    }
    assert whose(inventory, "ghcr.io") == "approved"
    assert until(inventory, "ghcr.io") is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ghcr.io", "GHCR.io"),
        ("acr:partner", "partner.azurecr.io"),
        ("partner.blob.core.windows.net", "storage:partner"),
    ],
)
def test_one_name_twice_in_a_file_is_an_error_that_names_both_lines(write, first, second):
    path = write(
        "acrtrace.toml", f'\n[[approve]]\nname = "{first}"\n[[approve]]\nname = "{second}"\n'
    )
    with pytest.raises(UsageError) as caught:
        Inventory.load(config_file=path)
    expected = f"{path}:4: approve: '{second}' is approved twice, first in line 2 as '{first}'"
    assert str(caught.value).startswith(expected)


def test_every_approval_knows_its_line(inventory, write):
    file = read_project_file(write("acrtrace.toml", TEXT))
    lines = TEXT.splitlines()
    assert [lines[(each.line or 0) - 1] for each in file.approve] == ["[[approve]]"] * 3
    assert len({each.line for each in file.approve}) == 3
    listed = read_project_file(write("acrtrace.toml", '\napprove = ["a.example", "b.example"]'))
    assert [each.line for each in listed.approve] == [2, 2]


def test_the_record_says_who_answers_for_it(inventory):
    (record,) = [s for s in inventory.sources if s.path == "--approve"]
    note = next(n for n in record.notes if n.startswith("ghcr.io"))
    assert note.endswith("(owner build team, reason base images, expires 2027-01-01)")
