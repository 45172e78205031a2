"""What a scenario is: read from scenarios.toml and checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import netns

if TYPE_CHECKING:
    from pathlib import Path

VERDICTS = ("benign", "malicious")


@dataclass(frozen=True, slots=True)
class Step:
    """One command of one agent."""

    run: list[str]
    agent: str = "a1"
    background: bool = False
    """Goes on while the next steps run; all are waited for at the end."""
    repeat: int = 1
    pause: float = 0.0
    """Seconds before it starts, and between repetitions."""
    env: dict[str, str] = field(default_factory=dict)
    ends: list[int] = field(default_factory=lambda: [0])
    """Exit codes that are no mistake."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Where and how packets are captured."""

    at: list[str] = field(default_factory=list)
    """NAMESPACE:DEVICE; the router's side of the first agent by default."""
    format: str = "pcap"
    snaplen: int = 0
    filter: str = ""
    rotate_kb: int = 0
    hold: bool = False
    """Begins when the first step, in the background, says it is ready; then lets it go on."""
    secrets: bool = False
    """TLS secrets of the clients go into the file (pcapng)."""
    complete: bool = True
    """False where the capture by intent lacks bytes of the uploads."""


@dataclass(frozen=True, slots=True)
class Wire:
    """Weather on a cable: `far` is beyond the capture, `near` between it and the agent."""

    at: str = "far"
    rtt_ms: float = 0.0
    loss: float = 0.0
    reorder: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One capture."""

    id: str
    description: str
    verdict: str
    step: list[Step]
    malicious: list[str] = field(default_factory=list)
    """Hosts whose request bodies are the exfiltration."""
    tunnel: dict[str, int] = field(default_factory=dict)
    """Parent domains of DNS tunnels, with the bytes that were put into names below them."""
    own: list[str] = field(default_factory=list)
    """What is declared ours, besides the registries (as after ``--own``)."""
    seen_as: dict[str, str] = field(default_factory=dict)
    """Endpoint that a capture can show for a host, where it is not the host ("" = none)."""
    agent_of: dict[str, str] = field(default_factory=dict)
    """By host, the agent whose address the capture shows where the server sees another."""
    size_pending: dict[str, str] = field(default_factory=dict)
    """Hosts whose upload is reported but not sized as it should be, with the reason."""
    also: dict[str, str] = field(default_factory=dict)
    """Findings above low that a benign or other scenario rightly has: endpoint and reason."""
    capture: Recording = field(default_factory=Recording)
    wire: Wire | None = None
    ipv6: bool = False
    nat: bool = False
    offload: bool = False
    token: int = 1300
    keep: bool = True
    """False: too big to be committed; recorded on demand alone."""
    notes: list[str] = field(default_factory=list)

    def agents(self) -> list[str]:
        """Agents that take part, in order of appearance."""
        return list(dict.fromkeys(step.agent for step in self.step))


def load(path: Path) -> list[Scenario]:
    """All scenarios of a file; ValueError says what is wrong in which."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    scenarios = [_scenario(entry) for entry in table["scenario"]]
    ids = [scenario.id for scenario in scenarios]
    if len(set(ids)) != len(ids):
        raise ValueError(f"{path}: an id is there twice")
    return scenarios


def _scenario(entry: dict[str, Any]) -> Scenario:
    name = entry.get("id", "?")
    steps = [_make(Step, step, name) for step in entry.pop("step", ())]
    recording = _make(Recording, entry.pop("capture", {}), name)
    wire = _make(Wire, entry.pop("wire"), name) if "wire" in entry else None
    made = _make(Scenario, {**entry, "step": steps, "capture": recording, "wire": wire}, name)
    if made.verdict not in VERDICTS or (made.verdict == "malicious") != bool(
        made.malicious or made.tunnel
    ):
        raise ValueError(f"scenario {name}: verdict and malicious hosts disagree")
    unknown = set(made.agents()) - set(netns.AGENTS)
    if unknown or not steps:
        raise ValueError(f"scenario {name}: no step, or unknown agents {sorted(unknown)}")
    return made


def _make(kind: Any, table: dict[str, Any], name: str) -> Any:
    unknown = set(table) - {f.name for f in fields(kind)}
    if unknown:
        raise ValueError(f"scenario {name}: {kind.__name__} has no {', '.join(sorted(unknown))}")
    return kind(**table)
