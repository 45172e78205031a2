from __future__ import annotations

import pytest

from analyzer.report.outputs.addresses import addresses, side


@pytest.mark.parametrize(
    ("text", "ip", "port"),
    [
        ("10.20.1.14:52114", "10.20.1.14", 52_114),
        ("[2001:DB8::1]:443", "2001:db8::1", 443),
        ("[fe80::1%eth0]:443", "fe80::1", 443),
        ("10.0.0.1:?", "10.0.0.1", None),
        ("?:443", None, 443),
        ("?", None, None),
        ("", None, None),
        ("10.0.0.1:65536", "10.0.0.1", None),
        ("10.0.0.1:-1", "10.0.0.1", None),
        ("10.0.0.1:\u0661", "10.0.0.1", None),
        ("10.0.0.1:" + "9" * 5000, "10.0.0.1", None),
        ("10.0.0.1", "10.0.0.1", None),
        ("010.0.0.1:1", None, 1),
        ("build-7:443", None, 443),
    ],
)
def test_sides(text: str, ip: str | None, port: int | None) -> None:
    found = side(text)
    assert (None if found.ip is None else str(found.ip), found.port) == (ip, port)


def test_what_is_no_address_is_left_out() -> None:
    assert addresses(["10.0.0.1", "x", "::0001", "10.0.0.1", ""]) == ["10.0.0.1", "::1"]
