"""One way to read an input, whatever it is: file, standard input, member of an archive, object
behind a URL; plain or compressed.

A Stream is read from a reader thread: its large reads, hashing and inflating release the GIL, so
they overlap with the consumer's work.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from analyzer.inputs.gunzip import Gunzip
from analyzer.inputs.regular import open_regular
from analyzer.inputs.spec import Spec, os_problem
from analyzer.inputs.store import Descriptor
from analyzer.inputs.unpack import Unpack
from analyzer.issues import Issue

if TYPE_CHECKING:
    from typing import Self

    from analyzer.inputs.store import Source

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
    try:
        source = open_source(spec)
    except OSError as error:
        found = os_problem(error)
        detail = f"{found.detail} (it was readable when the run began)"
        return Stream(spec, None, replace(found, detail=detail))
    return Stream(spec, source, None, hashed=hashed)


def open_source(spec: Spec) -> Source:
    """The stored bytes of an input.

    Raises:
        OSError: It cannot be opened (any more).
    """
    if spec.part is not None:
        return spec.part.open()
    if spec.source is None:
        return Descriptor(0, owned=False, head=spec.head)
    return Descriptor(open_regular(spec.source)[0], owned=True)


class Stream:
    """The (decompressed) bytes of one input.

    Attributes:
        spec: The input.
        stored_bytes: Bytes taken from the file so far, before decompression (those of a zip member
            as the archive holds them); for progress.
        problem: Why the bytes ended early; None while all is well.
    """

    def __init__(
        self, spec: Spec, source: Source | None, problem: Issue | None, *, hashed: bool = True
    ) -> None:
        self.spec = spec
        self.stored_bytes = 0
        self.problem = problem
        self._source = source
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
    def extract(self) -> str | None:
        """`Spec.extract`; None for a damaged member: its tool may print less than was read."""
        damaged = self.problem is not None and self.spec.archive is not None
        return None if damaged else self.spec.extract

    @property
    def sha256(self) -> str | None:
        """SHA-256 of the stored bytes (of a member: its content).

        None until they were read to the end, or when they are not hashed.
        """
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
        endless = self.spec.source is None and self.spec.part is None
        if endless or self._hash is None:
            return
        view = memoryview(bytearray(STEP))
        while self._stored_into(view):
            pass

    def close(self) -> None:
        """Gives the file back; standard input stays open."""
        if self._source is not None:
            self._source.close()
        self._source = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stored_chunk(self) -> bytes:
        buffer = bytearray(_STORED_CHUNK)
        return bytes(buffer[: self._stored_into(memoryview(buffer))])

    def _stored_into(self, view: memoryview) -> int:
        source = self._source
        if source is None or self._at_end or not len(view):
            return 0
        try:
            count = source.readinto(view)
        except OSError as error:
            self._read_error(error)
            return 0
        self.stored_bytes = source.taken
        if count == 0:
            if self.problem is None:
                self.problem = source.problem
            self._at_end = source.problem is None
        if self._hash:
            self._hash.update(view[:count])
        return count

    def _read_error(self, error: OSError) -> None:
        where = f"offset {self.stored_bytes}"
        reason = error.strerror or type(error).__name__
        detail = f"expected more of the file: {reason}; what follows is lost"
        self.problem = Issue("read-error", None, where, detail, incomplete=True)
        self.close()
