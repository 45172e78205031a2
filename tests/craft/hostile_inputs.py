"""The strings of `craft.hostile` where an attacker puts them: in packets, logs and file names."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING

from craft import dns, http, https, pcap, scenes, tls
from craft.hostile import HOSTILE, as_bytes, as_file_name, fits
from craft.tcp import EPOCH_NS, Conversation, Host

if TYPE_CHECKING:
    from pathlib import Path

    from craft.packet import Packet

BODY = 90_000
_STEP_NS = 400_000_000

MAP = """\
name = "hostile-map"
shape = "table"
kind = "flow"
counter = "total"
bytes_kind = "payload"

[columns]
ts = "when"
client_ip = "client"
server_ip = "server"
server_port = "port"
name = "host"
bytes_up = "sent"
bytes_down = "got"
rule = "rule"
process = "program"
action = "verdict"
"""


def write(folder: Path) -> tuple[list[Path], Path]:
    """Writes the inputs; returns them, and a map that one of the logs needs.

    Every string is in an SNI, a DNS name, Host, target and User-Agent of HTTP, fields of a JSON, a
    CSV and a Squid log, and in a file's name, wherever it fits.
    """
    inputs = folder / "inputs"
    inputs.mkdir()
    capture = inputs / "hostile.pcap"
    capture.write_bytes(pcap.write_pcap(scenes.merge(_tls(), _dns(), _http())))
    (folder / "hostile.toml").write_text(MAP)
    logs = [_json_log(inputs / "eve.json"), _csv_log(inputs / "table.csv"), _squid(inputs)]
    return [capture, *logs, *_named(inputs)], folder / "hostile.toml"


def _tls() -> list[Packet]:
    """Uploads to servers with such names: as they are, and as labels below a service's suffix."""
    packets: list[Packet] = []
    for at, text in enumerate(HOSTILE.values()):
        for turn, name in enumerate((as_bytes(text), as_bytes(text) + b".blob.core.windows.net")):
            if not 0 < len(name) < 15_000:
                continue
            session = https.connect(
                (scenes.agent(at), 41_000 + turn),
                (f"151.101.{turn}.{at + 1}", 443),
                None,
                hello=tls.Hello(name),
                start_ns=EPOCH_NS + at * _STEP_NS,
            )
            packets += session.exchange(400, BODY, 250).close().conversation.packets()
    return packets


def _dns() -> list[Packet]:
    """Questions for such names, and answers that give them the addresses of the uploads."""
    packets: list[Packet] = []
    for at, text in enumerate(HOSTILE.values()):
        if not fits(text, 63, b"."):
            continue
        name = f"{as_bytes(text).decode('latin-1')}.example.org"
        answers = [
            dns.Record(name, dns.CNAME, f"edge.{name}", 60),
            dns.Record(f"edge.{name}", dns.A, f"151.101.2.{at + 1}", 60),
        ]
        when = EPOCH_NS + at * _STEP_NS - 5_000_000
        packets += dns.lookup(when, scenes.agent(at), name, answers, txid=0x3000 + at)
    return packets


def _http() -> list[Packet]:
    """Plain uploads: the string as Host, in the target, and as User-Agent."""
    packets: list[Packet] = []
    for at, text in enumerate(HOSTILE.values()):
        data = as_bytes(text).decode("latin-1")
        heads = (
            ("/c/b?comp=block", data, "curl/8"),
            (f"/{data}", scenes.FOREIGN_STORE, "curl/8"),
            ("/c/b", f"{data}.blob.core.windows.net", data),
        )
        for turn, (target, host, program) in enumerate(heads):
            talk = Conversation(
                Host(scenes.agent(at), 42_000 + turn, 7_000),
                Host(f"151.101.{2 + turn}.{at + 1}", 80, 8_000),
                start_ns=EPOCH_NS + at * _STEP_NS + turn,
            )
            body = b"x" * BODY
            request = http.request("PUT", target, host, {"User-Agent": program}, body)
            talk.open().client(request).server(http.response(201, "Created")).close()
            packets += talk.packets()
    return packets


def _readable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _json_log(path: Path) -> Path:
    """Suricata's EVE: names and requests; lone surrogates as JSON's escapes allow them."""
    lines = []
    for at, text in enumerate(HOSTILE.values()):
        ends = {
            "timestamp": f"2026-11-03T08:{at // 60:02}:{at % 60:02}.000000+0000",
            "flow_id": 7_000 + at,
            "src_ip": scenes.agent(at),
            "src_port": 43_000,
            "dest_ip": f"151.101.6.{at + 1}",
            "dest_port": 443,
            "proto": "TCP",
        }
        flow = {
            "bytes_toserver": 900_000,
            "bytes_toclient": 3_000,
            "pkts_toserver": 700,
            "pkts_toclient": 40,
            "start": ends["timestamp"],
            "end": ends["timestamp"],
            "state": "closed",
        }
        request = {"hostname": text, "url": text, "http_user_agent": text, "http_method": "PUT"}
        lines += [
            {**ends, "event_type": "tls", "tls": {"sni": text, "version": "TLS 1.3"}},
            {**ends, "event_type": "http", "http": request},
            {**ends, "event_type": "flow", "flow": flow, "app_proto": text},
        ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def _csv_log(path: Path) -> Path:
    """A table that a map describes: host, rule, program and verdict."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        heads = ["when", "client", "server", "port", "host", "sent", "got", "rule", "program"]
        writer.writerow([*heads, "verdict"])
        for at, text in enumerate(HOSTILE.values()):
            told = _readable(text).replace("\0", "\u2400")
            when = f"2026-11-03T09:{at // 60:02}:{at % 60:02}Z"
            for host in (told, f"depot{at}.blob.core.windows.net"):
                ends = [when, scenes.agent(at), f"151.101.7.{at + 1}", 443]
                writer.writerow([*ends, host, 800_000, 2_000, told, told, told])
    return path


def _squid(folder: Path) -> Path:
    """Squid's usual lines: target, user and type."""
    path = folder / "access.log"
    lines = []
    for at, text in enumerate(HOSTILE.values()):
        if not fits(text, 4_000, b"\n\r \0\t\x0b\x0c"):
            continue
        client, server = scenes.agent(at).encode(), f"151.101.8.{at + 1}".encode()
        word = as_bytes(text)
        lines.append(
            b"17936928%02d.250 5000 %s TCP_MISS/201 394 PUT https://%s/%s %s HIER_DIRECT/%s %s\n"
            % (at, client, word, word, word, server, word)
        )
    path.write_bytes(b"".join(lines))
    return path


def _named(folder: Path) -> list[Path]:
    """One small capture under every name that a file can have."""
    client = scenes.agent(150)
    session = scenes.upload_session(client, body=6_000)
    data = pcap.write_pcap(session.conversation.packets())
    made = []
    for text in HOSTILE.values():
        name = as_file_name(text)
        if name is not None:
            path = folder / os.fsdecode(b"named" + name)
            path.write_bytes(data)
            made.append(path)
    return made
