"""DNS messages from tshark's flat fields.

A packet may hold several messages, and a message records of several sections; tshark lists the
values of each field in the order of their places, so counts tell which belong where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.capture.plain.dns import (
    AAAA,
    CNAME,
    HTTPS,
    SVCB,
    A,
    Answer,
    Binding,
    Message,
    along_the_chain,
)
from analyzer.capture.plain.hello import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.capture.engines.tshark_packet import Fields

OPT = 41
VALUES = {
    A: "dns.a",
    AAAA: "dns.aaaa",
    CNAME: "dns.cname",
    SVCB: "dns.svcb.targetname",
    HTTPS: "dns.svcb.targetname",
}


def messages(fields: Fields) -> Iterator[Message]:
    """The messages of one packet."""
    queue = {name: iter(fields.all(name)) for name in {*VALUES.values()}}
    owners, types = iter(fields.all("dns.resp.name")), iter(fields.numbers("dns.resp.type"))
    ttls = iter(fields.numbers("dns.resp.ttl"))
    names, kinds = iter(fields.all("dns.qry.name")), iter(fields.numbers("dns.qry.type"))
    queries = fields.numbers("dns.count.queries")
    answers = fields.numbers("dns.count.answers")
    others = [fields.numbers(f"dns.count.{section}_rr") for section in ("auth", "add")]
    flags = fields.numbers("dns.flags")
    malformed = bool(fields.get("_ws_malformed"))
    for k, txid in enumerate(fields.numbers("dns.id")):
        message = Message(txid, _at(flags, k), malformed=malformed)
        for q in range(_at(queries, k)):
            name, kind = next(names, None), next(kinds, None)
            if name is None:
                break
            if q == 0:
                message.qname, message.qtype = _name(name), kind or 0
        wanted = _at(answers, k)
        for position in range(wanted + sum(_at(section, k) for section in others)):
            owner, kind = next(owners, None), next(types, None)
            if owner is None or kind is None:
                break
            ttl = next(ttls, 0) if kind != OPT else 0
            value = next(queue[VALUES[kind]], None) if kind in VALUES else None
            if position < wanted:
                message.count += 1
                if value is not None:
                    text = value if kind in (A, AAAA) else _name(value)
                    message.answers.append(Answer(position, _name(owner), kind, text, ttl))
        _hints(fields, message)
        if message.is_response and message.qname is not None:
            message.bindings += along_the_chain(message)
        yield message


def _hints(fields: Fields, message: Message) -> None:
    """Address hints, where one record alone can have given them."""
    given = [answer for answer in message.answers if answer.type in (SVCB, HTTPS)]
    if len(given) != 1 or len(fields.all("dns.id")) != 1:
        return
    for name in ("dns.svcb.svcparam.ipv4hint.ip", "dns.svcb.svcparam.ipv6hint.ip"):
        for address in fields.all(name):
            owner = given[0]
            message.bindings.append(Binding(owner.owner, address, owner.ttl, None, hint=True))


def _at(values: list[int], k: int) -> int:
    return values[k] if k < len(values) else 0


def _name(text: str) -> str:
    return "" if text == "<Root>" else escaped(text[:1024].encode("utf-8", "replace"))
