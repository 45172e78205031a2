"""The result as a JSON document: the versioned contract that other tools read.

The top-level keys stand on lines of their own, and so does each element of a top-level list: the
document can be searched and compared line by line, and is written by the fast encoder throughout.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from analyzer.result import to_plain

if TYPE_CHECKING:
    from analyzer.result import Result


def render_json(result: Result) -> str:
    """Returns the document as ASCII text, keys in the order of `analyzer.result`.

    ASCII keeps it harmless in any terminal and readable under any locale. A ratio that is not a
    number becomes null, because JSON has none; lone surrogates (bytes of a path that are not
    UTF-8) become the text ``\\udcff``, because strict readers refuse them.
    """
    document = _presentable(to_plain(result))
    lines = [f"{_encode(key)}: {_block(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _block(value: Any) -> str:
    """One top-level value; lists get a line per element."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(_encode(element) for element in value) + "\n]"
    return _encode(value)


def _encode(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def _presentable(value: Any) -> Any:
    """A copy that JSON can hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_presentable(v) for v in value]
    if isinstance(value, dict):
        return {_presentable(k): _presentable(v) for k, v in value.items()}
    return value
