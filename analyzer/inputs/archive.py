"""Archives (tar, zip) taken apart: every capture inside becomes an input of its own.

Nothing is ever written under a member's name. A member that can be read where it lies (in a zip, or
in a tar that is not compressed) is; the members of any other tar are copied, in the one pass that
looks for them, to a temporary file without a name (`store.Spill`), because inputs are merged by
packet time and a compressed tar can neither be sought in nor always be read twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analyzer.inputs.box import MAX_RANGES, OVERLAP, Box
from analyzer.inputs.commands import Commands, decompressed
from analyzer.inputs.open import Stream, open_source
from analyzer.inputs.packed import Packed
from analyzer.inputs.sniff import ARCHIVES, EXPECTED, FIRST_BYTES, needed, recognise, sniff
from analyzer.inputs.spec import Spec, look, os_problem, printable_name, told
from analyzer.inputs.store import FileStore, Slice, Spill
from analyzer.inputs.tararchive import DamagedTarError, StoredTar, StreamedTar, members
from analyzer.inputs.ziparchive import ENCRYPTED, METHODS, READABLE, STRONG, DamagedZipError, Zip
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from analyzer.inputs.sniff import Stranger
    from analyzer.inputs.spec import Texts
    from analyzer.inputs.store import Part, Source
    from analyzer.inputs.tararchive import TarMember
    from analyzer.inputs.ziparchive import ZipMember

    class Count(Protocol):
        """Notes a problem: code, place, detail, whether data is missing because of it."""

        def __call__(self, code: str, where: str, detail: str, *, incomplete: bool) -> None:
            """One more of a kind."""


MAX_DEPTH = 2
"""An archive in an archive is opened, one inside that is not."""

MAX_CAPTURES = 16_384
"""Captures that a run takes out of archives."""

_TICK = 16 << 20


class Expander:
    """Takes archives apart."""

    def __init__(
        self,
        take: Callable[[Spec], None],
        count: Count,
        progress: Callable[[int], None] | None = None,
        spill: Spill | None = None,
        texts: Texts | None = None,
    ) -> None:
        """Starts a run.

        Args:
            take: Called with each capture found.
            count: Called with each thing that was left out, or lost.
            progress: Told how many stored bytes of archives have been read through.
            spill: Temporary file.
            texts: Tells logs.
        """
        self._take, self._count = take, count
        self._progress = progress
        self._texts = texts
        self._spill = Spill() if spill is None else spill
        self._captures = 0
        self.scanned = 0

    def expand(self, spec: Spec) -> int:
        """Takes out the captures of one archive.

        Args:
            spec: An input whose format is an archive's.

        Returns:
            How many there were.
        """
        if spec.format is None:
            return 0
        part: Part = _Opener(spec)
        if spec.part is not None:
            part = spec.part
        elif spec.source is not None and spec.identity is not None:
            size = spec.size or 0
            part = Slice(FileStore(spec.source, size, spec.identity), 0, size)
        found: list[Spec] = []
        commands = Commands(spec.source if spec.part is None else None, spec.format)
        box = Box(spec.path, spec.path, spec.format, part, 1, commands)
        self._open(box, found)
        for each in found:
            command = commands.of(each.member)
            if command is not None and each.format is not None:
                command = decompressed(command, each.format)
            self._take(replace(each, extract=command))
        if self._progress is not None and self.scanned:
            self._progress(self.scanned)
        return len(found)

    def _open(self, box: Box, found: list[Spec]) -> None:
        try:
            if box.format.container == "zip":
                self._zip(box, found)
            elif isinstance(box.part, Slice) and box.format.compression is None:
                self._stored_tar(box, box.part, found)
            else:
                self._streamed_tar(box, found)
        except OSError as error:
            self._count("unreadable", box.path, os_problem(error).detail, incomplete=True)

    # --- tar ----------------------------------------------------------------------------------

    def _stored_tar(self, box: Box, part: Slice, found: list[Spec]) -> None:
        reader = StoredTar(part)
        try:
            for member in members(reader):
                if self._worth_reading(box, member):
                    content = part.within(member.at, member.size)
                    if content.size:  # else the archive is cut here, which is told once
                        self._member(box, member.name, content, content.size, found)
        except DamagedTarError as error:
            self._damage(box, error)
        finally:
            reader.close()

    def _streamed_tar(self, box: Box, found: list[Spec]) -> None:
        stream = self._stream(box)
        reader = StreamedTar(self._ticking(stream))
        broken: DamagedTarError | None = None
        try:
            for member in members(reader):
                if not self._worth_reading(box, member):
                    continue
                head = reader.read(min(member.size, FIRST_BYTES))
                head += reader.read(max(min(member.size, needed(head)) - len(head), 0))
                if not head:  # the archive is cut here, which is told once
                    continue
                form, stranger = told(head, sniff(head), self._texts)
                if form is None:
                    self._stranger(box, member.name, stranger)
                    continue
                rest = member.at + member.size - reader.at
                copy = self._spill.take(head, reader.readinto, rest)
                if copy is None:
                    self._unspilled(box, member.name)
                else:
                    self._member(box, member.name, copy, copy.size, found)
        except DamagedTarError as error:
            broken = error
        finally:
            self.scanned += stream.stored_bytes if box.depth == 1 else 0
            stream.close()
        if stream.problem is not None:
            problem = stream.problem
            box.commands.broken_off()
            self._count(
                problem.code, box.path, f"{problem.where}: {problem.detail}", incomplete=True
            )
        elif broken is not None:
            self._damage(box, broken)

    def _worth_reading(self, box: Box, member: TarMember) -> bool:
        box.commands.seen(member.name)
        if member.kind:
            if member.kind != "a directory":
                detail = f"found {member.kind} in {box.outer}; left out"
                sparse = member.kind in ("a sparse file", "a member of an unknown type")
                hint = "; unpack it and give the files" if sparse else ", it holds no bytes itself"
                place = self._place(box, member.name)
                self._count("archive-member", place, detail + hint, incomplete=sparse)
            return False
        if not member.size:
            self._stranger(box, member.name, recognise(b""))
        return member.size > 0

    # --- zip ----------------------------------------------------------------------------------

    def _zip(self, box: Box, found: list[Spec]) -> None:
        part, cut = box.part, None
        if not isinstance(part, Slice) or box.format.compression is not None:
            stream = self._stream(box)
            copy = self._spill.take(b"", self._ticking(stream), 1 << 62)
            self.scanned += stream.stored_bytes if box.depth == 1 else 0
            stream.close()
            cut = stream.problem
            if cut is not None:
                self._count(cut.code, box.path, f"{cut.where}: {cut.detail}", incomplete=True)
            if copy is None:
                self._unspilled(box, None)
                return
            part = copy
        archive = Zip(part)
        box.spare = OVERLAP * part.size
        try:
            for member in archive.members():
                self._zip_member(box, archive, member, part, found)
        except DamagedZipError as error:
            box.commands.withdraw()  # unzip goes by the directory
            if cut is None or error.code != "zip-truncated":
                self._count(error.code, box.path, f"offset {error.at}: {error}", incomplete=True)
        finally:
            archive.close()
        if archive.several_ends:
            box.commands.withdraw()  # unzip may take another directory

    def _zip_member(
        self, box: Box, archive: Zip, member: ZipMember, whole: Slice, found: list[Spec]
    ) -> None:
        box.commands.seen(member.name, member.method)
        if member.name.endswith(b"/") and not member.size:
            return
        place = self._place(box, member.name)
        if member.flags & (ENCRYPTED | STRONG) or member.method == 99:
            detail = f"found an encrypted member in {box.outer}; unpack it and give the files"
            self._count("encrypted-member", place, detail, incomplete=True)
            return
        if member.method not in READABLE:
            how = METHODS.get(member.method, f"method {member.method}")
            detail = (
                f"expected members of a zip stored or compressed with deflate, bzip2, zstd or xz; "
                f"found {how} in {box.outer}; unpack it and give the files"
            )
            self._count("zip-method", place, detail, incomplete=True)
            return
        place_of = archive.content(member)
        if place_of is None:
            detail = "expected a local header where the directory points to; the member is lost"
            self._count("zip-damaged", place, detail, incomplete=True)
            return
        if not member.packed:
            self._stranger(box, member.name, recognise(b""))
            return
        where, stated, agreed = place_of
        if member.renamed or not agreed:
            box.commands.doubt(member.name)
        content = Packed(where, member.method, where.size < stated, member.crc, member.size)
        if not box.claim(member.at, where.start - whole.start + where.size):
            detail = (
                f"expected members of {box.outer} one behind the other, found one that is listed "
                f"twice or lies inside of others (or more than {MAX_RANGES} places); left out"
            )
            self._count("zip-overlap", place, detail, incomplete=True)
            return
        nested = where if member.method == 0 else content
        self._member(box, member.name, content, where.size, found, nested)

    # --- one member ---------------------------------------------------------------------------

    def _member(
        self,
        box: Box,
        name: bytes,
        part: Part,
        size: int,
        found: list[Spec],
        nested: Part | None = None,
    ) -> None:
        """Says what a member is, by its content."""
        source = part.open()
        try:
            head, form, first_ns = look(source)
            problem = source.problem
        finally:
            source.close()
        form, stranger = told(head, form, self._texts)
        archive = form if form is not None and form.container in ARCHIVES else None
        place = self._place(box, name)
        if form is None:
            if problem is not None and not head:
                self._count(problem.code, place, problem.detail, incomplete=True)
            else:
                self._stranger(box, name, stranger)
        elif archive is not None:
            if box.depth >= MAX_DEPTH:
                detail = f"expected at most an archive in an archive in {box.outer}; left out"
                self._count("archive-nesting", place, detail, incomplete=True)
            else:
                inner = nested or part
                # What lies deeper has no command: pipes of archives do not reach into a zip.
                none = Commands(None, archive)
                self._open(Box(place, box.outer, archive, inner, box.depth + 1, none), found)
        elif self._captures >= MAX_CAPTURES:
            detail = f"expected at most {MAX_CAPTURES} captures in archives; left out"
            self._count("archive-captures", place, detail, incomplete=True)
        else:
            self._captures += 1
            path = self._unique(box, place)
            member = name if box.depth == 1 else None
            spec = Spec(path, None, form, size, first_ns, part=part, archive=box.outer)
            found.append(replace(spec, member=member))

    def _stranger(self, box: Box, name: bytes, stranger: Stranger) -> None:
        hint = f"; {stranger.hint}" if stranger.hint else ""
        detail = f"{EXPECTED}; found {stranger.kind} in {box.outer}; left out{hint}"
        place = self._place(box, name)
        self._count("not-a-capture", place, detail, incomplete=stranger.holds_traffic)

    def _unspilled(self, box: Box, name: bytes | None) -> None:
        detail = (
            f"expected room in the temporary folder (TMPDIR) for the captures in {box.outer}, at "
            f"most {self._spill.limit >> 20} MiB a run and 1 GiB (or a twentieth) left free; left "
            "out; a tar that is not compressed, or a zip, given as a file, is read in place"
        )
        place = box.path if name is None else self._place(box, name)
        self._count("archive-spill", place, detail, incomplete=True)

    def _damage(self, box: Box, error: DamagedTarError) -> None:
        box.commands.broken_off()
        detail = (
            f"offset {error.at}: expected {error}; what precedes it was read, what follows is lost"
        )
        self._count(error.code, box.path, detail, incomplete=True)

    @staticmethod
    def _place(box: Box, name: bytes) -> str:
        return f"{box.path}!/{printable_name(name)}"

    @staticmethod
    def _unique(box: Box, path: str) -> str:
        """The path; the second member of this name gets ``#2``."""
        number = box.seen[path] = box.seen.get(path, 0) + 1
        return path if number == 1 else f"{path}#{number}"

    # --- streams ------------------------------------------------------------------------------

    @staticmethod
    def _stream(box: Box) -> Stream:
        """The archive's bytes, its compression undone."""
        return Stream(Spec(box.path, None, box.format), box.part.open(), None, hashed=False)

    def _ticking(self, stream: Stream) -> Callable[[memoryview], int]:
        if self._progress is None:
            return stream.readinto
        tick, told = self._progress, 0

        def readinto(view: memoryview) -> int:
            nonlocal told
            count = stream.readinto(view)
            if stream.stored_bytes - told >= _TICK:
                told = stream.stored_bytes
                tick(self.scanned + told)
            return count

        return readinto


@dataclass(frozen=True, slots=True)
class _Opener:
    """Standard input as a part; it can be opened once."""

    spec: Spec

    def open(self) -> Source:
        """See `store.Part`."""
        return open_source(self.spec)


def nothing_found(spec: Spec) -> Spec:
    """A named archive without captures, as the input that it is."""
    kind = spec.format.container if spec.format is not None else "an archive"
    detail = f"{EXPECTED} in a {kind} archive; found no capture in it, nothing analysed"
    problem = Issue("no-captures", None, "offset 0", detail, incomplete=True)
    return replace(spec, format=None, part=None, problem=problem)
