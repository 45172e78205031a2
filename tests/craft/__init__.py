"""Shared test code: packets, captures and results made to measure."""
