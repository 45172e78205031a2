"""A connection that is there before the capture: held.py URL BYTES TIMES [RESOLVE].

Opens it, sends one small request, says it is ready, waits for the capture, then writes. With
RESOLVE the name is asked for again while the capture runs.
"""

import os
import socket
import sys
import time
from pathlib import Path

import requests

url, size, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
folder = Path(os.environ["LAB_DIR"])
with requests.Session() as session:
    session.get(url.split("/drop")[0] + "/", timeout=20)
    (folder / "ready").touch()
    while not (folder / "go").exists():
        time.sleep(0.02)
    if len(sys.argv) > 4:
        socket.getaddrinfo(url.split("/")[2], 443, socket.AF_INET)
    for _ in range(times):
        session.put(url, data=os.urandom(size), headers={"x-ms-blob-type": "BlockBlob"}, timeout=60)
