"""A plain HTTP server that takes whatever it is sent, behind nginx.

GET /bytes/N answers with N bytes, GET / with a small page that refers to such; anything else with a
body is read and acknowledged the way the clients expect it (201 with an ETag).
"""

from __future__ import annotations

import hashlib
import os
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><title>News</title><h1>Morning edition</h1>
<link rel=stylesheet href="https://static.newsroom.example.org/bytes/21000?a.css">
<script src="https://static.newsroom.example.org/bytes/64000?b.js" type="text/plain"></script>
<img src="https://static.newsroom.example.org/bytes/38000?c.jpg">
<img src="https://www.newsroom.example.org/bytes/12500?d.jpg">
"""


class Sink(BaseHTTPRequestHandler):
    """Answers every method."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Reads the body, then answers."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wanted = re.search(r"/bytes/(\d{1,9})", self.path)
        if self.command == "GET" and wanted:
            status, data = 200, os.urandom(int(wanted[1]))
        elif self.command == "GET" or self.command == "HEAD":
            status, data = 200, PAGE.encode()
        elif "amazonaws.com" in self.headers.get("Host", ""):
            status, data = 200, b""
        else:
            status, data = 201, b"{}"
        self.send_response(status)
        kind = "text/html" if data == PAGE.encode() else "application/octet-stream"
        self.send_header("Content-Type", kind if data != b"{}" else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Methods", "*")
        self.send_header("Access-Control-Allow-Headers", "*")
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self.send_header("ETag", f'"{digest}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: nginx keeps the log."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 9000), Sink).serve_forever()
