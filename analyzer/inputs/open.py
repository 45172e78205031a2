"""One way to read an input, whatever it is: plain file, compressed file, standard input.

A Stream is read from a reader thread: its large reads, hashing and inflating release the GIL, so
they overlap with the consumer's work.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from analyzer.inputs.gunzip import Gunzip
from analyzer.inputs.spec import Spec, open_regular, os_problem
from analyzer.inputs.unpack import Unpack
from analyzer.issues import Issue

if TYPE_CHECKING:
    from typing import Self

STEP = 1 << 22
"""Largest single read: big enough that calls cost nothing, small enough to stay in the cache."""

_STORED_CHUNK = 1 << 18


def open_stream(spec: Spec, *, hashed: bool = True) -> Stream:
    """Opens an input; never raises: what cannot be read is a Stream at its end with a problem.

    Args:
        spec: The input.
        hashed: Compute the SHA-256; it bounds reading at about 1.5 GB/s per stream.
    """
    if spec.problem is not None:
        return Stream(spec, None, spec.problem)
    if spec.source is None:
        return Stream(spec, 0, None, hashed=hashed)
    try:
        fd, _ = open_regular(spec.source)
    except OSError as error:
        found = os_problem(error)
        detail = f"{found.detail} (it was readable when the run began)"
        return Stream(spec, None, replace(found, detail=detail))
    return Stream(spec, fd, None, hashed=hashed)


class Stream:
    """The (decompressed) bytes of one input.

    Attributes:
        spec: The input.
        stored_bytes: Bytes taken from the file so far, before decompression; for progress.
        problem: Why the bytes ended early; None while all is well.
    """

    def __init__(
        self, spec: Spec, fd: int | None, problem: Issue | None, *, hashed: bool = True
    ) -> None:
        self.spec = spec
        self.stored_bytes = 0
        self.problem = problem
        self._fd = fd
        self._head = memoryview(spec.head)
        self._hash = hashlib.sha256() if hashed else None
        self._at_end = False
        compression = spec.format.compression if spec.format is not None else None
        self._unpack: Gunzip | Unpack | None = None
        if compression == "gzip":
            self._unpack = Gunzip(self._stored_chunk)
        elif compression is not None:
            self._unpack = Unpack(compression, self._stored_chunk)

    @property
    def total_bytes(self) -> int | None:
        """Stored size of the input, None when it is not known."""
        return self.spec.size

    @property
    def sha256(self) -> str | None:
        """SHA-256 of the stored bytes; None until they were read to the end, or not hashed."""
        return self._hash.hexdigest() if self._hash and self._at_end else None

    def readinto(self, view: memoryview) -> int:
        """Reads at most STEP bytes into ``view``; 0 at the end, or where ``problem`` is set."""
        if self._unpack is None:
            return self._stored_into(view[:STEP])
        count = self._unpack.readinto(view[:STEP])
        if count == 0 and self.problem is None:
            self.problem = self._unpack.problem
        return count

    def drain(self) -> None:
        """Reads the rest of a file that is damaged inside, so that its SHA-256 is known.

        Standard input is not drained: it need not end.
        """
        if self.spec.source is None or self._hash is None:
            return
        view = memoryview(bytearray(STEP))
        while self._stored_into(view):
            pass

    def close(self) -> None:
        """Gives the file back; standard input stays open."""
        if self._fd is not None and self.spec.source is not None:
            os.close(self._fd)
        self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stored_chunk(self) -> bytes:
        buffer = bytearray(_STORED_CHUNK)
        return bytes(buffer[: self._stored_into(memoryview(buffer))])

    def _stored_into(self, view: memoryview) -> int:
        if self._fd is None or self._at_end or not len(view):
            return 0
        if len(self._head):
            count = min(len(view), len(self._head))
            view[:count] = self._head[:count]
            self._head = self._head[count:]
        else:
            try:
                count = os.readv(self._fd, [view])
            except OSError as error:
                self._read_error(error)
                return 0
        self._at_end = count == 0
        self.stored_bytes += count
        if self._hash:
            self._hash.update(view[:count])
        return count

    def _read_error(self, error: OSError) -> None:
        where = f"offset {self.stored_bytes}"
        reason = error.strerror or type(error).__name__
        detail = f"expected more of the file: {reason}; what follows is lost"
        self.problem = Issue("read-error", None, where, detail, incomplete=True)
        self.close()
