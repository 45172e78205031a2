"""What the codes of the result document mean, in words, for every output that is read by people."""

from __future__ import annotations

STREAMS = {
    "exfiltration": (
        "Exfiltration",
        "Who wrote data to storage, registries or drop services that are not ours?",
    ),
    "readiness": (
        "Readiness",
        "What depends on wildcard storage access, and what would break without it? "
        "Nothing here is an accusation.",
    ),
    "hygiene": (
        "Hygiene",
        "Names, look-ups and routes that are not as they should be. Not evidence of an upload.",
    ),
}

SEVERITIES = {
    "critical": "act now",
    "high": "investigate today",
    "medium": "investigate",
    "low": "review when convenient",
    "info": "for completeness",
}

VERDICTS = {
    "suspected upload": "At least one exfiltration finding above low that no device denied.",
    "none found in what could be seen": (
        "No upload to a foreign destination was found in the part of the traffic that could be "
        "judged. Read the coverage: this is not the same as clean."
    ),
    "cannot tell": (
        "Too little of the traffic could be judged. This is neither an accusation nor an all-clear."
    ),
}

DIRECTION = {
    "W1": "the write request itself was seen, in clear or decrypted",
    "W2": "the shape of the conversation: turns in which the client sent more than it received",
    "W3": "upload turns of 1 MiB or more in total, or repeated 4/8 MiB blocks",
    "W4": "byte counters of a log only, judged per agent, endpoint and day; no shape to judge",
    "W5": "no byte counts at all: contact, not amount",
}

NAME_GRADES = {
    "A1": "Host or URL read in clear, inspected or decrypted",
    "A2": "the client announced the name (SNI, or as a device logged it) and DNS gave the same "
    "client this address for it",
    "A3": "the client announced the name (SNI, or as a device logged it); no DNS answer confirms "
    "it",
    "A4": "a DNS answer to the same client gave this address for the name",
    "A5": "a DNS answer to another client, a service tag or an address range",
    "A6": "no name: the bare address",
}

OWNERSHIP = {
    "ours": "declared as ours",
    "approved": "approved by the operator",
    "platform": "run by the platform vendor",
    "platform-claimed": "the name looks like one of the platform's own accounts; anybody can "
    "register such a name",
    "foreign": "not declared as ours or approved",
    "undecidable": "the name does not say whose account it is",
    "unknown": "no catalogue entry or inventory says",
    "denied": "explicitly denied by the operator",
}

ROLES = {
    "registry-login": "login server of a registry: pulls, pushes and tokens go here",
    "registry-regional": "login server of one replica of a registry",
    "registry-data": "dedicated data endpoint of a registry: layers are only downloaded here",
    "registry-infra": "front end that registries of a region share",
    "managed-storage-candidate": "account named like registry-managed storage; anybody can "
    "register such a name",
    "registry-managed-storage": "account that holds a registry's layers: only downloaded from",
    "registry-task-staging": "takes the build context of registry tasks",
    "storage-account": "cloud storage that belongs to whoever created the account",
    "storage-system": "storage account of the platform itself",
    "storage-infra": "front end that storage accounts share",
    "other-registry": "a registry of another vendor",
    "platform-registry": "a registry that the platform vendor runs",
    "object-store": "cloud storage that belongs to whoever created the bucket",
    "drop-service": "takes files or text from anybody",
    "webhook": "takes messages for whoever created the address",
    "tunnel": "leads to a machine of whoever opened it",
    "code-host": "hosts source code and packages of anybody",
    "auth": "signs clients in",
    "control-plane": "management interface of a cloud",
    "ci-platform": "build service that agents report to",
    "telemetry": "collects logs and metrics",
    "doh": "answers DNS inside HTTPS, out of our sight",
    "azure-service": "another Azure service with an owner in its name",
    "ech-public": "outer name that stands for a hidden one",
    "unknown": "no catalogue entry covers it",
}

SHOWS = {
    "names": "data in DNS names, amount unknown",
    "denied": "denied by a device; nothing is known to have left",
    "contact": "contact, amount unknown",
}
"""What stands in the place of an amount where a finding has none."""

NOTHING_SENT = ("denied", "contact")
"""What a finding shows that says of nothing that it was sent."""

NAME_LIMIT = (
    "Where a name was announced by the client (grades A2 and A3), the client chose it. "
    "Without decryption the account inside the connection is not proven."
)
"""Said once per report."""
