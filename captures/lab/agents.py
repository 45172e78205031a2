"""Runs the steps of a scenario: real clients with the laboratory's CA, inside the agents."""

from __future__ import annotations

import datetime
import os
import random
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import names
import netns
from azure.storage.blob import ContainerSasPermissions, generate_container_sas

if TYPE_CHECKING:
    from pathlib import Path

    from scenario import Step
    from servers import Servers

LIMIT_S = 300
CLIENTS = names.HERE / "clients"
PLACE = re.compile(r"\{(file|sas|dir|ca|image|proxy)(?::([^}]*))?\}")


class Agents:
    """Starts commands with their placeholders filled in.

    ``{file:N}`` a file of N random bytes, ``{sas:ACCOUNT}`` a shared access signature for the
    container ``drop``, ``{image:NAME}`` an OCI layout, ``{dir}`` the scenario's folder, ``{ca}``
    the root certificate, ``{proxy}`` the proxy's URL.
    """

    def __init__(self, servers: Servers, folder: Path, seed: int) -> None:
        self.servers = servers
        self.folder = folder
        self.files = 0
        self.noise = random.Random(seed)
        self.left: list[tuple[Step, subprocess.Popen[bytes]]] = []
        (folder / ".wgetrc").write_text(f"ca_certificate = {servers.authority.root_file}\n")
        (folder / ".gitconfig").write_text(
            "[user]\n name = Build\n email = build@contoso.example\n[init]\n defaultBranch = main\n"
        )

    def start(self, step: Step) -> None:
        """Runs a step to its end, or starts it if it is a background one."""
        for number in range(step.repeat):
            time.sleep(step.pause)
            argv = [self._fill(text, number) for text in step.run]
            process = self._popen(step, self._program(argv))
            if step.background:
                self.left.append((step, process))
            else:
                self._end(step, process)

    def finish(self) -> None:
        """Waits for what runs in the background."""
        for step, process in self.left:
            self._end(step, process)
        self.left.clear()

    def abandon(self) -> None:
        """Stops what still runs, after a failure."""
        for _, process in self.left:
            process.kill()

    def _end(self, step: Step, process: subprocess.Popen[bytes]) -> None:
        out, _ = process.communicate(timeout=LIMIT_S)
        if process.returncode not in step.ends:
            text = out.decode(errors="replace")[-2000:]
            raise RuntimeError(f"{step.run} ended with {process.returncode}:\n{text}")

    def _program(self, argv: list[str]) -> list[str]:
        if argv[0].endswith(".py"):
            return [sys.executable, str(CLIENTS / argv[0]), *argv[1:]]
        if argv[0].endswith(".mjs"):
            return ["node", str(CLIENTS / argv[0]), *argv[1:]]
        if argv[0].endswith(".sh"):
            return ["sh", "-eu", str(CLIENTS / argv[0]), *argv[1:]]
        return argv

    def _popen(self, step: Step, argv: list[str]) -> subprocess.Popen[bytes]:
        root = str(self.servers.authority.root_file)
        trust = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE",
                 "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "NPM_CONFIG_CAFILE")  # fmt: skip
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
            **dict.fromkeys(trust, root),
            "STORAGE_KEY": self.servers.storage_key, "LAB_DIR": str(self.folder),
            "AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab",
            "AWS_DEFAULT_REGION": "us-east-1", "GIT_TERMINAL_PROMPT": "0",
            **{key: self._fill(value, 0) for key, value in step.env.items()},
        }  # fmt: skip
        return subprocess.Popen(
            netns.inside(step.agent, *argv), env=env, cwd=self.folder,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def _fill(self, text: str, number: int) -> str:
        def fill(match: re.Match[str]) -> str:
            kind, argument = match[1], match[2] or ""
            if kind == "file":
                return str(self._file(int(argument)))
            if kind == "sas":
                return self._signature(argument)
            if kind == "image":
                return str(self.servers.run / "images" / argument)
            if kind == "proxy":
                return f"http://{netns.agent_address('px')}:3128"
            return str(self.folder if kind == "dir" else self.servers.authority.root_file)

        return PLACE.sub(fill, text).replace("{n}", str(number))

    def _file(self, size: int) -> Path:
        self.files += 1  # each its own: one that a client still reads must not change
        path = self.folder / f"data-{self.files}-{size}"
        with path.open("wb") as out:
            for start in range(0, size, 1 << 20):
                out.write(self.noise.randbytes(min(1 << 20, size - start)))
        return path

    def _signature(self, account: str) -> str:
        now = datetime.datetime.now(datetime.UTC)
        return generate_container_sas(
            account, "drop", account_key=self.servers.storage_key,
            permission=ContainerSasPermissions(read=True, write=True, create=True, add=True),
            expiry=now + datetime.timedelta(hours=8), start=now - datetime.timedelta(hours=1),
        )  # fmt: skip
