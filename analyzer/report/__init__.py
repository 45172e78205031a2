"""Outputs: each module renders a `Result` and reads nothing else. See docs/report.md."""
