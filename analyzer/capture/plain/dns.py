"""DNS messages: question and answer section (RFC 1035, RFC 3596, RFC 9460).

A compression pointer must point before the place it stands, each one before the last, so a loop
cannot be followed. A message that breaks off is kept up to there and marked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.capture.addresses import address_text
from analyzer.capture.plain.hello import escaped

A, CNAME, AAAA, SVCB, HTTPS = 1, 5, 28, 64, 65
HINTS = {4: 4, 6: 16}
MAX_ANSWERS, MAX_CHAIN = 512, 16
MAX_STEPS = 192
"""Labels and pointers of one name: 127 labels are the most that 255 octets hold."""


class BrokenError(Exception):
    """The message does not follow its rules here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One record of the answer section."""

    position: int
    owner: str
    type: int
    value: str
    ttl: int


@dataclass(frozen=True, slots=True)
class Binding:
    """A name that an answer binds to an address."""

    name: str
    address: str
    ttl: int
    chain: str | None
    hint: bool = False


@dataclass(slots=True)
class Message:
    """A message as far as it could be read."""

    txid: int
    flags: int
    qname: str | None = None
    qtype: int | None = None
    count: int = 0
    answers: list[Answer] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    malformed: bool = False

    @property
    def is_response(self) -> bool:
        """QR bit."""
        return bool(self.flags & 0x8000)


def packed_text(address: bytes) -> str:
    """An address of 4 or 16 bytes as text."""
    high, low = address[:-8], address[-8:]
    version = 4 if len(address) == 4 else 6
    return address_text(version, int.from_bytes(high, "big"), int.from_bytes(low, "big"))


def read_message(data: bytes, cut: bool) -> Message:
    """Reads one message of at least twelve bytes."""
    words = [int.from_bytes(data[k : k + 2], "big") for k in range(0, 12, 2)]
    message = Message(words[0], words[1], malformed=cut)
    hints: list[Binding] = []
    try:
        _read_sections(data, words[2], words[3], message, hints)
    except BrokenError:
        message.malformed = True
    message.bindings = hints
    if message.is_response and message.qname is not None:
        message.bindings += along_the_chain(message)
    return message


def _read_sections(
    data: bytes, questions: int, records: int, message: Message, hints: list[Binding]
) -> None:
    at = 12
    for k in range(questions):
        name, at = read_name(data, at)
        if at + 4 > len(data):
            raise BrokenError
        if k == 0:
            message.qname, message.qtype = name, int.from_bytes(data[at : at + 2], "big")
        at += 4
    for k in range(records):
        owner, at = read_name(data, at)
        head = data[at : at + 10]
        at += 10
        size = int.from_bytes(head[8:], "big")
        if len(head) < 10 or at + size > len(data) or len(message.answers) >= MAX_ANSWERS:
            raise BrokenError
        message.count += 1
        kind, ttl = int.from_bytes(head[:2], "big"), int.from_bytes(head[4:8], "big")
        if kind in (A, CNAME, AAAA, SVCB, HTTPS):
            try:
                value = _value(data, at, size, kind, (owner, ttl), hints)
                message.answers.append(Answer(k, owner, kind, value, ttl))
            except BrokenError:
                message.malformed = True
        at += size


def read_name(data: bytes, at: int) -> tuple[str, int]:
    """The name at ``at`` and the place behind it.

    Raises:
        BrokenError: It breaks the rules.
    """
    labels: list[str] = []
    behind, lowest, octets = -1, at, 0
    for _ in range(MAX_STEPS):
        if at >= len(data):
            break
        size = data[at]
        if size == 0:
            return ".".join(labels), behind if behind >= 0 else at + 1
        if size >= 0xC0:
            target = int.from_bytes(data[at : at + 2], "big") & 0x3FFF
            if at + 2 > len(data) or target >= lowest:
                raise BrokenError
            behind = behind if behind >= 0 else at + 2
            at = lowest = target
            continue
        octets += size + 1
        label = data[at + 1 : at + 1 + size]
        if size > 63 or len(label) < size or octets > 255:
            raise BrokenError
        labels.append(escaped(label).replace(".", "\\046"))
        at += 1 + size
    raise BrokenError


def _value(
    data: bytes, at: int, size: int, kind: int, owner: tuple[str, int], hints: list[Binding]
) -> str:
    body = data[at : at + size]
    if (kind, size) in ((A, 4), (AAAA, 16)):
        return packed_text(body)
    if kind == CNAME:
        return read_name(data, at)[0]
    if kind in (SVCB, HTTPS) and size >= 3:
        target, follow = read_name(data, at + 2)
        while follow + 4 <= at + size:
            key = int.from_bytes(data[follow : follow + 2], "big")
            length = int.from_bytes(data[follow + 2 : follow + 4], "big")
            value = data[follow + 4 : follow + 4 + length]
            if follow + 4 + length > at + size:
                raise BrokenError
            width = HINTS.get(key)
            for k in range(0, len(value) - (width or 1) + 1, width or 1) if width else ():
                address = packed_text(value[k : k + (width or 1)])
                hints.append(Binding(owner[0], address, owner[1], None, hint=True))
            follow += 4 + length
        return target
    raise BrokenError


def along_the_chain(message: Message) -> list[Binding]:
    """Binds the question's name to every address that its CNAME chain reaches."""
    assert message.qname is not None
    found: list[Binding] = []
    current, ttl, links = message.qname, 0xFFFFFFFF, list[str]()
    for _ in range(MAX_CHAIN):
        following: Answer | None = None
        for answer in message.answers:
            if answer.owner != current:
                continue
            if answer.type == CNAME and following is None:
                following = answer
            elif answer.type in (A, AAAA):
                chain = ">".join(links) or None
                lowest = min(ttl, answer.ttl)
                found.append(Binding(message.qname, answer.value, lowest, chain))
        if following is None:
            break
        ttl, current = min(ttl, following.ttl), following.value
        links.append(current)
    return found
