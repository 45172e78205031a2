"""A Put Blob whose TLS secrets are kept in the scenario's folder: logged_put.py URL BYTES."""

import http.client
import os
import ssl
import sys
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1])
context = ssl.create_default_context()
context.keylog_filename = os.environ["LAB_DIR"] + "/keys.log"
connection = http.client.HTTPSConnection(url.hostname, context=context, timeout=30)
connection.request(
    "PUT",
    f"{url.path}?{url.query}",
    body=os.urandom(int(sys.argv[2])),
    headers={"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"},
)
answer = connection.getresponse()
if answer.status != 201:
    sys.exit(f"{answer.status} {answer.read()[:300]!r}")
