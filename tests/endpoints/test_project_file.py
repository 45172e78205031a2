"""acrtrace.toml."""

from __future__ import annotations

import pytest

from analyzer.endpoints.inventory import Inventory
from analyzer.endpoints.project_file import ProjectFile, read_project_file
from analyzer.issues import UsageError

FULL = """
own = ["contoso", "storage:acctcontoso"]
approve = ["ghcr.io"]
deny = ["badguy.azurecr.io"]
inventory = ["sub/endpoints.json"]
catalogue = ["corp.toml"]
disable = ["gh.results"]
proxies = ["10.0.0.5:3128", "[2001:db8::1]:8080", "10.0.0.6"]
acr_suffixes = ["azurecr.corp.example"]
storage_suffixes = ["core.corp.example"]
embedding = ["corp.example"]

[agents]
build = "10.1.0.0/24"
dual = ["10.2.0.0/24", "2001:db8:2::/64"]
listed = "10.3.0.1,10.3.0.2"

[aliases]
"registry.contoso.com" = "contoso.azurecr.io"
"""

CORP = """
[[entry]]
id = "corp.store"
title = "Our store"
service = "corp"
role = "object-store"
owner = "undecidable"
direction = "both"
source = "our wiki"
checked = false
patterns = ["store.corp.test"]
examples = ["store.corp.test"]
"""


@pytest.fixture
def project(tmp_path, write):
    (tmp_path / "sub").mkdir()
    write("sub/endpoints.json", '{"loginServer": "fabrikam.azurecr.io"}')
    write("corp.toml", CORP)
    return write("acrtrace.toml", FULL)


def test_all_keys(project):
    read = read_project_file(project)
    assert read.proxies == ("10.0.0.5", "2001:db8::1", "10.0.0.6")
    assert read.agents == (
        ("build", "10.1.0.0/24"),
        ("dual", "10.2.0.0/24"),
        ("dual", "2001:db8:2::/64"),
        ("listed", "10.3.0.1,10.3.0.2"),
    )
    assert read.inventory == (project.parent / "sub/endpoints.json",)


def test_an_inventory_takes_all_of_it(project):
    inventory = Inventory.load(config_file=project)
    assert inventory.agents[0] == ("build", "10.1.0.0/24")
    assert inventory.proxies[0] == "10.0.0.5"

    def whose(name):
        return inventory.ownership(inventory.catalogue.match(name), name)[0]

    assert whose("contoso.azurecr.io") == "ours"
    assert whose("fabrikam.azurecr.io") == "ours"
    assert whose("acctcontoso.blob.core.windows.net") == "ours"
    assert whose("registry.contoso.com") == "ours"
    assert whose("contoso.azurecr.corp.example") == "foreign"
    assert whose("ghcr.io") == "approved"
    assert whose("badguy.azurecr.io") == "denied"
    assert inventory.catalogue.match("store.corp.test").entry_id == "corp.store"
    assert inventory.catalogue.match("x12.blob.core.corp.example").role == "storage-account"
    results = inventory.catalogue.match("productionresultssa1.blob.core.windows.net")
    assert results.role == "storage-account"
    assert inventory.lookalikes.imitated_by("contoso.azurecr.io.corp.example") is None


def test_sources_say_what_came_from_the_file(project):
    sources = {s.path: s for s in Inventory.load(own=["other"], config_file=project).sources}
    assert sources["--own"].entries == ["acr:other"]
    assert sources[str(project)].entries == ["acr:contoso", "storage:acctcontoso"]
    assert len(sources[str(project)].sha256) == 64
    assert sources["--approve"].entries == ["ghcr.io"]
    assert sources["--approve"].notes == [f"ghcr.io: from {project}"]
    assert sources[f"{project} (deny)"].entries == ["acr:badguy"]


def test_no_file_is_empty():
    assert read_project_file(None) == ProjectFile()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("owns = []", "unknown key 'owns'"),
        ('own = "contoso"', "own must be a list of texts"),
        ("own = [5]", "own must be a list of texts"),
        ('own = [""]', "own must be a list of texts"),
        ("agents = 5", "agents must be a table"),
        ('[agents]\na = "10.0.0.0/99"', "agent 'a': "),
        ("[agents]\na = 5", 'expected "CIDR"'),
        ('proxies = ["proxy.example:3128"]', "expected ADDRESS or ADDRESS:PORT"),
        ('proxies = ["10.0.0.5:99999999"]', "expected ADDRESS or ADDRESS:PORT"),
        ('[aliases]\n"a b" = "contoso.azurecr.io"', "alias 'a b'"),
        ("[aliases]\na = 5", "alias 'a'"),
        ("own = [", "expected TOML"),
        ("\x00", "expected TOML"),
    ],
)
def test_mistakes_are_usage_errors(write, text, reason):
    with pytest.raises(UsageError) as raised:
        read_project_file(write("acrtrace.toml", text))
    assert "acrtrace.toml" in str(raised.value)
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('own = ["a b"]', "acrtrace.toml 'a b'"),
        ('approve = ["a b"]', "--approve in "),
        ('inventory = ["absent.json"]', "absent.json: cannot read"),
        ('catalogue = ["absent.toml"]', "absent.toml: cannot read"),
        ('disable = ["absent"]', "'absent' does not exist"),
        ('acr_suffixes = ["*.x"]', "no lower-case name ending"),
        ('[aliases]\n"a.example" = "b.example"', "no catalogued name"),
    ],
)
def test_mistakes_found_while_loading(write, text, reason):
    with pytest.raises(UsageError) as raised:
        Inventory.load(config_file=write("acrtrace.toml", text))
    assert reason in str(raised.value)


def test_an_absent_file(tmp_path):
    with pytest.raises(UsageError, match="cannot read configuration"):
        read_project_file(tmp_path / "acrtrace.toml")
