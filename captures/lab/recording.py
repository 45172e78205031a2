"""Captures packets with tcpdump or dumpcap inside a namespace."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import netns

if TYPE_CHECKING:
    from pathlib import Path

    from scenario import Recording

READY_S = 10.0
FLUSH_S = 1.3
"""The kernel hands packets to dumpcap in blocks, at the latest after a second."""
BUFFER_KB = 65_536


class Recorder:
    """One running capture."""

    def __init__(self, folder: Path, name: str, how: Recording, places: list[str]) -> None:
        self.folder = folder
        self.name = name
        self.how = how
        namespace = places[0].split(":")[0]
        devices = [place.split(":")[1] for place in places]
        argv = self._dumpcap(devices) if self._needs_dumpcap(devices) else self._tcpdump(devices[0])
        self.notes = folder / "capture.err"
        with self.notes.open("wb") as err:
            self.process = subprocess.Popen(
                netns.inside(namespace, *argv), stderr=err, stdout=subprocess.DEVNULL
            )
        self._await()

    def _needs_dumpcap(self, devices: list[str]) -> bool:
        return self.how.format == "pcapng" or self.how.rotate_kb > 0 or len(devices) > 1

    def _tcpdump(self, device: str) -> list[str]:
        limit = ["-s", str(self.how.snaplen)] if self.how.snaplen else []
        return ["tcpdump", "-n", "--immediate-mode", "-Z", "root", "-B",
                str(BUFFER_KB), "-i", device, *limit,
                "-w", str(self.folder / f"{self.name}.pcap"), *self.how.filter.split()]  # fmt: skip

    def _dumpcap(self, devices: list[str]) -> list[str]:
        argv = ["dumpcap", "-q", "-B", "64"]
        for device in devices:
            argv += ["-i", device]
            argv += ["-f", self.how.filter] if self.how.filter else []
            argv += ["-s", str(self.how.snaplen)] if self.how.snaplen else []
        if self.how.rotate_kb:
            argv += ["-b", f"filesize:{self.how.rotate_kb}"]
        suffix = self.how.format
        plain = ["-P"] if suffix == "pcap" else []
        return [*argv, *plain, "-w", str(self.folder / f"{self.name}.{suffix}")]

    def _await(self) -> None:
        limit = time.monotonic() + READY_S
        while time.monotonic() < limit:
            if self.process.poll() is not None:
                break
            text = self.notes.read_text(errors="replace")
            if "listening on" in text or "File: " in text:
                time.sleep(0.2)
                return
            time.sleep(0.05)
        raise RuntimeError(f"capture did not start: {self.notes.read_text(errors='replace')}")

    def stop(self) -> bool:
        """Ends it; whether the kernel dropped nothing."""
        time.sleep(FLUSH_S)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        text = self.notes.read_text(errors="replace")
        drops = re.findall(r"(\d+) packets dropped by kernel", text)
        drops += re.findall(r"received/dropped on interface .*?: \d+/(\d+)", text)
        if not drops:
            raise RuntimeError(f"the capture tool tells no drops: {text}")
        return all(int(count) == 0 for count in drops)

    def files(self) -> list[Path]:
        """What was written, in order."""
        return sorted(self.folder.glob(f"{self.name}*.{self.how.format}"))
