"""Records the laboratory's scenarios: ``make lab``, as root.

    record.py --tools build/lab --out build/lab/recorded [ID ...]

Each scenario gets its captures (gzip) and an entry in truth.json in the folder `--out`; with
``--small`` only those that are small enough to be committed are recorded. Scenarios that are not
named keep their entry.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import image
import names
import netns
import scenario as scenarios
import truth
from agents import Agents
from recording import Recorder
from servers import Servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scenario import Scenario, Wire

IMAGES = {"app": [18_000, 6_000, 2_000], "thin": [9_000], "wide": [2_000] * 12}
PUSHED = {f"push{number}": [20_000, 6_000] for number in range(1, 5)} | {"push5": [30_000]}
"""Each is pushed once: a layer that the registry has is mounted, not sent."""
OWN = ["contoso", "contosolegacy"]
"""Registries that are declared ours in every scenario."""
PATIENCE_S = 15.0


def main() -> None:
    """The command line above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("ids", nargs="*")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("the laboratory makes network namespaces: run it as root")
    wanted = [
        s for s in scenarios.load(names.HERE / "scenarios.toml")
        if (s.id in options.ids if options.ids else s.keep or not options.small)
    ]  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="acrlab-") as run:
        Path(run).chmod(0o755)
        with Servers(Path(run), options.tools.resolve()) as servers:
            seed(servers)
            for chosen in wanted:
                try:
                    entry = record(servers, chosen, options.out)
                except (RuntimeError, ValueError, subprocess.SubprocessError) as error:
                    failed += 1
                    print(f"{chosen.id}: FAILED: {error}", flush=True)
                    continue
                keep(options.out, entry)
                print(f"{chosen.id}: {entry['totals']}", flush=True)
    sys.exit(1 if failed else 0)


def seed(servers: Servers) -> None:
    """Images in the registry, containers in the storage accounts, empty repositories."""
    for name, layers in PUSHED.items():
        image.write(servers.run / "images" / name, layers)
    for name, layers in IMAGES.items():
        layout = image.write(servers.run / "images" / name, layers)
        _in_net(servers, "skopeo", "copy", "--insecure-policy", "-q", f"oci:{layout}:1",
                f"docker://contoso.azurecr.io/{name}:1")  # fmt: skip
    _in_net(servers, sys.executable, str(names.HERE / "clients/make_containers.py"),
            *servers.accounts())  # fmt: skip
    repository = str(servers.run / "git/work.git")
    _in_net(servers, "git", "init", "-q", "--bare", repository)
    _in_net(servers, "git", "-C", repository, "config", "http.receivepack", "true")


def _in_net(servers: Servers, *argv: str) -> None:
    root = str(servers.authority.root_file)
    env = {**os.environ, "SSL_CERT_FILE": root, "REQUESTS_CA_BUNDLE": root,
           "STORAGE_KEY": servers.storage_key}  # fmt: skip
    done = subprocess.run(netns.inside("net", *argv), env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{argv}: {done.stdout[-1000:]}{done.stderr[-2000:]}")


def record(servers: Servers, chosen: Scenario, out: Path) -> dict[str, Any]:
    """One scenario: its cables, its capture, its steps, its truth."""
    folder = servers.run / "at" / chosen.id
    folder.mkdir(parents=True)
    servers.token(chosen.token)
    number = zlib.crc32(chosen.id.encode())
    agents = Agents(servers, folder, number)
    offset = servers.access_log.stat().st_size
    with cables(chosen, number):
        try:
            lossless, files = play(chosen, agents, folder)
        finally:
            agents.abandon()
    exchanges = truth.transfers(servers.access_log, offset)
    kept = [_keep_file(path, out, chosen, folder) for path in files]
    return truth.entry(chosen, exchanges, kept, lossless)


def play(chosen: Scenario, agents: Agents, folder: Path) -> tuple[bool, list[Path]]:
    """Runs the steps while the capture runs; whether it lost nothing, and its files."""
    how = chosen.capture
    places = how.at or [f"gw:{chosen.agents()[0]}"]
    steps = list(chosen.step)
    if how.hold:
        agents.start(steps.pop(0))
        _await(folder / "ready")
    recorder = Recorder(folder, chosen.id, how, places)
    if how.hold:
        (folder / "go").touch()
    try:
        for step in steps:
            agents.start(step)
        agents.finish()
    finally:
        lossless = recorder.stop()
    return lossless, recorder.files()


def _await(path: Path) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not path.exists():
        if time.monotonic() > limit:
            raise RuntimeError("the held client never got ready")
        time.sleep(0.05)


@contextlib.contextmanager
def cables(chosen: Scenario, seed_number: int) -> Iterator[None]:
    """Connects what takes part, with the scenario's weather on one of the cables."""
    agents = chosen.agents()
    if truth.uses_proxy(chosen):
        agents = list(dict.fromkeys([*agents, "px"]))
    links = [netns.far_link(), *(netns.agent_link(agent) for agent in agents)]
    wired = {"far": links[0], "near": links[1]}[chosen.wire.at] if chosen.wire else None
    wire = None
    try:
        for link in links:
            if link is wired and chosen.wire:
                wire = _start_wire(link, chosen.wire, seed_number)
            else:
                netns.connect(link)
            netns.offload(link, "on" if chosen.offload else "off")
        netns.address_far()
        for agent in agents:
            netns.address_agent(agent, ipv6=chosen.ipv6)
        netns.masquerade(chosen.nat)
        time.sleep(0.3)
        yield
    finally:
        if wire:
            wire.terminate()
            wire.wait(10)
        for link in links:
            netns.disconnect(link)


def _start_wire(link: netns.Link, wire: Wire, number: int) -> subprocess.Popen[str]:
    (near, device), (far, other) = link.near, link.far
    process = subprocess.Popen(
        [sys.executable, str(names.HERE / "tapwire.py"), netns.PREFIX + near, device,
         netns.PREFIX + far, other, "--rtt-ms", str(wire.rtt_ms), "--loss", str(wire.loss),
         "--reorder", str(wire.reorder), "--seed", str(number)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if not process.stdout or process.stdout.readline().strip() != "ready":
        raise RuntimeError("the wire did not start")
    return process


def _keep_file(path: Path, out: Path, chosen: Scenario, folder: Path) -> str:
    if chosen.capture.secrets:
        merged = path.with_suffix(".secrets.pcapng")
        subprocess.run(["editcap", "--inject-secrets", f"tls,{folder / 'keys.log'}", path, merged],
                       check=True)  # fmt: skip
        path = merged.replace(path)
    kept = out / f"{path.name}.gz"
    with (
        path.open("rb") as data,
        kept.open("wb") as packed,
        gzip.GzipFile("", "wb", 9, packed, mtime=0) as zipped,
    ):
        shutil.copyfileobj(data, zipped)
    return kept.name


def keep(out: Path, entry: dict[str, Any]) -> None:
    """Puts an entry into truth.json, sorted by id."""
    path = out / "truth.json"
    known = json.loads(path.read_text())["scenarios"] if path.exists() else []
    others = [other for other in known if other["id"] != entry["id"]]
    rows = [json.dumps(e, separators=(",", ":")) for e in [*others, entry]]
    head = json.dumps({"own": OWN, "judged_by": names.judged_by()})[:-1]
    rows.sort()
    path.write_text(head + ', "scenarios": [\n' + ",\n".join(rows) + "\n]}\n")


if __name__ == "__main__":
    main()
