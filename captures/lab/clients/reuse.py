"""requests on one connection: reuse.py URL KIND:BYTES ... with KIND get, put, chunked or wait.

``wait:MS`` pauses. URL holds ``{n}`` where the number of the request goes.
"""

import os
import sys
import time

import requests


def pieces(size: int):
    """A body of unknown length, in pieces of 8 KB."""
    for start in range(0, size, 8192):
        yield os.urandom(min(8192, size - start))


url = sys.argv[1]
head = {"x-ms-blob-type": "BlockBlob"}
with requests.Session() as session:
    for number, order in enumerate(sys.argv[2:]):
        kind, _, size = order.partition(":")
        there = url.replace("{n}", str(number))
        if kind == "wait":
            time.sleep(int(size) / 1000)
        elif kind == "get":
            session.get(there.replace("/up", f"/bytes/{size}"), timeout=60).raise_for_status()
        elif kind == "put":
            session.put(there, data=os.urandom(int(size)), headers=head, timeout=60)
        elif kind == "chunked":
            session.put(there, data=pieces(int(size)), headers=head, timeout=60)
        else:
            sys.exit(f"what is {order}?")
