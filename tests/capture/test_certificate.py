"""Certificates: what is kept of a sound one, and that a broken one does no harm."""

from __future__ import annotations

import hashlib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.capture.certificate import KEPT, Certificates, parse
from craft.certificates import issue

SOUND = issue("Host.Example", ["A.example", "*.b.example"], addresses=["192.0.2.7", "2001:db8::1"])


def test_a_sound_one() -> None:
    found = parse(SOUND)
    assert found.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert found.subject == "Host.Example"
    assert found.issuer == "CN=Example CA"
    assert found.names == ("a.example", "*.b.example", "192.0.2.7", "2001:db8::1")


def test_without_names_or_subject() -> None:
    found = parse(issue("", []))
    assert (found.subject, found.names, found.issuer) == (None, (), "CN=Example CA")


def test_text_that_would_do_harm() -> None:
    found = parse(issue("\x1b[2J<b>é\\x", ["a,b.example", "c d\0.example"], issuer="x,y\x07"))
    assert found.subject == "\\027[2J<b>\\195\\169\\092x"
    assert found.names == ("a\\044b.example", "c\\032d\\000.example")
    assert found.issuer is not None
    assert found.issuer.isascii()
    assert found.issuer.isprintable()


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x80\0\0", b"\x30\x03\x02\x01\x05", b"A" * 99])
def test_no_certificate_at_all(der: bytes) -> None:
    found = parse(der)
    assert (found.subject, found.issuer, found.names) == (None, None, ())
    assert found.sha256 == hashlib.sha256(der).hexdigest()


def test_cut_at_every_byte() -> None:
    for end in range(len(SOUND)):
        assert parse(SOUND[:end]).names == ()


@settings(max_examples=400, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=4),
    splice=st.tuples(st.integers(0, len(SOUND)), st.binary(max_size=6)),
)
def test_hostile_bytes(flips: list[tuple[int, int]], splice: tuple[int, bytes]) -> None:
    data = bytearray(SOUND)
    for place, value in flips:
        data[place] = value
    found = parse(bytes(data[: splice[0]]) + splice[1] + bytes(data[splice[0] :]))
    for text in (found.subject, found.issuer, *found.names):
        assert text is None or (text.isascii() and text.isprintable())


def test_each_is_read_once_and_not_all_are_kept() -> None:
    known = Certificates()
    assert known.get(SOUND) is known.get(SOUND)
    for number in range(KEPT + 1):
        known.get(number.to_bytes(4, "big"))
    assert known.get(SOUND) == parse(SOUND)
    assert len(known._known) <= KEPT


def test_the_library_is_loaded_for_a_certificate_only() -> None:
    import subprocess

    script = (
        "import sys, analyzer.capture.handshakes as h\n"
        "assert 'cryptography' not in sys.modules\n"
        "from analyzer.capture.certificate import parse; parse(b'')\n"
        "assert 'cryptography' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
