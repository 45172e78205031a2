"""One DNS message to its rows, whoever dissected it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.capture.plain.packet import TCP

if TYPE_CHECKING:
    from analyzer.capture.plain.dns import Message
    from analyzer.capture.plain.packet import Packet
    from analyzer.capture.plain.rows import Rows


def place(packet: Packet) -> dict[str, Any]:
    """The columns that say where a row comes from."""
    return {"ts_ns": packet.ts_ns, "packet": packet.number, "input_id": packet.input_id}


def write(
    rows: Rows, packet: Packet, message: Message, dns_id: int, source: str, target: str
) -> None:
    """Adds rows of ``dns``, ``dns_answers`` and ``names``.

    Args:
        rows: Takes them.
        packet: The packet that completed the message.
        message: What it says.
        dns_id: Its number.
        source: Address of its sender.
        target: Address of its receiver.
    """
    client, server = (target, source) if message.is_response else (source, target)
    rows.add(
        "dns",
        **place(packet),
        dns_id=dns_id,
        client_ip=client,
        server_ip=server,
        transport="tcp" if packet.proto == TCP else "udp",
        txid=message.txid,
        is_response=message.is_response,
        rcode=message.flags & 15,
        qname=message.qname,
        qtype=message.qtype,
        answers=message.count,
        malformed=message.malformed,
    )
    for answer in message.answers:
        rows.add(
            "dns_answers",
            dns_id=dns_id,
            position=answer.position,
            owner=answer.owner,
            type=answer.type,
            value=answer.value,
            ttl_s=answer.ttl,
        )
    for binding in message.bindings:
        rows.add(
            "names",
            **place(packet),
            client_ip=client,
            addr=binding.address,
            name=binding.name,
            kind="dns_hint" if binding.hint else "dns",
            ttl_s=binding.ttl,
            chain=binding.chain,
        )
