"""The result as a JSON document: the versioned contract that other tools read.

The top-level keys stand on lines of their own, and so does each element of a top-level list: the
document can be searched and compared line by line, and is written by the fast encoder throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.report.json_text import encode, presentable
from analyzer.result import to_plain

if TYPE_CHECKING:
    from analyzer.result import Result


def render_json(result: Result) -> str:
    """Returns the document as ASCII text, keys in the order of `analyzer.result`."""
    document = presentable(to_plain(result))
    lines = [f"{encode(key)}: {_block(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _block(value: Any) -> str:
    """One top-level value; lists get a line per element."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(encode(element) for element in value) + "\n]"
    return encode(value)
