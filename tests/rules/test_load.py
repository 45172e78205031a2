"""Rule files: what is wrong is a UsageError that names file and line."""

from __future__ import annotations

import pytest

from analyzer.issues import UsageError
from analyzer.rules.load import RULES_DIR, load, rule_files

HEAD = """\
-- id = "EX900"
-- title = "Test"
-- stream = "exfiltration"
-- order = 90
-- severity = "low"
-- attack = ["T1567"]
-- explanation = "{agent} to {target}"
-- clears = ["nothing"]
"""
SELECT = """\
SELECT agent, endpoint, list(flow_id ORDER BY flow_id) AS flow_ids,
    []::VARCHAR[] AS modifiers, {'a': 1} AS facts
FROM evidence_flows GROUP BY agent, endpoint
"""


def write(folder, text, name="EX900"):
    path = folder / f"{name}.sql"
    path.write_text(text)
    return path


def test_the_stated_order_of_the_built_in_rules():
    assert [rule.id for rule in load()] == [
        "EX004", "EX007", "EX003", "EX005", "EX002", "EX001", "EX006", "EX010", "EX015",
        "EX013", "EX014", "EX008", "EX009", "EX011", "EX012",
        "RD001", "RD002", "RD004", "RD003",
        "HY001", "HY002", "HY003", "HY004", "HY006", "HY007", "HY005",
    ]  # fmt: skip


def test_only_the_exfiltration_stream_accuses():
    """--fail-on medium and the verdict are about uploads alone, whatever the other streams say."""
    for rule in load():
        if rule.stream != "exfiltration":
            given = [rule.severity, *(m.severity for m in rule.modifiers.values() if m.severity)]
            given += [step.severity for step in rule.ladder]
            assert set(given) <= {"low", "info"}, rule.id


def test_every_rule_file_stands_in_the_folder_of_its_stream():
    for rule in load():
        assert rule.path.parent == RULES_DIR / rule.stream
    assert len(rule_files()) == len(load())


def test_a_rule_is_one_file(tmp_path):
    rule = load([write(tmp_path, HEAD + SELECT)])[0]
    assert (rule.id, rule.order, rule.attack) == ("EX900", 90, ("T1567",))
    assert rule.select == SELECT.strip()


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('-- title = "Test"', "-- title = Test", 2, "not TOML"),
        ('-- title = "Test"\n', "", 1, "no title"),
        ('-- title = "Test"', "-- title = 5", 2, "title must be of type str"),
        ("-- order = 90", "-- order = true", 4, "order must be of type int"),
        ('-- id = "EX900"', '-- id = "EX901"', 1, "as the file is called"),
        ('-- stream = "exfiltration"', '-- stream = "other"', 3, "stream must be one of"),
        ('-- severity = "low"', '-- severity = "bad"', 5, "severity must be one of"),
        ('["T1567"]', "[1567]", 6, "technique ids"),
        ("{target}", "{target.__class__}", 7, "no plain name"),
        ("{target}", "{target", 7, "no template"),
        ('["nothing"]', "[{ text = 1 }]", 8, "each of clears"),
        (
            '-- clears = ["nothing"]',
            '-- clears = ["x"]\n-- colour = "red"',
            9,
            "unknown key colour",
        ),
        ('["nothing"]', '["x"]\n-- ladder = [{ figure = "x" }]', 9, "a step has"),
        (
            '["nothing"]',
            '["x"]\n-- ladder = [{ figure = "size", at_least = "drip_bytes", severity = "low" }]',
            9,
            "figure must be one of",
        ),
        (
            '["nothing"]',
            '["x"]\n-- ladder = [{ figure = "small_bytes", at_least = "x", severity = "low" }]',
            9,
            "names no threshold",
        ),
        ('["nothing"]', '["x"]\n-- [modifiers.odd]\n-- effect = "cap"', 9, "effect and reason"),
        (
            '["nothing"]',
            '["x"]\n-- [modifiers.odd]\n-- effect = "cap"\n-- reason = "r"',
            9,
            "severity must be one of",
        ),
        (
            '["nothing"]',
            '["x"]\n-- [modifiers.odd]\n-- effect = "double"\n-- reason = "r"',
            9,
            "effect must be one of",
        ),
    ],
)
def test_a_broken_head_names_file_and_line(tmp_path, old, new, line, message):
    assert old in HEAD
    path = write(tmp_path, HEAD.replace(old, new) + SELECT)
    with pytest.raises(UsageError, match=message) as caught:
        load([path])
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert "\n" not in str(caught.value)


def test_an_unreadable_file(tmp_path):
    path = tmp_path / "EX900.sql"
    path.write_bytes(b"-- id = \xff")
    with pytest.raises(UsageError, match="cannot be read"):
        load([path])


def test_two_rules_may_not_claim_one_place_or_id(tmp_path):
    one = write(tmp_path, HEAD + SELECT)
    other = write(tmp_path, HEAD.replace("EX900", "EX901") + SELECT, "EX901")
    with pytest.raises(UsageError, match="order is already that of") as caught:
        load([one, other])
    assert str(caught.value).startswith(f"{other}:4: ")
    (tmp_path / "more").mkdir()
    twin = write(tmp_path / "more", HEAD.replace("90\n", "91\n") + SELECT)
    with pytest.raises(UsageError, match="id is already that of"):
        load([one, twin])


def test_built_in_rules_must_be_documented(tmp_path, monkeypatch):
    path = write(tmp_path, HEAD + SELECT)
    assert load([path])[0].why == ""
    monkeypatch.setattr("analyzer.rules.load.RULES_DIR", tmp_path)
    with pytest.raises(UsageError, match=r"EX900\.sql:1: the head has no why: built-in rules"):
        load([path])
    said = '-- why = "w"\n-- arithmetic = "a"\n-- false_positives = ["f"]\n'
    assert load([write(tmp_path, said + HEAD + SELECT)])[0].false_positives == ("f",)


def test_false_positives_are_sentences(tmp_path):
    path = write(tmp_path, HEAD + "-- false_positives = [1]\n" + SELECT)
    with pytest.raises(UsageError, match=r"EX900\.sql:9: false_positives must be a list of"):
        load([path])


@pytest.mark.parametrize("needs", ['{ nonsense = "dns_hour_names" }', '{ dns = "nonsense" }'])
def test_needs_names_tables_and_thresholds(tmp_path, needs):
    text = (RULES_DIR / "exfiltration" / "EX008.sql").read_text(encoding="utf-8")
    path = tmp_path / "EX008.sql"
    path.write_text(text.replace('{ dns = "dns_hour_names" }', needs), encoding="utf-8")
    with pytest.raises(UsageError, match=r"EX008.sql:\d+: needs maps tables"):
        load([path])
