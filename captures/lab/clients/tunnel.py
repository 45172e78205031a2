"""A DNS tunnel over A queries: tunnel.py PARENT BYTES: base32 in labels of 60, two to a name."""

import base64
import os
import socket
import sys

parent, size = sys.argv[1], int(sys.argv[2])
text = base64.b32encode(os.urandom(size)).decode().lower().rstrip("=")
step = 120
for number, start in enumerate(range(0, len(text), step)):
    part = text[start : start + step]
    name = ".".join([part[:60], part[60:] or "0", f"{number}", parent])
    socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)
