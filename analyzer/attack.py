"""Names of the MITRE ATT&CK techniques that rules and the endpoint catalogue state."""

from __future__ import annotations

TECHNIQUES = {
    "T1030": "Data Transfer Size Limits",
    "T1036.005": "Masquerading: Match Legitimate Resource Name or Location",
    "T1048": "Exfiltration Over Alternative Protocol",
    "T1048.003": "Exfiltration Over Unencrypted Non-C2 Protocol",
    "T1071.004": "Application Layer Protocol: DNS",
    "T1090": "Proxy",
    "T1090.003": "Proxy: Multi-hop Proxy",
    "T1090.004": "Proxy: Domain Fronting",
    "T1537": "Transfer Data to Cloud Account",
    "T1557": "Adversary-in-the-Middle",
    "T1567": "Exfiltration Over Web Service",
    "T1567.001": "Exfiltration to Code Repository",
    "T1567.002": "Exfiltration to Cloud Storage",
    "T1567.003": "Exfiltration to Text Storage Sites",
    "T1567.004": "Exfiltration Over Webhook",
    "T1572": "Protocol Tunneling",
    "T1583.001": "Acquire Infrastructure: Domains",
}
"""Enterprise matrix; the part in front of a colon is the parent technique."""


def technique(identifier: str) -> str:
    """``T1567 Exfiltration Over Web Service``; the id alone where the name is not known here."""
    name = TECHNIQUES.get(identifier)
    return identifier if name is None else f"{identifier} {name}"
