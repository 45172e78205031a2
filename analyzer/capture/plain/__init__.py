"""Packets to rows in plain Python: the slow path that the scapy and tshark engines share.

Written again from the definitions in docs/architecture.md, without the kernels, so that each can
be held against the other. It reads no file and starts no program: decoded packets go in.
"""
