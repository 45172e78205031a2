"""Starts and stops the servers: DNS, nginx, registry, storage, git, proxy."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import names
import netns
import nginx_conf
from authority import Authority

if TYPE_CHECKING:
    from pathlib import Path

REGISTRY_CONFIG = """\
version: 0.1
log: {{ level: error, accesslog: {{ disabled: true }} }}
storage: {{ filesystem: {{ rootdirectory: {run}/registry }} }}
http: {{ addr: "127.0.0.1:{port}" }}
"""
PROXY_CONFIG = """\
Port 3128
Timeout 60
LogLevel Critical
MaxClients 50
"""
PATIENCE_S = 40.0


class Servers:
    """Everything behind the router; a context manager."""

    def __init__(self, run: Path, tools: Path) -> None:
        self.run = run
        self.tools = tools
        self.groups = names.load()
        self.running: list[subprocess.Popen[bytes]] = []
        self.authority = Authority(run)
        self.storage_key = base64.b64encode(secrets.token_bytes(64)).decode()
        self.access_log = run / "access.log"

    def accounts(self) -> list[str]:
        """Storage accounts that Azurite serves."""
        return [
            host.name.split(".")[0]
            for group in self.groups
            if group.backend == "storage"
            for host in group.hosts
        ]

    def __enter__(self) -> Servers:
        netns.create(names.addresses(self.groups), names.RESOLVER)
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.running):
            process.terminate()
        for process in self.running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        netns.destroy()

    def token(self, length: int) -> None:
        """The access token that login servers hand out, as long as ACR's are or longer."""
        text = secrets.token_urlsafe(length)[:length]
        document = json.dumps({"access_token": text, "token": text, "expires_in": 3600})
        (self.run / "token.json").write_text(document, encoding="ascii")

    def _start(self) -> None:
        run = self.run
        self.token(1300)
        for folder in ("registry", "storage", "git"):
            (run / folder).mkdir(exist_ok=True)
        (run / "dnsmasq.conf").write_text("\n".join(self._dns_lines()) + "\n", encoding="ascii")
        (run / "registry.yml").write_text(
            REGISTRY_CONFIG.format(run=run, port=nginx_conf.REGISTRY_PORT), encoding="ascii"
        )
        certificates = [
            self.authority.leaf(f"group{number}", group.certificate)
            for number, group in enumerate(self.groups)
        ]
        (run / "nginx.conf").write_text(
            nginx_conf.render(self.groups, certificates, run), encoding="ascii"
        )
        (run / "tinyproxy.conf").write_text(PROXY_CONFIG, encoding="ascii")
        self._spawn("net", "dnsmasq", "--keep-in-foreground", f"--conf-file={run}/dnsmasq.conf")
        self._spawn("net", "docker-registry", "serve", str(run / "registry.yml"))
        self._spawn("net", sys.executable, str(names.HERE / "sink.py"))
        azurite = self.tools / "node_modules/.bin/azurite-blob"
        accounts = ";".join(f"{name}:{self.storage_key}" for name in self.accounts())
        self._spawn(
            "net", str(azurite), "--silent", "--skipApiVersionCheck", "--loose",
            "--disableTelemetry", "--location", str(run / "storage"),
            "--blobHost", "127.0.0.1", "--blobPort", str(nginx_conf.STORAGE_PORT),
            env={"AZURITE_ACCOUNTS": accounts},
        )  # fmt: skip
        self._spawn("net", "fcgiwrap", "-s", f"unix:{run}/fcgi.sock")
        self._spawn("net", "nginx", "-c", str(run / "nginx.conf"))
        self._spawn("px", "tinyproxy", "-d", "-c", str(run / "tinyproxy.conf"))
        for port in (nginx_conf.REGISTRY_PORT, nginx_conf.STORAGE_PORT, nginx_conf.SINK_PORT, 443):
            self._await(port)

    def _dns_lines(self) -> list[str]:
        return [
            "no-resolv", "no-hosts", "bind-interfaces", f"listen-address={names.RESOLVER}",
            "cache-size=0", "user=root",
            # Where DNS tunnels end: any name below answers with one address.
            "address=/t.collector.example.net/203.0.113.9",
            *names.dnsmasq_lines(self.groups),
        ]  # fmt: skip

    def _spawn(self, namespace: str, *argv: str, env: dict[str, str] | None = None) -> None:
        with (self.run / f"{argv[0].rsplit('/', 1)[-1]}.out").open("ab") as out:
            process = subprocess.Popen(
                netns.inside(namespace, *argv), stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})}, cwd=self.run,
            )  # fmt: skip
        self.running.append(process)

    def _await(self, port: int) -> None:
        probe = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
        limit = time.monotonic() + PATIENCE_S
        while time.monotonic() < limit:
            done = subprocess.run(
                netns.inside("net", sys.executable, "-c", probe), capture_output=True
            )
            if done.returncode == 0:
                return
            for process in self.running:
                if process.poll() is not None:
                    raise RuntimeError(f"a server ended: {process.args}, see {self.run}")
            time.sleep(0.1)
        raise RuntimeError(f"nothing listens on port {port}, see {self.run}")
