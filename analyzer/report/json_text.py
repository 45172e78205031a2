"""JSON as every output of ours writes it: ASCII, without NaN, without lone surrogates."""

from __future__ import annotations

import json
import math
from typing import Any


def encode(value: Any) -> str:
    """One line of ASCII JSON for plain data, keys in their order.

    ASCII keeps it harmless in any terminal and readable under any locale.

    Raises:
        ValueError: A number is not finite; `presentable` makes it null.
    """
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def presentable(value: Any) -> Any:
    """A copy of plain data that JSON can hold.

    A ratio that is not a number becomes null, because JSON has none; lone surrogates (bytes of a
    path that are not UTF-8) become the text ``\\udcff``, because strict readers refuse them.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [presentable(v) for v in value]
    if isinstance(value, dict):
        return {presentable(k): presentable(v) for k, v in value.items()}
    return value


def json_lines(rows: list[Any]) -> str:
    """A line for each row (NDJSON, JSON Lines), with what JSON cannot hold made presentable."""
    return "".join(encode(presentable(row)) + "\n" for row in rows)
