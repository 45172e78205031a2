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
        ("owns = []", "acrtrace.toml:1: unknown key 'owns' (did you mean 'own'?)"),
        (
            "own = []\n\ntennant = 5",
            "acrtrace.toml:3: unknown key 'tennant' (did you mean 'tenant'?)",
        ),
        ("threads = 2", "acrtrace.toml:1: unknown key 'threads' (it is [run] threads), known"),
        ("timezone = 2", "(it is [logs] timezone or [output] timezone), known are"),
        ("fail-on = []", "unknown key 'fail-on' (it is [output] fail_on), known are"),
        ("[run]\nyear = 2", ":2: unknown key 'year' in [run] (it is [logs] year), known are"),
        ("[logs]\nzone = 5", "acrtrace.toml:2: unknown key 'zone' in [logs] (did you mean"),
        (
            "[output]\ntimezon = 5",
            ":2: unknown key 'timezon' in [output] (did you mean 'timezone'?)",
        ),
        ("[logs]\nyear = '2026'", "acrtrace.toml:2: logs.year must be a whole number"),
        ("[run]\nthreads = true", "run.threads must be a whole number"),
        ("[run]\nhash = 1", "run.hash must be true or false"),
        ("tenant = 5", 'tenant must be a text, for example tenant = "..."'),
        ("[output]\nfail_on = 'high'", "output.fail_on must be a list of texts"),
        ("[thresholds]\ndrip_day = 5", ":2: [thresholds]: unknown limit 'drip_day' (did you mean"),
        ("[thresholds]\ndrip_bytes = 5", "drip_bytes cannot be changed"),
        ("[thresholds]\ntunnel_turns = 0", "tunnel_turns must be a whole number from 1 to"),
        ("[thresholds]\ntunnel_turns = 2.5", "tunnel_turns must be a whole number from 1 to"),
        ("[thresholds]\nlower_bound_missed_share = 2", "must be a number from 0 to 1, found 2"),
        ("[thresholds]\nlogin_turn_bytes = 100", "from 16,384 to 65,536, found 100"),
        (
            "[thresholds]\nmedium_upload_bytes = 100_000",
            ":1: [thresholds]: expected medium_upload_bytes (100,000) <= high_upload_bytes (",
        ),
        ("[rules]\noff = ['hy5']", "acrtrace.toml:2: rules.off must be a list of rules"),
        ("[rules.HY005]\nof = true", "unknown key 'of' in [rules.HY005] (did you mean 'off'?)"),
        ("[rules.HY005]\nreason = 'x'", "acrtrace.toml:1: [rules.HY005] has off = true or false"),
        ("[rules]\noff = ['HY005']\n[rules.HY005]\noff = false", "in off and not off at once"),
        ("[rules]\noof = []", ":2: unknown key 'oof' in [rules] (did you mean 'off'?)"),
        ("[[approve]]\nowner = 'x'", "acrtrace.toml:1: approve: name must be a text"),
        ("[[approve]]\nname = 'a.b'\nexpire = 5", ":3: unknown key 'expire' in [approve] (did you"),
        (
            "[[approve]]\nname = 'a.b'\nexpires = 'soon'",
            ":3: approve: expires must be a day such as",
        ),
        ("[[approve]]\nname = 'a.b'\nexpires = 2027-01-01T00:00:00", "expires must be a day"),
        ("approve = 5", "approve must be a list of texts, or tables"),
        ("approve = [5]", "approve must be a list of texts, or tables"),
        ("registries = ['storage:x']", "expected a registry's name or login server"),
        ('own = "contoso"', "own must be a list of texts"),
        ("own = [5]", "own must be a list of texts"),
        ('own = [""]', "own must be a list of texts"),
        ("agents = 5", "agents must be a table"),
        ('[agents]\na = "10.0.0.0/99"', ":2: agent 'a': "),
        ("[agents]\na = 5", ":2: agent 'a': expected \"CIDR\""),
        ("[agents]\na = '10.0.0.1'\nb = ['10.0.0.2', '10.0.0.1']", ":3: agents 'a' and 'b' both"),
        ("\nresolvers = ['a b']", ":2: resolvers: 'a b'"),
        ("\nallows = ['a.*.b']", ":2: allows: 'a.*.b'"),
        ('proxies = ["proxy.example:3128"]', "expected ADDRESS or ADDRESS:PORT"),
        ('proxies = ["10.0.0.5:99999999"]', "expected ADDRESS or ADDRESS:PORT"),
        ('[aliases]\n"a b" = "contoso.azurecr.io"', ":2: alias 'a b'"),
        ("[aliases]\na = 5", ":2: alias 'a'"),
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
        ('own = ["a b"]', "acrtrace.toml:1: own 'a b'"),
        ('approve = ["a b"]', "acrtrace.toml:1: approve 'a b'"),
        ('registries = ["x.blob.core.windows.net"]', "is no registry's name; own takes"),
        ('inventory = ["absent.json"]', "acrtrace.toml:1: inventory: "),
        ('catalogue = ["absent.toml"]', "acrtrace.toml:1: catalogue: "),
        ('disable = ["absent"]', "acrtrace.toml:1: disable: disabled catalogue entry 'absent'"),
        ('acr_suffixes = ["*.x"]', "acrtrace.toml:1: acr_suffixes: "),
        ('[aliases]\n"a.example" = "b.example"', "acrtrace.toml:2: alias 'a.example'"),
    ],
)
def test_mistakes_found_while_loading(write, text, reason):
    with pytest.raises(UsageError) as raised:
        Inventory.load(config_file=write("acrtrace.toml", text))
    assert reason in str(raised.value)


def test_an_absent_file(tmp_path):
    with pytest.raises(UsageError, match="cannot read configuration"):
        read_project_file(tmp_path / "acrtrace.toml")


def test_singles_by_parameter_and_paths_from_the_files_folder(write):
    path = write(
        "acrtrace.toml",
        'tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"\n'
        '[logs]\nmaps = ["m.toml"]\n[output]\ndirectory = "weekly"\n[rules]\ntimeout = 5\n',
    )
    assert read_project_file(path).singles == {
        "tenant": "72f988bf-86f1-41af-91ab-2d7cd011db47",
        "log_maps": [path.parent / "m.toml"],
        "directory": path.parent / "weekly",
        "rule_seconds": 5,
    }


def test_rules_are_switched_off_by_list_or_table(write):
    text = "[rules]\noff = ['HY005']\n[rules.HY004]\noff = true\nreason = 'elsewhere'\n"
    path = write("acrtrace.toml", text + "[rules.HY001]\noff = false\n")
    assert read_project_file(path).rules_off == (("HY005", ""), ("HY004", "elsewhere"))


def test_registries_are_labels_or_login_servers(write):
    path = write("acrtrace.toml", 'registries = ["contoso", "fabrikam.azurecr.cn"]')
    inventory = Inventory.load(config_file=path)
    assert set(inventory.own.labels) == {
        ("acr", "azurecr.io", "contoso"),
        ("acr", "azurecr.cn", "fabrikam"),
    }
