"""What a VM agent does: goal state and health to the wire server, status to its page blob.

agent_status.py HOST TIMES BYTES
"""

import os
import sys
import time

import requests

host, times, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
wire = "http://168.63.129.16"
with requests.Session() as session:
    for _ in range(times):
        session.get(f"{wire}/machine/?comp=goalstate", headers={"x-ms-version": "2012-11-30"})
        session.post(f"{wire}/machine?comp=health", data=b"<Health/>" * 30)
        session.put(
            f"https://{host}/$system/agent.1c2d3e.status?sv=2018-03-28&sr=b&sk=system-1&sp=rw&sig=bGFi",
            data=os.urandom(size),
            headers={"x-ms-blob-type": "BlockBlob", "x-ms-version": "2014-02-14"},
        )
        time.sleep(0.2)
