"""Catalogue files: what a user may write, and the errors that name file, entry and reason."""

from __future__ import annotations

import pytest

from analyzer.endpoints.match import Catalogue
from analyzer.issues import UsageError

GOOD = """
[[entry]]
id = "corp.store"
title = "Our store"
service = "corp"
role = "object-store"
owner = "label"
direction = "both"
technique = "T1567.002"
source = "our wiki"
checked = 2030-01-31
patterns = ["<owner:account>.store.corp.example"]
examples = ["team.store.corp.example"]
"""


def test_a_users_file_adds_entries_and_dates_the_catalogue(write, catalogue):
    extended = Catalogue.load([write("corp.toml", GOOD)])
    match = extended.match("team.store.corp.example")
    assert (match.entry_id, match.owner, match.role) == ("corp.store", "team", "object-store")
    assert extended.version.startswith("2030-01-31+")
    assert extended.version != catalogue.version
    assert catalogue.match("team.store.corp.example").role == "unknown"


def test_a_folder_stands_for_its_files(write, tmp_path):
    write("b.toml", GOOD)
    write("a.toml", '[sets]\nacr = ["azurecr.corp.example"]\n')
    extended = Catalogue.load([tmp_path])
    assert extended.match("contoso.azurecr.corp.example").role == "registry-login"
    assert extended.match("contoso.eastus.data.azurecr.corp.example").role == "registry-data"


def test_entries_take_defaults(write):
    text = '[defaults]\nsource = "s"\nchecked = false\n' + GOOD.replace('source = "our wiki"\n', "")
    assert Catalogue.load([write("c.toml", text)]).match("team.store.corp.example").source == "s"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (('role = "object-store"', 'role = "nonsense"'), "role 'nonsense' is none of"),
        (('owner = "label"', 'owner = "me"'), "owner 'me' is none of"),
        (('direction = "both"', 'direction = "up"'), "direction 'up' is none of"),
        (('source = "our wiki"\n', ""), "source is missing"),
        (("checked = 2030-01-31", "checked = true"), "checked is a date"),
        (("checked = 2030-01-31", 'checked = "soon"'), "checked has the wrong type"),
        (('"T1567.002"', '"1567"'), "technique must look like"),
        (('"corp.store"', '"Corp Store"'), "id must be"),
        (('"corp.store"', '"acr.login"'), "the id is taken by acr.toml"),
        (("<owner:account>", "<owner:nope>"), "unknown class <nope>"),
        (("<owner:account>", "<account>"), "needs an <owner:...>"),
        (('owner = "label"', 'owner = "undecidable"'), "no pattern may have an <owner:...>"),
        (
            ('"team.store.corp.example"]', '"other.example"]'),
            "example 'other.example' does not fit",
        ),
        (('examples = ["team.store.corp.example"]', ""), "at least one example"),
        (('patterns = ["<owner:account>.store.corp.example"]', ""), "patterns or addresses"),
        (('patterns = ["', 'addresses = ["1.2.3.4.5"]\npatterns = ["'), "'1.2.3.4.5'"),
        (('title = "Our store"', 'colour = "red"\ntitle = "Our store"'), "unknown key 'colour'"),
        (('title = "Our store"', "title = 5"), "title has the wrong type"),
        (('["team.store.corp.example"]', "[5]"), "list of strings"),
        (("[[entry]]", "[entry]"), "[[entry]]"),
        (("[[entry]]", "[[entries]]"), "unknown table 'entries'"),
        (("[[entry]]", "[[entry]"), "expected a TOML catalogue file"),
    ],
)
def test_a_broken_file_is_a_usage_error(write, change, reason):
    assert change[0] in GOOD
    path = write("broken.toml", GOOD.replace(*change))
    with pytest.raises(UsageError) as raised:
        Catalogue.load([path])
    message = str(raised.value)
    assert "broken.toml" in message
    assert reason in message
    assert "\n" not in message


def test_the_error_names_the_entry(write):
    path = write("broken.toml", GOOD.replace("object-store", "nonsense"))
    with pytest.raises(UsageError, match=r"broken\.toml: entry corp\.store: role"):
        Catalogue.load([path])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[classes]\nx = "(a+)+"', "class 'x'"),
        ('[classes]\naccount = "[a-z]"', "class 'account': expected one regular expression"),
        ("[classes]\nx = 5", "class 'x'"),
        ('[sets]\nacr = "azurecr.io"', "set 'acr': expected a list"),
        ('[sets]\nacr = ["*.x"]', "'*.x' is no lower-case name ending"),
        ("sets = 5", "[sets] must be a table"),
        ("entry = [5]", "expected a table"),
        ("\xff", "expected a TOML catalogue file"),
    ],
)
def test_broken_words_are_usage_errors(write, text, reason):
    with pytest.raises(UsageError) as raised:
        Catalogue.load([write("words.toml", text.encode("latin-1"))])
    assert reason in str(raised.value)


def test_missing_files_are_usage_errors(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.toml: cannot read"):
        Catalogue.load([tmp_path / "absent.toml"])
    with pytest.raises(UsageError, match="the directory has none"):
        Catalogue.load([tmp_path])


def test_entries_can_be_switched_off():
    off = Catalogue.load(disabled=["gh.results"])
    assert off.match("productionresultssa17.blob.core.windows.net").entry_id == "st.standard"
    with pytest.raises(UsageError, match=r"'gh\.result' does not exist"):
        Catalogue.load(disabled=["gh.result"])
