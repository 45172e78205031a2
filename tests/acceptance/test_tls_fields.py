"""What servers chose, showed and refused, against tshark's fields, over every capture at hand.

One run of tshark per file. Compared per stream: version, cipher suite and protocol of each
ServerHello, the DNS names of the server's certificate up to TLS 1.2, alerts in clear with their
sender, and the JA4 of each ClientHello against one computed here from tshark's fields.
Differences are listed in tls_exceptions.toml with who is right.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from craft.direct import read

pytestmark = [
    pytest.mark.tool,
    pytest.mark.skipif(shutil.which("tshark") is None, reason="needs tshark"),
]

EXCEPTIONS = Path(__file__).with_name("tls_exceptions.toml")
FIELDS = (
    "ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport",
    "tls.handshake.type", "tls.handshake.version", "tls.handshake.ciphersuite",
    "tls.handshake.extensions.supported_version", "tls.handshake.extensions_alpn_str",
    "x509ce.dNSName", "tls.alert_message.level", "tls.alert_message.desc",
    "tls.handshake.extension.type", "tls.handshake.sig_hash_alg",
)  # fmt: skip
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = "1", "2", "11"
CHECKS = ("hello", "names", "alert", "ja4")
GREASE = {v << 8 | v for v in range(0x0A, 0x100, 0x10)}
MORE_SIGNATURES = {34, 50}
"""Extensions whose signature algorithms tshark puts into the same field."""

Stream: TypeAlias = tuple[str, int, str, int]
Facts: TypeAlias = dict[str, dict[str, set[Any]]]


def key(source: str, sport: int, target: str, dport: int) -> str:
    """Both directions of a stream have one key."""
    return " - ".join(sorted((f"{source}:{sport}", f"{target}:{dport}")))


def numbers(text: str) -> list[int]:
    return [int(v, 0) for v in text.split(",") if v]


def ja4_of(row: dict[str, str]) -> str:
    """JA4 from tshark's fields of a frame with one ClientHello."""

    def plain(field: str) -> list[int]:
        return [v for v in numbers(row[field]) if v not in GREASE]

    def cut(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12

    suites, kinds = plain("tls.handshake.ciphersuite"), plain("tls.handshake.extension.type")
    versions = plain("tls.handshake.extensions.supported_version")
    version = max(versions or numbers(row["tls.handshake.version"]))
    text = {0x304: "13", 0x303: "12", 0x302: "11", 0x301: "10", 0x300: "s3"}.get(version, "00")
    first = row["tls.handshake.extensions_alpn_str"].split(",")[0]
    ends = first[0] + first[-1] if first else "00"
    listed = ",".join(f"{k:04x}" for k in sorted(kinds) if k not in (0, 16))
    if signatures := plain("tls.handshake.sig_hash_alg"):
        listed += "_" + ",".join(f"{v:04x}" for v in signatures)
    return (
        f"t{text}{'d' if 0 in kinds else 'i'}{min(len(suites), 99):02}{min(len(kinds), 99):02}"
        f"{ends}_{cut(','.join(f'{v:04x}' for v in sorted(suites)))}_{cut(listed)}"
    )


def from_tshark(path: Path) -> Facts:
    """Facts of each check by stream."""
    command = [
        "tshark", "-n", "-r", str(path), "-Y",
        "tcp && !quic && ((tls.handshake.type == 1 && tls.record.content_type == 22) || "
        "tls.handshake.type == 2 || tls.handshake.type == 11 || tls.alert_message.desc)",
        "-o", "tcp.reassemble_out_of_order:TRUE", "-T", "fields", "-E", "separator=/t",
        "-E", "occurrence=a", "-E", "aggregator=,",
    ]  # fmt: skip
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    facts: Facts = {check: {} for check in CHECKS}
    for line in done.stdout.splitlines():
        row = dict(zip(FIELDS, line.split("\t"), strict=False))
        family = "ip" if row["ip.src"] else "ipv6"
        source = row[f"{family}.src"].split(",")[-1]
        target = row[f"{family}.dst"].split(",")[-1]
        stream = key(source, int(row["tcp.srcport"]), target, int(row["tcp.dstport"]))
        kinds = row["tls.handshake.type"].split(",")
        if kinds == [CLIENT_HELLO] and not MORE_SIGNATURES & {
            *numbers(row["tls.handshake.extension.type"])
        }:
            facts["ja4"].setdefault(stream, set()).add(ja4_of(row))
        if SERVER_HELLO in kinds:
            version = numbers(row["tls.handshake.extensions.supported_version"])
            version = version or numbers(row["tls.handshake.version"])
            cipher = numbers(row["tls.handshake.ciphersuite"])
            protocol = row["tls.handshake.extensions_alpn_str"].lower() or None
            facts["hello"].setdefault(stream, set()).add((version[0], cipher[0], protocol))
        if CERTIFICATE in kinds and row["x509ce.dNSName"]:
            facts["names"].setdefault(stream, set()).update(
                name.lower() for name in row["x509ce.dNSName"].split(",")
            )
        for level, text in zip(
            numbers(row["tls.alert_message.level"]),
            numbers(row["tls.alert_message.desc"]),
            strict=False,
        ):
            facts["alert"].setdefault(stream, set()).add(
                (f"{source}:{row['tcp.srcport']}", level, text)
            )
    return facts


def from_engine(path: Path) -> tuple[Facts, set[str]]:
    """The same of our tables, and the streams that we follow."""
    tables = read(path.read_bytes())
    flows = {row["flow_id"]: row for row in tables["flows"] if row["proto"] == "tcp"}
    ends = {
        number: (f["orig_ip"], f["orig_port"], f["resp_ip"], f["resp_port"])
        for number, f in flows.items()
    }
    facts: Facts = {check: {} for check in CHECKS}
    for row in tables["tls_server"]:
        stream = key(*ends[row["flow_id"]])
        if row["cipher"] is not None and row["version"] is not None:
            facts["hello"].setdefault(stream, set()).add(
                (row["version"], row["cipher"], row["alpn"])
            )
        if row["cert_names"]:
            facts["names"].setdefault(stream, set()).update(row["cert_names"].split(","))
    for row in tables["tls"]:
        if row["ja4"] is not None and row["flow_id"] in ends:  # others are in QUIC
            facts["ja4"].setdefault(key(*ends[row["flow_id"]]), set()).add(row["ja4"])
    for row in tables["tls_alerts"]:
        end = ends[row["flow_id"]]
        sender = f"{end[0]}:{end[1]}" if row["sender"] == "client" else f"{end[2]}:{end[3]}"
        level = 1 if row["level"] == "warning" else 2
        facts["alert"].setdefault(key(*end), set()).add((sender, level, row["description"]))
    return facts, {key(*end) for end in ends.values()}


def differences(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """Per check: streams that differ (theirs, ours); and how many were compared."""
    theirs, (ours, followed) = from_tshark(path), from_engine(path)
    found: dict[str, dict[str, Any]] = {}
    compared: dict[str, int] = {}
    for check in CHECKS:
        for stream in theirs[check].keys() | ours[check].keys():
            if stream not in followed:
                continue  # inside a tunnel or a fragment; the corpus test compares flows
            left, right = theirs[check].get(stream, set()), ours[check].get(stream, set())
            if check == "names" and not all(v[0] <= 0x303 for v in theirs["hello"].get(stream, ())):
                continue  # decrypted with secrets that the capture holds
            if check == "ja4" and not left:
                continue  # several hellos in one frame, or more signature algorithms
            compared[check] = compared.get(check, 0) + 1
            if left != right:
                found.setdefault(check, {})[stream] = (
                    sorted(left, key=str),
                    sorted(right, key=str),
                )
    return found, compared


def entries() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = tomllib.loads(EXCEPTIONS.read_text("utf-8"))["exception"]
    return loaded


def check_file(path: Path, name: str, record_property: Any) -> None:
    found, compared = differences(path)
    listed = {(e["check"], e["stream"]) for e in entries() if e["file"] == name}
    for check, streams in found.items():
        if (check, "*") in listed:
            listed |= {(check, stream) for stream in streams}
            listed.discard((check, "*"))
    met = {(check, stream) for check, streams in found.items() for stream in streams}
    for check in CHECKS:
        record_property(f"total tls {check}", compared.get(check, 0))
        record_property(f"total tls {check} excepted", len(found.get(check, {})))
    unexplained = {place: found[place[0]][place[1]] for place in met - listed}
    assert unexplained == {}, "(tshark, ours)"
    assert listed - met == set(), "exceptions no longer needed"


def test_the_corpus(corpus_dir: Path, corpus_name: str, record_property: Any) -> None:
    check_file(corpus_dir / "open" / corpus_name, corpus_name, record_property)


def test_the_laboratory(
    lab_dir: Path, scenario_id: str, ground_truth: dict[str, Any], record_property: Any
) -> None:
    name = ground_truth["scenarios"][scenario_id]["file"]
    check_file(lab_dir / name, Path(name).name, record_property)


def test_every_exception_says_why() -> None:
    keys = [(e["file"], e["check"], e["stream"]) for e in entries()]
    assert len(keys) == len(set(keys))
    for entry in entries():
        assert entry["check"] in CHECKS
        assert entry["right"] in ("ours", "tshark", "both")
        assert len(entry["reason"]) > 20
