"""acrtrace: finds data exfiltration around container registries in captures and logs."""

__version__ = "0.1.0"
