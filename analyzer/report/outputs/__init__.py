"""Formats for other programs, one module each, all rendered from the result alone."""
