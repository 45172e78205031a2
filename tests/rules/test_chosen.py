from __future__ import annotations

import pytest

from analyzer.issues import UsageError
from analyzer.rules.chosen import chosen
from analyzer.rules.load import load


def test_rules_that_are_off_are_left_out_in_their_order():
    every = load()
    left = chosen(every, ["HY005", "EX001", "HY005"])
    assert [rule.id for rule in left] == [
        rule.id for rule in every if rule.id not in ("HY005", "EX001")
    ]
    assert chosen(every, []) == every


def test_a_rule_that_does_not_exist_is_an_error():
    with pytest.raises(UsageError, match="'EX0O1' cannot be switched off.*did you mean 'EX0"):
        chosen(load(), ["EX0O1"])
