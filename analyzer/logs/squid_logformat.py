"""A Squid ``logformat`` line, as it stands in squid.conf, into a log format of its own.

    mine = logformat('%ts.%03tu %6tr %>a:%>p %Ss/%03>Hs %>st %<st %rm %ru %ssl::>sni')
    formats = {mine.name: mine, **load_formats()}

It is one that the user gave: what it takes, no built-in format gets.

Reference: Squid's ``logformat`` directive, https://www.squid-cache.org/Doc/config/logformat/.
"""

from __future__ import annotations

import re
from dataclasses import replace

from analyzer.issues import UsageError
from analyzer.logs.format import LogFormat, Record, load_formats

NAME = "squid-logformat"

_SHARED = "-- What follows is shared with analyzer/logs/squid_logformat.py.\n"
_NAMES = {
    "squid": "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt",
    "common": '%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st %Ss:%Sh',
    "combined": '%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st "%{Referer}>h" "%{User-Agent}>h" '
    "%Ss:%Sh",
}
"""The formats that Squid knows by name."""

_COLUMNS = {
    "ts": ("seconds", "[0-9]{9,10}"),
    "tu": ("subseconds", "[0-9]{1,6}"),
    "tl": ("local", "[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8}(?: [+-][0-9]{4})?"),
    "tg": ("local", "[0-9]{2}/[A-Za-z]{3}/[0-9]{4}:[0-9:]{8}(?: [+-][0-9]{4})?"),
    "tr": ("elapsed", "-?[0-9]+"),
    ">a": ("client", "[^ ]+?"),
    ">p": ("client_port", "[0-9]+|-"),
    "Ss": ("result", "[A-Z][A-Z0-9_]*|-"),
    ">Hs": ("status", "[0-9]{1,3}|-"),
    "Hs": ("status", "[0-9]{1,3}|-"),
    "<st": ("down", "[0-9]+|-"),
    ">st": ("up", "[0-9]+|-"),
    "st": ("total", "[0-9]+|-"),
    "rm": ("method", "[^ ]+?"),
    ">rm": ("method", "[^ ]+?"),
    "ru": ("url", "[^ ]+?"),
    ">ru": ("url", "[^ ]+?"),
    "Sh": ("hierarchy", "[A-Z][A-Z0-9_]*|-"),
    "<a": ("peer", "[^ ]+?"),
    "ssl::>sni": ("sni", "[^ ]+?"),
}
"""What is read of each code: the value's name and its pattern."""

_OTHERS = """
    <p <A >A >eui >la >lp la lp <la <lp >qos <qos >nfmark <nfmark un ul ue ui us ext_user
    credentials ea et note err_code err_detail sn tS dt busy_time <pt <tt >h >ha <h mt <Hs <bs
    >sh <sh <sH rp rv <rm <ru >rs >rd >rP >rp >rv <rs <rd <rP <rp <rv http::rm ssl::bump_mode
    ssl::>cert_subject ssl::>cert_issuer ssl::<cert_subject ssl::<cert_issuer ssl::<cert
    ssl::<cert_errors ssl::>negotiated_version ssl::<negotiated_version
    ssl::>received_hello_version ssl::<received_hello_version ssl::>received_supported_version
    ssl::<received_supported_version ssl::>negotiated_cipher ssl::<negotiated_cipher
    adapt::all_trs adapt::sum_trs adapt::<last_h icap::tt icap::<last_h icap::<A
    icap::<service_name icap::ru icap::rm icap::>st icap::<st icap::<bs icap::>h icap::<h
    icap::Hs icap::to icap::tr icap::tio proxy_protocol::>h master_xaction
    transport::>connection_id rd tls::>received_hello_version
""".split()  # noqa: SIM905 - a hundred words
"""Codes whose values are passed over."""

_CODES = sorted([*_COLUMNS, *_OTHERS], key=lambda code: (-len(code), code))
_MODIFIERS = re.compile(
    r"""["'\[#/\\]?(?P<left>-?)0?(?P<width>[0-9]*)(?:\.[0-9]+)?(?:\{[^}]*\})?"""
)
_ARGUMENT = re.compile(r"\{[^}]*\}")
_PREFIX = re.compile(r"\s*logformat\s+\S+\s+")
_TEXTS = (
    *("elapsed", "client", "client_port", "result", "status", "down", "up", "total"),
    *("method", "url", "hierarchy", "peer", "sni"),
)


