"""Host names: one spelling for hostile text, or None."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.names import address_of, host_of, is_hostname, normalise, printable

LABEL63 = "a" * 63


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("contoso.azurecr.io", "contoso.azurecr.io"),
        ("Contoso.AzureCR.io.", "contoso.azurecr.io"),
        ("  contoso.azurecr.io\r\n", "contoso.azurecr.io"),
        ("_sip._tcp.example.com", "_sip._tcp.example.com"),
        ("localhost", "localhost"),
        ("r3---sn-x.googlevideo.com", "r3---sn-x.googlevideo.com"),
        ("аzurecr.io", "xn--zurecr-2nf.io"),  # Cyrillic a
        ("Bücher.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),  # non-transitional: not fass
        ("a。b.example", "a.b.example"),  # ideographic full stop
        (f"{LABEL63}.io", f"{LABEL63}.io"),
        (".".join([LABEL63] * 3) + "." + "b" * 61, ".".join([LABEL63] * 3) + "." + "b" * 61),
        ("10.in-addr.arpa", "10.in-addr.arpa"),
        ("host.0xample", "host.0xample"),
        ("face", "face"),
    ],
)
def test_normalise_accepts(text, name):
    assert normalise(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "..", "a..b", ".a.b", "a.b..", "-a.b", "a-.b", "a b.c", "a.b\x00", "a.b\nc",
        "a\\032b.c", "*.blob.core.windows.net", "a/b", "a.b:443", f"{LABEL63}a.io",
        ".".join([LABEL63] * 4), "1.2.3.4", "127.1", "0x7f.1", "a.0x", "2130706433", "1.2.3.4.",
        "[::1]", "::1", "a.\ud800", "аb..c", "\u200b",
    ],
)  # fmt: skip
def test_normalise_refuses(text):
    assert normalise(text) is None


def test_the_kelvin_sign_goes_through_uts46_and_not_through_lower():
    assert normalise("\u212aube.example") == "kube.example"
    assert normalise("contoso\u0130.azurecr.io") != "contosoi.azurecr.io"


def test_underscore_is_dns_only():
    assert is_hostname("a.example")
    assert not is_hostname("_a.example")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://user:pw@Contoso.azurecr.io:443/v2/?q=a@b#f", "contoso.azurecr.io"),
        ("contoso.azurecr.io:443", "contoso.azurecr.io"),
        ("contoso.azurecr.io/app/web:1.0", "contoso.azurecr.io"),
        ("//cdn.example/x", "cdn.example"),
        ("http://good.example\\@evil.example/", "good.example"),
        ("https://good.example@evil.example/", "evil.example"),
        ("[2001:DB8::1]:8443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("http://[::ffff:10.0.0.1]/", "10.0.0.1"),
        ("http://0x7f000001:80/", "127.0.0.1"),
        ("host:", "host"),
    ],
)
def test_host_of(text, host):
    assert host_of(text) == host


@pytest.mark.parametrize(
    "text",
    ["", "http://", "http://[::1", "[::1]x", "a:b", "a:123456", "a:b:c", "a%2eb", "http:///x"],
)
def test_host_of_refuses(text):
    assert host_of(text) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3.", "10.1.2.3"),
        ("127.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0X7F.0.0.0x1", "127.0.0.1"),
        ("[fe80::1%eth0]", "fe80::1"),
        ("::FFFF:1.2.3.4", "1.2.3.4"),
    ],
)
def test_address_of(text, address):
    assert address_of(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "256.1.1.1",
        "1.2.3.256",
        "1.2.3.4.5",
        "08.0.0.1",
        "1..2",
        "4294967296",
        ":",
        "1" * 99,
    ],
)
def test_address_of_refuses(text):
    assert address_of(text) is None


def test_printable_escapes_what_steers_a_terminal():
    assert printable("contoso.azurecr.io") == "contoso.azurecr.io"
    assert printable("a\x1b[31mb\\") == "a\\x1b[31mb\\\\"
    assert printable("a\u202eb\U000e0001") == "a\\u202eb\\U000e0001"


@given(st.text())
def test_any_text_is_survived(text):
    name = normalise(text)
    if name is not None:
        assert normalise(name) == name
        assert normalise(name.upper() + ".") == name
        assert address_of(name) is None
        assert 0 < len(name) <= 253
    host_of(text)
    address_of(text)
    assert printable(text).isprintable()


@given(st.text(alphabet="aA0.-_:[]@/\\xn х。\x00\ud800", max_size=80))
def test_texts_that_look_like_hosts_are_survived(text):
    host = host_of(text)
    assert host is None or host == (address_of(host) or normalise(host))


@pytest.mark.parametrize("unit", ["a", "a.", ".", "-", "@", ":", "[", "х", "xn--", "\\", "0x"])
def test_work_is_linear(unit):
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    normalise(text)
    host_of(text)
    address_of(text)
    printable(text)
    assert time.process_time() - start < 2.0
