"""Inputs behind URLs (``s3://``, ``abfs://``, ``file://``, ...), read through fsspec.

The network is used only here, and only when the user names a URL; fsspec is imported only then.
What a URL may hold of secrets (a password, a signature in its query) is shown and stored nowhere.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analyzer.inputs.scheme import SCHEME, cleaned, redacted
from analyzer.inputs.spec import Spec, look, os_problem, probe_file, stranger_problem, told
from analyzer.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analyzer.inputs.spec import Texts

EXTRAS = {
    **dict.fromkeys(("abfs", "abfss", "az", "adl"), "acrtrace[azure]"),
    **dict.fromkeys(("s3", "s3a"), "acrtrace[s3]"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
}
"""What has to be installed for a scheme."""

MAX_OBJECTS = 16_384
"""Objects that one pattern or folder stands for."""

_BLOCK = 4 << 20
_CONFUSED = (TypeError, AttributeError, LookupError, AssertionError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Remote:
    """An object behind a URL, as fsspec knows it.

    Attributes:
        system: The file system, with whatever it uses as credentials.
        path: The object in it.
        size: Its bytes, None when not known.
        url: As typed, so that a message that repeats it can be cleaned.
    """

    system: Any
    path: str
    size: int | None
    url: str

    def open(self) -> RemoteSource:
        """See `store.Part`."""
        try:
            file = self.system.open(self.path, "rb", block_size=_BLOCK)
        except Exception as error:
            raise _as_os_error(error, self.url) from None
        return RemoteSource(file, self)


class RemoteSource:
    """Reads an object from its beginning."""

    def __init__(self, file: Any, part: Remote) -> None:
        self.taken = 0
        self.problem: Issue | None = None
        self._file, self._part = file, part

    def readinto(self, view: memoryview) -> int:
        """See `store.Source`."""
        try:
            piece = self._file.read(min(len(view), _BLOCK))
        except Exception as error:  # each backend has exceptions of its own
            raise _as_os_error(error, self._part.url) from None
        view[: len(piece)] = piece
        self.taken += len(piece)
        size = self._part.size
        if not piece and size is not None and self.taken < size:
            where = f"offset {self.taken}"
            detail = f"expected {size} bytes behind the URL, found {self.taken}; the rest is lost"
            self.problem = Issue("url-truncated", None, where, detail, incomplete=True)
        return len(piece)

    def close(self) -> None:
        """See `store.Source`; a backend that fails to close has nothing left to say."""
        with suppress(Exception):
            self._file.close()


def probe_url(url: str, texts: Texts | None = None) -> Iterator[Spec]:
    """Looks at what a URL names; one Spec for each object, or one that says what went wrong."""
    from fsspec.implementations.local import LocalFileSystem

    shown = redacted(url)
    if not url.rpartition("://")[2]:  # file:// alone would be the current folder
        yield Spec(shown, None, problem=os_problem(RemoteError(0, "the URL names no object")))
        return
    try:
        system, paths, several = _resolve(url)
    except Exception as error:
        yield Spec(shown, None, problem=os_problem(_as_os_error(error, url)))
        return
    if not paths:
        missing = FileNotFoundError(2, "no object of this name")
        yield Spec(shown, None, problem=os_problem(missing))
    for path in paths[:MAX_OBJECTS]:
        if isinstance(system, LocalFileSystem):  # where a pipe would hang, and tools can open it
            spec = probe_file(path, texts)
            # A query is part of a file's name here; where there is no such file it may be a secret.
            yield spec if spec.problem is None else replace(spec, path=shown)
            continue
        name = redacted(str(system.unstrip_protocol(path))) if several else shown
        yield _probe(system, path, name, url, texts)
    if len(paths) > MAX_OBJECTS:
        reason = f"more than {MAX_OBJECTS} objects: {len(paths) - MAX_OBJECTS} left out"
        yield Spec(shown, None, problem=os_problem(OSError(0, reason)))


def _resolve(url: str) -> tuple[Any, list[str], bool]:
    """The file system, the objects that the URL names, and whether as a pattern or a folder."""
    import fsspec

    system, path = fsspec.core.url_to_fs(url)
    if url.lower().startswith(("http:", "https:")):
        return system, [path], False
    if any(mark in path for mark in "*["):
        found = system.glob(path, detail=True)
    elif system.isdir(path):
        found = system.find(path, detail=True)
    else:
        return system, [path], False
    files = sorted(name for name, about in found.items() if about.get("type") == "file")
    return system, files, True


def _probe(system: Any, path: str, shown: str, url: str, texts: Texts | None) -> Spec:
    try:
        size = _size(system, path)
        part = Remote(system, path, size, url)
        source = part.open()
        try:
            head, form, first_ns = look(source)
        finally:
            source.close()
    except Exception as error:
        return Spec(shown, None, problem=os_problem(_as_os_error(error, url)))
    form, stranger = told(head, form, texts)
    if form is None:
        problem = stranger_problem(stranger)
        return Spec(shown, None, size=size, problem=problem, stranger=stranger)
    return Spec(shown, None, form, size, first_ns, part=part)


def _size(system: Any, path: str) -> int | None:
    size = system.info(path).get("size")
    return size if isinstance(size, int) and size >= 0 else None


class RemoteError(OSError):
    """A failure whose reason holds nothing secret."""


def _as_os_error(error: Exception, url: str) -> OSError:
    """The same failure with a reason on one line in which nothing secret is left."""
    if isinstance(error, RemoteError):
        return error
    if isinstance(error, ImportError):
        scheme = (SCHEME.match(url) or [""] * 2)[1].rpartition("::")[2].lower()
        extra = EXTRAS.get(scheme)
        reason = f"reading {scheme}:// needs a package that is not installed"
        reason += (
            f": python -m pip install '{extra}', with acrtrace's Python"
            if extra
            else f" ({cleaned(str(error), url)})"
        )
        return RemoteError(0, reason)
    if isinstance(error, PermissionError) or _status(error) in (401, 403):
        return RemoteError(0, f"access denied ({cleaned(str(error), url)})")
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(2, "no object of this name")
    return RemoteError(0, _reason(error, url))


def _reason(error: Exception, url: str) -> str:
    """Why a backend failed, in words and not as the name of a Python class."""
    scheme = (SCHEME.match(url) or [""] * 2)[1].lower()
    said = cleaned(str(error), url)
    if isinstance(error, ValueError) and said.startswith("Protocol not known"):
        return f"no backend of fsspec reads {scheme}:// (is there a typing error?)"
    if isinstance(error, _CONFUSED) or "to unpack" in said:  # about the backend's own code
        return f"its backend can make no sense of this {scheme}:// URL; is a part missing?"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return cleaned(error.strerror, url)
    return f"its backend says: {said}"


def _status(error: BaseException) -> int | None:
    """HTTP status behind a failure; fsspec calls a refused object a missing one."""
    seen: BaseException | None = error
    for _ in range(16):
        for name in ("status", "status_code"):
            status = getattr(seen, name, None)
            if isinstance(status, int):
                return status
        if seen is None:
            break
        seen = seen.__cause__ or seen.__context__
    return None
