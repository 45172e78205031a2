"""What tshark reads in a finding's packets, and what is said when it cannot."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from analyzer.capture.engines.tshark_packet import Fields
from analyzer.evidence.exchanges import Exchanges
from analyzer.redact import redact_header
from craft import pcap, run, scenes

if TYPE_CHECKING:
    from pathlib import Path

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="no tshark")


def analyzed(folder: Path, capture: Path) -> tuple[Path, str]:
    done = run.command_line("analyze", capture, "-o", "r.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / "r.json").read_bytes())["findings"]
    return folder / "r.json", next(f["id"] for f in found if f["stream"] == "exfiltration")


def finding(path: Path, identifier: str) -> dict[str, Any]:
    found = json.loads(path.read_bytes())["findings"]
    return next(f for f in found if f["id"] == identifier)


@pytest.mark.tool
@needs_tshark
@pytest.mark.parametrize(
    ("capture", "keys", "size"),
    [
        ("m34_pcapng_secrets.pcapng", None, 60_000),
        ("m04_put_200k_sdk.pcap", "m04_put_200k_sdk.keys", 200_000),
        ("m36_tls12.pcap", "m36_tls12.keys", None),
    ],
)
def test_the_put_and_its_url(
    lab_dir: Path, tmp_path: Path, capture: str, keys: str | None, size: int | None
) -> None:
    result, identifier = analyzed(tmp_path, lab_dir / "captures" / capture)
    before = result.read_bytes()
    extra = () if keys is None else ("--keylog", lab_dir / "keys" / keys)
    done = run.command_line("inspect", result, "--finding", identifier, *extra, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert result.read_bytes() == before
    updated = finding(tmp_path / "r.inspected.json", identifier)
    (first, *_) = [r for e in updated["evidence"] for r in e["requests"] if r["method"] == "PUT"]
    assert first["url"].startswith(f"https://{updated['endpoint']}/")
    assert (first["status"], first["decrypted"]) == (201, True)
    assert size is None or first["body_bytes"] == size
    assert (updated["direction_evidence"], updated["name_grade"]) == ("W1", "A1")
    assert f"PUT https://{updated['endpoint']}/".encode() in done.stdout
    text = (tmp_path / "r.inspected.json").read_text()
    assert "sig=REDACTED" in text or "sig=" not in text
    page = run.command_line(
        "inspect", result, "--finding", identifier, *extra, "-o", "p.html", cwd=tmp_path
    )
    assert page.returncode == 0, page.stderr
    assert first["method"] in (tmp_path / "p.html").read_text()


@pytest.mark.tool
@needs_tshark
def test_nothing_to_decrypt(lab_dir: Path, tmp_path: Path) -> None:
    result, identifier = analyzed(tmp_path, lab_dir / "captures" / "m04_put_200k_sdk.pcap")
    command = ("inspect", result, "--finding", identifier)
    done = run.command_line(*command, cwd=tmp_path)
    assert done.returncode == 2
    assert b"nothing could be decrypted: 1 TLS conversations" in done.stderr
    wrong = lab_dir / "keys" / "m36_tls12.keys"
    done = run.command_line(*command, "--keylog", wrong, cwd=tmp_path)
    assert b"m36_tls12.keys holds no secret of theirs" in done.stderr
    assert not (tmp_path / "r.inspected.json").exists()
    over = run.command_line(*command, "--keylog", wrong, "-o", "r.json", cwd=tmp_path)
    assert b"exists already; --force replaces it" in over.stderr


@pytest.mark.parametrize(
    ("version", "body", "said"),
    [
        ("3.0.1", "", b"inspect needs tshark 3.2 or newer"),
        ("4.2.0", "import time; time.sleep(600)", b"took longer than 1 seconds"),
        ("4.2.0", "sys.stderr.write('no luck\\n'); sys.exit(3)", b"exit status 3"),
        (None, "", b"needs the program tshark on PATH"),
    ],
)
def test_a_tshark_that_does_not_work(
    tmp_path: Path, version: str | None, body: str, said: bytes
) -> None:
    packets = scenes.upload_session(scenes.agent(1)).conversation.packets()
    (tmp_path / "x.pcap").write_bytes(pcap.write_pcap(packets))
    result, identifier = analyzed(tmp_path, tmp_path / "x.pcap")
    folder = tmp_path / "bin"
    folder.mkdir()
    if version is not None:
        (folder / "tshark").write_text(
            f"#!{sys.executable}\nimport sys\nif sys.argv[1] in ('-v', '--version'):\n"
            f"    print('TShark (Wireshark) {version} (fake).'); sys.exit()\n{body}\n"
        )
        (folder / "tshark").chmod(0o755)
    done = run.command_line(
        "inspect", result, "--finding", identifier, "--timeout", "1", cwd=tmp_path, PATH=str(folder)
    )
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert not (tmp_path / "r.inspected.json").exists()


def fields(**values: list[Any]) -> Fields:
    protocols = values.pop("protocols", ["eth:ip:tcp:tls:http2"])
    return Fields({"frame_protocols": protocols, "frame_time_epoch": ["1.5"], "tcp_stream": ["0"],
                   **values})  # fmt: skip


def test_http2_answers_go_to_their_streams() -> None:
    read = Exchanges()
    names = [":method", ":scheme", ":path", ":authority", "authorization"]
    for stream, path in ((1, "/a?sig=x%2F"), (3, "/b")):
        values = ["PUT", "https", path, "h.example", "Bearer abc"]
        read.take(
            fields(http2_type=["1"], http2_streamid=[str(stream)], http2_length=["40"],
                   http2_header_name=names, http2_header_value=values),
            0, 7,
        )  # fmt: skip
    read.take(fields(http2_type=["0"], http2_streamid=["1"], http2_length=["900"]), 0, 8)
    for stream, status in ((3, "403"), (1, "100"), (1, "201")):
        read.take(
            fields(http2_type=["1"], http2_streamid=[str(stream)], http2_length=["9"],
                   http2_header_name=[":status"], http2_header_value=[status]),
            0, 9,
        )  # fmt: skip
    first, second = (seen.close() for seen in read.found[0])
    assert (first.url, first.status, first.body_bytes) == (
        "https://h.example/a?sig=REDACTED", 201, 900,
    )  # fmt: skip
    assert (second.url, second.status, second.body_bytes) == ("https://h.example/b", 403, 0)
    assert first.headers == ["authorization: Bearer REDACTED"]


def test_http1_answers_come_in_order() -> None:
    read = Exchanges()
    plain = ["eth:ip:tcp:http"]
    for uri in ("/1", "/2"):
        read.take(
            fields(protocols=plain, http_request_method=["POST"], http_request_uri=[uri],
                   http_request_version=["HTTP/1.1"], http_host=["h"],
                   http_request_line=["Host: h\r\n", "Cookie: a=b\r\n"]),
            0, 1,
        )  # fmt: skip
    for code in ("100", "201", "500"):
        read.take(fields(protocols=plain, http_response_code=[code]), 0, 2)
    found = [seen.close() for seen in read.found[0]]
    assert [(r.url, r.status) for r in found] == [("http://h/1", 201), ("http://h/2", 500)]
    assert found[0].headers == ["Host: h", "Cookie: REDACTED"]
    read.take(fields(protocols=plain, http_response_code=["204"]), 0, 3)  # nobody asked


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("Authorization", "SharedKey acct:c2ln", "SharedKey REDACTED"),
        ("authorization", "c2ln", "REDACTED"),
        ("Set-Cookie", "a=b; path=/", "REDACTED"),
        ("x-amz-security-token", "abc", "REDACTED"),
        ("x-ms-encryption-key", "abc", "REDACTED"),
        ("Ocp-Apim-Subscription-Key", "abc", "REDACTED"),
        ("x-ms-copy-source", "https://h/x?sig=abc&sp=r", "https://h/x?sig=REDACTED&sp=r"),
        ("Content-Length", "7", "7"),
    ],
)
def test_headers_lose_their_secrets(name: str, value: str, kept: str) -> None:
    assert redact_header(name, value) == kept
