"""HTTP/2 with httpx: h2_mix.py BASE DOWN:BYTES:TIMES UP:BYTES:TIMES.

All at once, on one connection.
"""

import asyncio
import os
import sys

import httpx


async def main() -> None:
    """Downloads and uploads side by side."""
    base = sys.argv[1]
    limits = httpx.Limits(max_connections=1)
    trust = os.environ["SSL_CERT_FILE"]
    async with httpx.AsyncClient(http2=True, verify=trust, limits=limits, timeout=120) as client:
        await client.get(f"{base}/bytes/500")
        jobs = []
        for order in sys.argv[2:]:
            kind, size, times = order.split(":")
            for number in range(int(times)):
                if kind == "down":
                    jobs.append(client.get(f"{base}/bytes/{size}?{number}"))
                else:
                    jobs.append(client.put(f"{base}/up/{number}", content=os.urandom(int(size))))
        for answer in await asyncio.gather(*jobs):
            answer.raise_for_status()


asyncio.run(main())
