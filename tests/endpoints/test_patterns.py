"""The pattern language: what it accepts, captures and refuses."""

from __future__ import annotations

import re

import pytest

from analyzer.endpoints.patterns import PatternError, Vocabulary, check_class, expand

WORDS = Vocabulary(
    classes={"account": "[a-z0-9]{3,24}", "region": "[a-z]{2,9}[0-9]?", "kind": "(a|b)x?"},
    sets={"acr": ("azurecr.io", "azurecr.cn"), "svc": ("blob", "dfs")},
)


def one(text):
    (pattern,) = expand(text, WORDS)
    return pattern


def captured(pattern, name):
    source = pattern.source(0)
    found = re.fullmatch(source.regex, name[: -len(pattern.literal) - 1])
    return (
        found and (source.owner and found[source.owner]),
        found and (source.region and found[source.region]),
    )


def test_a_literal_is_the_whole_name():
    pattern = one("mcr.example.com")
    assert pattern.accepts("mcr.example.com")
    assert not pattern.accepts("x.mcr.example.com")
    assert pattern.head == ()


def test_sets_expand_and_the_last_one_is_the_cloud():
    patterns = expand("<owner:account>.{svc}.{acr}", WORDS)
    assert [p.literal for p in patterns] == [
        "blob.azurecr.io", "blob.azurecr.cn", "dfs.azurecr.io", "dfs.azurecr.cn",
    ]  # fmt: skip
    assert [p.cloud for p in patterns] == ["azurecr.io", "azurecr.cn"] * 2
    assert patterns[0].accepts("abc.blob.azurecr.io")
    assert not patterns[0].accepts("ab.blob.azurecr.io")


def test_captures_and_groups_inside_classes_do_not_shift_each_other():
    pattern = one("<kind>-<owner:account>.<region:region>.data.example")
    assert captured(pattern, "ax-abc.west2.data.example") == ("abc", "west2")


def test_a_repeated_capture_must_repeat():
    pattern = one("prod-<region:region>.s3.<region:region>.aws.example")
    assert pattern.accepts("prod-west2.s3.west2.aws.example")
    assert not pattern.accepts("prod-west2.s3.west1.aws.example")
    assert pattern.refusal("prod-west2.s3.west1.aws.example") == "its repeated parts differ"


def test_star_is_one_label_and_two_stars_are_one_or_more():
    assert one("*.a.example").accepts("x.a.example")
    assert not one("*.a.example").accepts("x.y.a.example")
    below = one("<owner:**>.a.example")
    assert captured(below, "x.y.a.example")[0] == "x.y"
    assert not below.accepts("a.example")
    assert not below.accepts("x..a.example")
    assert not below.accepts("-x.a.example")
    assert not below.accepts("y" * 64 + ".a.example")


def test_a_leading_dot_is_the_name_and_everything_below():
    patterns = expand(".a.example", WORDS)
    for name in ("a.example", "x.a.example", "x.y.a.example"):
        assert any(p.accepts(name) for p in patterns)
    assert not any(p.accepts("xa.example") for p in patterns)


def test_nothing_but_the_whole_name_is_accepted():
    pattern = one("<owner:account>.azurecr.io")
    for name in ("abcazurecr.io", "abc.azurecr.io\n", "abc.azurecr.io.x", "x.abc.azurecr.io"):
        assert not pattern.accepts(name)


def test_refusals_say_which_label():
    pattern = one("<owner:account>.<region:region>.data.example")
    assert "label 'ab'" in pattern.refusal("ab.west.data.example")
    assert "2 labels must precede .data.example, the name has 1" in pattern.refusal(
        "west.data.example"
    )
    assert one("x.y.example").refusal("z.example") == "is not x.y.example"


def test_refusal_with_many_labels_counts_them():
    pattern = one("**.s3.<region>.aws.example")
    assert "3 labels or more" in pattern.refusal("x.aws.example")
    assert "label 's4'" in pattern.refusal("b.s4.west.aws.example")


@pytest.mark.parametrize(
    "text",
    [
        "", "com", "*", "**", "a.**.b.c", "<nope>.a.b", "<tenant:account>.a.b", "{nope}.a.b",
        "a..b", "A.b.c", "<account.a.b", "a b.c", "**x.a.b", "x.<account>", "a.b.<account>",
        "a$.b.c",
    ],
)  # fmt: skip
def test_malformed_patterns_are_refused(text):
    with pytest.raises(PatternError):
        expand(text, WORDS)


@pytest.mark.parametrize(
    "regex",
    [
        "", ".", "a.b", "a*", "a+", "(a+)+", "((a))", "(a", "a)", "[a-z]{64}", "[z-a]", "a{3,2}",
        "(a|b){2}", "(?:a)", "[^a]", "\\w", "a$", "[a-z]{1,}", "A",
    ],
)  # fmt: skip
def test_classes_that_could_run_away_are_refused(regex):
    with pytest.raises(PatternError):
        check_class(regex)


@pytest.mark.parametrize("regex", ["abc", "[a-z0-9]{5,50}(-[a-z0-9]{16})?", "a|b-c", "x[0-9]?"])
def test_bounded_classes_pass(regex):
    check_class(regex)
