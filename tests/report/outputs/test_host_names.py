from __future__ import annotations

import pytest

from analyzer.report.outputs.host_names import is_host_name


@pytest.mark.parametrize(
    "text", ["contoso.azurecr.io", "_sip.Example.COM", "xn--bcher-kva.example", "a-b.c1.xyz"]
)
def test_names(text: str) -> None:
    assert is_host_name(text)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "localhost", "a..b.example", "-a.example", "a b.example", "a'.example"),
        *("*.a.example", "b\u00fccher.example", "x" * 64 + ".example", ".".join(["x" * 60] * 5)),
        *("a.example\n", "a.e-"),
    ],
)
def test_anything_else(text: str | None) -> None:
    assert not is_host_name(text)
