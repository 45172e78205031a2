"""Many small writes: drips.py BYTES TIMES URL ...: to each URL in turn, a connection each time."""

import os
import sys

import requests

size, times, urls = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
for number in range(times):
    requests.put(
        urls[number % len(urls)].replace("{n}", str(number)),
        data=os.urandom(size),
        headers={"x-ms-blob-type": "BlockBlob"},
        timeout=30,
    )
