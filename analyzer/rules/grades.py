"""Grades of evidence in words, and the confidence that follows from them (DESIGN section 6)."""

from __future__ import annotations

NAME_WORDS = {
    "A1": "read in clear (Host header or URL)",
    "A2": "announced by the client (TLS, or as a device logged it), and a DNS answer to the same "
    "client agrees",
    "A3": "announced by the client (TLS, or as a device logged it); no DNS answer to it in the "
    "input agrees",
    "A4": "taken from a DNS answer that gave this client the address",
    "A5": "from an answer to another client, a known address range or the capture file's notes",
    "A6": "not known: only the address is",
}

DIRECTION_WORDS = {
    "W1": "a write request was read in clear",
    "W2": "measured from the shape of the conversation (turns)",
    "W3": "measured from the shape of the conversation (turns of 1 MiB or more, "
    "or repeated 4 or 8 MiB blocks)",
    "W4": "judged from byte counters alone",
    "W5": "not shown by any byte count",
}

# Strongest first: a seen write beats any size, large turns beat small ones.
DIRECTION_ORDER = ("W1", "W3", "W2", "W4", "W5")

_NAME_POINTS = {"A1": 2, "A2": 2, "A3": 1, "A4": 1, "A5": 0, "A6": 0}
_DIRECTION_POINTS = {"W1": 2, "W3": 2, "W2": 2, "W4": 1, "W5": 0}


def confidence(name_grade: str, direction: str, *, ambiguous: bool, only_small: bool) -> str:
    """high | medium | low: the weaker of what the name and the direction support.

    Args:
        name_grade: A1 to A6.
        direction: W1 to W5.
        ambiguous: Other names fit the address as well.
        only_small: The direction rests on drips and wide requests alone, which a request with
            a long URL can look like.
    """
    name = 0 if ambiguous else _NAME_POINTS[name_grade]
    shape = 0 if only_small and direction != "W1" else _DIRECTION_POINTS[direction]
    return ("low", "medium", "high")[min(name, shape)]
