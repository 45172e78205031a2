"""A small container image as an OCI layout, its layers incompressible."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OCI = "application/vnd.oci.image."


def write(folder: Path, layers: list[int]) -> Path:
    """Writes an image whose layers hold so many random bytes each, tagged ``1``."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def put(data: bytes, kind: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": OCI + kind, "digest": f"sha256:{digest}", "size": len(data)}

    entries, plain = [], []
    for number, size in enumerate(layers):
        tar = _tar(f"layer{number}", os.urandom(size))
        plain.append("sha256:" + hashlib.sha256(tar).hexdigest())
        entries.append(put(gzip.compress(tar, 1, mtime=0), "layer.v1.tar+gzip"))
    config = {
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": plain},
    }  # fmt: skip
    manifest = {
        "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
        "config": put(json.dumps(config).encode(), "config.v1+json"), "layers": entries,
    }  # fmt: skip
    top = put(json.dumps(manifest).encode(), "manifest.v1+json")
    top["annotations"] = {"org.opencontainers.image.ref.name": "1"}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


def _tar(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return out.getvalue()