def logformat(text: str) -> LogFormat:
    """The log format that a logformat describes.

    Args:
        text: With or without ``logformat NAME`` in front; or one of the names that Squid knows
            (squid, common, combined).

    Raises:
        UsageError: A code is not known, or time, client or URL are missing.
    """
    text = _PREFIX.sub("", text.strip())
    expression, names = expression_of(_NAMES.get(text, text))
    quoted = expression.replace("'", "''")
    ended = "f.local" if "local" in names else "f.seconds"
    if ended == "f.seconds" and "subseconds" in names:
        ended += " || '.' || f.subseconds"
    texts = ", ".join(f"{f'f.{n}' if n in names else _empty(n)} AS {n}" for n in _TEXTS)
    shared = load_formats()["squid"].sql.split(_SHARED)[1]
    listed = ", ".join(f"'{n}'" for n in names)
    sql = (
        f"WITH matched AS NOT MATERIALIZED (SELECT line_no, regexp_extract(line, '{quoted}', "  # noqa: S608 - a SELECT of our own
        f"[{listed}]) AS f FROM records), taken AS NOT MATERIALIZED (SELECT line_no, "
        f"{ended} AS ended, {texts} FROM matched)\n{shared}"
    )
    counted = "up" in names or {"total", "down"} <= set(names)
    return replace(
        load_formats()["squid"],
        name=NAME,
        title="Squid access.log, with the logformat that was given",
        claims=("name", *(("bytes up",) if counted else ()), "bytes down", "method and URL"),
        cannot=("the program", *(() if counted else ("bytes up",))),
        records=(Record("text", pattern=expression),),
        family=NAME,
        given=True,
        sql=sql,
    )


def expression_of(text: str) -> tuple[str, list[str]]:
    """A logformat as a regular expression (RE2), and the names of its groups in order.

    Raises:
        UsageError: A code is not known, or time, client or URL are missing.
    """
    parts: list[str] = []
    names: list[str] = []
    at = 0
    while at < len(text):
        if text.startswith("%%", at):
            parts.append("%")
            at += 2
        elif text[at] == "%":
            pattern, name, at = _code(text, at)
            if name is not None and name not in names:
                names.append(name)
                parts.append(pattern.replace("(?:", "(", 1))
            else:
                parts.append(pattern)
        elif text[at].isspace():
            parts.append(r"\s+")
            at += len(text[at:]) - len(text[at:].lstrip())
        else:
            parts.append(re.escape(text[at]))
            at += 1
    for wanted, code in (
        (("seconds", "local"), "%ts or %tl"),
        (("client",), "%>a"),
        (("url",), "%ru"),
    ):
        if not set(wanted) & set(names):
            raise UsageError(
                f"--squid-logformat: expected {code}, without which no line says enough"
            )
    return "^" + "".join(parts) + r"\s*$", names


def _code(text: str, at: int) -> tuple[str, str | None, int]:
    """Pattern of one ``%`` code, the name of its value, and where it ends."""
    modifiers = _MODIFIERS.match(text, at + 1)
    start = modifiers.end() if modifiers else at + 1
    code = next((code for code in _CODES if text.startswith(code, start)), None)
    if code is None:
        shown = text[at : at + 12]
        raise UsageError(f"--squid-logformat: no code of Squid's starts at {shown!r}")
    argument = _ARGUMENT.match(text, start + len(code))
    end = argument.end() if argument else start + len(code)
    name, pattern = _COLUMNS.get(code, (None, ".*?"))
    if name == "local" and "{" in text[at:end]:
        raise UsageError(f"--squid-logformat: {text[at:end]} is a time of its own: use %tl or %ts")
    pad_left = r" *" if modifiers and modifiers["width"] and not modifiers["left"] else ""
    pad_right = r" *" if modifiers and modifiers["left"] else ""
    return f"{pad_left}(?:{pattern}){pad_right}", name, end


def _empty(name: str) -> str:
    return "'0'" if name == "elapsed" else "''"
