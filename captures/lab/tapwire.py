"""A cable with delay, loss and reordering, for kernels without netem.

Two TAP devices, each in a namespace of its own, and one process that carries the frames between
them. Every frame is kept back for half a round trip; some are dropped, some are kept back longer so
that later ones overtake them. Chance is seeded: a scenario meets the same weather each time, as far
as its frames come in the same order.

    python3 tapwire.py NS DEVICE NS DEVICE --rtt-ms 20 --loss 0.01 --reorder 0.02 --seed 7
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import time
from pathlib import Path

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
CLONE_NEWNET = 0x40000000
FRAME = 65_536
HELD_FRAMES = 20_000
"""A cable holds no more than this; what comes on top is dropped, as any router's queue does."""
REORDER_EXTRA_S = 0.004


def tap(namespace: str, device: str) -> int:
    """A TAP device in a namespace, as a file descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", namespace).open("rb") as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TAP | IFF_NO_PI))
    return descriptor


def carry(ends: tuple[int, int], rtt_s: float, loss: float, reorder: float, seed: int) -> None:
    """Carries frames until the process is told to stop."""
    chance = random.Random(seed)
    held: list[tuple[float, int, int, bytes]] = []
    count = 0
    while True:
        wait = max(0.0, held[0][0] - time.monotonic()) if held else None
        ready, _, _ = select.select(ends, (), (), wait)
        now = time.monotonic()
        for end in ready:
            other = ends[1] if end == ends[0] else ends[0]
            for frame in _frames(end):
                count += 1
                if chance.random() < loss or len(held) >= HELD_FRAMES:
                    continue
                late = REORDER_EXTRA_S if chance.random() < reorder else 0.0
                heapq.heappush(held, (now + rtt_s / 2 + late, count, other, frame))
        now = time.monotonic()
        while held and held[0][0] <= now:
            _, _, end, frame = heapq.heappop(held)
            try:
                os.write(end, frame)
            except (BlockingIOError, OSError):
                continue  # the far end's queue is full or its device is down: a lost frame


def _frames(end: int) -> list[bytes]:
    frames = []
    while len(frames) < 64:
        try:
            frames.append(os.read(end, FRAME))
        except (BlockingIOError, OSError):
            break
    return frames


def main() -> None:
    """The command line above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ends", nargs=4)
    parser.add_argument("--rtt-ms", type=float, default=0.0)
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--reorder", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    first, device, second, other = options.ends
    ends = tap(first, device), tap(second, other)
    print("ready", flush=True)
    carry(ends, options.rtt_ms / 1000, options.loss, options.reorder, options.seed)


if __name__ == "__main__":
    main()
